"""What an attacker knows: published numbers, what adds up, how releases follow each other.

Rebuilt from the published tables alone, sharing nothing with the protector: a mistake there must
not be repeated here. Rules DISC-040..042.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.aggregates.published import JOINED, TOTAL, CellName, Known, PublishedTable
from shared.errors import DisclosureRisk

JOINT_CELLS_MAX: Final = 200_000
"""Largest cross-classification an attack sets up behind tables that overlap in a ring."""


_ROUNDING: Final = 1e-6
"""Sums of decimal amounts may differ by this."""


@dataclass
class Row:
    """One fact: low <= sum of coefficient * cell <= high."""

    cells: tuple[CellName, ...]
    coefficients: tuple[float, ...]
    low: float
    high: float


@dataclass
class Knowledge:
    """All facts, over all cells an attacker can name."""

    published: dict[CellName, float] = field(default_factory=dict)
    unknown: dict[CellName, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Matrix:
    """The rows over the unknown cells only; what is published moved to the bounds."""

    start: NDArray[np.int64]
    column: NDArray[np.int64]
    coefficient: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    columns: int

    def product(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows times one value per unknown cell."""
        owner = np.repeat(np.arange(len(self.low)), np.diff(self.start))
        parts = self.coefficient * values[self.column]
        sums = np.bincount(owner, weights=parts, minlength=len(self.low))
        return sums.astype(np.float64)


def gather(
    tables: Sequence[PublishedTable],
    known: Iterable[Known] = (),
    *,
    records_only_grow: bool = False,
) -> Knowledge:
    """Put together all an attacker can use.

    Args:
        tables: every table the reader can see, of this release and all before it.
        known: common knowledge about two measures.
        records_only_grow: assume that a later vintage never counts less (late records only add).

    Raises:
        DisclosureRisk: two tables publish different numbers for one cell, or published numbers do
            not add up.
    """
    knowledge = Knowledge()
    hidden: dict[CellName, None] = {}
    for table in tables:
        for codes, value in table.cells.items():
            name = _name(table, codes)
            if value is None:
                hidden.setdefault(name)
            elif knowledge.published.setdefault(name, value) != value:
                raise DisclosureRisk(f"{name} is published with two different numbers")
    for table in tables:
        knowledge.rows.extend(_additions(table))
    knowledge.rows.extend(_crossings(tables))
    knowledge.rows.extend(_joins(tables))
    _check_sums(knowledge)
    mentioned = (name for row in knowledge.rows for name in row.cells)
    for name in (*hidden, *mentioned):
        if name not in knowledge.published:
            knowledge.unknown.setdefault(name, len(knowledge.unknown))
    knowledge.rows.extend(_common(knowledge, known))
    if records_only_grow:
        knowledge.rows.extend(_growth(knowledge))
    return knowledge


def _check_sums(knowledge: Knowledge) -> None:
    """Refuse facts whose numbers are all published and contradict each other."""
    for row in knowledge.rows:
        values = [knowledge.published.get(name) for name in row.cells]
        known = [value for value in values if value is not None]
        if len(known) == len(values):
            total = sum(c * value for c, value in zip(row.coefficients, known, strict=True))
            if not row.low - _ROUNDING <= total <= row.high + _ROUNDING:
                raise DisclosureRisk(f"the published numbers around {row.cells[0]} do not add up")


def to_matrix(knowledge: Knowledge) -> Matrix:
    """Return the facts as rows over the unknown cells."""
    start, column, coefficient = [0], [], []
    low, high = [], []
    for row in knowledge.rows:
        fixed, touched = 0.0, 0
        for name, part in zip(row.cells, row.coefficients, strict=True):
            value = knowledge.published.get(name)
            if value is not None:
                fixed += part * value
            else:
                column.append(knowledge.unknown[name])
                coefficient.append(part)
                touched += 1
        if touched:
            start.append(start[-1] + touched)
            low.append(row.low - fixed)
            high.append(row.high - fixed)
    return Matrix(
        np.array(start, dtype=np.int64),
        np.array(column, dtype=np.int64),
        np.array(coefficient, dtype=np.float64),
        np.array(low, dtype=np.float64),
        np.array(high, dtype=np.float64),
        len(knowledge.unknown),
    )


def _name(table: PublishedTable, codes: Sequence[str]) -> CellName:
    """Name a cell so that equal cells of two tables get one name."""
    where = sorted(pair for pair in zip(table.dimensions, codes, strict=True) if pair[1] != TOTAL)
    return CellName(table.vintage, f"{table.group}/{table.measure}", tuple(where))


def _additions(table: PublishedTable) -> Iterator[Row]:
    """Yield one equation per cell and dimension in which it is a sum."""
    below: list[dict[str, list[str]]] = []
    for dimension in table.dimensions:
        children: dict[str, list[str]] = {}
        for code, parent in table.parents[dimension].items():
            children.setdefault(parent, []).append(code)
        below.append(children)
    for codes in table.cells:
        whole = _name(table, codes)
        for place, children in enumerate(below):
            parts = [
                _name(table, (*codes[:place], code, *codes[place + 1 :]))
                for code in children.get(codes[place], ())
            ]
            if parts and table.dimensions[place] in table.overlapping:
                yield from (Row((whole, part), (1.0, -1.0), 0.0, np.inf) for part in parts)
            elif parts:
                yield Row((whole, *parts), (1.0, *(-1.0 for _ in parts)), 0.0, 0.0)


def _joins(tables: Sequence[PublishedTable]) -> Iterator[Row]:
    """Yield, for each cell of joined categories, its sum over those another table lists."""
    named = {_name(table, codes) for table in tables for codes in table.cells}
    overlapping = {name for table in tables for name in table.overlapping}
    for cell in named:
        for dimension, code in cell.where:
            if JOINED not in code or dimension in overlapping:
                continue
            others = [part for part in cell.where if part != (dimension, code)]
            parts = [
                CellName(cell.vintage, cell.measure, tuple(sorted([*others, (dimension, each)])))
                for each in code.split(JOINED)
            ]
            if all(part in named for part in parts):
                yield Row((cell, *parts), (1.0, *(-1.0 for _ in parts)), 0.0, 0.0)


def _crossings(tables: Sequence[PublishedTable]) -> Iterator[Row]:
    """Tie tables that overlap in a ring to the cross-classification that must exist behind them.

    Margins taken two by two allow tables that no set of people could have (DISC-012).
    """
    families: dict[tuple[str, str, int], list[PublishedTable]] = {}
    for table in tables:
        families.setdefault((table.group, table.measure, table.vintage), []).append(table)
    for family in families.values():
        if not overlap_in_ring([set(table.dimensions) for table in family]):
            continue
        parents: dict[str, dict[str, str]] = {}
        for table in family:
            for name in table.dimensions:
                parents.setdefault(name, {}).update(table.parents[name])
        names = sorted(parents)
        finest = {name: _leaves(parents[name]) for name in names}
        size = int(np.prod([len(finest[name]) for name in names]))
        if size > JOINT_CELLS_MAX:
            raise DisclosureRisk(
                f"the tables {', '.join('x'.join(t.dimensions) for t in family)} overlap in a ring "
                f"behind which lie {size} cells, more than the audit can cover "
                f"({JOINT_CELLS_MAX}); publish fewer of them together"
            )
        yield from _crossing(family, names, finest)


def _crossing(
    family: Sequence[PublishedTable], names: Sequence[str], finest: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    """Yield, per finest cell of each table, the sum of joint cells it stands for."""
    for table in family:
        if set(table.dimensions) == set(names):
            continue
        others = [name for name in names if name not in table.dimensions]
        for codes in product(*(finest[name] for name in table.dimensions)):
            fixed = list(zip(table.dimensions, codes, strict=True))
            measure = f"{table.group}/{table.measure}"
            parts = [
                CellName(
                    table.vintage, measure, tuple(sorted([*fixed, *zip(others, rest, strict=True)]))
                )
                for rest in product(*(finest[name] for name in others))
            ]
            cells = (_name(table, codes), *parts)
            yield Row(cells, (1.0, *(-1.0 for _ in parts)), 0.0, 0.0)


def _leaves(parents: Mapping[str, str]) -> list[str]:
    """Return the categories nothing lies below."""
    inner = set(parents.values())
    return [code for code in parents if code not in inner]


def overlap_in_ring(tables: list[set[str]]) -> bool:
    """Tell whether repeated removal of ears leaves anything (a cyclic hypergraph)."""
    rest = [set(table) for table in tables]
    while rest:
        ear = next(
            (
                place
                for place, edge in enumerate(rest)
                if any(
                    {
                        name
                        for name in edge
                        if any(name in third for j, third in enumerate(rest) if j != place)
                    }
                    <= other
                    for k, other in enumerate(rest)
                    if k != place
                )
                or len(rest) == 1
            ),
            None,
        )
        if ear is None:
            return True
        rest.pop(ear)
    return False


def _common(knowledge: Knowledge, known: Iterable[Known]) -> Iterator[Row]:
    """Yield what everyone knows of two measures, in every cell where it says anything."""
    every = {**knowledge.published, **knowledge.unknown}
    for fact in known:
        for name in every:
            if not name.measure.endswith(f"/{fact.of}"):
                continue
            if fact.where is not None and name.where not in fact.where:
                continue
            group = name.measure.removesuffix(fact.of)
            base = CellName(name.vintage, f"{group}{fact.per}", name.where)
            if base in every and (name in knowledge.unknown or base in knowledge.unknown):
                yield Row((name, base), (1.0, -fact.low), 0.0, np.inf)
                yield Row((name, base), (1.0, -fact.high), -np.inf, 0.0)


def _growth(knowledge: Knowledge) -> Iterator[Row]:
    """Yield later minus earlier >= 0 for every cell two vintages in a row both name."""
    versions: dict[tuple[str, tuple[tuple[str, str], ...]], list[CellName]] = {}
    for name in (*knowledge.published, *knowledge.unknown):
        versions.setdefault((name.measure, name.where), []).append(name)
    for names in versions.values():
        ordered = sorted(names, key=lambda name: name.vintage)
        for earlier, later in pairwise(ordered):
            if earlier in knowledge.unknown or later in knowledge.unknown:
                yield Row((later, earlier), (1.0, -1.0), 0.0, np.inf)
