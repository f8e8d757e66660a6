"""Read a country from the files that travel with its forms. Rules DEID-010, DEID-011.

`*.geojson` with outlines, `adminN.csv` for levels without one, and any other table with columns
`name` and `adminN` for places (sites, flow points), which lie one level below the smallest of
those. The columns are those of an XLSForm's external choices, so a mission keeps one set of files.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from server.deident.geography import Area, Geography, geojson_areas
from shared.errors import FormError

_LEVEL: Final = re.compile(r"admin(\d+)")


def read_geography(files: Mapping[str, bytes]) -> Geography:
    """Build the geography from media files by name; files that are none of it are passed over.

    The version is a hash of the outlines and places, so that a boundary change cannot hide.

    Raises:
        FormError: an area file that cannot be read, or areas that do not nest.
    """
    areas: dict[str, Area] = {}
    used = sha256()
    for name in sorted(files):
        if name.endswith(".geojson"):
            try:
                collection = json.loads(files[name])
            except ValueError as error:
                raise FormError(f"{name} is not JSON: {error}") from error
            if not _has_levels(collection):
                continue
            areas.update((area.pcode, area) for area in geojson_areas(collection))
            used.update(name.encode() + files[name])
    for name in sorted(files):
        if name.endswith(".csv"):
            new = [area for area in _table_areas(name, files[name]) if area.pcode not in areas]
            if new:
                areas.update((area.pcode, area) for area in new)
                used.update(name.encode() + files[name])
    return Geography(_rooted(areas), used.hexdigest()[:16])


def _has_levels(collection: Mapping[str, object]) -> bool:
    """Tell an areas file (each feature says its level) from other GeoJSON."""
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        return False
    return all("level" in (feature.get("properties") or {}) for feature in features)


def _table_areas(name: str, data: bytes) -> Iterator[Area]:
    """Yield the areas or places of one CSV table; nothing where it has no area column."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    columns = list(rows[0]) if rows else []
    levels = sorted(int(match[1]) for c in columns if (match := _LEVEL.fullmatch(c)))
    if not levels or "name" not in columns:
        return
    own = _LEVEL.fullmatch(name.removesuffix(".csv"))
    level = int(own[1]) if own else levels[-1] + 1
    for row in rows:
        names = {c.removeprefix("label_"): row[c] for c in columns if c.startswith("label_")}
        yield Area(
            pcode=row["name"],
            name=row.get("label") or row["name"],
            level=level,
            parent=row[f"admin{levels[-1]}"] or None,
            names=names,
        )


def _rooted(areas: Mapping[str, Area]) -> Iterator[Area]:
    """Yield all areas, and a bare country where only its parts are given."""
    missing = {
        area.parent
        for area in areas.values()
        if area.level == 1 and area.parent and area.parent not in areas
    }
    for code in sorted(missing):
        yield Area(code, code, 0, None)
    yield from areas.values()
