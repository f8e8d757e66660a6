"""The areas of one country: which area a point lies in, and which larger area holds a smaller one.

Read from GeoJSON (one feature an area: `pcode`, `name`, `level`, `parent`), the common operational
dataset's shape. Boundaries are frozen per version, because a boundary that moves between two
releases lets a reader subtract them. Rules DEID-010, DEID-011.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from shared.errors import FormError

Ring = tuple[tuple[float, float], ...]
"""Longitude and latitude of each corner, first and last the same."""


@dataclass(frozen=True)
class Area:
    """One administrative area."""

    pcode: str
    name: str
    level: int
    parent: str | None
    polygons: tuple[tuple[Ring, ...], ...] = field(default=(), repr=False)
    """Each polygon: its outer ring, then its holes."""
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name by language, where the source gives any."""


class Geography:
    """All areas of one version of a country's boundaries."""

    def __init__(self, areas: Iterable[Area], version: str = "") -> None:
        self.version = version
        self._areas = {area.pcode: area for area in areas}
        for area in self._areas.values():
            parent = self._areas.get(area.parent) if area.parent is not None else None
            if area.parent is not None and parent is None:
                raise FormError(f"area {area.pcode} names a parent {area.parent} that is not there")
            if parent is not None and parent.level != area.level - 1:
                raise FormError(
                    f"area {area.pcode} is on level {area.level} and its parent on level "
                    f"{parent.level}; a parent must be exactly one level above"
                )

    def find(self, pcode: str) -> Area | None:
        """Return the area with this p-code, or None."""
        return self._areas.get(pcode)

    def on_level(self, level: int) -> tuple[Area, ...]:
        """Return the areas of one level, by p-code."""
        return tuple(
            sorted(
                (area for area in self._areas.values() if area.level == level),
                key=lambda area: area.pcode,
            )
        )

    def levels(self) -> tuple[int, ...]:
        """Return the levels present, the country first."""
        return tuple(sorted({area.level for area in self._areas.values()}))

    def children(self, pcode: str | None) -> tuple[Area, ...]:
        """Return the areas directly below one area, by p-code."""
        return tuple(
            sorted(
                (area for area in self._areas.values() if area.parent == pcode),
                key=lambda area: area.pcode,
            )
        )

    def ancestor(self, pcode: str, level: int) -> str | None:
        """Return the area of `level` that holds `pcode`; None when unknown or coarser already."""
        area = self._areas.get(pcode)
        while area is not None and area.level > level:
            area = self._areas.get(area.parent) if area.parent is not None else None
        return area.pcode if area is not None and area.level == level else None

    def locate(self, longitude: float, latitude: float, level: int) -> str | None:
        """Return the area of `level` that holds the point; None outside all of them.

        Cost is linear in the corners of that level; called once per record.
        """
        for area in self.on_level(level):
            if any(_in_polygon(longitude, latitude, polygon) for polygon in area.polygons):
                return area.pcode
        return None


def read_geojson(collection: Mapping[str, Any], version: str = "") -> Geography:
    """Read a GeoJSON FeatureCollection of areas that nest among themselves."""
    return Geography(geojson_areas(collection), version or str(collection.get("version", "")))


def geojson_areas(collection: Mapping[str, Any]) -> Iterator[Area]:
    """Yield the areas of a GeoJSON FeatureCollection.

    Raises:
        FormError: a feature lacks a property, or its geometry is no (multi)polygon.
    """
    for number, feature in enumerate(collection.get("features", ()), start=1):
        properties = feature.get("properties") or {}
        missing = [key for key in ("pcode", "name", "level") if key not in properties]
        if missing:
            raise FormError(
                f"feature {number} of the areas file lacks {', '.join(missing)}; each area needs "
                "pcode, name, level and, below the country, parent"
            )
        names = {
            key.removeprefix("name_"): str(value)
            for key, value in properties.items()
            if key.startswith("name_")
        }
        yield Area(
            pcode=str(properties["pcode"]),
            name=str(properties["name"]),
            level=int(properties["level"]),
            parent=str(properties["parent"]) if properties.get("parent") else None,
            polygons=_polygons(feature.get("geometry"), number),
            names=names,
        )


def _polygons(geometry: Mapping[str, Any] | None, number: int) -> tuple[tuple[Ring, ...], ...]:
    """Return the polygons of a geometry; none when the area has no outline."""
    if geometry is None:
        return ()
    match geometry.get("type"):
        case "Polygon":
            return (_rings(geometry["coordinates"]),)
        case "MultiPolygon":
            return tuple(_rings(polygon) for polygon in geometry["coordinates"])
        case other:
            raise FormError(
                f"feature {number} of the areas file is a {other}; only Polygon and MultiPolygon "
                "can hold a point"
            )


def _rings(coordinates: Sequence[Sequence[Sequence[float]]]) -> tuple[Ring, ...]:
    """Drop altitudes and freeze."""
    return tuple(
        tuple((float(corner[0]), float(corner[1])) for corner in ring) for ring in coordinates
    )


def _in_polygon(x: float, y: float, rings: tuple[Ring, ...]) -> bool:
    """Return whether a point lies in the outer ring and in none of the holes."""
    return (
        bool(rings) and _in_ring(x, y, rings[0]) and not any(_in_ring(x, y, r) for r in rings[1:])
    )


def _in_ring(x: float, y: float, ring: Ring) -> bool:
    """Count the edges a ray to the east crosses (even-odd rule).

    An edge owns its lower end only, so a point level with a corner crosses once, and a point on
    the border of two areas belongs to exactly one of them.
    """
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
