"""From releases to what a page shows: numbers by cell, rounds, tables, with hidden cells marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from server.aggregates.release import Release
from server.web.hq.words import number_text, pick

Cell = float | None
AREA = "area"
MISSING = object()


@dataclass(frozen=True)
class Table:
    """One product in one round, as the newest release says it."""

    data: Mapping[str, Any]
    release: int

    @cached_property
    def values(self) -> dict[tuple[str, ...], Cell]:
        """Codes in the order of the dimensions -> number, or None where hidden."""
        return {tuple(row[:-1]): row[-1] for row in self.data["cells"]}

    @cached_property
    def not_covered(self) -> frozenset[str]:
        """Areas where nobody asked: their zeros are no numbers. Releases before said nothing."""
        return frozenset(self.data.get("not_covered", ()))

    @property
    def dimensions(self) -> list[Mapping[str, Any]]:
        """The dimensions, the area first where there is one."""
        found: list[Mapping[str, Any]] = self.data["dimensions"]
        return found

    def value(self, **codes: str) -> Cell | object:
        """Return the number where the named dimensions have these codes, others their total."""
        if codes.get(AREA) in self.not_covered:
            return MISSING
        key = tuple(codes.get(d["name"], d["top"]) for d in self.dimensions)
        return self.values.get(key, MISSING)


@dataclass
class Product:
    """One product over all its rounds."""

    id: str
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def newest(self) -> Table:
        """The table of the last round."""
        return list(self.tables.values())[-1]

    def title(self, language: str) -> str:
        """Return its title."""
        return pick(self.newest.data["title"], language, self.id)


def products_of(release: Release) -> dict[str, Product]:
    """Return the products of a release, each with its rounds in order."""
    found: dict[str, Product] = {}
    for data in release.document()["tables"]:
        product = found.setdefault(data["product"], Product(data["product"]))
        product.tables[data["round"]] = Table(data, release.number)
    return found


def categories(
    table: Table, name: str, language: str, *, with_empty: bool = True
) -> list[tuple[str, str]]:
    """Return code and label of a dimension's categories; unknown ones only where anyone is in."""
    dimension = next(d for d in table.dimensions if d["name"] == name)
    found = []
    for category in dimension["categories"]:
        code = category["code"]
        value = table.value(**{name: code})
        if code.endswith("_U") and value in {0, MISSING}:
            continue
        if with_empty or value != 0:
            found.append((code, pick(category["label"], language, code)))
    return found


def breakdown_dimension(table: Table) -> Mapping[str, Any] | None:
    """Return the dimension a chart breaks the total down by: the first that is not the area."""
    return next((d for d in table.dimensions if d["name"] != AREA), None)


def is_pyramid(table: Table) -> bool:
    """Tell whether a table has two sexes and ages."""
    names = {d["name"] for d in table.dimensions}
    if not {"sex", "age"} <= names:
        return False
    sex = next(d for d in table.dimensions if d["name"] == "sex")
    return {category["code"] for category in sex["categories"]} >= {"male", "female"}


@dataclass(frozen=True)
class ShownCell:
    """One cell of a page's table."""

    text: str
    hidden: bool = False
    missing: bool = False


@dataclass(frozen=True)
class ShownRow:
    """One row: its label, how deep its area lies, and the cells."""

    label: str
    depth: int
    cells: Sequence[ShownCell]


@dataclass(frozen=True)
class ShownTable:
    """A page's table: areas down, one dimension across."""

    heads: Sequence[str]
    rows: Sequence[ShownRow]


def show_table(table: Table, language: str, words: Mapping[str, str]) -> ShownTable:
    """Return the table of a product page: areas down; the total and every category across."""
    names = [d["name"] for d in table.dimensions if d["name"] != AREA]
    columns: list[tuple[dict[str, str], str]] = [({}, words["total"])]
    for name in names:
        found = categories(table, name, language, with_empty=False)
        columns += [({name: code}, label) for code, label in found]
    rows: list[ShownRow] = []
    for codes, label, depth in _row_heads(table, language, words):
        cells = [_shown(table.value(**codes, **column), language) for column, _ in columns]
        rows.append(ShownRow(label, depth, cells))
    return ShownTable([label for _, label in columns], rows)


def _row_heads(
    table: Table, language: str, words: Mapping[str, str]
) -> list[tuple[dict[str, str], str, int]]:
    """Return the rows: the total, then areas in their hierarchy."""
    heads: list[tuple[dict[str, str], str, int]] = [({}, words["total"], 0)]
    names = [d["name"] for d in table.dimensions]
    if AREA in names:
        dimension = next(d for d in table.dimensions if d["name"] == AREA)
        parents = {c["code"]: c["parent"] for c in dimension["categories"]}
        labels = dict(categories(table, AREA, language))
        ordered = _in_hierarchy(parents, dimension["top"])
        heads += [({AREA: c}, labels[c], _depth(parents, c)) for c in ordered if c in labels]
        return heads
    return heads


def _in_hierarchy(parents: Mapping[str, str], top: str) -> list[str]:
    """Return codes with each one's children right behind it."""
    below: dict[str, list[str]] = {}
    for code, parent in parents.items():
        below.setdefault(parent, []).append(code)
    ordered: list[str] = []
    pending = list(reversed(below.get(top, [])))
    while pending:
        code = pending.pop()
        ordered.append(code)
        pending.extend(reversed(below.get(code, [])))
    return ordered


def _depth(parents: Mapping[str, str], code: str) -> int:
    depth = 0
    while code in parents:
        code, depth = parents[code], depth + 1
    return depth


def _shown(value: Cell | object, language: str) -> ShownCell:
    """Return one cell's text; hidden ones say so to eyes and to screen readers."""
    if value is MISSING:
        return ShownCell("", missing=True)
    if value is None:
        return ShownCell("", hidden=True)
    assert isinstance(value, int | float)
    return ShownCell(number_text(float(value), language))
