"""REL-003..006, DISC-010, DISC-011, DEID-009: cells and margins from a real analytic store."""

import pytest
from deident_forms import household_codebook, square_country

from server.aggregates.coverage import not_covered
from server.aggregates.product_rows import overlapping
from server.aggregates.products import read_products
from server.aggregates.source import Source
from server.aggregates.tabulate import Tabulated, tabulate
from server.deident.plan import make_plan
from server.deident.policy import default_policy
from server.deident.rows import AnalyticRecord, Row
from server.deident.store import AnalyticsStore
from shared.errors import FormError, LimitExceeded
from shared.records.codebook import Disclosure, Field, Kind

EXTRA = (
    Field("/data/nationality", Kind.SELECT_ONE, Disclosure.QUASI, generalise="top:2"),
    Field("/data/origin", Kind.SELECT_ONE, Disclosure.QUASI, generalise="geo:admin2"),
    Field("/data/girls", Kind.INTEGER, Disclosure.OPEN, measure="persons"),
    Field("/data/boys", Kind.INTEGER, Disclosure.OPEN, measure="persons"),
    Field("/data/rent", Kind.DECIMAL, Disclosure.OPEN, measure="amount"),
    Field("/data/status", Kind.SELECT_ONE, Disclosure.QUASI, ("idp", "host")),
)

#        record round location  order areas            answers of the record
RECORDS = [
    ("a", "1", "s1", 1, ("ZZ01", "ZZ0101"), {"size": 3, "needs": "food water", "status": "idp"}),
    ("b", "1", "s1", 2, ("ZZ01", "ZZ0101"), {"size": 4, "needs": "food", "status": "idp"}),
    ("c", "1", "s2", 3, ("ZZ01", "ZZ0102"), {"size": 5, "needs": None, "status": "host"}),
    ("d", "1", "s3", 4, ("ZZ02", None), {"size": 6, "needs": "roof", "status": None}),
    ("e", "1", None, 5, (None, None), {"size": 7, "needs": "", "status": "idp"}),
    ("f", "2", "s1", 6, ("ZZ01", "ZZ0101"), {"size": 8, "needs": "food", "status": "idp"}),
]
MORE = {
    "a": {"nationality": "x", "origin": "ZZ0201", "girls": 1, "boys": 2, "rent": 10.0},
    "b": {"nationality": "x", "origin": "ZZ0202", "girls": 2, "boys": 2, "rent": 70.5},
    "c": {"nationality": "y", "origin": "ZZ0101", "girls": 5, "boys": 0, "rent": 5.0},
    "d": {"nationality": "z", "origin": None, "girls": None, "boys": 1, "rent": None},
    "e": {"nationality": "y", "origin": "ZZ0101", "girls": 3, "boys": 4, "rent": 1.5},
    "f": {"nationality": "x", "origin": "ZZ0101", "girls": 4, "boys": 4, "rent": 2.0},
}
MEMBERS = [("a", "f", "0-4"), ("a", "f", "18-59"), ("b", "m", "0-4"), ("c", "m", None)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = str(tmp_path_factory.mktemp("store") / "analytics.db")
    store = AnalyticsStore(path)
    plan = make_plan(household_codebook(extra=EXTRA), default_policy(), square_country())
    records = []
    for name, round_id, place, accepted, (area1, area2), answers in RECORDS:
        root = {"_record": name, "_round": round_id, "_location": place, "_accepted": accepted}
        root |= {"_area1": area1, "_area2": area2, **answers, **MORE[name]}
        rows = [Row("household", root)]
        rows += [
            Row(
                "household__member",
                {"_record": owner, "_member": f"{owner}{number}", "sex": sex, "age": age},
            )
            for number, (owner, sex, age) in enumerate(MEMBERS)
            if owner == name
        ]
        records.append(AnalyticRecord(name, tuple(rows)))
    store.replace_records(plan, records)
    return Source(AnalyticsStore(path, readonly=True))


def table(source: Source, round_id: str = "1", **product: object) -> Tabulated:
    base = {"id": "p", "title": "P", "form": "household", "kind": "survey", "unit": "persons"}
    entry = {**base, **product}
    import json  # noqa: PLC0415 - only here

    (declared,) = read_products(json.dumps({"products": [entry]}).encode())
    found = {each.round_id: each for each in tabulate(source, declared, square_country())}
    return found[round_id]


def numbers(tabulated: Tabulated) -> dict[str, float]:
    """Return cells as "dimension=code ..." -> number."""
    return {
        " ".join(f"{name}={code}" for name, code in where): sums.value
        for where, sums in tabulated.cells.items()
    }


def test_records_by_area_with_every_margin(source: Source) -> None:
    found = numbers(table(source, unit="households", geography="admin2"))
    assert found == {
        "": 5,
        "area=ZZ01": 3,
        "area=ZZ0101": 2,
        "area=ZZ0102": 1,
        "area=ZZ02": 1,
        "area=ZZ02_U": 1,
        "area=_U": 1,
    }


def test_members_by_sex_and_age_carry_the_place_of_their_record(source: Source) -> None:
    tabulated = table(source, repeat="member", geography="admin1", dimensions=["sex", "age"])
    found = numbers(tabulated)
    assert found["area=ZZ01"] == 4
    assert found["sex=f"] == 2
    assert found["age=_U sex=m"] == 1
    assert found["age=0-4 area=ZZ01 sex=m"] == 1
    owners = {where: sums.owners for where, sums in tabulated.cells.items()}
    assert owners[(("sex", "f"),)] == 1, "two girls of one household"
    sex = next(axis for axis in tabulated.axes if axis.name == "sex")
    assert list(sex.parents) == ["f", "m"], "the form's choices, in form order"


def test_a_sum_has_its_two_largest_contributions(source: Source) -> None:
    tabulated = table(source, unit="amount", measure="rent")
    total = tabulated.cells[()]
    assert (total.value, total.owners, total.first, total.second) == (87.0, 4, 70.5, 10.0)


def test_a_stock_counts_the_latest_observation_of_each_place(source: Source) -> None:
    found = numbers(table(source, kind="stock", measure="size", geography="admin2"))
    assert found["area=ZZ0101"] == 4, "b came after a"
    assert found[""] == 4 + 5 + 6 + 7
    assert numbers(table(source, "2", kind="stock", measure="size"))[""] == 8, "rounds apart"


def test_a_flow_counts_every_observation(source: Source) -> None:
    assert numbers(table(source, kind="flow", measure="size"))[""] == 25


def test_measure_columns_become_categories(source: Source) -> None:
    """REL-002."""
    columns = [{"field": "girls", "sex": "f"}, {"field": "boys", "sex": "m"}]
    measure = {"columns": columns}
    found = numbers(
        table(source, measure=measure, geography="admin1", dimensions=[{"name": "sex"}])
    )
    assert found["sex=f"] == 11
    assert found["area=ZZ02 sex=m"] == 1
    assert found[""] == 20


def test_several_choices_count_once_each_and_the_total_counts_people(source: Source) -> None:
    found = numbers(table(source, unit="households", geography="admin1", dimensions=["needs"]))
    assert found[""] == 5
    assert found["needs=food"] == 2
    assert found["area=ZZ01 needs=water"] == 1
    assert found["needs=_U"] == 2, "not answered, and answered with nothing"


def test_rare_categories_fold_into_other(source: Source) -> None:
    found = numbers(table(source, unit="households", dimensions=["nationality"]))
    assert found == {"": 5, "nationality=x": 2, "nationality=y": 2, "nationality=other": 1}


def test_area_of_a_field_gets_its_levels(source: Source) -> None:
    """REL-005."""
    geography = {"level": "admin2", "field": "origin"}
    found = numbers(table(source, unit="households", geography=geography))
    assert found["area=ZZ01"] == found["area=ZZ0101"] == 2
    assert found["area=ZZ02"] == 2
    assert found["area=_U"] == 1


def test_where_keeps_rows_and_is_remembered(source: Source) -> None:
    """REL-006."""
    tabulated = table(source, unit="households", where={"status": ["idp"]})
    assert numbers(tabulated)[""] == 3
    assert tabulated.fixed == (("status", "idp"),)


def test_classes_of_all_fields_are_known(source: Source) -> None:
    tabulated = table(source, repeat="member", dimensions=["sex"], where={"status": ["idp"]})
    assert set(tabulated.disclosures) == {"quasi"}


def test_two_several_choice_dimensions_are_refused(source: Source) -> None:
    entry = (
        b'{"products": [{"id": "p", "title": "P", "form": "household", "kind": "survey",'
        b' "unit": "persons", "dimensions": ["needs", {"field": "needs", "name": "again"}]}]}'
    )
    (product,) = read_products(entry)
    with pytest.raises(FormError, match="two products"):
        overlapping(source, product)


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"form": "nothing"}, "no form 'nothing'"),
        ({"repeat": "cow"}, "0 repeats called 'cow'"),
        ({"dimensions": ["remarks"]}, "drops it"),
        ({"geography": "admin3"}, "levels kept: 1, 2"),
    ],
)
def test_what_the_store_lacks_is_said(
    source: Source, product: dict[str, object], message: str
) -> None:
    with pytest.raises(FormError, match=message):
        table(source, **product)


def test_a_table_nobody_could_read_is_refused(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.aggregates.tabulate.CELLS_MAX", 10)
    with pytest.raises(LimitExceeded, match="leave out a dimension"):
        table(source, geography="admin2", dimensions=["nationality"])


def test_areas_with_a_record_are_known_of_sites_and_not_of_surveys(source: Source) -> None:
    """REL-009: whatever the product keeps of the records, and of surveys nothing is told."""
    stock = table(source, kind="stock", geography="admin2", where={"status": ["host"]})
    assert stock.covered == {"ZZ01", "ZZ0101", "ZZ0102", "ZZ02"}
    assert table(source, round_id="2", kind="stock", geography="admin2").covered == {
        "ZZ01",
        "ZZ0101",
    }
    assert table(source, geography="admin2").covered is None
    origin = {"level": "admin1", "field": "origin"}
    assert table(source, kind="stock", geography=origin).covered is None


def test_only_a_published_zero_without_a_record_is_told_as_not_covered() -> None:
    """REL-009."""
    cells = [
        ["_T", "_T", 9],
        ["A", "_T", 9],
        ["B", "_T", 0],
        ["C", "_T", 0],
        ["D", "_T", None],
        ["E", "f", 0],
    ]
    tops = {"area": "_T", "sex": "_T"}
    assert not_covered(cells, tops, {"A", "B"}) == ["C"]
    assert not_covered([["f", 0]], {"sex": "_T"}, ()) == []
