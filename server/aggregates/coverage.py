"""Where anybody looked: an area that nobody visited is not an area without people. Rule REL-009.

Told of sites and flows only, whose visits are planned in the open. Of a household survey it could
say that somebody was interviewed where the number is hidden or zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis

from server.aggregates.products import AREA, Product
from server.aggregates.source import Source

_SURVEY = "survey"


def covered_areas(source: Source, product: Product) -> dict[str, frozenset[str]] | None:
    """Return, by round, the areas of every level with a record; None where that is not told."""
    if product.kind == _SURVEY or product.area_field is not None or not product.area_level:
        return None
    table = source.load(product.form, None, ())
    names = [f"_area{level}" for level in range(1, product.area_level + 1)]
    seen = table.select(
        _round=ibis.coalesce(table["_round"], ""), **{name: table[name] for name in names}
    ).distinct()
    found: dict[str, set[str]] = {}
    for round_id, *codes in source.run(seen):
        found.setdefault(round_id, set()).update(code for code in codes if code)
    return {round_id: frozenset(codes) for round_id, codes in found.items()}


def not_covered(
    cells: Iterable[Sequence[Any]], tops: Mapping[str, str], covered: Iterable[str]
) -> list[str]:
    """Return the areas without a record whose published total is zero; of others nothing is said.

    Args:
        cells: codes in the order of `tops`, then the published number.
        tops: the code of the whole, by dimension.
        covered: areas with a record.
    """
    if AREA not in tops:
        return []
    at, held = list(tops).index(AREA), {*covered, tops[AREA]}
    whole = list(tops.values())
    return sorted(
        codes[at]
        for *codes, value in cells
        if value == 0
        and codes[at] not in held
        and all(
            code == top
            for place, (code, top) in enumerate(zip(codes, whole, strict=True))
            if place != at
        )
    )
