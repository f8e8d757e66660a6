"""DEID-001..003, 010..015: what of a merged body reaches the analytic rows."""

from datetime import date

import pytest
from deident_forms import MEMBER_A, MEMBER_B, household_codebook, square_country

from server.deident.plan import Fate, Plan, make_plan
from server.deident.policy import DeidPolicy, default_policy, parse_policy
from server.deident.pseudonym import keyed_pseudonyms
from server.deident.rows import AnalyticRecord, Body, Deidentifier, Row, Subject
from shared.errors import DisclosureRisk, UsageError
from shared.ids import RecordId
from shared.records.codebook import Disclosure, Field, Kind
from shared.records.revision import DELETED

KEY = b"k" * 32
RECORD = RecordId(b"\x07" * 16)
BODY: Body = {
    "/data/place/position": "12.5 3.25 0 4",
    "/data/place/area": "ZZ010201",
    "/data/arrived_on": "2025-11-30",
    "/data/size": 14,
    "/data/rooms": 11,
    "/data/remarks": "their dog is called Canary",
    "/data/photo": "canary.jpg",
    "/data/needs": ("water", "food"),
    "/data/phone_shared": True,
    MEMBER_A: 0,
    f"{MEMBER_A}/sex": "f",
    f"{MEMBER_A}/age": 17,
    f"{MEMBER_A}/skill[0000000000000001]/code": "a",
    MEMBER_B: 1,
    f"{MEMBER_B}/age": 60,
}


def household_plan(policy: DeidPolicy | None = None, extra: tuple[Field, ...] = ()) -> Plan:
    return make_plan(household_codebook(extra=extra), policy or default_policy(), square_country())


def deidentify(body: Body, **subject: object) -> AnalyticRecord:
    given = {"round_id": "r1", "location": "site-9", "area": "ZZ010201", **subject}
    person = Subject(RECORD, day=date(2026, 3, 15), accepted=5, **given)  # type: ignore[arg-type]
    return Deidentifier(household_plan(), keyed_pseudonyms(KEY)).rows(person, body)


def rows_of(record: AnalyticRecord, table: str) -> list[Row]:
    return [row for row in record.rows if row.table == table]


def test_root_row_is_coarsened_as_form_and_policy_say() -> None:
    cells = rows_of(deidentify(BODY), "household")[0].cells
    assert cells["place_position"] == "ZZ01"
    assert cells["place_area"] == "ZZ0102", "the form asks for level 3, policy keeps 2"
    assert cells["arrived_on"] == "2025-11"
    assert cells["size"] == 14, "a measure stays exact, or totals would be biased"
    assert cells["rooms"] == "10+"
    assert cells["needs"] == "food water"
    assert (cells["_area1"], cells["_area2"], cells["_round"]) == ("ZZ01", "ZZ0102", "r1")


def test_free_text_photo_other_purposes_and_places_do_not_pass() -> None:
    record = deidentify(BODY)
    text = repr(record)
    for secret in ("Canary", "canary", "12.5", "site-9", "ZZ010201", RECORD.hex()):
        assert secret not in text
    columns = rows_of(record, "household")[0].cells
    assert not {"remarks", "photo", "phone_shared", "head_name"} & columns.keys()


def test_a_member_is_a_row_linked_to_its_record() -> None:
    """DEID-013."""
    record = deidentify(BODY)
    first, second = rows_of(record, "household__member")
    assert (first.cells["sex"], first.cells["age"], first.cells["_position"]) == ("f", "12-17", 0)
    assert second.cells["age"] == "60+"
    assert first.cells["_record"] == second.cells["_record"] == record.pseudonym
    assert first.cells["_member"] != second.cells["_member"]
    skill = rows_of(record, "household__member_skill")[0]
    assert skill.cells["_parent"] == first.cells["_member"]


def test_a_direct_identifier_in_the_body_refuses_the_record_without_repeating_it() -> None:
    for address in ("/data/head_name", f"{MEMBER_A}/name"):
        with pytest.raises(DisclosureRisk) as refusal:
            deidentify({**BODY, address: "Canary Jones"})
        assert "Canary" not in str(refusal.value)
        assert "name" in str(refusal.value)


def test_an_unknown_field_counts_as_direct_and_is_left_out_by_name() -> None:
    """DEID-002."""
    record = deidentify({**BODY, "/data/added_later": "Canary"})
    assert record.unknown == ("/data/added_later",)
    assert "Canary" not in repr(record)


def test_no_row_for_one_who_did_not_agree_to_this_purpose() -> None:
    """CONS-010."""
    assert deidentify(BODY, purposes=frozenset({"referral"})).rows == ()
    assert deidentify(BODY, purposes=frozenset({"statistics"})).rows != ()


def test_an_excluded_member_leaves_no_row_and_nothing_below_it() -> None:
    record = deidentify(BODY, excluded=frozenset({MEMBER_A}))
    assert len(rows_of(record, "household__member")) == 1
    assert rows_of(record, "household__member_skill") == []


def test_a_deleted_member_leaves_no_row() -> None:
    body = {address: value for address, value in BODY.items() if not address.startswith(MEMBER_B)}
    assert len(rows_of(deidentify({**body, MEMBER_B: DELETED}), "household__member")) == 1


def test_answers_taken_back_are_absent() -> None:
    cells = rows_of(deidentify({**BODY, "/data/size": None}), "household")[0].cells
    assert cells.get("size") is None


def test_pseudonyms_are_stable_for_one_purpose_and_unlinkable_between_two() -> None:
    """DEID-012."""
    stand_in = keyed_pseudonyms(KEY)
    assert stand_in("statistics", "record", RECORD) == stand_in("statistics", "record", RECORD)
    assert stand_in("statistics", "record", RECORD) != stand_in("referral", "record", RECORD)
    assert stand_in("a", "bc", b"d") != stand_in("ab", "c", b"d")
    assert stand_in("a", "b", b"c") != keyed_pseudonyms(b"l" * 32)("a", "b", b"c")
    with pytest.raises(UsageError):
        keyed_pseudonyms(b"short")


def test_the_report_gives_every_field_its_fate_and_reason() -> None:
    """DEID-003."""
    report = {line.path: line for line in household_plan().report}
    assert set(report) == {field.path for field in household_codebook().fields()}
    assert report["/data/head_name"].fate is Fate.DROPPED
    assert report["/data/phone_shared"].fate is Fate.DROPPED
    assert report["/data/size"].fate is Fate.KEPT
    assert report["/data/rooms"].fate is Fate.COARSENED
    assert "policy" in report["/data/rooms"].reason
    assert "policy keeps no area below level 2" in report["/data/place/area"].reason


def test_free_text_never_passes_whatever_the_form_says() -> None:
    """DEID-014."""
    notes = Field("/data/notes", Kind.TEXT, Disclosure.OPEN, generalise="keep")
    computed = Field("/data/band", Kind.TEXT, Disclosure.OPEN, generalise="keep", readonly=True)
    report = {line.path: line for line in household_plan(extra=(notes, computed)).report}
    assert report["/data/notes"].fate is Fate.DROPPED
    assert report["/data/band"].fate is Fate.KEPT


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("disclosure", list(Disclosure))
def test_every_kind_and_class_has_a_fate_under_the_shipped_policy(
    kind: Kind, disclosure: Disclosure
) -> None:
    extra = (Field("/data/extra", kind, disclosure),)
    fate = {line.path: line.fate for line in household_plan(extra=extra).report}["/data/extra"]
    if disclosure is Disclosure.DIRECT or kind in {Kind.TEXT, Kind.ATTACHMENT, Kind.GEOTRACE}:
        assert fate is Fate.DROPPED
    if kind is Kind.GEOPOINT and disclosure is not Disclosure.DIRECT:
        assert fate is Fate.COARSENED


def test_two_fields_of_one_name_get_two_columns() -> None:
    twins = (
        Field("/data/a_b", Kind.BOOLEAN, Disclosure.OPEN),
        Field("/data/a/b", Kind.BOOLEAN, Disclosure.OPEN),
        Field("/data/" + "x" * 90, Kind.BOOLEAN, Disclosure.OPEN),
    )
    names = [column.name for column in household_plan(extra=twins).tables[0].columns]
    assert len(names) == len(set(names))
    assert {"a_b", "a_b_2"} <= set(names)
    assert max(map(len, names)) <= 60


def test_a_policy_with_a_wrong_key_or_type_is_refused() -> None:
    with pytest.raises(UsageError, match="purpos"):
        parse_policy({"purpos": "x"})
    with pytest.raises(UsageError, match="numbers"):
        parse_policy({"quasi": {"numbers": "keep"}})
