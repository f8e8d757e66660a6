"""The fictional country of the demo: admin areas with p-codes, sites, and points of flow.

Quelora does not exist: its code QQQ lies in the range ISO 3166 leaves to private use, and its
outline lies in open ocean. A mission replaces these files with its own COD-AB and site list,
keeping the columns. P-codes follow COD-AB: a child's code starts with its parent's.
"""

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forms.build.names import Name, Namer
from forms.build.tiles import Frame, Point, Ring, Tiling, contains, partition

SEED: Final = 22
COUNTRY: Final = "QQQ"
FRAME: Final = Frame(west=-35.0, south=6.0, cell_degrees=0.8, columns=5, rows=4)
ADMIN1_COUNT: Final = 5
SITES_PER_ADMIN2: Final = 3
FLOW_POINT_COUNT: Final = 8
SITE_KINDS: Final = (
    "village",
    "neighbourhood",
    "camp",
    "collective_centre",
    "informal_site",
    "transit_site",
)
COUNTRIES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("QQQ", "Quelora", "Quélora", "كيلورا"),
    ("QQR", "Marendia", "Marendie", "مارنديا"),
    ("QQS", "Ostavia", "Ostavie", "أوستافيا"),
    ("QQT", "Tillavar", "Tillavar", "تيلافار"),
    ("QQU", "Ursania", "Ursanie", "أورسانيا"),
    ("QQV", "Valmora Islands", "Îles Valmora", "جزر فالمورا"),
    ("other", "Another country", "Autre pays", "بلد آخر"),
    ("stateless", "No nationality", "Sans nationalité", "بلا جنسية"),
    ("unknown", "Not known", "Inconnu", "غير معروف"),
)
"""Code and name in English, French, Arabic; the last rows are answers, not countries."""


_POSITION: Final = ("latitude", "longitude")


@dataclass(frozen=True)
class Area:
    """One administrative area."""

    pcode: str
    level: int
    parent: str | None
    name: Name
    ring: Ring


@dataclass(frozen=True)
class Site:
    """One place where people live, or a point where they pass."""

    pcode: str
    area: Area
    name: Name
    kind: str
    position: Point


@dataclass(frozen=True)
class Country:
    """Everything the generator knows."""

    admin0: Area
    admin1: list[Area]
    admin2: list[Area]
    sites: list[Site]
    flow_points: list[Site]


def generate(seed: int = SEED) -> Country:
    """Return the country of this seed; only `Random.random` is used, stable across versions."""
    draw = random.Random(seed).random  # noqa: S311 - a map, not a key
    tiling = Tiling(FRAME, draw)
    namer = Namer(draw)
    admin1: list[Area] = []
    admin2: list[Area] = []
    outer: list[Area] = []
    for number, group in enumerate(partition(tiling, ADMIN1_COUNT, (3, 5), draw), start=1):
        parent = f"{COUNTRY}{number:02d}"
        admin1.append(Area(parent, 1, COUNTRY, namer.next(), tiling.outline(group)))
        for child, cell in enumerate(group, start=1):
            area = Area(f"{parent}{child:02d}", 2, parent, namer.next(), tiling.outline([cell]))
            admin2.append(area)
            if len(tiling.neighbours(cell)) < 4:  # noqa: PLR2004 - a cell has four sides
                outer.append(area)
    sites = [
        Site(
            f"{area.pcode}{n:03d}",
            area,
            namer.next(),
            SITE_KINDS[int(draw() * 6)],
            _inside(area.ring, draw),
        )
        for area in admin2
        for n in range(1, SITES_PER_ADMIN2 + 1)
    ]
    step = len(outer) / FLOW_POINT_COUNT
    points = [outer[int(i * step)] for i in range(FLOW_POINT_COUNT)]
    flow = [
        Site(f"{area.pcode}F01", area, area.name, "flow_point", _inside(area.ring, draw))
        for area in points
    ]
    outline = tiling.outline(tiling.cells())
    whole = Area(COUNTRY, 0, None, (COUNTRIES[0][1], COUNTRIES[0][3]), outline)
    return Country(whole, admin1, admin2, sites, flow)


def _kind(draw: Callable[[], float]) -> str:
    return SITE_KINDS[int(draw() * len(SITE_KINDS))]


def _inside(ring: Ring, draw: Callable[[], float]) -> Point:
    """Return a point inside the ring."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    while True:
        point = (
            round(min(xs) + draw() * (max(xs) - min(xs)), 5),
            round(min(ys) + draw() * (max(ys) - min(ys)), 5),
        )
        if contains(ring, point):
            return point


def write(folder: Path, seed: int = SEED) -> list[Path]:
    """Write the country's files into `folder` and return their paths."""
    country = generate(seed)
    files = {
        "admin1.csv": _admin_csv(country.admin1, "admin0"),
        "admin2.csv": _admin_csv(country.admin2, "admin1"),
        "locations.csv": _site_csv(country.sites),
        "flow_points.csv": _site_csv(country.flow_points),
        "countries.csv": _csv([("name", "label", "label_fr", "label_ar"), *COUNTRIES]),
        "areas.geojson": _geojson([country.admin0, *country.admin1, *country.admin2]),
        "admin1.geojson": _geojson(country.admin1),
        "admin2.geojson": _geojson(country.admin2),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in files]


def _csv(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _admin_csv(areas: list[Area], parent_column: str) -> str:
    head = ("name", "label", "label_fr", "label_ar", parent_column)
    return _csv([head, *((a.pcode, a.name[0], a.name[0], a.name[1], a.parent) for a in areas)])


def _site_csv(sites: list[Site]) -> str:
    rows = [("name", "label", "label_fr", "label_ar", "admin1", "admin2", "kind", *_POSITION)]
    for site in sites:
        latin, arabic = site.name
        longitude, latitude = site.position
        codes = (site.area.parent or "", site.area.pcode, site.kind)
        rows.append((site.pcode, latin, latin, arabic, *codes, str(latitude), str(longitude)))
    return _csv(rows)


def _geojson(areas: list[Area]) -> str:
    """Return a FeatureCollection, one feature a line so that a change can be read."""
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "id": area.pcode,
                "properties": {
                    "pcode": area.pcode,
                    "level": area.level,
                    "parent": area.parent,
                    "name": area.name[0],
                    "name_fr": area.name[0],
                    "name_ar": area.name[1],
                },
                "geometry": {"type": "Polygon", "coordinates": [area.ring]},
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for area in areas
    ]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
