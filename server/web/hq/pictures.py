"""Which picture a table of a release gets: map, trend, pyramid or bars. charts.py draws them."""

from collections.abc import Mapping
from typing import Any

from server.web.hq import charts
from server.web.hq.views import (
    AREA,
    MISSING,
    Product,
    Table,
    breakdown_dimension,
    categories,
    is_pyramid,
)
from server.web.hq.words import pick


def area_map(
    document: Mapping[str, Any], table: Table, title: str, say: charts.Words, language: str
) -> tuple[Any, list[tuple[str, str]]]:
    """Draw the finest areas of a table; nothing where it has none."""
    dimension = next((d for d in table.dimensions if d["name"] == AREA), None)
    if dimension is None:
        return "", []
    inner = {category["parent"] for category in dimension["categories"]}
    values: dict[str, float | object | None] = {}
    for category in dimension["categories"]:
        if category["code"] not in inner:
            values[category["code"]] = table.value(area=category["code"])
    names = {area["code"]: pick(area["name"], language) for area in document["geography"]["areas"]}
    return charts.choropleth(document["geography"]["areas"], values, names, title, say)


def trend_of(product: Product, say: charts.Words) -> Any:
    """Draw the total over the rounds; nothing for a single round."""
    points = [
        (round_id, value)
        for round_id, table in product.tables.items()
        if (value := table.value()) is not MISSING
    ]
    if len(points) <= 1:
        return ""
    return charts.trend(points, product.id, say)  # type: ignore[arg-type]


def breakdown_of(table: Table, say: charts.Words, language: str, words: Mapping[str, str]) -> Any:
    """Draw the pyramid, or bars of the first dimension."""
    if is_pyramid(table):
        ages = [pair for pair in categories(table, "age", language) if not pair[0].endswith("_U")]
        values = {
            (sex, age): table.value(sex=sex, age=age)
            for sex in ("female", "male")
            for age, _ in ages
        }
        sexes = {"female": words["female"], "male": words["male"]}
        return charts.pyramid(ages, values, sexes, words["pyramid"], say)  # type: ignore[arg-type]
    dimension = breakdown_dimension(table)
    if dimension is None:
        return ""
    items = [
        (label, table.value(**{dimension["name"]: code}))
        for code, label in categories(table, dimension["name"], language, with_empty=False)
    ]
    return charts.bars(items, words["breakdown"], say) if items else ""  # type: ignore[arg-type]
