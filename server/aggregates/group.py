"""All tables of one form and round as one system: what protects, what attacks, what is known.

Rules DISC-010..012, DISC-040.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

import numpy as np

from server.aggregates.needs import Needs
from server.aggregates.primary import MeasureFacts, Rest, category_rests, rest_of
from server.aggregates.products import AREA
from server.aggregates.published import TOTAL, CellName, Known, PublishedTable, Target
from server.aggregates.system import (
    Coordinate,
    Dimension,
    Key,
    Mask,
    System,
    TableSpec,
    build_system,
    coordinate,
)
from server.aggregates.tabulate import Tabulated
from server.aggregates.thresholds import Thresholds

ALL_LEVELS: Final = 99
"""More levels than any country has."""
_SAME_SHARE: Final = 0.9
"""Two sums that agree in this share of their common cells are taken for one count (DISC-040)."""


@dataclass(frozen=True)
class Group:
    """One form and round: its tables, and all that ties their cells."""

    name: str
    tables: tuple[Tabulated, ...]
    specs: tuple[TableSpec, ...]
    system: System
    facts: Mapping[str, MeasureFacts]
    rests: tuple[Rest, ...]
    known: tuple[Known, ...]
    classes: Mapping[str, str]
    """Disclosure class by dimension."""


def axis_ids(table: Tabulated) -> tuple[str, ...]:
    """Return the dimensions by what they classify: two products may call one field two names."""
    fields = {dimension.name: dimension.field for dimension in table.product.dimensions}
    area = f"{AREA}:{table.product.area_field}" if table.product.area_field else AREA
    return tuple(
        area if axis.name == AREA else fields.get(axis.name) or axis.name for axis in table.axes
    )


def make_group(
    name: str,
    tables: Sequence[Tabulated],
    thresholds: Thresholds,
    virtual: Sequence[Tabulated] = (),
) -> Group:
    """Tie the tables of one form and round together; `virtual` ones stand behind rings."""
    dimensions, classes = _dimensions([*tables, *virtual])
    specs = [_spec(table) for table in tables] + [_spec(table, virtual=True) for table in virtual]
    values: dict[Key, float] = {}
    facts: dict[str, MeasureFacts] = {}
    for table in [*tables, *virtual]:
        _add_facts(table, values, facts)
    rests = _rests(specs, values, classes)
    known = tuple(_known(facts, values, thresholds))
    forms = [rest.form for rest in rests]
    system = build_system(specs, dimensions, values, known, forms)
    return Group(name, tuple(tables), tuple(specs), system, facts, rests, known, classes)


def published_tables(
    group: Group, hidden: Mask, vintage: int, levels: Sequence[int]
) -> list[PublishedTable]:
    """Return the group's tables as a reader sees them; `levels` is the smallest area of each."""
    return [
        _published(group, table, spec, hidden, vintage, level)
        for table, spec, level in zip(group.tables, group.specs, levels, strict=False)
    ]


def targets_of(group: Group, needs: Needs, vintage: int, shown: Mask) -> list[Target]:
    """Return what an attacker must stay unsure about, for cells a reader can name."""
    rests = {rest.form.key: rest for rest in group.rests}
    found = []
    for cell in map(int, np.flatnonzero(needs.targets)):
        key = group.system.keys[cell]
        rest = rests.get(key)
        terms = rest.form.terms if rest is not None else ((key, 1.0),)
        if all(shown[group.system.index[part]] for part, _ in terms):
            names = tuple((cell_name(group, part, vintage), sign) for part, sign in terms)
            bounds = (float(needs.low[cell]), float(needs.high[cell]), float(needs.width[cell]))
            found.append(Target(names, *bounds, needs.reasons[cell]))
    return found


def cell_name(group: Group, key: Key, vintage: int) -> CellName:
    """Return a cell's name in the attacker's words."""
    return CellName(vintage, f"{group.name}/{key[0]}", key[1])


def table_cells(group: Group, number: int, level_max: int) -> list[int]:
    """Return the cells of one table down to an area level, in the order of its codes."""
    table, spec = group.tables[number], group.specs[number]
    return [group.system.index[spec.key(codes)] for codes in codes_of(table, level_max)]


def codes_of(table: Tabulated, level_max: int) -> Iterator[tuple[str, ...]]:
    """Yield the codes of every cell of a table down to an area level."""
    yield from product(
        *((axis.top, *visible_codes(axis.name, axis.parents, level_max)) for axis in table.axes)
    )


def visible_codes(name: str, parents: Mapping[str, str], level_max: int) -> list[str]:
    """Return a dimension's categories; of areas only those down to a level."""
    return [code for code in parents if name != AREA or depth_of(parents, code) <= level_max]


def depth_of(parents: Mapping[str, str], code: str) -> int:
    """Return how many steps a category lies below the whole."""
    depth = 0
    while code in parents:
        code, depth = parents[code], depth + 1
    return depth


def _published(  # noqa: PLR0913, PLR0917 - what a reader sees depends on each
    group: Group,
    table: Tabulated,
    spec: TableSpec,
    hidden: Mask,
    vintage: int,
    level_max: int,
) -> PublishedTable:
    """Return one table as published."""
    names = (*spec.dimensions, *(name for name, _ in spec.fixed))
    fixed = tuple(code for _, code in spec.fixed)
    cells: dict[tuple[str, ...], float | None] = {}
    for codes in codes_of(table, level_max):
        where = coordinate(dict(zip(names, (*codes, *fixed), strict=True)))
        cell = group.system.index[(spec.measure, where)]
        value = None if hidden[cell] else float(group.system.values[cell])
        cells[(*codes, *fixed)] = value
    parents: dict[str, dict[str, str]] = {name: {code: TOTAL} for name, code in spec.fixed}
    for name, axis in zip(spec.dimensions, table.axes, strict=True):
        seen = visible_codes(axis.name, axis.parents, level_max)
        parents[name] = {code: axis.parents[code] for code in seen}
    overlapping = frozenset(
        name for name, axis in zip(spec.dimensions, table.axes, strict=True) if axis.overlaps
    )
    return PublishedTable(group.name, spec.measure, names, parents, cells, vintage, overlapping)


def _dimensions(tables: Iterable[Tabulated]) -> tuple[dict[str, Dimension], dict[str, str]]:
    """Return each dimension once, with every category any table has, and its class."""
    parents: dict[str, dict[str, str]] = {}
    overlaps: dict[str, bool] = {}
    classes: dict[str, str] = {}
    for table in tables:
        for name, axis in zip(axis_ids(table), table.axes, strict=True):
            known = parents.setdefault(name, {})
            if axis.top == TOTAL:
                known.update(axis.parents)
            overlaps[name] = axis.overlaps
            classes[name] = axis.disclosure
    found = {name: Dimension(name, parents[name], overlaps[name]) for name in parents}
    return found, classes


def _spec(table: Tabulated, *, virtual: bool = False) -> TableSpec:
    """Return one table's place in the system."""
    axes = {
        name: Dimension(name, axis.parents, axis.overlaps, axis.top)
        for name, axis in zip(axis_ids(table), table.axes, strict=True)
    }
    return TableSpec(table.measure, axis_ids(table), virtual, table.fixed, axes)


def _add_facts(table: Tabulated, values: dict[Key, float], facts: dict[str, MeasureFacts]) -> None:
    """Add one table's numbers, and who stands behind them."""
    ids = dict(zip((axis.name for axis in table.axes), axis_ids(table), strict=True))
    is_place = table.product.kind != "survey"
    fact = facts.setdefault(
        table.measure,
        MeasureFacts(frozenset(), "locations" if is_place else "households"),
    )
    counts, largest = dict(fact.counts), dict(fact.largest)
    for where, sums in table.cells.items():
        full = coordinate({ids[name]: code for name, code in where} | dict(table.fixed))
        values[(table.measure, full)] = sums.value
        counts[full] = sums.owners
        largest[full] = (sums.first, sums.second)
    units = fact.units | {table.product.unit}
    facts[table.measure] = MeasureFacts(units, fact.contributors, counts, largest)


def _rests(
    specs: Sequence[TableSpec],
    values: Mapping[Key, float],
    classes: Mapping[str, str],
) -> tuple[Rest, ...]:
    """Return the counts that are one subtraction away from published ones."""
    shown = [(spec.measure, spec) for spec in specs if not spec.virtual]
    found = {
        rest.form.key: rest for _, spec in shown for rest in category_rests(values, spec, classes)
    }
    # A product limited to some people beside one of all: the others are a count too.
    limits = {part for spec in specs for part in spec.fixed}
    limits |= {(n, axis.top) for spec in specs for n, axis in spec.axes.items()}
    for measure, where in list(values):
        inside = (limits & set(where)) - {(name, TOTAL) for name, _ in where}
        whole: Coordinate = tuple(part for part in where if part not in inside)
        names = {name for name, _ in whole}
        if (
            inside
            and (measure, whole) in values
            and any(
                of == measure and not other.is_limited and names <= set(other.dimensions)
                for of, other in shown
            )
        ):
            disclosure = max((classes.get(name, "quasi") for name, _ in inside), key=_severity)
            rest = rest_of((measure, whole), (measure, where), disclosure)
            found.setdefault(rest.form.key, rest)
    return tuple(found.values())


def _severity(disclosure: str) -> int:
    """Order classes of fields."""
    return ("open", "quasi", "sensitive", "direct").index(disclosure)


def _known(
    facts: Mapping[str, MeasureFacts], values: Mapping[Key, float], thresholds: Thresholds
) -> Iterator[Known]:
    """Yield what anyone knows of two measures, where it is true of this group."""
    by_measure: dict[str, dict[Coordinate, float]] = {}
    for (measure, where), value in values.items():
        by_measure.setdefault(measure, {})[where] = value
    low, high = thresholds.persons_per_household
    for one, other in combinations(sorted(by_measure), 2):
        for people, homes in ((one, other), (other, one)):
            if facts[people].units == {"persons"} and facts[homes].units == {"households"}:
                shared = by_measure[people].keys() & by_measure[homes].keys()
                fits = all(
                    low * by_measure[homes][w]
                    <= by_measure[people][w]
                    <= high * by_measure[homes][w]
                    for w in shared
                )
                if shared and fits:
                    yield Known(people, homes, low, high, frozenset(shared))
        if facts[one].units & facts[other].units:
            same = _same_cells(by_measure[one], by_measure[other])
            if same:
                yield Known(one, other, 1.0, 1.0, same)


def _same_cells(
    one: Mapping[Coordinate, float], other: Mapping[Coordinate, float]
) -> frozenset[Coordinate]:
    """Return the cells in which two sums agree, if they are evidently one count asked twice."""
    shared = [where for where in one.keys() & other.keys() if one[where] or other[where]]
    same = [where for where in shared if one[where] == other[where]]
    return frozenset(same) if shared and len(same) >= _SAME_SHARE * len(shared) else frozenset()
