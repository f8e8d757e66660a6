"""DEID-016..018: the analytic store, on real SQLite files."""

from pathlib import Path

import pytest
from deident_forms import household_codebook, square_country

from server.deident.plan import Plan, make_plan
from server.deident.policy import default_policy
from server.deident.rows import AnalyticRecord, Row
from server.deident.store import AnalyticsStore
from shared.errors import StoreError, UsageError
from shared.records.codebook import Disclosure, Field, Kind


def plan_of(version: str = "1", extra: tuple[Field, ...] = ()) -> Plan:
    return make_plan(household_codebook(version, extra), default_policy(), square_country())


def record(name: str, size: int, members: int = 2) -> AnalyticRecord:
    rows = [Row("household", {"_record": name, "_round": "r1", "size": size})]
    rows += [
        Row("household__member", {"_record": name, "_member": f"{name}-{number}", "sex": "f"})
        for number in range(members)
    ]
    return AnalyticRecord(name, tuple(rows))


@pytest.fixture
def store(tmp_path: Path) -> AnalyticsStore:
    return AnalyticsStore(f"sqlite:///{tmp_path / 'analytics.db'}")


def test_replacing_twice_changes_nothing(store: AnalyticsStore) -> None:
    """DEID-018."""
    for _ in range(2):
        store.replace_records(plan_of(), [record("a", 4), record("b", 5)])
    assert store.counts() == {
        "household": 2,
        "household__member": 4,
        "household__member_skill": 0,
    }
    assert store.root_count() == 2


def test_a_correction_replaces_all_rows_of_its_record_only(store: AnalyticsStore) -> None:
    store.replace_records(plan_of(), [record("a", 4), record("b", 5)])
    store.replace_record(plan_of(), record("a", 3, members=1))
    assert sorted(store.read("household", ["_record", "size"])) == [("a", 3), ("b", 5)]
    assert store.counts()["household__member"] == 3


def test_a_record_without_rows_leaves_none(store: AnalyticsStore) -> None:
    store.replace_record(plan_of(), record("a", 4))
    store.replace_record(plan_of(), AnalyticRecord("a", ()))
    assert set(store.counts().values()) == {0}


def test_delete_removes_root_and_repeats(store: AnalyticsStore) -> None:
    store.replace_records(plan_of(), [record("a", 4), record("b", 5)])
    store.delete_record("household", "a")
    store.delete_record("household", "never seen")
    assert store.root_count() == 1
    assert list(store.read("household__member", ["_record"])) == [("b",), ("b",)]


def test_a_newer_form_version_adds_its_columns_and_keeps_old_rows(store: AnalyticsStore) -> None:
    store.replace_record(plan_of(), record("a", 4))
    rooms = Field("/data/beds", Kind.INTEGER, Disclosure.OPEN)
    newer = plan_of("2", (rooms,))
    row = Row("household", {"_record": "b", "beds": 3})
    store.replace_record(newer, AnalyticRecord("b", (row,)))
    assert sorted(store.read("household", ["_record", "beds"])) == [("a", None), ("b", 3)]


def test_a_column_that_changes_type_gets_a_name_of_its_own(store: AnalyticsStore) -> None:
    for version, kind, value in (("1", Kind.INTEGER, 3), ("2", Kind.SELECT_ONE, "three")):
        plan = plan_of(version, (Field("/data/beds", kind, Disclosure.OPEN),))
        row = Row("household", {"_record": version, "beds": value})
        store.replace_record(plan, AnalyticRecord(version, (row,)))
    rows = sorted(store.read("household", ["_record", "beds", "beds__text"]))
    assert rows == [("1", 3, None), ("2", None, "three")]


def test_the_catalogue_tells_readers_classes_and_rules(
    store: AnalyticsStore, tmp_path: Path
) -> None:
    """DEID-017."""
    store.ensure_tables(plan_of())
    reader = AnalyticsStore(str(tmp_path / "analytics.db"), readonly=True)
    tables = {table.name: table for table in reader.tables()}
    assert tables["household"].is_root
    assert not tables["household__member"].is_root
    sex = {column.name: column for column in tables["household__member"].columns}["sex"]
    assert (sex.disclosure, sex.rule, sex.choices) == ("quasi", "keep", ("f", "m"))
    size = {column.name: column for column in tables["household"].columns}["size"]
    assert size.measure == "persons"
    assert reader.area_levels("household") == (1, 2)
    assert {line["fate"] for line in reader.reports()[0]["report"]} == {
        "kept",
        "coarsened",
        "dropped",
    }


def test_a_reader_sees_committed_rows_beside_a_writer_and_cannot_write(
    store: AnalyticsStore, tmp_path: Path
) -> None:
    """DISC-001."""
    store.replace_record(plan_of(), record("a", 4))
    reader = AnalyticsStore(str(tmp_path / "analytics.db"), readonly=True)
    reading = reader.read("household", ["_record"])
    assert next(reading) == ("a",)
    store.replace_record(plan_of(), record("b", 5))  # the open reader does not block it
    assert list(reading) == [], "one snapshot"
    assert reader.root_count() == 2
    with pytest.raises(StoreError, match="SQLITE_READONLY"):
        reader.delete_record("household", "a")


def test_what_is_not_there_or_not_supported_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no analytics store"):
        AnalyticsStore(str(tmp_path / "none.db"), readonly=True)
    with pytest.raises(UsageError, match="mysql"):
        AnalyticsStore("mysql://somewhere/x")
