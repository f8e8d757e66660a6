"""DISC-030..043 on tables whose answers are known: our own small ones and the shared references."""

import numpy as np
import pytest
from disclosure_tables import (
    INF,
    attack,
    matrix,
    publish,
    read_rows,
    shared_data,
    small_needs,
    table_of,
    targets,
)

from server.aggregates.attacker import Attack, fits
from server.aggregates.exact import ExactLimits
from server.aggregates.knowledge import Row, gather, overlap_in_ring
from server.aggregates.needs import Needs
from server.aggregates.published import CellName, PublishedTable, Target
from server.aggregates.suppress import Task, protect
from server.aggregates.system import flat, is_ring
from shared.errors import DisclosureRisk

LIMITS = ExactLimits(200, 20, 500)


def bounds_of(tables: list[PublishedTable], name: CellName) -> tuple[float, float]:
    """Return the attacker's bounds on one cell."""
    target = Target(((name, 1.0),), -INF, INF, INF, "all")
    (finding,) = Attack(gather(tables)).run([target]).findings
    return finding.low, finding.high


def test_geurts_three_by_three_is_bounded_as_published() -> None:
    """Geurts (1992): rows 7, 3, 6; columns 9, 7; the third row 3, 3 published: X11 is in [3, 6]."""
    system, spec = matrix([[5, 2], [1, 2], [3, 3]])
    hidden = np.array([dict(where).get("r") in {"r0", "r1"} and "c" in dict(where)
                       for _, where in system.keys])  # fmt: skip
    table = publish(system, spec, hidden)
    low, high = bounds_of([table], CellName(0, "g/n", (("c", "c0"), ("r", "r0"))))
    assert (low, high) == pytest.approx((3, 6))


def test_linked_tables_safe_alone_and_exact_together() -> None:
    """Two overlapping groupings: each table alone looks safe, jointly K is exactly 3."""
    values = {"A": 2, "B": 2, "I": 8, "J": 8, "K": 3, "L": 3, "M": 3, "N": 7}
    first = {"A": "s", "B": "s", "I": "s", "J": "t", "K": "t", "L": "t", "M": "u", "N": "u"}
    second = {"A": "v", "B": "v", "J": "v", "I": "w", "K": "w", "M": "w", "L": "x", "N": "x"}
    secret = {"K", "L", "M"}

    def table(parents: dict[str, str]) -> PublishedTable:
        groups = dict.fromkeys(parents.values(), "_T")
        cells: dict[tuple[str, ...], float | None] = {
            (code,): None if code in secret else float(value) for code, value in values.items()
        }
        for group in groups:
            members = [code for code, parent in parents.items() if parent == group]
            cells[(group,)] = float(sum(values[code] for code in members))
        cells[("_T",)] = float(sum(values.values()))
        return PublishedTable("g", "n", ("z",), {"z": {**parents, **groups}}, cells)

    def of(code: str) -> CellName:
        return CellName(0, "g/n", (("z", code),))

    alone = bounds_of([table(first)], of("K"))
    assert alone[1] - alone[0] >= 3
    low, high = bounds_of([table(first), table(second)], of("K"))
    assert low == pytest.approx(high), "together they tell"


def test_two_numbers_for_one_cell_refuse() -> None:
    """DISC-042."""
    one = PublishedTable("g", "n", ("z",), {"z": {}}, {("_T",): 7.0})
    other = PublishedTable("g", "n", ("z",), {"z": {}}, {("_T",): 8.0})
    with pytest.raises(DisclosureRisk, match="two different numbers"):
        gather([one, other])


def test_primaries_alone_are_recovered_from_totals() -> None:
    system, spec = matrix([[3, 40, 20], [25, 30, 40], [50, 60, 70]])
    needs = small_needs(system, 5)
    outcome = attack(system, [spec], needs.targets, needs)
    assert len(outcome.breaches) == 1
    assert outcome.findings[0].low == outcome.findings[0].high == 3


def test_a_pattern_is_safe_and_no_helper_is_superfluous() -> None:
    """DISC-031."""
    system, spec = matrix([[3, 40, 20], [25, 30, 40], [50, 60, 70]])
    needs = small_needs(system, 5)
    pattern = protect(Task(system, needs, system.values + 3), LIMITS)
    assert attack(system, [spec], pattern.hidden, needs).breaches == []
    for helper in np.flatnonzero(pattern.hidden & ~needs.targets):
        fewer = pattern.hidden.copy()
        fewer[helper] = False
        assert attack(system, [spec], fewer, needs).breaches != []


def test_whole_people_can_be_surer_than_fractions() -> None:
    """DISC-043: 2a + 2b hidden behind a total: over the reals [0, 1.5], in whole numbers less."""
    cells: dict[tuple[str, ...], float | None] = {("_T",): 1.0, ("a",): None, ("b",): None}
    table = PublishedTable("g", "n", ("z",), {"z": {"a": "_T", "b": "_T"}}, cells)
    name = CellName(0, "g/n", (("z", "a"),))
    target = Target(((name, 1.0),), INF, 1.0, 1.0, "x")
    engine = Attack(gather([table]))
    assert engine.run_whole([target]).breaches == []
    assert not fits(engine.matrix, np.array([0.5, 0.5]), whole=True)
    assert fits(engine.matrix, np.array([0.5, 0.5]), whole=False)
    assert not fits(engine.matrix, np.array([2.0, 0.0]), whole=True)
    assert not fits(engine.matrix, np.array([-1.0, 2.0]), whole=False)


def test_a_candidate_that_does_not_fit_is_not_believed() -> None:
    system, spec = matrix([[3, 40], [25, 30]])
    needs = small_needs(system, 5)
    engine = Attack(gather([publish(system, spec, needs.targets)]))
    liar = np.full(len(engine.knowledge.unknown), 99.0)
    assert engine.run_whole(targets(system, needs), [liar]).breaches != []


def test_a_guess_that_contradicts_the_tables_proves_nothing() -> None:
    """DISC-041: records did not only grow, so the attack under that guess is inconsistent."""
    earlier, spec = matrix([[9, 9], [9, 9]])
    later, _ = matrix([[5, 9], [9, 9]])
    nothing = np.zeros(earlier.size, dtype=bool)
    hidden = nothing.copy()
    hidden[0] = True
    tables = [publish(earlier, spec, hidden, 1), publish(later, spec, hidden, 2)]
    engine = Attack(gather(tables, records_only_grow=True))
    assert not engine.run([]).consistent


@pytest.mark.parametrize(
    ("tables", "ring"),
    [
        ([{"a", "b"}, {"b", "c"}], False),
        ([{"a", "b"}, {"b", "c"}, {"a", "c"}], True),
        ([{"a", "b", "c"}, {"a", "b"}], False),
        ([{"a", "b"}, {"b", "c"}, {"c", "d"}, {"a", "d"}], True),
        ([{"a"}], False),
        ([], False),
    ],
)
def test_rings_are_seen_alike_by_both_sides(tables: list[set[str]], ring: bool) -> None:  # noqa: FBT001
    """DISC-012."""
    assert overlap_in_ring([set(table) for table in tables]) is ring
    assert is_ring(tables) is ring


def test_z1_is_solved_as_well_as_sdctables_optimum() -> None:
    """DISC-032, sdcTable OPT: 3 helpers of value 29 at threshold 3, zeros not primary."""
    rows = read_rows(shared_data("ssb_z1_input.csv"))
    regions = flat("region", dict.fromkeys(row["region"] for row in rows))
    sources = flat("hovedint", dict.fromkeys(row["hovedint"] for row in rows))
    leaves = {(row["region"], row["hovedint"]): float(row["ant"]) for row in rows}
    system, spec = table_of(leaves, [regions, sources])
    primary = (system.values > 0) & (system.values <= 3)
    needs = Needs(
        np.full(system.size, INF),
        np.where(primary, system.values + 1, -INF),
        np.where(primary, 1.0, 0.0),
        tuple("frequency" if each else "" for each in primary),
    )
    pattern = protect(Task(system, needs, system.values.copy()), LIMITS)
    helpers = pattern.hidden & ~primary
    assert int(primary.sum()) == 3
    assert (int(helpers.sum()), float(system.values[helpers].sum())) == (3, 29.0)
    assert attack(system, [spec], pattern.hidden, needs).breaches == []


@pytest.mark.parametrize("method", ["HITAS", "OPT", "SIMPLEHEURISTIC", "HYPERCUBE", "GAUSS"])
def test_other_tools_patterns_are_judged(method: str) -> None:
    """The attacker finds sdcTable's patterns of z1 never exact, and primaries alone exact."""
    rows = read_rows(shared_data("ssb_z1_input.csv"))
    theirs = read_rows(shared_data(f"ssb_z1_sdctable_{method}_maxN3.csv"))
    regions = flat("region", dict.fromkeys(row["region"] for row in rows))
    sources = flat("hovedint", dict.fromkeys(row["hovedint"] for row in rows))
    leaves = {(row["region"], row["hovedint"]): float(row["ant"]) for row in rows}
    system, spec = table_of(leaves, [regions, sources])
    hidden = np.zeros(system.size, dtype=bool)
    primary = np.zeros(system.size, dtype=bool)
    for row in theirs:
        codes = tuple("_T" if row[n] == "T" else row[n] for n in ("region", "hovedint"))
        cell = system.index[spec.key(codes)]
        hidden[cell] = row["sdcStatus"] in {"u", "x"}
        primary[cell] = row["sdcStatus"] == "u"
    needs = Needs(
        np.full(system.size, INF),
        np.full(system.size, -INF),
        np.where(primary, 1.0, 0.0),
        tuple("frequency" if each else "" for each in primary),
    )
    assert attack(system, [spec], hidden, needs).breaches == []
    assert len(attack(system, [spec], primary, needs).breaches) == 3


def test_bounds_go_no_farther_than_doubt_needs() -> None:
    """A goal bounds each push: 100 hidden over two cells, and a doubt of 10 is enough."""
    cells: dict[tuple[str, ...], float | None] = {("_T",): 100.0, ("a",): None, ("b",): None}
    table = PublishedTable("g", "n", ("z",), {"z": {"a": "_T", "b": "_T"}}, cells)
    wanted = [
        Target(((CellName(0, "g/n", (("z", code),)), 1.0),), INF, -INF, 10.0, "x") for code in "ab"
    ]
    outcome = Attack(gather([table])).run(wanted)
    assert outcome.breaches == []
    assert outcome.programmes <= 2, "one table bears witness for both"
    assert all(finding.high - finding.low >= 10 for finding in outcome.findings)


def test_what_cannot_be_doubted_enough_is_bounded_exactly() -> None:
    """A goal out of reach leaves the true bounds: [0, 4] where a doubt of 10 is wanted."""
    cells: dict[tuple[str, ...], float | None] = {("_T",): 4.0, ("a",): None, ("b",): None}
    table = PublishedTable("g", "n", ("z",), {"z": {"a": "_T", "b": "_T"}}, cells)
    target = Target(((CellName(0, "g/n", (("z", "a"),)), 1.0),), INF, -INF, 10.0, "x")
    (finding,) = Attack(gather([table])).run([target]).breaches
    assert (finding.low, finding.high) == pytest.approx((0, 4))


def test_no_whole_table_proves_nothing_safe() -> None:
    """DISC-043: halves fit where whole people do not; "no bound" must not be read into that."""
    name = CellName(0, "g/n", (("z", "a"),))
    knowledge = gather([PublishedTable("g", "n", ("z",), {"z": {}}, {("a",): None})])
    knowledge.rows.append(Row((name,), (2.0,), 3.0, 3.0))
    target = Target(((name, 1.0),), INF, -INF, 0.5, "x")
    assert Attack(knowledge).run_whole([target]).breaches != []
