"""Keys: Ed25519 to sign, HPKE to receive. Rules SEAL-010, SEAL-012, SEAL-042 and SEAL-043.

A secret key of either suite is 32 bytes: X25519's scalar, or the X-Wing seed from which ML-KEM-768
and X25519 are derived. Whether a key may be used at all (ring, dates) is ring.py's question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from hashlib import sha256, shake_256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import EncodingInvalid, NoKeyMatches, SignatureInvalid, TagMismatch
from shared.ids import AUTHOR_ID_BYTES, KEY_ID_BYTES, AuthorId, KeyId
from shared.sealing.labels import label

KEY_BYTES: Final = 32
"""Signing keys, HPKE secret keys of both suites, epoch secrets, payload keys."""
SIGNATURE_BYTES: Final = 64
FINGERPRINT_BYTES: Final = 16

AUDIENCE_MISSION: Final = "mission"
AUDIENCE_ALL: Final = "all"


def device_audience(author: AuthorId) -> str:
    """Return the audience of the server's mailbox for one device author (SEAL-010)."""
    return f"device:{author.hex()}"


# --- signing ----------------------------------------------------------------------------------


class SigningKey:
    """An Ed25519 key: a device, a hub, a server role or the project root."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_bytes: Final = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Load the 32 bytes that `to_bytes` gave."""
        if len(data) != KEY_BYTES:
            raise EncodingInvalid(f"a signing key is {KEY_BYTES} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(data))

    def to_bytes(self) -> bytes:
        """Return the secret: keep it under a passphrase or a wrap, never in the clear."""
        return self._key.private_bytes_raw()

    def sign(self, name: str, data: bytes) -> bytes:
        """Sign `data` under the label `name`; the signature is good for that label alone."""
        return self._key.sign(label(name) + data)


@lru_cache(maxsize=4096)
def _public_key(public_bytes: bytes) -> Ed25519PublicKey:
    if len(public_bytes) != KEY_BYTES:
        raise EncodingInvalid(f"a public signing key is {KEY_BYTES} bytes")
    return Ed25519PublicKey.from_public_bytes(public_bytes)


def verify(public_bytes: bytes, name: str, data: bytes, signature: bytes) -> None:
    """Check a signature that `SigningKey.sign` made.

    Raises:
        SignatureInvalid: it is not this key's signature over these bytes under this label.
    """
    try:
        _public_key(public_bytes).verify(signature, label(name) + data)
    except InvalidSignature:
        raise SignatureInvalid(
            f"the {name} signature does not belong to this key and these bytes"
        ) from None


def author_id(public_bytes: bytes, audience: str) -> AuthorId:
    """Return who a signing key is when it speaks to `audience` (SEAL-010)."""
    digest = sha256(label("author") + public_bytes + audience.encode()).digest()
    return AuthorId(digest[:AUTHOR_ID_BYTES])


def root_fingerprint(public_bytes: bytes) -> bytes:
    """Return the 16 bytes by which an enrolment code names the project root (SEAL-012)."""
    return sha256(label("root") + public_bytes).digest()[:FINGERPRINT_BYTES]


# --- receiving --------------------------------------------------------------------------------


class Suite(IntEnum):
    """What a key is for: Ed25519 signs; the other two are HPKE suites (SEAL-042)."""

    ED25519 = 0
    X25519 = 1
    HYBRID = 2


_HPKE: Final = {
    Suite.X25519: hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
    Suite.HYBRID: hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
}
PUBLIC_KEY_BYTES: Final = {Suite.ED25519: 32, Suite.X25519: 32, Suite.HYBRID: 1184 + 32}
_MLKEM_PUBLIC_BYTES: Final = 1184
_MLKEM_SEED_BYTES: Final = 64

_Public = x25519.X25519PublicKey | hpke.MLKEM768X25519PublicKey
_Secret = x25519.X25519PrivateKey | hpke.MLKEM768X25519PrivateKey


def recipient_suite(number: int) -> Suite:
    """Return the HPKE suite of that number.

    Raises:
        EncodingInvalid: the number is not that of an HPKE suite.
    """
    try:
        suite = Suite(number)
    except ValueError:
        suite = Suite.ED25519
    if suite not in _HPKE:
        raise EncodingInvalid("the suite must be 1 (X25519) or 2 (ML-KEM-768 with X25519)")
    return suite


@dataclass(frozen=True)
class PublicKey:
    """A recipient: the half of an HPKE key that seals."""

    suite: Suite
    data: bytes

    def __post_init__(self) -> None:
        """Refuse a key that is not of its suite's size."""
        recipient_suite(self.suite)
        if len(self.data) != PUBLIC_KEY_BYTES[self.suite]:
            raise EncodingInvalid(
                f"a public key of suite {int(self.suite)} is {PUBLIC_KEY_BYTES[self.suite]} bytes"
            )

    @cached_property
    def key_id(self) -> KeyId:
        """The 8 bytes by which a sealed thing names its recipient (SEAL-043)."""
        return KeyId(sha256(self.data).digest()[:KEY_ID_BYTES])

    @cached_property
    def _key(self) -> _Public:
        if self.suite is Suite.X25519:
            return x25519.X25519PublicKey.from_public_bytes(self.data)
        try:
            return hpke.MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(self.data[:_MLKEM_PUBLIC_BYTES]),
                x25519.X25519PublicKey.from_public_bytes(self.data[_MLKEM_PUBLIC_BYTES:]),
            )
        except ValueError:
            raise EncodingInvalid("this is not an ML-KEM-768 public key") from None

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Seal to this recipient; `info` binds the place where the sealed bytes belong."""
        try:
            return _HPKE[self.suite].encrypt(plaintext, self._key, info)
        except ValueError:
            # A low-order X25519 point: the shared secret would be known to all.
            raise EncodingInvalid("this public key seals nothing") from None


class SecretKey:
    """The half of an HPKE key that opens."""

    def __init__(self, suite: Suite, data: bytes) -> None:
        if len(data) != KEY_BYTES:
            raise EncodingInvalid(f"a secret key is {KEY_BYTES} bytes")
        self.suite: Final = recipient_suite(suite)
        self._data: Final = data
        self._key: Final = _load_secret(self.suite, data)
        self.public: Final = PublicKey(self.suite, _public_bytes(self.suite, data))

    @classmethod
    def generate(cls, suite: Suite = Suite.HYBRID) -> Self:
        """Make a new key from the operating system's randomness."""
        return cls(suite, x25519.X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_bytes(cls, suite: Suite, data: bytes) -> Self:
        """Load the 32 bytes that `to_bytes` gave."""
        return cls(suite, data)

    def to_bytes(self) -> bytes:
        """Return the secret: keep it under a passphrase or a wrap, never in the clear."""
        return self._data

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what `PublicKey.seal` made for this key and this `info`.

        Raises:
            TagMismatch: changed bytes, another key or another place.
        """
        try:
            return _HPKE[self.suite].decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise TagMismatch("the sealed bytes were changed, or moved from their place") from None


def _seed_parts(seed: bytes) -> tuple[bytes, bytes]:
    """Expand an X-Wing seed into the ML-KEM-768 seed and the X25519 scalar.

    Source: draft-connolly-cfrg-xwing-kem, section 5.2 (expandDecapsulationKey).
    """
    expanded = shake_256(seed).digest(_MLKEM_SEED_BYTES + KEY_BYTES)
    return expanded[:_MLKEM_SEED_BYTES], expanded[_MLKEM_SEED_BYTES:]


def _load_secret(suite: Suite, data: bytes) -> _Secret:
    if suite is Suite.X25519:
        return x25519.X25519PrivateKey.from_private_bytes(data)
    mlkem_seed, scalar = _seed_parts(data)
    return hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(mlkem_seed),
        x25519.X25519PrivateKey.from_private_bytes(scalar),
    )


def _public_bytes(suite: Suite, data: bytes) -> bytes:
    if suite is Suite.X25519:
        return x25519.X25519PrivateKey.from_private_bytes(data).public_key().public_bytes_raw()
    mlkem_seed, scalar = _seed_parts(data)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(mlkem_seed).public_key().public_bytes_raw()
    curve = x25519.X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()
    return lattice + curve


def seal(public: PublicKey, plaintext: bytes, info: bytes) -> bytes:
    """Seal `plaintext` to a recipient."""
    return public.seal(plaintext, info)


def find_key(secret_keys: Iterable[SecretKey], suite: int, key_id: bytes) -> SecretKey:
    """Return the key of that suite and id.

    Raises:
        NoKeyMatches: none of `secret_keys` is the recipient.
    """
    for key in secret_keys:
        if key.suite == suite and key.public.key_id == key_id:
            return key
    raise NoKeyMatches(f"it is sealed to key {key_id.hex()}, which is not here")


@lru_cache(maxsize=1)
def hybrid_supported() -> bool:
    """Tell whether this platform's library can do suite 2 (old OpenSSL builds cannot)."""
    try:
        key = SecretKey.generate(Suite.HYBRID)
        return key.open(key.public.seal(b"", b""), b"") == b""
    except UnsupportedAlgorithm:
        return False
