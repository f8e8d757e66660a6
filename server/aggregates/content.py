"""What a release says: tables, areas, thresholds, report. Rule REL-022; layout in release.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.aggregates.coverage import not_covered
from server.aggregates.disclose import class_of
from server.aggregates.gate import CARRIED, Decision
from server.aggregates.group import axis_ids
from server.aggregates.products import AREA
from server.aggregates.published import JOINED, UNKNOWN, PublishedTable
from server.aggregates.tabulate import Tabulated, round_order
from server.aggregates.thresholds import Thresholds
from server.deident.geography import Geography

UNKNOWN_LABEL = {"en": "Not known", "fr": "Inconnu", "ar": "غير معروف"}
TOTAL_LABEL = {"en": "Total", "fr": "Total", "ar": "المجموع"}


def release_content(
    mission: str,
    decisions: Sequence[tuple[Decision, Sequence[Tabulated]]],
    geography: Geography,
    thresholds: Thresholds,
) -> dict[str, Any]:
    """Return the content of a release, without approvals."""
    tables: list[dict[str, Any]] = []
    for decision, tabulated in decisions:
        by_product = {table.product.id: table for table in tabulated}
        for product, published in zip(decision.entry.products, decision.entry.tables, strict=True):
            if product in by_product:
                tables.append(
                    _table(by_product[product], published, decision, geography, thresholds)
                )
    tables.sort(key=lambda table: (table["product"], round_order(table["round"])))
    classes = sorted({table["class"] for table in tables})
    rounds = sorted({table["round"] for table in tables}, key=round_order)
    return {
        "format": 1,
        "mission": mission,
        "rounds": rounds,
        "geography": {"version": geography.version, "areas": list(_areas(geography, tables))},
        "thresholds": {name: _class(thresholds, name) for name in classes},
        "thresholds_version": thresholds.version,
        "tables": tables,
        "report": _report(tables, decisions),
    }


def _table(
    table: Tabulated,
    published: PublishedTable,
    decision: Decision,
    geography: Geography,
    thresholds: Thresholds,
) -> dict[str, Any]:
    """Return one table."""
    product = table.product
    names = published.dimensions[: len(table.axes)]
    dimensions = [
        _dimension(table, number, published.parents[name], geography)
        for number, name in enumerate(names)
    ]
    hidden = sum(value is None for value in published.cells.values())
    cells = [[*codes[: len(names)], _number(value)] for codes, value in published.cells.items()]
    told = table.covered is not None and decision.state != CARRIED
    tops = {name: axis.top for name, axis in zip(names, table.axes, strict=True)}
    return {
        "product": product.id,
        "title": dict(product.title),
        "description": dict(product.description),
        "form": product.form,
        "kind": product.kind,
        "unit": product.unit,
        "round": table.round_id,
        "class": class_of(table, thresholds).name,
        "state": decision.state,
        "as_of": decision.entry.as_of,
        "group": published.group,
        "measure": published.measure,
        "vintage": published.vintage,
        "charts": list(product.charts),
        "dimensions": dimensions,
        "limited_to": [list(part) for part in table.fixed],
        "not_covered": not_covered(cells, tops, table.covered or ()) if told else [],
        "cells": cells,
        "cells_published": len(published.cells) - hidden,
        "cells_hidden": hidden,
    }


def _dimension(
    table: Tabulated, number: int, parents: Mapping[str, str], geography: Geography
) -> dict[str, Any]:
    """Return one dimension with the labels of its categories."""
    axis = table.axes[number]
    spec = next((d for d in table.product.dimensions if d.name == axis.name), None)
    labels = dict(spec.labels or {}) if spec is not None else {}
    return {
        "name": axis.name,
        "field": axis_ids(table)[number],
        "title": dict(spec.title) if spec is not None else {},
        "top": axis.top,
        "overlapping": axis.overlaps,
        "categories": [
            {"code": code, "parent": parent, "label": _label(axis.name, code, labels, geography)}
            for code, parent in parents.items()
        ],
    }


def _label(name: str, code: str, labels: Mapping[str, Any], geography: Geography) -> dict[str, str]:
    """Return what a category is called, by language."""
    if code in labels:
        return dict(labels[code])
    area = geography.find(code) if name == AREA or code not in labels else None
    if area is not None:
        return {"en": area.name, **area.names}
    if code.endswith(UNKNOWN):
        return dict(UNKNOWN_LABEL)
    return {"en": code.replace(JOINED, ", ").replace("_", " ")}


def _areas(geography: Geography, tables: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield the areas the tables speak of, with outlines a map can draw."""
    levels = [0]
    for table in tables:
        for dimension in table["dimensions"]:
            if dimension["name"] == AREA:
                codes = (category["code"] for category in dimension["categories"])
                levels += [area.level for code in codes if (area := geography.find(code))]
    for level in range(max(levels) + 1):
        for area in geography.on_level(level):
            yield {
                "code": area.pcode,
                "parent": area.parent,
                "level": area.level,
                "name": {"en": area.name, **area.names},
                "polygons": [
                    [[list(corner) for corner in ring] for ring in polygon]
                    for polygon in area.polygons
                ],
            }


def _class(thresholds: Thresholds, name: str) -> dict[str, Any]:
    """Return the thresholds of a class, as a reader may know them."""
    rule = thresholds.find(name)
    return {
        "persons": rule.persons,
        "households": rule.households,
        "locations": rule.locations,
        "interval": rule.interval,
        "zeros": rule.zeros,
    }


def _report(
    tables: Sequence[Mapping[str, Any]], decisions: Iterable[tuple[Decision, Any]]
) -> dict[str, Any]:
    """Return the disclosure report for readers: what is hidden, carried, and what was tried."""
    carried = [
        {"group": decision.entry.group, "as_of": decision.entry.as_of, "why": decision.reason}
        for decision, _ in decisions
        if decision.state == "carried"
    ]
    results = [decision.result for decision, _ in decisions if decision.result is not None]
    return {
        "cells_published": sum(table["cells_published"] for table in tables),
        "cells_hidden": sum(table["cells_hidden"] for table in tables),
        "tables": len(tables),
        "carried": carried,
        "waiting": sorted({name for decision, _ in decisions for name in decision.waiting}),
        "attacks": sum(result.attacks for result in results),
        "targets_audited": sum(result.targets for result in results),
        "breaches": 0,
    }


def _number(value: float | None) -> float | int | None:
    """Return a whole number as one: 12 and 12.0 must not differ between two releases."""
    return int(value) if value is not None and value == int(value) else value
