"""Keys against known answers and abuse: SEAL-005, SEAL-010, SEAL-012, SEAL-042, SEAL-043."""

from hashlib import sha256

import pytest
from hpke_reference import (
    AES_128_GCM,
    AESGCM,
    X25519_KEM,
    XWING_KEM,
    expand,
    extract,
    key_schedule,
    open_base,
    x25519_shared,
)
from sealing_kit import Project, secret

from shared.errors import EncodingInvalid, NoKeyMatches, SignatureInvalid, TagMismatch
from shared.sealing import keys
from shared.sealing.envelope import Compartment, LogId
from shared.sealing.epochs import payload_key
from shared.sealing.keys import (
    AUDIENCE_ALL,
    AUDIENCE_MISSION,
    PublicKey,
    SecretKey,
    SigningKey,
    Suite,
    author_id,
    device_audience,
    find_key,
    hybrid_supported,
    recipient_suite,
    root_fingerprint,
    seal,
    verify,
)
from shared.sealing.labels import label

SUITES = [Suite.X25519, Suite.HYBRID]


def test_ed25519_known_answer() -> None:
    """RFC 8032, section 7.1, test 1: an empty message, so nothing but our label is signed."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_bytes(seed)
    assert key.public_bytes.hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert key._key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert key.to_bytes() == seed
    assert key.sign("head", b"data") == key._key.sign(b"cairn/v1/head\0data")


def test_a_signature_is_good_for_its_key_label_and_bytes_alone() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign("head", b"data")
    verify(key.public_bytes, "head", b"data", signature)
    for public, name, data, given in [
        (other.public_bytes, "head", b"data", signature),
        (key.public_bytes, "note", b"data", signature),
        (key.public_bytes, "head", b"data ", signature),
        (key.public_bytes, "head", b"data", signature[:-1]),
        (key.public_bytes, "head", b"data", b""),
        (key.public_bytes, "head", b"data", bytes(64)),
        (bytes(32), "head", b"data", signature),
        (b"\xff" * 32, "head", b"data", signature),
    ]:
        with pytest.raises(SignatureInvalid):
            verify(public, name, data, given)


def test_keys_of_a_wrong_size_are_refused() -> None:
    for size in (0, 31, 33):
        with pytest.raises(EncodingInvalid):
            SigningKey.from_bytes(bytes(size))
        with pytest.raises(EncodingInvalid):
            verify(bytes(size), "head", b"", bytes(64))
        for suite in SUITES:
            with pytest.raises(EncodingInvalid):
                SecretKey.from_bytes(suite, bytes(size))
            with pytest.raises(EncodingInvalid):
                PublicKey(suite, bytes(size))


def test_labels_separate_every_use() -> None:
    assert label("head") == b"cairn/v1/head\0"
    assert label("head") + b"s" != label("heads")


def test_an_author_is_a_key_speaking_to_one_audience() -> None:
    """SEAL-010."""
    public = SigningKey.from_bytes(secret("device")).public_bytes
    device = author_id(public, AUDIENCE_MISSION)
    assert device == sha256(b"cairn/v1/author\0" + public + b"mission").digest()[:16]
    audience = device_audience(device)
    assert audience == "device:" + device.hex()
    assert len({device, author_id(public, AUDIENCE_ALL), author_id(public, audience)}) == 3
    assert root_fingerprint(public) == sha256(b"cairn/v1/root\0" + public).digest()[:16]


def test_hpke_reference_meets_rfc_9180() -> None:
    """RFC 9180, appendix A.1.1: the yardstick of the next test is itself right."""
    shared = x25519_shared(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
        bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
    )
    assert shared.hex() == "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"
    context = key_schedule(X25519_KEM, AES_128_GCM, shared, b"Ode on a Grecian Urn")
    assert context.key.hex() == "4531685d41d65f03dc48f6b8302c05b0"
    assert context.nonce.hex() == "56d890e5accaaf011cff4b7d"
    sealed = AESGCM(context.key).encrypt(
        context.nonce, b"Beauty is truth, truth beauty", b"Count-0"
    )
    assert sealed.hex() == (
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )


@pytest.mark.parametrize(("suite", "kem"), [(Suite.X25519, X25519_KEM), (Suite.HYBRID, XWING_KEM)])
def test_what_we_seal_another_implementation_opens(suite: Suite, kem: int) -> None:
    """SEAL-042: enc | ciphertext, empty associated data, info as given."""
    key = SecretKey.from_bytes(suite, secret("intake"))
    sealed = seal(key.public, b"plaintext", b"info")
    assert open_base(kem, key.to_bytes(), sealed, b"info") == b"plaintext"


@pytest.mark.parametrize(
    ("seed", "public_sha256"),
    [
        (
            "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
            "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
        ),
        (
            "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
            "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
        ),
    ],
)
def test_a_hybrid_secret_is_an_xwing_seed(seed: str, public_sha256: str) -> None:
    """draft-connolly-cfrg-xwing-kem-08, appendix C, vectors 1 and 2 (public keys, hashed)."""
    key = SecretKey.from_bytes(Suite.HYBRID, bytes.fromhex(seed))
    assert sha256(key.public.data).hexdigest() == public_sha256


def test_hkdf_known_answer_and_ours_is_the_same_function() -> None:
    """RFC 5869, appendix A.1; then SEAL-044 by the same two steps."""
    prk = extract(bytes(range(13)), b"\x0b" * 22)
    assert expand(prk, bytes(range(0xF0, 0xFA)), 42).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    project = Project()
    log: LogId = project.log._replace(incarnation=258)
    salt, epoch_secret = bytes(range(16)), secret("epoch")
    info = b"cairn/v1/payload\0" + log.author + bytes(6) + b"\x01\x02" + b"\x02"
    assert payload_key(epoch_secret, log, salt, Compartment.IDENTITY) == expand(
        extract(salt, epoch_secret), info, 32
    )


@pytest.mark.parametrize("suite", SUITES)
def test_only_the_recipient_opens_and_only_unchanged_bytes(suite: Suite) -> None:
    key, other = SecretKey.generate(suite), SecretKey.generate(suite)
    sealed = key.public.seal(b"plaintext", b"info")
    assert key.open(sealed, b"info") == b"plaintext"
    assert sealed != key.public.seal(b"plaintext", b"info")
    flipped = [bytearray(sealed) for _ in range(3)]
    for changed, at in zip(flipped, (0, len(sealed) // 2, -1), strict=True):
        changed[at] ^= 1
    for changed in [*map(bytes, flipped), b"", sealed[:31], sealed[:-1], sealed + b"\0"]:
        with pytest.raises(TagMismatch):
            key.open(changed, b"info")
    with pytest.raises(TagMismatch):
        key.open(sealed, b"other")
    with pytest.raises(TagMismatch):
        other.open(sealed, b"info")


def test_generated_keys_default_to_the_hybrid_suite() -> None:
    assert SecretKey.generate().suite is Suite.HYBRID
    assert SecretKey.generate().to_bytes() != SecretKey.generate().to_bytes()


def test_public_keys_that_seal_nothing_are_refused() -> None:
    """A low-order point would make the shared secret known to all."""
    for suite, data in [
        (Suite.X25519, bytes(32)),
        (Suite.HYBRID, bytes(1216)),
        (Suite.HYBRID, b"\xff" * 1216),
    ]:
        with pytest.raises(EncodingInvalid):
            PublicKey(suite, data).seal(b"x", b"")


@pytest.mark.parametrize("number", [0, 3, 255])
def test_only_hpke_suites_receive(number: int) -> None:
    with pytest.raises(EncodingInvalid, match="suite must be"):
        recipient_suite(number)
    assert recipient_suite(2) is Suite.HYBRID


def test_a_key_is_found_by_suite_and_id() -> None:
    one, two = SecretKey.generate(Suite.X25519), SecretKey.generate(Suite.X25519)
    assert one.public.key_id == sha256(one.public.data).digest()[:8]
    assert find_key([one, two], 1, two.public.key_id) is two
    for suite, key_id in [(2, two.public.key_id), (1, bytes(8))]:
        with pytest.raises(NoKeyMatches, match=key_id.hex()):
            find_key([one, two], suite, key_id)


def test_this_platform_does_the_default_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEAL-042: cryptography 50 does it; where a build cannot, we say so and do not fall back."""
    hybrid_supported.cache_clear()
    assert hybrid_supported()

    class Lacking:
        @staticmethod
        def from_seed_bytes(_seed: bytes) -> None:
            raise keys.UnsupportedAlgorithm("no ML-KEM in this build")

    hybrid_supported.cache_clear()
    monkeypatch.setattr(keys.mlkem, "MLKEM768PrivateKey", Lacking)
    assert not hybrid_supported()
    hybrid_supported.cache_clear()
