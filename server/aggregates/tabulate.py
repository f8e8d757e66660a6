"""From analytic rows to cells with all margins. Rules REL-003..006, DISC-010, DISC-011.

Margins are one pass of plain GROUPING SETS, the one step ibis has no word for. Tables of one form
and round that measure the same thing share cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import prod
from typing import Any, Final

from ibis.expr.types import Table

from server.aggregates.coverage import covered_areas
from server.aggregates.product_rows import area_columns, fields_of, overlapping, product_rows
from server.aggregates.products import AREA, DimensionSpec, Product
from server.aggregates.published import JOINED, TOTAL, UNKNOWN
from server.aggregates.source import Source
from server.aggregates.system import Coordinate, coordinate
from server.deident.geography import Geography
from shared.errors import LimitExceeded

CELLS_MAX: Final = 2_000_000
"""Cells of one product in one round; more would be a table nobody reads."""


@dataclass(frozen=True)
class Axis:
    """A dimension as tabulated.

    Attributes:
        parents: category -> the one it adds up to.
        overlaps: categories overlap (several choices), so they do not add up.
        top: code of the whole: the total, or the categories a product is limited to, joined.
        disclosure: class of the field.
    """

    name: str
    parents: Mapping[str, str]
    overlaps: bool
    disclosure: str
    top: str = TOTAL


@dataclass(frozen=True)
class Sums:
    """One cell: its number, who contributed, and the two largest contributions."""

    value: float
    owners: int
    first: float
    second: float


@dataclass(frozen=True)
class Tabulated:
    """One product in one round: true numbers, unprotected; these never leave the mission.

    Attributes:
        measure: names what is counted; tables of one form, round and measure share cells.
        fixed: all cells lie in these categories too (what the product is limited to).
        disclosures: classes of all fields used.
        covered: areas with a record; None where that is not told (REL-009).
    """

    product: Product
    round_id: str
    measure: str
    axes: tuple[Axis, ...]
    fixed: Coordinate
    cells: Mapping[Coordinate, Sums] = field(repr=False)
    disclosures: tuple[str, ...] = ()
    covered: frozenset[str] | None = None


def tabulate(source: Source, product: Product, geography: Geography) -> list[Tabulated]:
    """Return one table per round that has records, in round order."""
    rows = product_rows(source, product, geography)
    axes = _axes(source, product, geography, rows)
    size = prod(len(axis.parents) + 1 for axis in axes)
    if size > CELLS_MAX:
        raise LimitExceeded(
            f"product {product.id} has {size} cells a round (at most {CELLS_MAX}); "
            "leave out a dimension or choose a larger area level"
        )
    rounds: dict[str, dict[Coordinate, Sums]] = {}
    for round_id, where, sums in _margins(source, product, axes, rows):
        rounds.setdefault(round_id, {})[where] = sums
    used = [source.find(product.form, product.repeat, name).column for name in fields_of(product)]
    fixed = tuple(sorted(set(_limits(product).items()) - set(_tops(product).items())))
    disclosures = tuple(column.disclosure for column in used)
    covered = covered_areas(source, product)
    return [
        Tabulated(
            product,
            each,
            measure_name(product),
            axes,
            fixed,
            dict(sorted(rounds[each].items())),  # the engine's order changes from run to run
            disclosures,
            None if covered is None else covered.get(each, frozenset()),
        )
        for each in sorted(rounds, key=round_order)
    ]


def _limits(product: Product) -> dict[str, str]:
    """Return the joined code of each field a product is limited by."""
    return {name: JOINED.join(codes) for name, codes in product.where.items()}


def _tops(product: Product) -> dict[str, str]:
    """Return, of those, the fields that are dimensions as well."""
    fields = {dimension.field for dimension in product.dimensions}
    return {name: code for name, code in _limits(product).items() if name in fields}


def measure_name(product: Product) -> str:
    """Name what a product measures, alike for products that measure the same thing.

    The unit is no part of it: one respondent a household is a number of persons and of households.
    """
    what = product.repeat or "record"
    if product.measure is not None:
        return f"sum of {product.measure} per {what}"
    if product.columns:
        fields = "+".join(sorted(column.field for column in product.columns))
        return f"sum of {fields} per {what}"
    return f"number of {what}"


def round_order(round_id: str) -> tuple[int, int, str]:
    """Sort rounds by number where they are numbers."""
    return (0, int(round_id), "") if round_id.isdigit() else (1, 0, round_id)


def _axes(source: Source, product: Product, geography: Geography, rows: Table) -> tuple[Axis, ...]:
    """Return the dimensions with all their categories, also those nobody is in."""
    axes: list[Axis] = []
    if product.area_level:
        parents = _area_parents(geography, product.area_level)
        axes.append(Axis(AREA, parents, overlaps=False, disclosure="quasi"))
    several = overlapping(source, product)
    for dimension in product.dimensions:
        if not dimension.field:
            codes = dict.fromkeys(column.where[dimension.name] for column in product.columns)
            parents = dict.fromkeys(codes, TOTAL)
            axes.append(Axis(dimension.name, parents, overlaps=False, disclosure="open"))
            continue
        seen = source.run(rows.select(rows[dimension.name]).distinct())
        present = {str(code) for (code,) in seen}
        if dimension.name == several:
            present = {choice for code in present for choice in code.split()}
        axes.append(_axis(source, product, dimension, present, overlaps=dimension.name == several))
    return tuple(axes)


def _axis(
    source: Source, product: Product, dimension: DimensionSpec, present: set[str], *, overlaps: bool
) -> Axis:
    """Return one dimension's categories: declared first, others that occur, unknown last.

    Declared ones stand even where nobody is in them: a category that comes and goes would tell.
    """
    column = source.find(product.form, product.repeat, dimension.field).column
    folded = column.rule.startswith("top:")
    declared = () if folded else dimension.categories or column.choices
    if dimension.field in product.where:
        top = _tops(product)[dimension.field]
        codes = (code for code in product.where[dimension.field] if code != top)
        limited = dict.fromkeys(codes, top)
        return Axis(dimension.name, limited, overlaps, column.disclosure, top)
    extra = sorted(present - set(declared) - {UNKNOWN})
    unknown = [UNKNOWN] if UNKNOWN in present else []
    parents = dict.fromkeys([*declared, *extra, *unknown], TOTAL)
    return Axis(dimension.name, parents, overlaps, column.disclosure)


def _area_parents(geography: Geography, level: int) -> dict[str, str]:
    """Return areas down to a level with their parents, and records of unknown area apart."""
    parents: dict[str, str] = {}
    for depth in range(1, level + 1):
        for area in geography.on_level(depth):
            parents[area.pcode] = TOTAL if depth == 1 else str(area.parent)
            if depth < level:
                parents[f"{area.pcode}{UNKNOWN}"] = area.pcode
    parents[UNKNOWN] = TOTAL
    return parents


def _margins(
    source: Source, product: Product, axes: Sequence[Axis], rows: Table
) -> Iterator[tuple[str, Coordinate, Sums]]:
    """Yield every margin; over choices that overlap, totals are summed from the rows themselves."""
    areas = area_columns(product)
    plain = [axis.name for axis in axes if axis.name != AREA and not axis.overlaps]
    tops = {axis.name: axis.top for axis in axes}
    yield from _pass(source, rows, areas, plain, (), tops)
    for axis in axes:
        if axis.overlaps:
            each = rows.mutate(**{axis.name: rows[axis.name].split(" ").unnest()})
            yield from _pass(source, each, areas, plain, (axis.name,), tops)


def _pass(  # noqa: PLR0913, PLR0917 - one pass over rows, by these columns
    source: Source,
    rows: Table,
    areas: Sequence[str],
    others: Sequence[str],
    always: Sequence[str],
    tops: Mapping[str, str],
) -> Iterator[tuple[str, Coordinate, Sums]]:
    """Sum each combination of an area level and a subset of the other dimensions."""
    names = [*areas, *others, *always]
    leaf = rows.group_by(["_round", "_owner", *names]).aggregate(_value=rows["_value"].sum())
    sets = [
        ["_round", "_owner", *areas[:depth], *chosen, *always]
        for count in range(len(others) + 1)
        for chosen in combinations(others, count)
        for depth in range(len(areas) + 1)
    ]
    marks = [f'GROUPING("{name}") AS "g_{name}"' for name in names]
    # First by contributor, then over contributors: the largest two must be known.
    by_owner = (
        f"SELECT {_list(['_round', '_owner', *names])}, {''.join(f'{m}, ' for m in marks)}"  # noqa: S608
        f'SUM("_value") AS v FROM ({source.sql(leaf)}) AS leaf '
        f"GROUP BY GROUPING SETS ({', '.join(f'({_list(columns)})' for columns in sets)})"
    )
    keys = ["_round", *names, *(f"g_{name}" for name in names)]
    query = (
        f'SELECT {_list(keys)}, SUM(v), COUNT(DISTINCT "_owner") FILTER (v > 0), '  # noqa: S608
        f"MAX(v), COALESCE(LIST_SORT(LIST(v), 'DESC')[2], 0) "
        f"FROM ({by_owner}) AS owners GROUP BY {_list(keys)}"
    )
    for row in source.run(query):
        codes, marked = row[1 : 1 + len(names)], row[1 + len(names) : 1 + 2 * len(names)]
        row_codes = dict(zip(names, zip(codes, marked, strict=True), strict=True))
        where = _where(row_codes, areas, tops)
        if where is not None:
            value, owners, first, second = row[1 + 2 * len(names) :]
            yield row[0], where, Sums(float(value), int(owners), float(first), float(second))


def _where(
    row: Mapping[str, tuple[Any, int]], areas: Sequence[str], tops: Mapping[str, str]
) -> Coordinate | None:
    """Return the cell one result row stands for; None for the inside of an unknown area."""
    cell: dict[str, str] = {}
    for name, (code, summed) in row.items():
        if summed:
            if name not in areas:
                cell[name] = tops[name]
        elif name not in areas:
            cell[name] = str(code)
        elif cell.get(AREA) == UNKNOWN:
            return None
        else:
            cell[AREA] = str(code)
    return coordinate(cell)


def _list(names: Iterable[str]) -> str:
    """Return names quoted, with commas between."""
    return ", ".join(f'"{name}"' for name in names)
