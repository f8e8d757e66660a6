"""The cases of tests/vectors/sealing for encoding, bodies, identities and small entries."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sealing_kit import NOW_MS
from vector_ops import Vector, codebooks, shown

from shared.canonical import encode
from shared.ids import FormHash, RecordId
from shared.limits import CBOR_DEPTH_MAX
from shared.records.codec import (
    body_cbor,
    encode_body,
    encode_identity,
    form_key,
    revision_id,
)
from shared.records.consent import Consent, Decision, Method
from shared.records.layout import layout_check
from shared.records.revision import DELETED, Deletion, Identity, RevisionBody, Value

FORM: Final[dict[str, Any]] = {
    "form_hash": bytes(range(16)).hex(),
    "purposes": ["aid", "study"],
    "root": {
        "path": "/data",
        "fields": [
            ["/data/name", "text", True, []],
            ["/data/sex", "select_one", False, ["female", "male"]],
            ["/data/needs", "select_multiple", False, ["water", "food", "cash"]],
            ["/data/adult", "boolean", False, []],
            ["/data/age", "integer", False, []],
            ["/data/income", "decimal", False, []],
            ["/data/day", "date", False, []],
            ["/data/gps", "geopoint", False, []],
            ["/data/place", "select_one", False, []],
            ["/data/start", "datetime", False, []],
            ["/data/instanceID", "text", False, []],
        ],
        "repeats": [
            {
                "path": "/data/member",
                "fields": [
                    ["/data/member/age", "integer", False, []],
                    ["/data/member/name", "text", True, []],
                ],
                "repeats": [],
            }
        ],
    },
}
BOOK: Final = codebooks(FORM)(bytes(range(8)))
ONE: Final = "ab12cd34ef567890"
PREFIX: Final = form_key(BOOK.form_hash) + layout_check(BOOK)
CONSENT: Final = Consent(
    respondent="",
    decisions={"aid": Decision.GRANTED, "study": Decision.REFUSED},
    notice_hash=b"n" * 16,
    language="fr",
    method=Method.VERBAL,
    at_ms=NOW_MS - 60_000,
    withdrawal_hash=b"w" * 16,
)
BODY: Final = RevisionBody(
    record_id=RecordId(b"r" * 16),
    parents=(),
    form_id="visit",
    form_hash=FormHash(BOOK.form_hash),
    at_ms=NOW_MS,
    offset_min=180,
    enumerator="e1",
    patch={},
)
Change = dict[str, Value | Deletion]


def vector(  # noqa: PLR0913, PLR0917 - the columns of a vector
    name: str, expect: str, rule: str, op: str, about: str, data: bytes, output: object = None
) -> Vector:
    """Return a vector whose only varying input is some bytes."""
    inputs: dict[str, Any] = {"data" if op == "cbor" else "plaintext": data.hex()}
    if op in {"body", "identity"}:
        inputs["form"] = FORM
    return Vector(name, expect, rule, op, about, inputs, output)


def encoding_cases() -> Iterator[Vector]:
    """Yield SEAL-001 to SEAL-004."""
    good = {
        "integers": [0, 23, 24, 255, 256, 65_536, 2**32, 2**64 - 1, -1, -25, -(2**63)],
        "floats": [0.5, -4.1, 2.0**53, 1e300],
        "text": ["", "a", "\u6c34", "\U00010151"],
        "nested": {1: [True, False, None], "a": {b"b": b""}},
    }
    for name, value in good.items():
        data = encode(value)
        yield vector(f"cbor_{name}", "success", "SEAL-001", "cbor", name, data, data.hex())
    bad: list[tuple[str, str, str]] = [
        ("long_integer", "1817", "SEAL-001"),
        ("long_length", "580161", "SEAL-001"),
        ("indefinite_array", "9fff", "SEAL-001"),
        ("indefinite_text", "7f6161ff", "SEAL-001"),
        ("tag", "c11a514b67b0", "SEAL-001"),
        ("keys_unsorted", "a203040102", "SEAL-001"),
        ("key_twice", "a201020103", "SEAL-001"),
        ("boolean_key", "a1f501", "SEAL-001"),
        ("below_minimum", "3b8000000000000000", "SEAL-001"),
        ("two_items", "0000", "SEAL-001"),
        ("nothing", "", "SEAL-001"),
        ("cut_array", "8301", "SEAL-001"),
        ("nan", "fb7ff8000000000000", "SEAL-002"),
        ("infinity", "fb7ff0000000000000", "SEAL-002"),
        ("half_float", "f93800", "SEAL-002"),
        ("single_float", "fa3f000000", "SEAL-002"),
        ("whole_float", "fb4000000000000000", "SEAL-002"),
        ("minus_zero", "fb8000000000000000", "SEAL-002"),
        ("not_utf8", "61ff", "SEAL-003"),
        ("surrogate", "63eda080", "SEAL-003"),
        ("undefined", "f7", "SEAL-003"),
        ("simple_32", "f820", "SEAL-003"),
        ("length_beyond_the_end", "9bffffffffffffffff", "SEAL-004"),
    ]
    for name, data, rule in bad:
        raw = bytes.fromhex(data)
        yield vector(f"cbor_{name}", "encoding invalid", rule, "cbor", "refused", raw)
    deep = b"\x81" * (CBOR_DEPTH_MAX + 1) + b"\0"
    yield vector("cbor_too_deep", "limit exceeded", "SEAL-004", "cbor", "25 arrays", deep)


def _body(name: str, rule: str, about: str, **changes: Any) -> Vector:
    body = replace(BODY, **changes)
    output = {
        "revision": revision_id(BOOK.form_hash, body_cbor(body, BOOK)).hex(),
        "record": body.record_id.hex(),
        "at_ms": NOW_MS,
        "consents": [{p: str(d) for p, d in c.decisions.items()} for c in body.consents],
        "patch": shown(body.patch),
        "tags": {address: tag.hex() for address, tag in body.tags.items()},
    }
    return vector(f"body_{name}", "success", rule, "body", about, encode_body(body, BOOK), output)


def record_cases() -> Iterator[Vector]:
    """Yield bodies, identities and small entries."""
    yield _body("empty", "SEAL-062", "nothing changed")
    yield _body("consent", "SEAL-062", "one respondent", consents=(CONSENT,))
    patches: list[tuple[str, str, Change]] = [
        ("coded", "selects and a boolean", {"/data/sex": "male", "/data/adult": False}),
        ("set", "bits for choices", {"/data/needs": ("water", "cash")}),
        ("not_listed", "a name without a code", {"/data/sex": "unknown"}),
        ("taken_back", "null", {"/data/age": None}),
        ("integer", "a number", {"/data/age": -7}),
        ("decimal", "digits and places", {"/data/income": 12.5}),
        ("decimal_negative", "-0.5", {"/data/income": -0.5}),
        ("decimal_float", "beyond nine places", {"/data/income": 1e-12}),
        ("date", "days since 1970-01-01", {"/data/day": "2026-05-04"}),
        ("moment", "one number", {"/data/start": "2026-05-04T10:00:00.123+03:00"}),
        ("moment_utc", "Z", {"/data/start": "2026-05-04T10:00:00.123Z"}),
        ("uuid", "16 bytes", {"/data/instanceID": "uuid:0b8a1e52-91c9-4f5e-9d3a-000000000001"}),
        ("date_text", "not exactly a date", {"/data/day": "May 2026"}),
        ("geopoint", "four integers", {"/data/gps": "12.5 -33.0000001 0 4.25"}),
        ("text_choice", "an external choice", {"/data/place": "CM001002"}),
        ("member", "a repeat", {f"/data/member[{ONE}]": 0, f"/data/member[{ONE}]/age": 4}),
        ("member_gone", "a deleted instance", {f"/data/member[{ONE}]": DELETED}),
        ("record_gone", "a deleted record", {"/data": DELETED}),
    ]
    for name, about, patch in patches:
        yield _body(name, "SEAL-070", about, patch=patch)
    tags = {"/data/name": b"t" * 8, f"/data/member[{ONE}]/name": b"u" * 8}
    yield _body("tags", "SEAL-050", "equality tags", tags=dict(sorted(tags.items())))
    long = " ".join(["the water point is broken and we walk far"] * 5)
    yield _body("deflated", "SEAL-071", "with the preset dictionary", reason=long)
    yield from refused_bodies()
    yield from identity_cases()
    yield from small_cases()


def refused_bodies() -> Iterator[Vector]:
    """Yield bodies that are not of the one shape."""
    good = body_cbor(BODY, BOOK)
    plain = b"\x01" + PREFIX
    other_check = b"\x01" + PREFIX[:8] + b"\0\0" + good
    other_form = b"\x01" + bytes(8) + PREFIX[8:] + good
    readable: list[tuple[str, str, str, str, bytes]] = [
        ("format_3", "encoding invalid", "SEAL-061", "another format", b"\x03" + PREFIX + good),
        ("short_prefix", "encoding invalid", "SEAL-061", "cut", plain[:10]),
        ("layout_check", "form not readable", "SEAL-061", "other positions", other_check),
        ("unknown_form", "form not readable", "SEAL-061", "a form not here", other_form),
        ("not_deflate", "encoding invalid", "SEAL-061", "garbage", b"\x02" + PREFIX + b"\xff\xff"),
        ("byte_behind", "encoding invalid", "SEAL-061", "two items", plain + good + b"\0"),
    ]
    for name, expect, rule, about, data in readable:
        yield vector(f"body_{name}", expect, rule, "body", about, data)
    items: list[Any] = [b"r" * 16, [], 5, 0, "", "", "", [], [], [], [], "", None, None]
    consent: list[Any] = ["", {0: 2}, bytes(16), "fr", 0, 0, bytes(16), None]
    changes: list[tuple[str, str, int, Any]] = [
        ("record_15_bytes", "SEAL-062", 0, bytes(15)),
        ("parent_twice", "SEAL-062", 1, [bytes(16), bytes(16)]),
        ("time_negative", "SEAL-062", 2, -1),
        ("two_consents", "SEAL-062", 7, [consent, consent]),
        ("purpose_position", "SEAL-062", 7, [[*consent[:1], {2: 2}, *consent[2:]]]),
        ("purpose_by_name", "SEAL-062", 7, [[*consent[:1], {"aid": 2}, *consent[2:]]]),
        ("decision_3", "SEAL-062", 7, [[*consent[:1], {0: 3}, *consent[2:]]]),
        ("codes_leading_zero", "SEAL-070", 8, [b"\x00\x01"]),
        ("codes_beyond_the_form", "SEAL-070", 8, [b"\xff" * 20]),
        ("empty_part_at_end", "SEAL-070", 8, [b"\x03", []]),
        ("value_missing", "SEAL-070", 8, [b"\x01"]),
        ("value_too_many", "SEAL-070", 8, [b"\x03", [1]]),
        ("repeat_not_in_form", "SEAL-070", 8, [b"", [], {1: {bytes(8): False}}]),
        ("instance_unchanged", "SEAL-070", 8, [b"", [], {0: {bytes(8): [None]}}]),
        ("unknown_field", "SEAL-070", 8, [b"", [], {}, {"/data/x": "direct?"}]),
        ("tag_missing", "SEAL-070", 9, [b"\x01"]),
        ("tag_too_many", "SEAL-070", 9, [b"\x01", bytes(16)]),
    ]
    for name, rule, position, value in changes:
        data = encode([*items[:position], value, *items[position + 1 :]])
        yield vector(f"body_{name}", "encoding invalid", rule, "body", "refused", plain + data)


def identity_cases() -> Iterator[Vector]:
    """Yield SEAL-063 and the unknown fields of SEAL-070."""
    patch: Change = {"/data/name": "Amina", "/data/nick": "Ami", f"/data/member[{ONE}]/name": None}
    identity = Identity(RecordId(b"r" * 16), b"k" * 16, patch)
    output = {
        "record": (b"r" * 16).hex(),
        "tag_key": (b"k" * 16).hex(),
        "patch": dict(sorted(patch.items())),
    }
    data = encode_identity(identity, BOOK)
    yield vector("identity_good", "success", "SEAL-063", "identity", "with others", data, output)
    short = b"\x01" + PREFIX + encode([b"r" * 16, b"k" * 15, []])
    yield vector("identity_key", "encoding invalid", "SEAL-063", "identity", "15 bytes", short)
    body = b"\x01" + PREFIX + body_cbor(BODY, BOOK)
    yield vector("identity_body", "encoding invalid", "SEAL-063", "identity", "a body", body)


def small_cases() -> Iterator[Vector]:
    """Yield SEAL-072."""
    visit = ["r1", "visit", "L1", "finalized", 1800]
    rows: list[tuple[str, str, Any, Any]] = [
        ("tally", "good", ["visit", "r1", "CM01", 20_600, "refused", 1], "refused"),
        ("tally", "outcome", ["visit", "r1", "CM01", 20_600, "gone", 1], None),
        ("tally", "count", ["visit", "r1", "CM01", 20_600, "refused", -1], None),
        ("progress", "good", [*visit, ["fast"], 20_600, bytes(8), b"8 bytes."], "finalized"),
        ("progress", "nobody", [*visit, [], 20_600, b"", b""], "finalized"),
        ("progress", "first_format", [*visit, ["fast"]], "finalized"),
        ("progress", "flags", [*visit, "fast", 20_600, b"", b""], None),
        ("progress", "seven_items", [*visit, [], 20_600], None),
        ("progress", "more_items", [*visit, [], 20_600, b"", b"", 1], None),
        ("progress", "reference", [*visit, [], 20_600, b"", b"short"], None),
        ("progress", "collector", [*visit, [], 20_600, "Amina", b""], None),
        ("withdrawal", "good", [bytes(12) + b"\x10"], (bytes(12) + b"\x10").hex()),
        ("withdrawal", "spare_bits", [bytes(12) + b"\x01"], None),
        ("status", "good", {"free_mb": 12, "charging": True}, {"charging": True, "free_mb": 12}),
        ("status", "nested", {"free_mb": [12]}, None),
    ]
    for op, name, value, output in rows:
        expect = "encoding invalid" if output is None else "success"
        data = encode(value)
        yield vector(f"{op}_{name}", expect, "SEAL-072", op, "a small entry", data, output)
