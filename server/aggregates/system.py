"""Cells that must add up: one system of rows over all linked tables of a group.

A cell is a measure and the categories that select it; totals are left out of the key, so two
tables that both hold "people in QQQ01" share one cell and are protected together. Rules DISC-010,
DISC-011.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from server.aggregates.published import JOINED, TOTAL, Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Coordinate = tuple[tuple[str, str], ...]
"""(dimension, category) pairs by dimension; a dimension left out is at its total."""
Key = tuple[str, Coordinate]
"""Measure and coordinate."""


@dataclass(frozen=True)
class Dimension:
    """A classification: each category and the one it adds up to (TOTAL at the top).

    Categories of an overlapping one (several choices) add up to nothing. `top` is the code of the
    whole: TOTAL, or the joined code of the categories a table is limited to.
    """

    name: str
    parents: Mapping[str, str]
    overlaps: bool = False
    top: str = TOTAL
    children: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Turn parents round once."""
        below: dict[str, list[str]] = {}
        for category, parent in () if self.overlaps else self.parents.items():
            below.setdefault(parent, []).append(category)
        object.__setattr__(self, "children", {code: tuple(all_) for code, all_ in below.items()})

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, the whole first."""
        return (self.top, *self.parents)


def flat(name: str, categories: Iterable[str]) -> Dimension:
    """Return a classification without levels."""
    return Dimension(name, dict.fromkeys(categories, TOTAL))


@dataclass(frozen=True)
class TableSpec:
    """One table: a measure crossed by some dimensions, with all margins.

    All its cells lie in the `fixed` categories too. A `virtual` table is never published: it stands
    for the cross-classification an attacker knows to exist behind tables whose margins overlap in a
    ring (DISC-012).
    """

    measure: str
    dimensions: tuple[str, ...]
    virtual: bool = False
    fixed: Coordinate = ()
    axes: Mapping[str, Dimension] = field(default_factory=dict, repr=False)
    """Dimensions in this table's own shape: fewer levels, or limited to some categories."""

    def key(self, codes: Sequence[str]) -> Key:
        """Return the cell at these codes, one per dimension."""
        named = dict(zip(self.dimensions, codes, strict=True))
        return self.measure, coordinate(named | dict(self.fixed))

    @property
    def is_limited(self) -> bool:
        """Tell whether the table counts only some of its population."""
        return bool(self.fixed) or any(axis.top != TOTAL for axis in self.axes.values())


@dataclass(frozen=True)
class Form:
    """A sum of cells that is no cell of any table, yet must stay uncertain (DISC-024)."""

    key: Key
    terms: tuple[tuple[Key, float], ...]


@dataclass(frozen=True)
class System:
    """Cells, their true values, and the rows that tie them: low <= row . x <= high, x >= 0."""

    keys: tuple[Key, ...]
    index: Mapping[Key, int]
    values: Floats
    row_start: Ints
    row_cell: Ints
    row_coef: Floats
    row_low: Floats
    row_high: Floats
    virtual: Mask

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self.keys)

    def rows(self) -> Iterator[tuple[Ints, Floats]]:
        """Yield cells and coefficients row by row."""
        for start, end in zip(self.row_start[:-1], self.row_start[1:], strict=True):
            yield self.row_cell[start:end], self.row_coef[start:end]


def coordinate(cell: Mapping[str, str]) -> Coordinate:
    """Return the key part of a cell given as dimension -> code."""
    return tuple(sorted((name, code) for name, code in cell.items() if code != TOTAL))


def build_system(
    tables: Sequence[TableSpec],
    dimensions: Mapping[str, Dimension],
    values: Mapping[Key, float],
    known: Sequence[Known] = (),
    forms: Sequence[Form] = (),
) -> System:
    """Lay out the cells of all tables and tie them.

    Cost is linear in cells times dimensions. Cells absent from `values` are zero.
    """
    index: dict[Key, int] = {}
    shown: set[int] = set()
    rows: dict[tuple[int, ...], None] = {}
    within: dict[tuple[int, int], None] = {}
    for table in tables:
        _lay_out(table, dimensions, index, shown, (rows, within))
    _join(index, dimensions, rows)
    builder = _Rows()
    for whole, part in within:
        builder.add((whole, part), (1.0, -1.0), 0.0, np.inf)
    for parts_of in rows:
        builder.add(parts_of, (1.0, *(-1.0,) * (len(parts_of) - 1)), 0.0, 0.0)
    for fact in known:
        _tie(builder, index, fact)
    values = dict(values)
    for form in forms:
        values[form.key] = sum(part * values.get(key, 0.0) for key, part in form.terms)
        place = index.setdefault(form.key, len(index))
        cells = [index[key] for key, _ in form.terms]
        builder.add((place, *cells), (1.0, *(-part for _, part in form.terms)), 0.0, 0.0)
    virtual = np.ones(len(index), dtype=bool)
    virtual[sorted(shown)] = False
    return System(
        keys=tuple(index),
        index=index,
        values=np.array([values.get(key, 0.0) for key in index], dtype=np.float64),
        row_start=np.array(builder.start, dtype=np.int64),
        row_cell=np.array(builder.cell, dtype=np.int64),
        row_coef=np.array(builder.coef, dtype=np.float64),
        row_low=np.array(builder.low, dtype=np.float64),
        row_high=np.array(builder.high, dtype=np.float64),
        virtual=virtual,
    )


def _lay_out(
    table: TableSpec,
    dimensions: Mapping[str, Dimension],
    index: dict[Key, int],
    shown: set[int],
    ties: tuple[dict[tuple[int, ...], None], dict[tuple[int, int], None]],
) -> None:
    """Give every cell of a table its place, and note what adds up and what lies within what."""
    rows, within = ties
    axes = [table.axes.get(name, dimensions[name]) for name in table.dimensions]
    for codes in product(*(axis.codes for axis in axes)):
        place = index.setdefault(table.key(codes), len(index))
        if not table.virtual:
            shown.add(place)
        for position, axis in enumerate(axes):
            children = axis.children.get(codes[position], ())
            if axis.overlaps and codes[position] == axis.top:
                for code in axis.parents:
                    key = table.key((*codes[:position], code, *codes[position + 1 :]))
                    within[place, index.setdefault(key, len(index))] = None
            if children:
                keys = [
                    table.key((*codes[:position], child, *codes[position + 1 :]))
                    for child in children
                ]
                rows[(place, *(index.setdefault(key, len(index)) for key in keys))] = None


class _Rows:
    """Compressed rows while they grow."""

    def __init__(self) -> None:
        self.start: list[int] = [0]
        self.cell: list[int] = []
        self.coef: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(
        self, cells: Iterable[int], coefficients: Iterable[float], low: float, high: float
    ) -> None:
        """Append one row."""
        self.cell.extend(cells)
        self.coef.extend(coefficients)
        self.start.append(len(self.cell))
        self.low.append(low)
        self.high.append(high)


def _join(
    index: Mapping[Key, int],
    dimensions: Mapping[str, Dimension],
    rows: dict[tuple[int, ...], None],
) -> None:
    """Tie a cell of joined categories (`a|b`) to those categories, where a table has them."""
    for (measure, where), place in index.items():
        for name, code in where:
            axis = dimensions.get(name)
            if JOINED in code and axis is not None and not axis.overlaps:
                rest = [part for part in where if part != (name, code)]
                keys = [
                    (measure, tuple(sorted([*rest, (name, part)]))) for part in code.split(JOINED)
                ]
                if all(key in index for key in keys):
                    rows[(place, *(index[key] for key in keys))] = None


def _tie(builder: _Rows, index: Mapping[Key, int], fact: Known) -> None:
    """Add what everyone knows of two measures of one population, cell by cell."""
    for (measure, where), place in index.items():
        if measure != fact.of or (fact.where is not None and where not in fact.where):
            continue
        base = index.get((fact.per, where))
        if base is not None:
            builder.add((place, base), (1.0, -fact.low), 0.0, np.inf)
            builder.add((place, base), (1.0, -fact.high), -np.inf, 0.0)


def is_ring(tables: Iterable[Iterable[str]]) -> bool:
    """Tell whether tables overlap in a ring: their margins then say more than each pair of them.

    Source: Graham (1979) and Yu and Ozsoyoglu (1979), reduction of a hypergraph; what is left over
    is cyclic. Decomposable tables need no cross-classification in the audit (DISC-012).
    """
    edges = [frozenset(table) for table in tables]
    before: list[frozenset[str]] = []
    while edges != before:
        before = edges
        counts = Counter(name for edge in edges for name in edge)
        edges = [frozenset(name for name in edge if counts[name] > 1) for edge in edges]
        # Of equal edges the first stays; an edge inside another says nothing of its own.
        edges = [
            edge
            for place, edge in enumerate(edges)
            if edge and not any(edge < other for other in edges) and edge not in edges[:place]
        ]
    return bool(edges)
