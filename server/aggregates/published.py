"""What a reader of a release sees of one table: the shared vocabulary of protector and attacker.

Only the format, no method: the attacker rebuilds from these what adds up to what. Rule DISC-002.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

TOTAL: Final = "_T"
"""Code of a margin. Source: SDMX code lists."""
UNKNOWN: Final = "_U"
"""Code of answers that are missing. Source: SDMX code lists."""
JOINED: Final = "|"
"""A code `a|b` stands for the people in a or b together, where a product counts only those."""


@dataclass(frozen=True)
class PublishedTable:
    """One table as published.

    Attributes:
        group: tables of one group and measure count the same population: equal cells are one cell.
        vintage: which state of the records it counts; grows with each later state.
        parents: per dimension, each category and the one it adds up to (TOTAL at the top).
        cells: codes in the order of `dimensions` -> the number, or None where it is hidden.
        overlapping: dimensions whose categories overlap, so that they do not add up.
    """

    group: str
    measure: str
    dimensions: tuple[str, ...]
    parents: Mapping[str, Mapping[str, str]]
    cells: Mapping[tuple[str, ...], float | None] = field(repr=False)
    vintage: int = 0
    overlapping: frozenset[str] = frozenset()

    def named_cells(self) -> Iterator[tuple["CellName", float | None]]:
        """Yield every cell by its name, with its number or None."""
        measure = f"{self.group}/{self.measure}"
        for codes, value in self.cells.items():
            pairs = zip(self.dimensions, codes, strict=True)
            where = tuple(sorted(pair for pair in pairs if pair[1] != TOTAL))
            yield CellName(self.vintage, measure, where), value


@dataclass(frozen=True)
class CellName:
    """One cell of one vintage, in the attacker's words."""

    vintage: int
    measure: str
    where: tuple[tuple[str, str], ...]
    """(dimension, category) by dimension, totals left out."""

    def __str__(self) -> str:
        """Name the cell for people, without its number."""
        place = ", ".join(f"{dimension} {code}" for dimension, code in self.where)
        return f"{self.measure} of {place or 'all'} (vintage {self.vintage})"

    def at(self, vintage: int) -> "CellName":
        """Return the same cell of another vintage."""
        return CellName(vintage, self.measure, self.where)


@dataclass(frozen=True)
class Target:
    """A sum of cells the attacker must stay unsure about, and how unsure.

    Attributes:
        terms: cell and coefficient; one cell with 1.0 in the plain case.
        low: the attacker's lower bound must not exceed this.
        high: the upper bound must not be below this.
        width: upper minus lower must not be below this.
    """

    terms: tuple[tuple[CellName, float], ...]
    low: float
    high: float
    width: float
    reason: str


@dataclass(frozen=True)
class Known:
    """Common knowledge an attacker adds: low * per <= of <= high * per, cell by cell.

    `where` limits it to some cells; None means all that both measures have.
    """

    of: str
    per: str
    low: float
    high: float
    where: frozenset[tuple[tuple[str, str], ...]] | None = None
