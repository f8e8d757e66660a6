"""DISC-025, DISC-030, DISC-043: laws of protection on random tables."""

import numpy as np
from disclosure_tables import attack, matrix, publish, small_needs, targets
from hypothesis import given, settings
from hypothesis import strategies as st

from server.aggregates.attacker import Attack
from server.aggregates.knowledge import gather
from server.aggregates.suppress import Task, protect

counts = st.one_of(st.integers(0, 6), st.integers(0, 60))
tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(counts, min_size=width, max_size=width), min_size=2, max_size=4)
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_attacker_comes_too_close(rows: list[list[int]]) -> None:
    system, spec = matrix(rows)
    needs = small_needs(system, 5)
    pattern = protect(Task(system, needs, system.values + 3))
    assert attack(system, [spec], pattern.hidden, needs).breaches == []
    assert (needs.targets <= pattern.hidden).all()


@settings(max_examples=25, deadline=None)
@given(tables)
def test_nor_one_who_knows_that_people_are_whole(rows: list[list[int]]) -> None:
    system, spec = matrix(rows)
    needs = small_needs(system, 5)
    pattern = protect(Task(system, needs, system.values + 3))
    engine = Attack(gather([publish(system, spec, pattern.hidden)]))
    assert engine.run_whole(targets(system, needs)).breaches == []


@settings(max_examples=40, deadline=None)
@given(tables)
def test_raising_the_threshold_on_top_of_a_pattern_never_releases_more(
    rows: list[list[int]],
) -> None:
    system, spec = matrix(rows)
    low = protect(Task(system, small_needs(system, 5), system.values + 3))
    strict = small_needs(system, 10)
    high = protect(Task(system, strict, system.values + 3, hidden=low.hidden))
    assert (low.hidden <= high.hidden).all()
    assert attack(system, [spec], high.hidden, strict).breaches == []


@settings(max_examples=40, deadline=None)
@given(tables)
def test_every_witness_is_another_table_with_the_same_published_cells(
    rows: list[list[int]],
) -> None:
    system, _ = matrix(rows)
    pattern = protect(Task(system, small_needs(system, 5), system.values + 3))
    for witness in pattern.witnesses:
        moved = system.values + witness
        assert (moved >= -1e-6).all()
        assert np.abs(witness[~pattern.hidden]).max(initial=0) == 0
        for cells, parts in system.rows():
            assert abs(float(parts @ moved[cells])) < 1e-6
