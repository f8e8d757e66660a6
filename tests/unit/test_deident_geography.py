"""DEID-007, DEID-010, DEID-011: areas, points in them, and the files they are read from."""

import json

import pytest
from deident_forms import square_country

from server.deident.geography import read_geojson
from server.deident.geography_files import read_geography
from shared.errors import FormError


def outline(left: float, right: float) -> dict[str, object]:
    ring = [[left, 0], [right, 0], [right, 1], [left, 1], [left, 0]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(code: str, level: int, parent: str | None, shape: object) -> dict[str, object]:
    properties = {"pcode": code, "level": level, "parent": parent, "name": code, "name_ar": "م"}
    return {"type": "Feature", "properties": properties, "geometry": shape}


FILES = {
    "areas.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                feature("Q", 0, None, outline(0, 2)),
                feature("Q1", 1, "Q", outline(0, 1)),
                feature("Q2", 1, "Q", outline(1, 2)),
            ],
        }
    ).encode(),
    "other.geojson": b'{"type": "FeatureCollection", "features": [{"properties": {}}]}',
    "admin2.csv": b"name,label,label_fr,admin1\nQ11,North,Nord,Q1\n",
    "sites.csv": b"name,label,admin1,admin2,kind\nQ11001,Camp,Q1,Q11,camp\n",
    "countries.csv": b"name,label\nQ,Quelora\n",
    "photo.jpg": b"\xff\xd8",
}


def test_levels_come_from_outlines_then_tables_then_places() -> None:
    geography = read_geography(FILES)
    assert geography.levels() == (0, 1, 2, 3)
    assert geography.ancestor("Q11001", 2) == "Q11"
    assert geography.ancestor("Q11001", 0) == "Q"
    north = geography.find("Q11")
    assert north is not None
    assert north.names == {"fr": "Nord"}


def test_the_version_changes_with_the_boundaries_only() -> None:
    version = read_geography(FILES).version
    assert read_geography({**FILES, "photo.jpg": b"other"}).version == version
    moved = FILES["areas.geojson"].replace(b"[1.0, 0]", b"[1.1, 0]").replace(b"[1, 0]", b"[1.1, 0]")
    assert moved != FILES["areas.geojson"]
    assert read_geography({**FILES, "areas.geojson": moved}).version != version


def test_a_country_is_made_where_only_its_parts_are_given() -> None:
    geography = read_geography({"admin1.csv": b"name,label,admin0\nQ1,West,Q\n"})
    assert geography.ancestor("Q1", 0) == "Q"


def test_no_files_no_areas() -> None:
    assert read_geography({}).levels() == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"areas.geojson": b"{"}, "not JSON"),
        ({"admin2.csv": b"name,label,admin1\nQ11,North,Q9\n"}, "parent Q9"),
    ],
)
def test_areas_that_cannot_be_read_are_said(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(FormError, match=message):
        read_geography(files)


def test_a_point_on_a_shared_border_lies_in_exactly_one_area() -> None:
    country = square_country()
    for longitude, latitude in [(10, 5), (10, 10), (5, 10), (3.3, 10)]:
        inside = [
            area.pcode
            for area in country.on_level(2)
            if country.locate(longitude, latitude, 2) == area.pcode
        ]
        assert len(inside) == 1
    assert country.locate(99, 5, 2) is None


def test_a_hole_is_outside() -> None:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    hole = [[3, 3], [6, 3], [6, 6], [3, 6], [3, 3]]
    shape = {"type": "MultiPolygon", "coordinates": [[ring, hole]]}
    country = read_geojson({"features": [feature("Q", 0, None, shape)]})
    assert country.locate(1, 1, 0) == "Q"
    assert country.locate(4, 4, 0) is None


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"properties": {"pcode": "Q"}}, "lacks name, level"),
        (feature("Q", 0, None, {"type": "Point", "coordinates": [0, 0]}), "only Polygon"),
        (feature("Q", 0, "R", None), "parent R"),
    ],
)
def test_a_bad_feature_is_named(bad: dict[str, object], message: str) -> None:
    with pytest.raises(FormError, match=message):
        read_geojson({"features": [bad]})


def test_a_parent_is_one_level_above() -> None:
    features = [feature("Q", 0, None, None), feature("Q11", 2, "Q", None)]
    with pytest.raises(FormError, match="one level above"):
        read_geojson({"features": features})
