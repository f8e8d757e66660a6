"""Receipts and notes: SEAL-083, SEAL-084; have-vectors as SYNC-002 writes them."""

from dataclasses import replace

import pytest
from sealing_kit import DAY, DAY_MS, NOW_MS, Project

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, SignatureInvalid
from shared.ids import AuthorId, DeploymentId, EntryHash
from shared.limits import HAVE_VECTOR_LOGS_MAX
from shared.sealing.keys import SigningKey, Suite
from shared.sealing.receipts import (
    Note,
    Reach,
    Receipt,
    check_reach,
    open_note,
    open_receipt,
    sign_note,
    sign_receipt,
)
from shared.sealing.ring import RingKey, Role

PROJECT = Project()
ONE = Reach(AuthorId(b"a" * 16), 0, 7, EntryHash(b"h" * 32))
TWO = Reach(AuthorId(b"a" * 16), 1, 2, EntryHash(b"i" * 32))
RECEIPT = Receipt(
    deployment=PROJECT.deployment,
    server=AuthorId(b"s" * 16),
    server_incarnation=1,
    issued_ms=NOW_MS,
    have=(ONE, TWO),
    backed_up=(ONE,),
    audit_head=bytes(32),
)
NOTE = Note(PROJECT.deployment, AuthorId(b"h" * 16), NOW_MS, (ONE,))


def test_a_receipt_comes_back_as_it_was() -> None:
    signed = sign_receipt(PROJECT.receipts, RECEIPT)
    assert open_receipt(signed.data, signed.signature, PROJECT.ring()) == RECEIPT
    unsorted = replace(RECEIPT, have=(TWO, ONE))
    assert unsorted.encode() == RECEIPT.encode()


def test_only_a_receipt_key_of_the_ring_signs_receipts() -> None:
    data = RECEIPT.encode()
    for key in (PROJECT.server, PROJECT.device, PROJECT.root):
        with pytest.raises(SignatureInvalid, match="no receipt key"):
            open_receipt(data, key.sign("receipt", data), PROJECT.ring())
    with pytest.raises(SignatureInvalid):
        open_receipt(data, PROJECT.receipts.sign("note", data), PROJECT.ring())


def test_while_two_receipt_keys_overlap_either_signs() -> None:
    newer = SigningKey.generate()
    ring = PROJECT.ring()
    key = RingKey(Role.RECEIPT, Suite.ED25519, newer.public_bytes, DAY - 1, DAY + 500)
    ring = replace(ring, keys=(*ring.keys, key))
    for signer in (newer, PROJECT.receipts):
        signed = sign_receipt(signer, RECEIPT)
        assert open_receipt(signed.data, signed.signature, ring) == RECEIPT


def test_a_receipt_outside_its_keys_dates_or_project_is_refused() -> None:
    old = sign_receipt(PROJECT.receipts, replace(RECEIPT, issued_ms=NOW_MS - 200 * DAY_MS))
    with pytest.raises(KeyNotTrusted):
        open_receipt(old.data, old.signature, PROJECT.ring())
    other = replace(RECEIPT, deployment=DeploymentId(bytes(8)))
    signed = sign_receipt(PROJECT.receipts, other)
    with pytest.raises(KeyNotTrusted, match="another project"):
        open_receipt(signed.data, signed.signature, PROJECT.ring())


@pytest.mark.parametrize(
    ("position", "value"),
    [(0, 2), (1, b""), (2, b""), (3, -1), (4, None), (5, [[1]]), (6, {}), (7, bytes(31))],
)
def test_a_receipt_of_another_shape_is_refused(position: int, value: object) -> None:
    items = decode(RECEIPT.encode())
    items[position] = value
    data = encode(items)
    with pytest.raises(EncodingInvalid):
        open_receipt(data, PROJECT.receipts.sign("receipt", data), PROJECT.ring())


@pytest.mark.parametrize(
    "have",
    [
        [list(TWO), list(ONE)],
        [list(ONE), list(ONE)],
        [[*ONE[:3], bytes(31)]],
        [[*ONE[:2], -1, ONE.hash]],
        [[b"", *ONE[1:]]],
        [list(ONE)] * (HAVE_VECTOR_LOGS_MAX + 1),
        {},
    ],
)
def test_a_have_vector_is_sorted_and_bounded(have: object) -> None:
    assert check_reach([list(ONE), list(TWO)], "have") == (ONE, TWO)
    with pytest.raises(EncodingInvalid):
        check_reach(have, "have")


def test_a_note_is_the_hubs_and_no_receipt() -> None:
    hub = SigningKey.generate()
    signed = sign_note(hub, NOTE)
    assert open_note(signed.data, signed.signature, hub.public_bytes) == NOTE
    with pytest.raises(SignatureInvalid):
        open_note(signed.data, signed.signature, PROJECT.receipts.public_bytes)
    with pytest.raises(EncodingInvalid):
        open_receipt(signed.data, signed.signature, PROJECT.ring())
