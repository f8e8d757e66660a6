"""Key ring and signed documents: SEAL-043, SEAL-081, SEAL-082."""

import zlib
from dataclasses import replace

import pytest
from sealing_kit import DAY, Project

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, LimitExceeded, SignatureInvalid
from shared.ids import DeploymentId
from shared.limits import XFORM_BYTES_MAX
from shared.sealing.documents import Document, open_document, sign_document
from shared.sealing.keys import SigningKey, Suite
from shared.sealing.ring import KeyRing, RingKey, Role, check_newer, open_ring, sign_ring

PROJECT = Project()


def opened(data: bytes, signature: bytes) -> KeyRing:
    return open_ring(
        data,
        signature,
        root_fingerprint=PROJECT.fingerprint,
        deployment=PROJECT.deployment,
    )


def test_a_signed_ring_comes_back_as_it_was() -> None:
    signed = PROJECT.signed_ring()
    assert opened(signed.data, signed.signature) == PROJECT.ring()


def test_another_root_cannot_sign_the_ring() -> None:
    """An online server must not be able to swap the custodian."""
    stranger = SigningKey.generate()
    with pytest.raises(KeyNotTrusted):
        sign_ring(stranger, PROJECT.ring())
    theirs = sign_ring(stranger, replace(PROJECT.ring(), root_public=stranger.public_bytes))
    with pytest.raises(KeyNotTrusted, match="root other than"):
        opened(theirs.data, theirs.signature)
    forged = PROJECT.ring().encode()
    with pytest.raises(SignatureInvalid):
        opened(forged, stranger.sign("ring", forged))


def test_a_ring_of_another_project_is_refused() -> None:
    ring = replace(PROJECT.ring(), deployment=DeploymentId(bytes(8)))
    signed = sign_ring(PROJECT.root, ring)
    with pytest.raises(KeyNotTrusted, match="another project"):
        opened(signed.data, signed.signature)


def test_a_changed_ring_is_refused() -> None:
    signed = PROJECT.signed_ring()
    items = decode(signed.data)
    items[2] += 1
    with pytest.raises(SignatureInvalid):
        opened(encode(items), signed.signature)


def test_only_a_higher_serial_of_the_same_project_takes_over() -> None:
    held, newer = PROJECT.ring(serial=4), PROJECT.ring(serial=5)
    assert check_newer(held, newer) is newer
    for offered in (held, PROJECT.ring(serial=3)):
        with pytest.raises(KeyNotTrusted, match="not newer"):
            check_newer(held, offered)
    with pytest.raises(KeyNotTrusted, match="another project"):
        check_newer(held, Project(name="other").ring(serial=9))


def test_the_newest_key_within_its_dates_is_used() -> None:
    """SEAL-043: both days included; the latest first day wins."""
    key = PROJECT.ring().key(Role.INTAKE, DAY)
    older = replace(key, from_day=10, until_day=20)
    newer = replace(key, from_day=15, until_day=30)
    ring = replace(PROJECT.ring(), keys=(newer, older))
    assert ring.key(Role.INTAKE, 10) is older
    assert ring.key(Role.INTAKE, 15) is newer
    assert ring.key(Role.INTAKE, 30) is newer
    assert ring.keys_for(Role.INTAKE, 20) == (newer, older)
    for day in (9, 31):
        with pytest.raises(KeyNotTrusted, match="no intake key for this day"):
            ring.key(Role.INTAKE, day)


def test_a_signing_key_of_the_ring_is_no_recipient() -> None:
    with pytest.raises(EncodingInvalid):
        PROJECT.ring().key(Role.RECEIPT, DAY).public()


@pytest.mark.parametrize(
    "key",
    [
        [0, 1, bytes(32), 0, 1],
        [8, 1, bytes(32), 0, 1],
        [1, 3, bytes(32), 0, 1],
        [1, 0, bytes(32), 0, 1],
        [5, 1, bytes(32), 0, 1],
        [1, 1, bytes(33), 0, 1],
        [1, 2, bytes(32), 0, 1],
        [1, 1, bytes(32), -1, 1],
        [1, 1, bytes(32), 0],
        [True, 1, bytes(32), 0, 1],
    ],
)
def test_malformed_keys_are_refused_though_the_root_signed(key: list[object]) -> None:
    items = decode(PROJECT.ring().encode())
    items[6] = [key]
    data = encode(items)
    with pytest.raises(EncodingInvalid):
        opened(data, PROJECT.root.sign("ring", data))


def test_a_ring_takes_both_suites() -> None:
    project = Project(Suite.HYBRID)
    assert {k.suite for k in project.ring().keys} == {Suite.HYBRID, Suite.ED25519}
    signed = project.signed_ring()
    ring = open_ring(
        signed.data,
        signed.signature,
        root_fingerprint=project.fingerprint,
        deployment=project.deployment,
    )
    assert isinstance(ring.keys[0], RingKey)
    assert ring.key(Role.INTAKE, DAY).public() == project.intake.public


# --- documents --------------------------------------------------------------------------------

FORM = Document(PROJECT.deployment, "form", "household", 3, b"<h:html>" + b"same " * 1000)


def test_a_signed_document_comes_back_as_it_was_and_packed() -> None:
    payload = sign_document(PROJECT.root, FORM)
    assert open_document(payload, PROJECT.ring()) == FORM
    assert len(payload) < len(FORM.content) // 10


def test_a_document_by_anyone_else_is_refused() -> None:
    payload = sign_document(SigningKey.generate(), FORM)
    with pytest.raises(SignatureInvalid):
        open_document(payload, PROJECT.ring())
    data, signature = decode(sign_document(PROJECT.root, FORM))
    items = decode(data)
    items[4] = 4
    with pytest.raises(SignatureInvalid):
        open_document(encode([encode(items), signature]), PROJECT.ring())


def test_a_document_of_another_project_is_refused() -> None:
    other = replace(FORM, deployment=DeploymentId(bytes(8)))
    with pytest.raises(KeyNotTrusted):
        open_document(sign_document(PROJECT.root, other), PROJECT.ring())


def signed(packed: bytes) -> bytes:
    data = encode([1, PROJECT.deployment, "form", "household", 3, packed])
    return encode([data, PROJECT.root.sign("document", data)])


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    "packed", [b"", b"\xff\xff", deflated(b"x" * 99)[:-1], deflated(b"x") + b"y"]
)
def test_content_that_is_not_one_deflate_stream_is_refused(packed: bytes) -> None:
    with pytest.raises(EncodingInvalid, match="DEFLATE"):
        open_document(signed(packed), PROJECT.ring())


def test_a_document_bomb_is_stopped_at_the_limit() -> None:
    with pytest.raises(LimitExceeded):
        open_document(signed(deflated(bytes(XFORM_BYTES_MAX + 1))), PROJECT.ring())
    largest = open_document(signed(deflated(bytes(XFORM_BYTES_MAX))), PROJECT.ring())
    assert len(largest.content) == XFORM_BYTES_MAX
