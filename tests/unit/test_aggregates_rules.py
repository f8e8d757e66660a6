"""Each rule of protection by itself, on numbers small enough to follow by hand."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deident_forms import square_country
from disclosure_tables import INF, matrix, small_needs
from release_kit import PRODUCTS, MissionKit, make_mission

import server.aggregates
from server.aggregates.attacker import Attack
from server.aggregates.knowledge import gather
from server.aggregates.needs import Needs
from server.aggregates.primary import MeasureFacts, category_rests, primary_needs
from server.aggregates.products import read_products
from server.aggregates.published import CellName, Known, PublishedTable, Target
from server.aggregates.source import Source
from server.aggregates.suppress import Task, protect
from server.aggregates.system import System
from server.aggregates.thresholds import read_thresholds
from server.aggregates.workbench import Draft, Workbench
from server.deident.store import AnalyticsStore
from shared.errors import DisclosureRisk

LOW = read_thresholds().find("low")
MODERATE = read_thresholds().find("moderate")
SEVERE = read_thresholds().find("severe")
ATTACKERS = ("knowledge", "attacker", "aims", "programme")
PROTECTORS = {"suppress", "system", "deviation", "exact", "primary", "group", "disclose", "needs"}


def cell_of(system: System, **where: str) -> int:
    """Return a cell's place by its categories."""
    return system.index["n", tuple(sorted(where.items()))]


def facts_of(system: System, owners: int = 50, units: str = "persons") -> MeasureFacts:
    counts = {where: owners for _, where in system.keys}
    return MeasureFacts(frozenset({units}), "households", counts)


@pytest.mark.parametrize("module", ATTACKERS)
def test_the_attacker_shares_no_code_with_the_protector(module: str) -> None:
    """DISC-002."""
    folder = Path(server.aggregates.__path__[0])
    tree = ast.parse((folder / f"{module}.py").read_text("utf-8"))
    named = {
        node.module.removeprefix("server.aggregates.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("server.aggregates.")
    }
    assert named.isdisjoint(PROTECTORS)


def test_a_ring_of_tables_too_large_to_cover_is_refused() -> None:
    """DISC-012: 60 x 60 x 60 cells lie behind three two-way tables that overlap in a ring."""
    codes = {name: {f"{name}{n}": "_T" for n in range(60)} for name in "abc"}
    tables = [
        PublishedTable(
            "g", "n", pair, {name: codes[name] for name in pair},
            {(one, other): None for one in codes[pair[0]] for other in codes[pair[1]]},
        )
        for pair in (("a", "b"), ("b", "c"), ("a", "c"))
    ]  # fmt: skip
    with pytest.raises(DisclosureRisk, match="overlap in a ring"):
        gather(tables)


@pytest.mark.parametrize(
    ("low", "high", "met"),
    [(2.0, 9.0, True), (3.0, 12.0, False), (2.0, 7.0, False), (0.0, 8.0, True)],
)
def test_needs_are_a_lower_an_upper_bound_and_a_distance(
    low: float,
    high: float,
    met: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """DISC-020."""
    needs = Needs(np.array([2.0]), np.array([8.0]), np.array([7.0]), ("x",))
    assert needs.met(np.array([low]), np.array([high]))[0] == met


def test_small_counts_and_few_households_are_protected() -> None:
    """DISC-021: threshold 5 of people, 3 of households; upper bound and distance 5."""
    system, _ = matrix([[4, 30], [5, 12]])
    facts = facts_of(system)
    few = dict(facts.counts) | {system.keys[cell_of(system, r="r1", c="c1")][1]: 2}
    needs = primary_needs(system, {"n": replace(facts, counts=few)}, LOW)
    small = cell_of(system, r="r0", c="c0")
    one_family = cell_of(system, r="r1", c="c1")
    assert [needs.reasons[cell] for cell in np.flatnonzero(needs.targets)] == [
        needs.reasons[cell] for cell in sorted((small, one_family))
    ]
    assert (needs.reasons[small], needs.reasons[one_family]) == ("frequency", "contributors")
    assert (needs.high[small], needs.width[small]) == (5, 5)


def test_zeros_are_protected_only_where_the_class_says_so() -> None:
    """DISC-022."""
    system, _ = matrix([[0, 30], [40, 50]])
    zero = cell_of(system, r="r0", c="c0")
    facts = {"n": facts_of(system)}
    assert primary_needs(system, facts, LOW).reasons[zero] == ""
    strict = primary_needs(system, facts, SEVERE)
    assert (strict.reasons[zero], strict.high[zero], strict.width[zero]) == ("zero", 20, 20)


@pytest.mark.parametrize(
    ("value", "first", "second", "distance"),
    [
        (100.0, 90.0, 5.0, 13.5),  # above 85 %: the whole 15 % of the largest
        (100.0, 80.0, 15.0, 7.0),  # 12 wanted, 5 of others already stand in the way
        (100.0, 40.0, 30.0, 0.0),
    ],
)
def test_who_gives_most_of_an_amount_cannot_be_estimated(
    value: float, first: float, second: float, distance: float
) -> None:
    """DISC-023: (1, k) dominance at 0.85 and the p % rule at 15."""
    system, _ = matrix([[value, 500.0], [600.0, 700.0]])
    cell = cell_of(system, r="r0", c="c0")
    facts = replace(
        facts_of(system, units="amount"), largest={system.keys[cell][1]: (first, second)}
    )
    needs = primary_needs(system, {"n": facts}, LOW)
    if distance == 0:
        assert not needs.targets[cell]
    else:
        assert (needs.low[cell], needs.high[cell]) == (value - distance, value + distance)


def test_a_group_wholly_in_one_sensitive_category_is_a_disclosure() -> None:
    """DISC-024: all 30 people of r0 say c0; what lies outside c0 must be able to reach 10."""
    system, spec = matrix([[30, 0], [20, 25]])
    values = {key: float(system.values[place]) for key, place in system.index.items()}
    rests = list(category_rests(values, spec, {"r": "quasi", "c": "sensitive"}))
    whole = [rest for rest in rests if rest.disclosure == "sensitive"]
    assert [rest.form.terms[0][0][1] for rest in whole] == [(("r", "r0"),)]
    # Of an open dimension it is no disclosure.
    plain = list(category_rests(values, spec, {"r": "open", "c": "open"}))
    assert {rest.disclosure for rest in plain} == {"open"}
    assert "sensitive" in MODERATE.attributes


def test_what_cannot_be_protected_refuses_and_is_named() -> None:
    """DISC-033: its row and column are out already, so a lone small cell can be worked out."""
    system, _ = matrix([[3, 40], [25, 30]])
    small = cell_of(system, r="r0", c="c0")
    known = np.ones(system.size, dtype=bool)
    known[small] = False
    task = Task(system, small_needs(system, 5), system.values + 3, published=known)
    with pytest.raises(DisclosureRisk, match="c c0, r r0 cannot be protected"):
        protect(task)


def test_what_everyone_knows_of_households_helps_the_attacker() -> None:
    """DISC-040: 4 households are 4 to 120 people, whatever else is hidden."""
    homes = PublishedTable("g", "homes", ("z",), {"z": {"a": "_T"}}, {("a",): 4.0})
    people = PublishedTable("g", "people", ("z",), {"z": {"a": "_T"}}, {("a",): None})
    target = Target(((CellName(0, "g/people", (("z", "a"),)), 1.0),), -INF, INF, INF, "all")
    bounds = Known("people", "homes", 1.0, 30.0)
    (alone,) = Attack(gather([homes, people])).run([target]).findings
    (informed,) = Attack(gather([homes, people], [bounds])).run([target]).findings
    assert (alone.low, alone.high) == (0, INF)
    assert (informed.low, informed.high) == (4, 120)


@pytest.fixture
def mission(tmp_path: Path) -> MissionKit:
    kit = make_mission(tmp_path / "mission")
    kit.fill(rounds=("1",))
    return kit


def draft_with(mission: MissionKit, share: float) -> tuple[Workbench, Draft]:
    """Draft with combinations left out from a share of holes on."""
    source = Source(AnalyticsStore(str(mission.folder / "analytics.db"), readonly=True))
    bench = Workbench(
        mission.folder / f"releases{share}", replace(read_thresholds(), face_share_max=share)
    )
    products = read_products(PRODUCTS)
    return bench, bench.tabulate(source, products, square_country(), "Squareland", "public")


def test_a_hidden_number_put_back_is_found_and_named_without_its_value(
    mission: MissionKit,
) -> None:
    """DISC-045."""
    bench, _ = draft_with(mission, 1.0)
    path = bench.folder / ".mission" / "draft-public.json"
    draft = json.loads(path.read_text())
    entry = next(entry for entry in draft["entries"] if entry["targets"])
    _, measure, place = entry["targets"][0]["terms"][0][:3]
    where = dict(place)
    value = next(each[3] for each in entry["values"] if each[1:3] == [measure, place])
    for table in entry["tables"]:
        if f"{table['group']}/{table['measure']}" == measure:
            for row in table["cells"]:
                codes = zip(table["dimensions"], row[:-1], strict=True)
                if {name: code for name, code in codes if code != "_T"} == where:
                    row[-1] = value
    path.write_text(json.dumps(draft))
    with pytest.raises(DisclosureRisk, match="too close to") as refused:
        bench.check("public")
    assert all(code in str(refused.value) for code in where.values())
    assert not re.search(r"\d+\.\d", str(refused.value))


def test_a_combination_that_would_be_mostly_holes_is_left_out(mission: MissionKit) -> None:
    """DISC-034: where not one hole is borne, whole combinations go, and the totals stay."""
    shown = {}
    for share in (0.0, 1.0):
        _, draft = draft_with(mission, share)
        table = next(t for t in draft.content["tables"] if t["product"] == "people")
        shown[share] = {tuple(row[:-1]): row[-1] for row in table["cells"]}
    top = next(codes for codes in shown[0.0] if set(codes) == {"_T"})
    assert shown[0.0][top] == shown[1.0][top] is not None
    assert holes(shown[0.0]) > holes(shown[1.0]) > 0


def holes(cells: dict[tuple[str, ...], float | None]) -> int:
    return sum(value is None for value in cells.values())
