"""Enrolment codes, requests, replies; withdrawal codes: SEAL-080, SEAL-085, SEAL-086."""

import base64
from dataclasses import replace
from hashlib import sha256

import pytest
from sealing_kit import NOW_MS, Project, seeded

from shared.canonical import decode, encode
from shared.errors import CairnError, EncodingInvalid, SignatureInvalid
from shared.sealing import crockford
from shared.sealing.enrol import (
    EnrolmentCode,
    EnrolmentReply,
    EnrolmentRequest,
    open_request,
    parse_enrolment_code,
    parse_reply,
    sign_request,
)
from shared.sealing.keys import SigningKey, Suite
from shared.sealing.receipts import Signed
from shared.sealing.withdrawal import check_code, code_hash, code_text, new_code, parse_code_text

PROJECT = Project()
CODE = EnrolmentCode(
    deployment=PROJECT.deployment,
    addresses=("https://10.0.0.2:8443", "https://mission.example"),
    root_fingerprint=PROJECT.fingerprint,
    token=b"t" * 16,
    expires_ms=NOW_MS,
    tls_pin=b"p" * 32,
    label="Règion Nord",
)


@pytest.mark.parametrize("code", [CODE, replace(CODE, tls_pin=None)])
def test_a_code_survives_showing_scanning_and_clumsy_pasting(code: EnrolmentCode) -> None:
    text = code.text()
    assert text.startswith("CAIRN1.")
    assert "=" not in text
    assert parse_enrolment_code(text) == code
    assert parse_enrolment_code(f"  {text[:40]}\n {text[40:]}\t") == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "CAIRN2.AAAA",
        "CAIRN1.",
        "CAIRN1.*",
        "CAIRN1.A",
        CODE.text()[:-5],
        CODE.text() + "A",
        CODE.text() + "=",
        "CAIRN1." + "A" * 5000,
        "CAIRN1.é",
    ],
)
def test_a_damaged_code_says_what_to_do(text: str) -> None:
    with pytest.raises(EncodingInvalid, match="enrolment code"):
        parse_enrolment_code(text)


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (1, b""),
        (2, []),
        (2, ["a"] * 9),
        (2, [5]),
        (3, bytes(15)),
        (4, bytes(15)),
        (5, -1),
        (6, bytes(31)),
        (6, False),
        (7, None),
    ],
)
def test_a_code_of_another_shape_is_refused(position: int, value: object) -> None:
    raw = CODE.text().removeprefix("CAIRN1.")
    items = decode(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    items[position] = value
    text = "CAIRN1." + base64.urlsafe_b64encode(encode(items)).rstrip(b"=").decode()
    with pytest.raises(EncodingInvalid):
        parse_enrolment_code(text)


def request(suite: Suite = Suite.X25519) -> EnrolmentRequest:
    project = Project(suite)
    return EnrolmentRequest(
        token=b"t" * 16,
        signing_public=project.device.public_bytes,
        recipient=project.mailbox.public,
        device_label="Tablet 7",
    )


@pytest.mark.parametrize("suite", [Suite.X25519, Suite.HYBRID])
def test_a_request_proves_its_signing_key(suite: Suite) -> None:
    payload = sign_request(PROJECT.device, request(suite))
    assert open_request(payload) == request(suite)


def test_a_request_signed_by_another_key_is_refused() -> None:
    thief = SigningKey.generate()
    with pytest.raises(EncodingInvalid, match="signed by the key it names"):
        sign_request(thief, request())
    data, _ = decode(sign_request(PROJECT.device, request()))
    with pytest.raises(SignatureInvalid):
        open_request(encode([data, thief.sign("enrol", data)]))


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, 2),
        (1, b""),
        (2, b""),
        (3, 0),
        (3, 3),
        (3, 2),
        (4, bytes(31)),
        (5, None),
        (5, "x" * 201),
    ],
)
def test_a_request_of_another_shape_is_refused(position: int, value: object) -> None:
    data, _ = decode(sign_request(PROJECT.device, request()))
    items = decode(data)
    items[position] = value
    changed = encode(items)
    with pytest.raises(EncodingInvalid):
        open_request(encode([changed, PROJECT.device.sign("enrol", changed)]))


def test_a_reply_comes_back_as_it_was() -> None:
    certificate = Signed(b"certificate", bytes(64))
    reply = EnrolmentReply(PROJECT.log.author, PROJECT.signed_ring(), certificate)
    assert parse_reply(reply.encode()) == reply
    for bad in (b"", encode([1]), encode([1, b"", b"", b""]), encode([2, bytes(16), b"", b""])):
        with pytest.raises(EncodingInvalid):
            parse_reply(bad)


# --- withdrawal codes -------------------------------------------------------------------------


def test_a_withdrawal_code_is_a_hundred_bits_in_twenty_characters() -> None:
    code = new_code(seeded(1))
    text = code_text(code)
    assert len(code) == 13
    assert code[-1] & 0x0F == 0
    assert [len(group) for group in text.split("-")] == [5, 5, 5, 5]
    assert parse_code_text(text) == code
    assert code_hash(code) == sha256(b"cairn/v1/withdrawal\0" + code).digest()[:16]
    assert code_text(bytes(13)) == "00000-00000-00000-00000"
    assert parse_code_text("ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ") == b"\xff" * 12 + b"\xf0"


def test_a_code_is_read_as_people_write_it() -> None:
    code = parse_code_text("01ABC-DEFGH-JKMNP-QRSTV")
    for text in ("01abc defgh jkmnp qrstv", "oiABCDEFGHJKMNPQRSTV", "OLABC\n-DEFGH-JKMNPQRSTV"):
        assert parse_code_text(text) == code


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 characters; it needs 20"),
        ("01ABC-DEFGH-JKMNP-QRST", "19 characters"),
        ("01ABC-DEFGH-JKMNP-QRSTVX", "21 characters"),
        ("01ABC-DEFGH-JKMNP-QRSTU", "'U'"),
        ("01ABC-DEFGH-JKMNP-QRST!", "'!'"),
    ],
)
def test_a_mistyped_code_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(EncodingInvalid, match=says):
        parse_code_text(text)


def test_other_bytes_are_no_code() -> None:
    for bad in (b"", bytes(12), bytes(14), bytes(12) + b"\x01"):
        with pytest.raises(CairnError):
            check_code(bad)
        with pytest.raises(CairnError):
            code_hash(bad)


def test_crockford_writes_every_length() -> None:
    assert crockford.to_text(31, 3, 2) == "00-Z"
    assert crockford.from_text("0-0z", 3) == 31
