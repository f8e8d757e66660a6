"""A release's tables as CSV: one file per product, one row per cell. Layout in release.md."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

SUPPRESSED = "suppressed"
NOT_COVERED = "not_covered"
"""Nobody asked in this area (REL-009)."""


def release_csv(document: Mapping[str, Any]) -> dict[str, str]:
    """Return file name -> text for every product of a release."""
    products: dict[str, list[Mapping[str, Any]]] = {}
    for table in document["tables"]:
        products.setdefault(table["product"], []).append(table)
    return {f"{name}.csv": product_csv(tables) for name, tables in sorted(products.items())}


def product_csv(tables: Iterable[Mapping[str, Any]]) -> str:
    """Return one product's rounds as CSV; a hidden number is empty and its status says so."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, table in enumerate(tables):
        names = [dimension["name"] for dimension in table["dimensions"]]
        if number == 0:
            writer.writerow(["round", *names, "unit", "value", "status", "as_of_release"])
        areas = set(table.get("not_covered", ()))
        for *codes, value in table["cells"]:
            asked = not areas.intersection(codes)
            status = "published" if value is not None else SUPPRESSED
            shown = value if asked and value is not None else ""
            row = [
                table["round"],
                *codes,
                table["unit"],
                shown,
                status if asked else NOT_COVERED,
                table["as_of"],
            ]
            writer.writerow(row)
    return out.getvalue()
