"""The rows a product counts, as one ibis expression. Rules REL-002..006, DEID-009.

Columns: `_round`, `_owner` (who contributed: a record, or for stocks a place), `_value`, `area1`..
`areaN`, and one per dimension. A missing answer is `_U`.
"""

from typing import Any, Final

import ibis
from ibis.expr.types import StringValue, Table

from server.aggregates.products import AREA, Product
from server.aggregates.published import UNKNOWN
from server.aggregates.source import Source
from server.deident.geography import Geography
from server.deident.plan import Storage
from shared.errors import FormError
from shared.records.codebook import Kind

OTHER = "other"
"""Category of what is too rare to stand alone (DEID-009)."""

_SEVERAL: Final = frozenset({Kind.SELECT_MULTIPLE.value, Kind.RANK.value})


def area_columns(product: Product) -> list[str]:
    """Return the columns that hold the area of each level, coarsest first."""
    return [f"{AREA}{level}" for level in range(1, (product.area_level or 0) + 1)]


def fields_of(product: Product) -> list[str]:
    """Return every field a product reads, each once."""
    named = [dimension.field for dimension in product.dimensions if dimension.field]
    named += [product.measure] if product.measure else []
    named += [column.field for column in product.columns]
    named += [product.area_field] if product.area_field else []
    return list(dict.fromkeys([*named, *product.where]))


def product_rows(source: Source, product: Product, geography: Geography) -> Table:
    """Return the rows that count, one per contribution."""
    table = source.load(product.form, product.repeat, fields_of(product))
    # A record without a place stands for itself.
    place = ibis.coalesce(table["_location"], table["_record"])
    if product.kind == "stock":
        # One observation per place and round: the latest the server accepted (REL-003).
        newest = ibis.window(
            group_by=[table["_round"], place],
            order_by=[ibis.desc(table["_accepted"]), table["_record"]],
        )
        table = table.mutate(_rank=ibis.dense_rank().over(newest))
        table = table.filter(table["_rank"] == 0)
        place = ibis.coalesce(table["_location"], table["_record"])
    for name, values in product.where.items():
        if source.find(product.form, product.repeat, name).column.kind in _SEVERAL:
            raise FormError(
                f"product {product.id} is limited by the several-choice question {name}; "
                "limit it by a question with one answer"
            )
        table = table.filter(_text(table[name]).isin(values))
        place = ibis.coalesce(table["_location"], table["_record"])
    common: dict[str, Any] = {
        "_round": ibis.coalesce(table["_round"], ""),
        "_owner": place if product.kind == "stock" else table["_record"],
        **_areas(source, product, geography, table),
        **{d.name: _known(table[d.field]) for d in product.dimensions if d.field},
    }
    rows = _measured(product, table, common)
    rows = rows.filter(rows["_value"].notnull())
    for name, ceiling in _folds(source, product).items():
        counted = rows.group_by(name).aggregate(n=rows.count())
        common_codes = counted.order_by([ibis.desc(counted["n"]), counted[name]]).limit(ceiling)
        kept = [str(code) for code, _ in source.run(common_codes) if code != UNKNOWN]
        stays = rows[name].isin([*kept, UNKNOWN])
        rows = rows.mutate(**{name: stays.ifelse(rows[name], OTHER)})
    return rows


def _measured(product: Product, table: Table, common: dict[str, Any]) -> Table:
    """Add `_value`: one, a field, or one row per measure column."""
    if not product.columns:
        one: Any = ibis.literal(1.0)
        value = table[product.measure].cast("float64") if product.measure else one
        return table.select(**common, _value=value)
    parts = [
        table.select(
            **common,
            **{name: ibis.literal(code) for name, code in column.where.items()},
            _value=table[column.field].cast("float64"),
        )
        for column in product.columns
    ]
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def _areas(source: Source, product: Product, geography: Geography, table: Table) -> dict[str, Any]:
    """Return one column per area level; what is unknown below an area is named after it."""
    names = area_columns(product)
    if not names:
        return {}
    if product.area_field is None:
        known = source.area_levels(product.form)
        if len(names) > len(known):
            raise FormError(
                f"product {product.id} asks for admin{len(names)}, which de-identification does "
                f"not keep (levels kept: {', '.join(map(str, known)) or 'none'})"
            )
        found: list[Any] = [table[f"_area{level}"] for level in range(1, len(names) + 1)]
    else:
        found = [
            _ancestors(geography, table[product.area_field], level)
            for level in range(1, len(names) + 1)
        ]
    columns: dict[str, Any] = {}
    parent: Any = None
    for name, area in zip(names, found, strict=True):
        unknown = UNKNOWN if parent is None else parent + ibis.literal(UNKNOWN)
        columns[name] = parent = ibis.coalesce(area, unknown)
    return columns


def _ancestors(geography: Geography, column: Any, level: int) -> Any:
    """Return the area of one level that holds the code in a column."""
    pairs = [
        (area.pcode, above)
        for depth in geography.levels()
        for area in geography.on_level(depth)
        if (above := geography.ancestor(area.pcode, level)) is not None
    ]
    return column.cases(*pairs)


def _folds(source: Source, product: Product) -> dict[str, int]:
    """Return dimensions whose rare categories are folded, and how many stay."""
    folds = {}
    for dimension in product.dimensions:
        if not dimension.field:
            continue
        column = source.find(product.form, product.repeat, dimension.field).column
        if column.rule.startswith("top:") and column.kind == Kind.SELECT_ONE.value:
            folds[dimension.name] = int(column.rule.removeprefix("top:"))
    return folds


def overlapping(source: Source, product: Product) -> str | None:
    """Return the dimension whose categories overlap (several choices); None when there is none.

    Raises:
        FormError: two of them; a person would stand in the table once per pair of choices.
    """
    found = [
        dimension.name
        for dimension in product.dimensions
        if dimension.field
        and source.find(product.form, product.repeat, dimension.field).column.kind in _SEVERAL
    ]
    if len(found) > 1:
        raise FormError(
            f"product {product.id} crosses two several-choice questions ({', '.join(found)}); "
            "make two products of it"
        )
    return found[0] if found else None


def _known(column: Any) -> StringValue:
    """Return a column as text, a missing answer as `_U`."""
    text: StringValue = ibis.coalesce(_text(column).nullif(""), UNKNOWN)
    return text


def _text(column: Any) -> Any:
    """Return a column as text."""
    return column.cast("string") if str(column.type()) != str(Storage.TEXT).lower() else column
