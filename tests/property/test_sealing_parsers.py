"""Every parser of the sealing and records rooms, given anything: a value or a CairnError."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_vector_cases import BOOK
from sealing_kit import Project

from shared.canonical import decode, encode
from shared.errors import CairnError
from shared.records import small
from shared.records.address import check_address
from shared.records.codec import Codebooks, decode_body, decode_identity
from shared.records.consent_codec import consents_from_wire
from shared.records.form_document import decode_form_document
from shared.records.layout import Half, layout_of
from shared.records.patch import patch_from_wire, tags_from_wire
from shared.sealing import documents, enrol, packages, receipts, transfer, withdrawal
from shared.sealing.envelope import Compartment, parse_header
from shared.sealing.epochs import open_epoch
from shared.sealing.mailbox import open_mail
from shared.sealing.padding import unpad
from shared.sealing.passphrase import open_file
from shared.sealing.ring import open_ring
from shared.sealing.strength import strength_bits
from shared.sealing.wrap import unwrap
from shared.versions import parse_version

PROJECT = Project()
RING = PROJECT.ring()
FORM = layout_of(BOOK)
SIGNATURE = bytes(64)
HEADER = parse_header(encode([1, *PROJECT.log, 1, 1, bytes(32), 0, bytes(16), []]))

OF_BYTES: dict[str, Callable[[bytes], object]] = {
    "cbor": decode,
    "header": parse_header,
    "reply": enrol.parse_reply,
    "request": enrol.open_request,
    "document": lambda data: documents.open_document(data, RING),
    "receipt": lambda data: receipts.open_receipt(data, SIGNATURE, RING),
    "note": lambda data: receipts.open_note(data, SIGNATURE, PROJECT.root.public_bytes),
    "ring": lambda data: open_ring(
        data, SIGNATURE, root_fingerprint=PROJECT.fingerprint, deployment=PROJECT.deployment
    ),
    "epoch": lambda data: open_epoch(data, [PROJECT.intake], PROJECT.log, Compartment.BODY),
    "mail": lambda data: open_mail(data, [PROJECT.mailbox], HEADER),
    "padding": unpad,
    "passphrase file": lambda data: open_file("x", data, "vault"),
    "wrap": lambda data: unwrap(bytes(32), data, b""),
    "body": lambda data: decode_body(data, Codebooks(BOOK)),
    "identity": lambda data: decode_identity(data, Codebooks(BOOK)),
    "tally": small.decode_tally,
    "progress": small.decode_progress,
    "withdrawal": small.decode_withdrawal,
    "status": small.decode_status,
    "form document": decode_form_document,
    "package manifest": packages.decode_manifest,
}
OF_TEXT: dict[str, Callable[[str], object]] = {
    "enrolment code": enrol.parse_enrolment_code,
    "enrolment code, begun well": lambda text: enrol.parse_enrolment_code("CAIRN1." + text),
    "withdrawal code": withdrawal.parse_code_text,
    "address": check_address,
    "strength": strength_bits,
    "version": parse_version,
}
OF_VALUES: dict[str, Callable[[Any], object]] = {
    "recipients": transfer.parse_recipients,
    "reach": lambda value: receipts.check_reach(value, "have"),
    "consents": lambda value: consents_from_wire(value, ("aid",), 5),
    "body patch": lambda value: patch_from_wire(value, FORM.halves[Half.BODY], Half.BODY),
    "identity patch": lambda value: patch_from_wire(
        value, FORM.halves[Half.IDENTITY], Half.IDENTITY
    ),
    "tags": lambda value: tags_from_wire(value, FORM.halves[Half.IDENTITY]),
}

sizes = st.sampled_from([0, 8, 12, 13, 16, 32, 64])
octets = sizes.flatmap(lambda size: st.binary(min_size=size, max_size=size)) | st.binary(max_size=9)
scalars = st.none() | st.booleans() | st.integers(-3, 2**64 - 1) | st.text(max_size=9) | octets
trees = st.recursive(
    scalars | st.just(1),
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.integers(0, 3) | st.text(max_size=5) | octets, inner, max_size=3)
    ),
    max_leaves=10,
)
versioned = st.lists(trees, max_size=9).map(lambda items: [1, *items])


def refuses_or_returns(parse: Callable[[Any], object], given_value: object) -> None:
    """Call a parser; any error but a CairnError fails the test."""
    with suppress(CairnError):
        parse(given_value)


@pytest.mark.parametrize("name", OF_BYTES)
@settings(max_examples=25)
@given(value=versioned | trees, raw=st.binary(max_size=120))
def test_parsers_of_bytes(name: str, value: Any, raw: bytes) -> None:
    for data in (raw, encode(value), encode(value)[:-1]):
        refuses_or_returns(OF_BYTES[name], data)


@pytest.mark.parametrize("name", OF_TEXT)
@settings(max_examples=60)
@given(text=st.text(max_size=60) | st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ-_ ", max_size=60))
def test_parsers_of_text(name: str, text: str) -> None:
    refuses_or_returns(OF_TEXT[name], text)


@pytest.mark.parametrize("name", OF_VALUES)
@settings(max_examples=60)
@given(value=trees)
def test_parsers_of_decoded_values(name: str, value: Any) -> None:
    refuses_or_returns(OF_VALUES[name], decode(encode(value)))
