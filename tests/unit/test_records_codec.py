"""A record's halves as plaintexts and back: SEAL-060 to SEAL-063, SEAL-070, SEAL-071."""

import random
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sealing_kit import NOW_MS
from survey_kit import halves, survey

from shared.canonical import encode
from shared.errors import CairnError, EncodingInvalid, FormError, LimitExceeded
from shared.ids import FormHash, RecordId, RevisionId
from shared.limits import BODY_BYTES_MAX
from shared.records import cells, layout
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope
from shared.records.codec import (
    Codebooks,
    body_cbor,
    decode_body,
    decode_identity,
    encode_body,
    encode_identity,
    form_key,
    revision_id,
)
from shared.records.consent import Consent, Decision, Method
from shared.records.layout import form_dictionary, layout_check
from shared.records.revision import DELETED, Identity, Patch, RevisionBody
from shared.records.words import COMMON, DICTIONARY_BYTES_MAX

ONE, TWO = "ab12cd34ef567890", "00000000000000ff"
FIELDS = (
    Field("/data/name", Kind.TEXT, Disclosure.DIRECT),
    Field("/data/sex", Kind.SELECT_ONE, Disclosure.QUASI, ("female", "male")),
    Field("/data/needs", Kind.SELECT_MULTIPLE, Disclosure.OPEN, ("water", "food", "cash")),
    Field("/data/rank", Kind.RANK, Disclosure.OPEN, ("a", "b", "c")),
    Field("/data/adult", Kind.BOOLEAN, Disclosure.OPEN),
    Field("/data/age", Kind.INTEGER, Disclosure.QUASI),
    Field("/data/income", Kind.DECIMAL, Disclosure.SENSITIVE),
    Field("/data/day", Kind.DATE, Disclosure.QUASI),
    Field("/data/gps", Kind.GEOPOINT, Disclosure.QUASI),
    Field("/data/place", Kind.SELECT_ONE, Disclosure.QUASI),
    Field("/data/start", Kind.DATETIME, Disclosure.OPEN),
    Field("/data/id", Kind.TEXT, Disclosure.OPEN),
)
MEMBER = Scope(
    "/data/member",
    (
        Field("/data/member/grp/age", Kind.INTEGER, Disclosure.QUASI),
        Field("/data/member/name", Kind.TEXT, Disclosure.DIRECT),
    ),
    (
        Scope(
            "/data/member/illness",
            (
                Field(
                    "/data/member/illness/what",
                    Kind.SELECT_ONE,
                    Disclosure.SENSITIVE,
                    ("flu", "cold"),
                ),
            ),
        ),
    ),
)
FORM = Codebook(
    "visit",
    "1",
    FormHash(bytes(range(16))),
    "Visit",
    Basis.CONSENT,
    ("aid",),
    Scope("/data", FIELDS, (MEMBER,)),
)
BOOKS = Codebooks(FORM)


def body_of(patch: Patch, **changes: object) -> RevisionBody:
    body = RevisionBody(
        record_id=RecordId(bytes(16)),
        parents=(),
        form_id="visit",
        form_hash=FORM.form_hash,
        at_ms=NOW_MS,
        offset_min=180,
        enumerator="e1",
        patch=patch,
    )
    return replace(body, **changes)  # type: ignore[arg-type]


def there_and_back(patch: Patch) -> object:
    return decode_body(encode_body(body_of(patch), FORM), BOOKS)[1].patch


PATCHES: list[Patch] = [
    {},
    {"/data": DELETED},
    {"/data/sex": "female"},
    {"/data/sex": "unknown"},
    {"/data/sex": None},
    {"/data/sex": "female", "/data/needs": ("water", "cash"), "/data/adult": False},
    {"/data/needs": ()},
    {"/data/needs": ("cash", "water")},
    {"/data/needs": ("water", "water")},
    {"/data/needs": ("other", "food")},
    {"/data/needs": "water food"},
    {"/data/rank": ("b", "a", "c")},
    {"/data/rank": ("b", "z")},
    {"/data/adult": "perhaps"},
    {"/data/age": 7},
    {"/data/age": -7},
    {"/data/age": 7.5},
    {"/data/age": "about 7"},
    {"/data/income": 12.5},
    {"/data/income": -0.5},
    {"/data/income": 0.1},
    {"/data/income": 1e-12},
    {"/data/income": 1e300},
    {"/data/income": 40},
    {"/data/income": 2**60},
    {"/data/income": "12,5"},
    {"/data/day": "2026-05-04"},
    {"/data/day": "0001-01-01"},
    {"/data/day": "2026-5-4"},
    {"/data/day": "20260504"},
    {"/data/gps": "12.5 -33.0000001 0 4.25"},
    {"/data/gps": "12.123456789 33 0 0"},
    {"/data/gps": "12.50 33 0 0"},
    {"/data/gps": "12.5 33"},
    {"/data/place": "CM001002"},
    {"/data/start": "2026-05-04T10:00:00.000Z"},
    {"/data/start": "2026-05-04T10:00:00.123+03:00"},
    {"/data/start": "1969-12-31T23:59:59.999-11:30"},
    {"/data/start": "0001-01-01T00:00:00.000Z"},
    {"/data/start": "2026-05-04T10:00:00.000+00:00"},
    {"/data/start": "2026-05-04T10:00:00.000"},
    {"/data/start": "2026-05-04T10:00:00Z"},
    {"/data/start": "2026-05-04T10:00:00.000+03"},
    {"/data/start": "2026-05-04T10:00:00.123456+03:00"},
    {"/data/start": "2026-05-04T10:00:00.000+03:00:30"},
    {"/data/start": "this morning"},
    {"/data/id": "uuid:0b8a1e52-91c9-4f5e-9d3a-000000000001"},
    {"/data/id": "uuid:0B8A1E52-91c9-4f5e-9d3a-000000000001"},
    {"/data/id": "uuid:0b8a1e5-291c9-4f5e-9d3a-000000000001"},
    {"/data/id": "uuid:xb8a1e52-91c9-4f5e-9d3a-000000000001"},
    {"/data/id": "guid:0b8a1e52-91c9-4f5e-9d3a-000000000001"},
    {"/data/id": "uuid:0b8a1e52"},
    {
        f"/data/member[{ONE}]": 0,
        f"/data/member[{ONE}]/grp/age": 4,
        f"/data/member[{TWO}]": DELETED,
        "/data/age": 3,
    },
    {f"/data/member[{ONE}]/illness[{TWO}]/what": "flu", f"/data/member[{ONE}]/illness[{TWO}]": 1},
    {f"/data/member[{ONE}]/illness[{TWO}]": DELETED},
]


@pytest.mark.parametrize("patch", PATCHES, ids=[str(i) for i in range(len(PATCHES))])
def test_a_patch_comes_back_as_it_was(patch: Patch) -> None:
    assert there_and_back(patch) == patch


def test_what_every_form_records_of_itself_goes_short() -> None:
    """SEAL-070: instance id and times, 41 and 29 characters, as 16 bytes and one number."""
    patch: Patch = {
        "/data/start": "2026-05-04T10:00:00.123+03:00",
        "/data/id": "uuid:0b8a1e52-91c9-4f5e-9d3a-000000000001",
    }
    more = len(encode_body(body_of(patch), FORM)) - len(encode_body(body_of({}), FORM))
    assert more <= 9 + 17 + 8


def test_a_whole_float_comes_back_as_the_integer_it_equals() -> None:
    """SEAL-002: 2 and 2.0 are one value."""
    assert there_and_back({"/data/income": 2.0, "/data/age": 3.0}) == {
        "/data/income": 2,
        "/data/age": 3,
    }


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({"/data/name": "Amina"}, "/data/name belongs to the other half"),
        ({f"/data/member[{ONE}]/name": "Amina"}, "/data/member/name belongs to the other half"),
        ({"/data/nickname": "Ami"}, "/data/nickname is not in the form"),
        ({"/data/member/grp/age": 3}, "not in the form"),
        ({f"/data/age[{ONE}]": 3}, "not in the form"),
        ({f"/data/pet[{ONE}]": 1}, "not in the form"),
        ({"/data": 3}, "not in the form"),
        ({"/data": DELETED, "/data/age": 3}, "changes nothing else"),
        ({"/data/age": DELETED}, "only a repeat instance or a whole record"),
        ({f"/data/member[{ONE}]": DELETED, f"/data/member[{ONE}]/grp/age": 3}, "holds no answers"),
        ({f"/data/member[{ONE}]/grp/age": 3, f"/data/member[{ONE}]": DELETED}, "holds no answers"),
        ({f"/data/member[{ONE}]": "first"}, "order must be"),
        ({f"/data/member[{ONE}]": -1}, "order must be"),
        ({"no slash": 1}, "an address must be"),
        ({"/data/age": True}, "/data/age is integer; it cannot hold a yes or no"),
        ({"/data/adult": 1}, "/data/adult is boolean; it cannot hold a number"),
        ({"/data/sex": 1}, "cannot hold a number"),
        ({"/data/day": 20_000}, "cannot hold a number"),
        ({"/data/gps": 12.5}, "cannot hold a number"),
        ({"/data/start": 5}, "cannot hold a number"),
        ({"/data/id": 5}, "cannot hold a number"),
        ({"/data/income": ("a",)}, "cannot hold a list"),
        ({"/data/income": True}, "cannot hold a yes or no"),
        ({"/data/sex": ("female",)}, "cannot hold a list"),
        ({"/data/rank": (1, 2)}, "cannot hold a list"),
        ({"/data/rank": b"x"}, "cannot hold this type"),
        ({"/data/income": float("nan")}, "NaN"),
        ({"/data/age": float("inf")}, "infinity"),
    ],
)
def test_what_a_body_cannot_hold_is_refused_by_name(patch: Patch, says: str) -> None:
    """P5: a direct or unknown field never enters a body."""
    with pytest.raises(EncodingInvalid, match=says):
        encode_body(body_of(patch), FORM)


def identity_of(patch: Patch) -> Identity:
    return Identity(RecordId(bytes(16)), b"k" * 16, patch)


def test_an_identity_holds_direct_fields_and_what_the_form_does_not_know() -> None:
    patch: Patch = {
        "/data/name": "Amina",
        f"/data/member[{ONE}]/name": None,
        "/data/nickname": "Ami",
        "/data/tall": True,
        "/data/list": ("a", "b"),
        "/data/score": 1.5,
        f"/data/pet[{ONE}]": 2,
        f"/data/pet[{TWO}]": DELETED,
        "/data/gone": None,
    }
    identity = identity_of(patch)
    assert decode_identity(encode_identity(identity, FORM), BOOKS) == identity


def test_an_identity_refuses_what_belongs_to_the_body() -> None:
    with pytest.raises(EncodingInvalid, match="/data/age belongs to the other half"):
        encode_identity(identity_of({"/data/age": 3}), FORM)


def test_everything_a_body_says_comes_back() -> None:
    consent = Consent(
        respondent=f"/data/member[{ONE}]",
        decisions={"aid": Decision.GRANTED, "study": Decision.REFUSED, "x": Decision.WITHDRAWN},
        notice_hash=b"n" * 16,
        language="am",
        method=Method.GUARDIAN,
        at_ms=NOW_MS - 5,
        withdrawal_hash=b"w" * 16,
        assent=True,
    )
    own = replace(consent, respondent="", assent=None, method=Method.VERBAL)
    body = body_of(
        {"/data/age": 3},
        parents=(RevisionId(b"a" * 16), RevisionId(b"b" * 16)),
        round_id="r1",
        location="loc",
        consents=(consent, own),
        tags={
            "/data/name": b"t" * 8,
            f"/data/member[{ONE}]/name": b"u" * 8,
            "/data/nickname": b"v" * 8,
        },
        resolves=("/data/age",),
        reason="seen twice",
        started_ms=NOW_MS + 60_000,
        paradata={"screens": 12, "languages": "am fr", "paused": None, "rate": 1.5, "gps": True},
    )
    plaintext = encode_body(body, FORM)
    identifier, back = decode_body(plaintext, BOOKS)
    assert back == body
    assert identifier == revision_id(FORM.form_hash, body_cbor(body, FORM))


def test_a_record_sealed_twice_is_one_revision() -> None:
    """SEAL-060: parents in any order, answers in any order."""
    parents = (RevisionId(b"b" * 16), RevisionId(b"a" * 16), RevisionId(b"b" * 16))
    one = body_of({"/data/age": 3, "/data/sex": "male"}, parents=parents)
    two = body_of({"/data/sex": "male", "/data/age": 3.0}, parents=tuple(sorted(set(parents))))
    assert body_cbor(one, FORM) == body_cbor(two, FORM)
    other = replace(two, at_ms=NOW_MS + 1)
    ids = {decode_body(encode_body(b, FORM), BOOKS)[0] for b in (one, two, other)}
    assert len(ids) == 2


def test_a_survey_comes_back_plain_or_deflated() -> None:
    """SEAL-061: whichever is shorter; both are read."""
    codebook = survey()
    rng = random.Random(5)
    ways = set()
    for _ in range(20):
        body, identity = halves(rng, codebook, NOW_MS)
        for plaintext in (encode_body(body, codebook), encode_identity(identity, codebook)):
            ways.add(plaintext[0])
        assert decode_body(encode_body(body, codebook), Codebooks(codebook))[1] == body
        back = decode_identity(encode_identity(identity, codebook), Codebooks(codebook))
        assert back == identity
    assert ways == {1, 2}


def test_a_body_of_another_form_is_refused() -> None:
    body = body_of({}, form_hash=FormHash(b"x" * 16))
    with pytest.raises(EncodingInvalid, match="another form"):
        encode_body(body, FORM)


def test_an_unknown_form_says_so() -> None:
    plaintext = encode_body(body_of({}), FORM)
    with pytest.raises(FormError, match="not here"):
        decode_body(plaintext, Codebooks())
    books = Codebooks()
    books.add(FORM)
    assert decode_body(plaintext, books)[1].form_id == "visit"


def test_a_form_read_into_other_positions_is_refused_not_misread() -> None:
    """SEAL-061: the layout check."""
    plaintext = encode_body(body_of({"/data/age": 3}), FORM)
    swapped = replace(FORM, root=replace(FORM.root, fields=tuple(reversed(FIELDS))))
    assert layout_check(swapped) != layout_check(FORM)
    with pytest.raises(FormError, match="reads the form differently"):
        decode_body(plaintext, Codebooks(swapped))
    reclassed = (replace(FIELDS[0], disclosure=Disclosure.OPEN), *FIELDS[1:])
    assert layout_check(replace(FORM, root=replace(FORM.root, fields=reclassed))) != layout_check(
        FORM
    )


def prefix(way: int) -> bytes:
    return bytes((way,)) + form_key(FORM.form_hash) + layout_check(FORM)


def test_a_bomb_is_stopped_at_the_limit() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zdict=form_dictionary(FORM))
    packed = packer.compress(bytes(BODY_BYTES_MAX + 1)) + packer.flush()
    with pytest.raises(LimitExceeded):
        decode_body(prefix(2) + packed, BOOKS)


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\x01",
        prefix(1),
        prefix(2),
        prefix(3) + encode([]),
        b"\x01" + form_key(FORM.form_hash) + b"\x00",
        prefix(2) + b"\xff\xff\xff",
        prefix(2) + b"\x03\x00trailing",
        prefix(2) + b"\x01",
        prefix(1) + encode([]) + b"\0",
    ],
)
def test_malformed_plaintexts_are_refused(plaintext: bytes) -> None:
    with pytest.raises(CairnError):
        decode_body(plaintext, BOOKS)
    with pytest.raises(CairnError):
        decode_identity(plaintext, BOOKS)


def items() -> list[object]:
    return [bytes(16), [], 5, 0, "", "", "", [], [], [], [], "", None, None]


CONSENT: list[object] = ["", {0: 2}, bytes(16), "fr", 0, 0, bytes(16), None]


def consent(position: int, value: object) -> list[object]:
    return [[value if i == position else part for i, part in enumerate(CONSENT)]]


def test_the_least_body_is_read() -> None:
    _, body = decode_body(prefix(1) + encode(items()), BOOKS)
    assert (body.patch, body.tags, body.started_ms) == ({}, {}, None)


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, bytes(15)),
        (1, [bytes(16), bytes(16)]),
        (1, [b"b" * 16, b"a" * 16]),
        (1, [bytes(15)]),
        (2, -1),
        (3, 1441),
        (3, None),
        (4, 5),
        (7, [[]]),
        (7, [CONSENT, CONSENT]),
        (7, consent(0, 5)),
        (7, consent(0, "no address")),
        (7, consent(1, {1: 2})),
        (7, consent(1, {-1: 2})),
        (7, consent(1, {"aid": 2})),
        (7, consent(1, {b"aid": 2})),
        (7, consent(1, {0: 3})),
        (7, consent(1, {0: True})),
        (7, consent(2, bytes(15))),
        (7, consent(4, 4)),
        (7, consent(5, None)),
        (7, consent(6, bytes(17))),
        (7, consent(7, 1)),
        (8, True),
        (8, [b""]),
        (8, [b"\x01", []]),
        (8, [b"\x00\x01"]),
        (8, [b"\x01" * 40]),
        (8, [b"", [1]]),
        (8, [b"", [], {}]),
        (8, [b"", [], {1: {}}]),
        (8, [b"", [], {1: {bytes(8): False}}]),
        (8, [b"", [], {0: {}}]),
        (8, [b"", [], {0: 5}]),
        (8, [b"", [], {0: {bytes(7): False}}]),
        (8, [b"", [], {0: {bytes(8): True}}]),
        (8, [b"", [], {0: {bytes(8): []}}]),
        (8, [b"", [], {0: {bytes(8): [None]}}]),
        (8, [b"", [], {0: {bytes(8): ["x"]}}]),
        (8, [b"", [], {0: {bytes(8): [1, b""]}}]),
        (8, [b"", [], {0: {bytes(8): [1, b"", [], {}, {}]}}]),
        (8, [b"", [], {"0": {bytes(8): False}}]),
        (8, [b"", [], {}, {"/data/nick": "x"}]),
        (8, [b"", [], {}, {}, {}]),
        (9, [b"\x01"]),
        (9, [b"\x01", bytes(9)]),
        (9, [b"\x04", bytes(8)]),
        (9, [b"", b"", {0: {bytes(8): False}}]),
        (9, [b"", b"", {0: {bytes(8): [1]}}]),
        (9, [b"", b"", {}, {"/data/nick": b"short"}]),
        (9, [b"", b"", {}, {5: bytes(8)}]),
        (10, [5]),
        (11, None),
        (12, "soon"),
        (13, {"x": []}),
        (13, {5: 5}),
        (13, []),
    ],
)
def test_a_body_of_another_shape_is_refused(position: int, value: object) -> None:
    body = items()
    body[position] = value
    with pytest.raises(EncodingInvalid):
        decode_body(prefix(1) + encode(body), BOOKS)


def value_patch(path: str, value: object) -> list[object]:
    """Return a patch that writes `value` as the uncoded value of one field of the body."""
    number, radix = 0, 1
    for field in FIELDS[1:]:
        if field.path == path:
            number = radix
        codes = {Kind.BOOLEAN: 2, Kind.SELECT_ONE: len(field.choices)}.get(field.kind, 0)
        if field.kind is Kind.SELECT_MULTIPLE:
            codes = 1 << len(field.choices)
        radix *= 2 + codes
    return [number.to_bytes((number.bit_length() + 7) // 8, "big"), [value]]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/data/age", True),
        ("/data/age", [1]),
        ("/data/income", 1001),
        ("/data/income", [1.5]),
        ("/data/income", [1, 2]),
        ("/data/income", b"x"),
        ("/data/day", 3_000_000),
        ("/data/day", -(2**62)),
        ("/data/day", 1.5),
        ("/data/gps", [1, 2, 3]),
        ("/data/gps", [1, 2, 3, 1.5]),
        ("/data/gps", [1, 2, 3, 2**60]),
        ("/data/gps", 5),
        ("/data/sex", 2),
        ("/data/sex", -1),
        ("/data/sex", [0]),
        ("/data/rank", 0),
        ("/data/rank", [0, 3]),
        ("/data/rank", [None]),
        ("/data/adult", 1),
        ("/data/start", 2048 - 1440),
        ("/data/start", 4094),
        ("/data/start", 2**63),
        ("/data/start", 2**62 + 2048),
        ("/data/start", -(2**63)),
        ("/data/start", 1.5),
        ("/data/id", bytes(15)),
        ("/data/id", 5),
    ],
)
def test_a_value_its_kind_cannot_be_is_refused(path: str, value: object) -> None:
    body = items()
    body[8] = value_patch(path, value)
    with pytest.raises(EncodingInvalid, match=f"{path} is"):
        decode_body(prefix(1) + encode(body), BOOKS)


@pytest.mark.parametrize("others", [{"/data/x": b"x"}, {"/data/x": [1]}, {5: 1}, {"x": 1}])
def test_unknown_answers_of_no_known_type_are_refused(others: dict[object, object]) -> None:
    data = encode([bytes(16), b"k" * 16, [b"", [], {}, others]])
    with pytest.raises(EncodingInvalid):
        decode_identity(prefix(1) + data, BOOKS)


def test_wrong_sizes_are_refused_when_written_too() -> None:
    with pytest.raises(EncodingInvalid, match="tag"):
        encode_body(body_of({}, tags={"/data/name": b"short"}), FORM)
    with pytest.raises(EncodingInvalid, match="tag key"):
        encode_identity(Identity(RecordId(bytes(16)), b"k", {}), FORM)
    double = Consent("", {}, b"n" * 16, "fr", Method.VERBAL, NOW_MS, b"w" * 16)
    with pytest.raises(EncodingInvalid, match="one consent a respondent"):
        encode_body(body_of({}, consents=(double, double)), FORM)
    with pytest.raises(LimitExceeded):
        encode_body(body_of({"/data/start": "x" * BODY_BYTES_MAX}), FORM)
    with pytest.raises(LimitExceeded):
        encode_identity(identity_of({"/data/name": "x" * BODY_BYTES_MAX}), FORM)


def test_the_common_words_are_those_the_spec_names() -> None:
    """SEAL-071: a changed word would make old records unreadable without a word of warning."""
    spec = Path(__file__).resolve().parents[2] / "docs" / "spec" / "sealing.md"
    assert sha256(COMMON).hexdigest() in spec.read_text(encoding="utf-8")
    assert form_dictionary(FORM).endswith(COMMON)


def test_selects_with_many_choices_go_by_index() -> None:
    many = tuple(f"c{i}" for i in range(300))
    fields = (
        Field("/data/one", Kind.SELECT_ONE, Disclosure.QUASI, many),
        Field("/data/set", Kind.SELECT_MULTIPLE, Disclosure.QUASI, many[:40]),
    )
    form = replace(FORM, root=Scope("/data", fields))
    patch: Patch = {"/data/one": "c299", "/data/set": ("c39", "c0", "no such")}
    plaintext = encode_body(body_of(patch), form)
    assert decode_body(plaintext, Codebooks(form))[1].patch == patch
    assert b"c299" in form_dictionary(form)
    assert len(form_dictionary(form)) <= DICTIONARY_BYTES_MAX


def test_choices_named_twice_keep_the_first_position() -> None:
    fields = (
        Field("/data/one", Kind.SELECT_ONE, Disclosure.QUASI, ("a", "b", "a")),
        Field("/data/set", Kind.SELECT_MULTIPLE, Disclosure.QUASI, ("a", "b", "a")),
    )
    form = replace(FORM, root=Scope("/data", fields))
    patch: Patch = {"/data/one": "a", "/data/set": ("a", "b")}
    plaintext = encode_body(body_of(patch), form)
    assert decode_body(plaintext, Codebooks(form))[1].patch == patch


def test_a_codebook_with_a_field_outside_its_scope_is_refused() -> None:
    form = replace(FORM, root=Scope("/data", (Field("/other/x", Kind.TEXT, Disclosure.OPEN),)))
    with pytest.raises(EncodingInvalid, match="outside the scope"):
        encode_body(body_of({}), form)


def test_layouts_and_sets_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_LAYOUTS_MAX", 2)
    layout._layouts.clear()
    books = [replace(FORM, version=str(n)) for n in range(5)]
    for book in books:
        assert layout.layout_of(book).codebook is book
        assert layout.layout_of(book) is layout.layout_of(book)
        assert len(layout._layouts) <= 2
    monkeypatch.setattr(cells, "_KNOWN_SETS_MAX", 0)
    fresh = replace(FORM, version="fresh")
    patch: Patch = {"/data/needs": ("water", "cash")}
    assert decode_body(encode_body(body_of(patch), fresh), Codebooks(fresh))[1].patch == patch
