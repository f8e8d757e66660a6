"""Texts to values and back, and when two answers are one: SEAL-051, SEAL-070."""

import pytest

from shared.canonical import encode
from shared.errors import ConsentMissing, EncodingInvalid
from shared.ids import FormHash
from shared.records.address import (
    check_address,
    child,
    enclosing_instances,
    form_path,
    instance_ids,
    is_instance,
)
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import DELETED, Deletion, Value
from shared.records.small import (
    Outcome,
    Progress,
    Status,
    Tally,
    Withdrawal,
    decode_progress,
    decode_status,
    decode_tally,
    decode_withdrawal,
    encode_progress,
    encode_status,
    encode_tally,
    encode_withdrawal,
)
from shared.records.split import granted_purposes, split_answers
from shared.records.values import (
    canonical_value,
    date_days,
    days_text,
    same_value,
    text_from_value,
    value_from_text,
)
from shared.sealing.padding import pad


def field(kind: Kind) -> Field:
    return Field("/data/x", kind, Disclosure.OPEN, ("a", "b"))


@pytest.mark.parametrize(
    ("kind", "text", "value", "back"),
    [
        (Kind.TEXT, "", None, ""),
        (Kind.TEXT, " as  typed ", " as  typed ", " as  typed "),
        (Kind.TEXT, "12", "12", "12"),
        (Kind.INTEGER, "12", 12, "12"),
        (Kind.INTEGER, "-12", -12, "-12"),
        (Kind.INTEGER, "12.0", 12, "12"),
        (Kind.INTEGER, "0712345678", "0712345678", "0712345678"),
        (Kind.INTEGER, "+12", "+12", "+12"),
        (Kind.INTEGER, "1e3", "1e3", "1e3"),
        (Kind.INTEGER, "-0", 0, "0"),
        (Kind.INTEGER, "9" * 18, 10**18 - 1, "9" * 18),
        (Kind.INTEGER, "9" * 19, "9" * 19, "9" * 19),
        (Kind.INTEGER, "\u0663", "\u0663", "\u0663"),
        (Kind.DECIMAL, "2.50", 2.5, "2.5"),
        (Kind.DECIMAL, "0.1", 0.1, "0.1"),
        (Kind.DECIMAL, "-0.000001", -1e-06, "-0.000001"),
        (Kind.DECIMAL, "3.14159265358979312", "3.14159265358979312", "3.14159265358979312"),
        (Kind.DECIMAL, ".5", ".5", ".5"),
        (Kind.DECIMAL, "5.", "5.", "5."),
        (Kind.DECIMAL, "NaN", "NaN", "NaN"),
        (Kind.BOOLEAN, "true", True, "true"),
        (Kind.BOOLEAN, "false", False, "false"),
        (Kind.BOOLEAN, "1", "1", "1"),
        (Kind.DATE, "2026-05-04", "2026-05-04", "2026-05-04"),
        (Kind.SELECT_ONE, "a", "a", "a"),
        (Kind.SELECT_MULTIPLE, "b  a\n", ("b", "a"), "b a"),
        (Kind.SELECT_MULTIPLE, "a\u00a0b", ("a\u00a0b",), "a\u00a0b"),
        (Kind.RANK, "b a", ("b", "a"), "b a"),
        (Kind.GEOPOINT, "12.50 -3.0 0.00 4", "12.5 -3 0 4", "12.5 -3 0 4"),
        (Kind.GEOPOINT, "-0.0000001 100 0 0.5", "-0.0000001 100 0 0.5", "-0.0000001 100 0 0.5"),
        (Kind.GEOPOINT, "12.12345678 3 0 4", "12.12345678 3 0 4", "12.12345678 3 0 4"),
        (Kind.GEOPOINT, "12.5 3", "12.5 3", "12.5 3"),
        (Kind.GEOPOINT, "12.5  3 0 4", "12.5  3 0 4", "12.5  3 0 4"),
        (Kind.GEOPOINT, "9999999999 3 0 4", "9999999999 3 0 4", "9999999999 3 0 4"),
    ],
)
def test_a_text_is_typed_where_the_type_means_the_same(
    kind: Kind, text: str, value: Value, back: str
) -> None:
    typed = value_from_text(field(kind), text)
    assert typed == value
    assert type(typed) is type(value)
    assert text_from_value(typed) == back


def test_large_and_small_numbers_are_written_without_exponent() -> None:
    assert text_from_value(1e21) == "1" + "0" * 21
    assert text_from_value(1.5e-7) == "0.00000015"


@pytest.mark.parametrize(
    ("days", "text"),
    [(0, "1970-01-01"), (-719_162, "0001-01-01"), (2_932_896, "9999-12-31")],
)
def test_dates_are_days(days: int, text: str) -> None:
    assert (date_days(text), days_text(days)) == (days, text)


def test_what_is_no_date_has_no_days() -> None:
    for text in ("2026-02-30", "20260504", "2026-W01-1", "2026-5-4", "soon", ""):
        assert date_days(text) is None
    for days in (-719_163, 2_932_897, 10**12, -(10**30)):
        assert days_text(days) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (2, 2.0, True),
        (1, True, False),
        (0, False, False),
        ("2", 2, False),
        (None, None, True),
        (None, "", False),
        ("a  b", " a b ", True),
        ("Ame\u0301lie", "Am\u00e9lie", True),
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("b", "a"), False),
        (2.0**60, 2**60, False),
        (DELETED, DELETED, True),
        (DELETED, None, False),
        ("x", DELETED, False),
    ],
)
def test_when_two_writes_say_the_same(
    one: Value | Deletion, other: Value | Deletion, *, same: bool
) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same


def test_canonical_values_keep_their_type() -> None:
    for value in (2.5, True, ("a",), None):
        assert canonical_value(value) is value


# --- addresses --------------------------------------------------------------------------------

ONE, TWO = "ab12cd34ef567890", "0000000000000001"
DEEP = f"/data/member[{ONE}]/illness[{TWO}]/what"


def test_an_address_is_a_path_with_instances() -> None:
    assert check_address(DEEP) == DEEP
    assert form_path(DEEP) == "/data/member/illness/what"
    assert instance_ids(DEEP) == (ONE, TWO)
    assert not is_instance(DEEP)
    assert is_instance(DEEP.removesuffix("/what"))
    assert list(enclosing_instances(DEEP)) == [
        f"/data/member[{ONE}]",
        f"/data/member[{ONE}]/illness[{TWO}]",
    ]
    assert list(enclosing_instances(f"/data/member[{ONE}]")) == []
    assert child("/data", "member", ONE) + "/age" == f"/data/member[{ONE}]/age"
    assert child("/data", "age") == "/data/age"


@pytest.mark.parametrize(
    "address", ["", "/", "data", "/data/", "/a b", "/a[12]", f"/a[{ONE.upper()}]", "/a//b", "/a["]
)
def test_other_texts_are_no_addresses(address: str) -> None:
    with pytest.raises(EncodingInvalid):
        check_address(address)


# --- the split --------------------------------------------------------------------------------

MEMBER = Scope(
    "/data/member",
    (
        Field("/data/member/name", Kind.TEXT, Disclosure.DIRECT),
        Field("/data/member/age", Kind.INTEGER, Disclosure.QUASI, purposes=("study",)),
    ),
)
FORM = Codebook(
    "visit",
    "1",
    FormHash(bytes(16)),
    "Visit",
    Basis.CONSENT,
    ("aid", "study"),
    Scope(
        "/data",
        (
            Field("/data/name", Kind.TEXT, Disclosure.DIRECT),
            Field("/data/sex", Kind.TEXT, Disclosure.QUASI),
            Field("/data/belief", Kind.TEXT, Disclosure.SENSITIVE, purposes=("study",)),
        ),
        (MEMBER,),
    ),
)
ANSWERS: dict[str, Value | Deletion] = {
    "/data/name": "Amina",
    "/data/sex": "female",
    "/data/belief": "x",
    "/data/unheard_of": "y",
    f"/data/member[{ONE}]": 0,
    f"/data/member[{ONE}]/name": "Ali",
    f"/data/member[{ONE}]/age": 4,
    f"/data/member[{TWO}]": DELETED,
    f"/data/pet[{ONE}]": 1,
}


def consent(respondent: str, **decisions: Decision) -> Consent:
    return Consent(respondent, decisions, bytes(16), "fr", Method.VERBAL, 0, bytes(16))


def test_direct_and_unknown_fields_go_to_the_identity() -> None:
    """P5: what the form does not know counts as direct."""
    granted = granted_purposes([consent("", aid=Decision.GRANTED, study=Decision.GRANTED)])
    body, identity, dropped = split_answers(ANSWERS, FORM, granted)
    assert dropped == ()
    assert set(identity) == {
        "/data/name",
        "/data/unheard_of",
        f"/data/member[{ONE}]/name",
        f"/data/pet[{ONE}]",
    }
    assert body | identity == ANSWERS
    assert body[f"/data/member[{TWO}]"] is DELETED


def test_fields_without_an_agreed_purpose_are_dropped_from_both_halves() -> None:
    granted = granted_purposes([consent("", aid=Decision.GRANTED, study=Decision.REFUSED)])
    body, identity, dropped = split_answers(ANSWERS, FORM, granted)
    assert dropped == ("/data/belief", f"/data/member[{ONE}]/age")
    assert not set(dropped) & (set(body) | set(identity))
    nothing = split_answers(ANSWERS, FORM, {})
    assert set(nothing.body) == {f"/data/member[{ONE}]", f"/data/member[{TWO}]"}


def test_a_members_own_consent_decides_for_the_member() -> None:
    granted = granted_purposes(
        [
            consent("", aid=Decision.GRANTED, study=Decision.GRANTED),
            consent(f"/data/member[{ONE}]", aid=Decision.WITHDRAWN),
        ]
    )
    dropped = split_answers(ANSWERS, FORM, granted).dropped
    assert dropped == (f"/data/member[{ONE}]/name", f"/data/member[{ONE}]/age")


def test_a_form_on_consent_needs_one_and_others_do_not() -> None:
    with pytest.raises(ConsentMissing):
        split_answers(ANSWERS, FORM, None)
    other = Codebook("v", "1", FORM.form_hash, "V", Basis.OBSERVATION, (), FORM.root)
    assert split_answers(ANSWERS, other, None).dropped == ()
    assert set(split_answers(ANSWERS, other, {}).dropped) == {
        "/data/belief",
        f"/data/member[{ONE}]/age",
    }


def test_granted_are_the_purposes_agreed_to() -> None:
    given = consent("", aid=Decision.GRANTED, study=Decision.REFUSED, other=Decision.WITHDRAWN)
    assert granted_purposes([given]) == {"": frozenset({"aid"})}


def test_a_codebook_walks_its_scopes_in_form_order() -> None:
    assert [scope.name for scope in FORM.scopes()] == ["data", "member"]
    assert [f.name for f in FORM.fields()] == ["name", "sex", "belief", "name", "age"]
    assert FORM.field_map()["/data/member/age"].kind is Kind.INTEGER


# --- small entries ----------------------------------------------------------------------------


def test_small_entries_come_back_as_they_were() -> None:
    """SEAL-072."""
    tally = Tally("visit", "r1", "CM01", 20_600, Outcome.REFUSED)
    assert decode_tally(encode_tally(tally)) == tally
    progress = Progress("r1", "visit", "LOC-1", Outcome.FINALIZED, 1800, ("fast", "gps"))
    assert decode_progress(encode_progress(progress)) == progress
    withdrawal = Withdrawal(bytes(12) + b"\x10")
    assert decode_withdrawal(encode_withdrawal(withdrawal)) == withdrawal
    assert "10" not in repr(withdrawal)
    status = Status({"version": "0.1", "free_mb": 12, "charging": True, "level": 0.5, "x": None})
    assert decode_status(encode_status(status)) == status


def test_tallies_of_every_outcome_are_equally_long_once_padded() -> None:
    sizes = {
        len(pad(encode_tally(Tally("household_registration", "2026-r2", "CM001002", 20_600, o, 1))))
        for o in Outcome
    }
    assert sizes == {128}


@pytest.mark.parametrize(
    ("decode_it", "value"),
    [
        (decode_tally, ["f", "r", "a", 1, "refused"]),
        (decode_tally, ["f", "r", "a", 1, "gone", 1]),
        (decode_tally, ["f", "r", "a", 1, 5, 1]),
        (decode_tally, ["f", "r", "a", -1, "refused", 1]),
        (decode_tally, [1, "r", "a", 1, "refused", 1]),
        (decode_progress, ["r", "f", "l", "refused", 1]),
        (decode_progress, ["r", "f", "l", "refused", 1, [1]]),
        (decode_progress, ["r", "f", "l", "refused", 1.5, []]),
        (decode_withdrawal, []),
        (decode_withdrawal, [bytes(12)]),
        (decode_withdrawal, [bytes(12) + b"\x01"]),
        (decode_withdrawal, ["code"]),
        (decode_status, []),
        (decode_status, {1: 2}),
        (decode_status, {"a": [1]}),
        (decode_status, {"a": b"x"}),
    ],
)
def test_small_entries_of_another_shape_are_refused(decode_it: object, value: object) -> None:
    assert callable(decode_it)
    with pytest.raises(EncodingInvalid):
        decode_it(encode(value))


def test_what_would_not_be_read_is_not_written() -> None:
    with pytest.raises(EncodingInvalid):
        encode_status(Status({"a": ["b"]}))  # type: ignore[dict-item]
    with pytest.raises(EncodingInvalid):
        encode_withdrawal(Withdrawal(b"short"))
