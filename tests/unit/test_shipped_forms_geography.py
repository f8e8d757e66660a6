"""The fictional country: files agree with the generator, areas tile, codes nest."""

import csv
import json
import math
from itertools import pairwise
from pathlib import Path

import pytest

from forms.build import geography
from forms.build.build import FORMS_DIR
from forms.build.tiles import Frame, Ring, Tiling, area, contains
from server.deident.geography import read_geojson

MEDIA = FORMS_DIR / "media"


def rows(name: str) -> list[dict[str, str]]:
    with (MEDIA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rings(name: str) -> dict[str, Ring]:
    features = json.loads((MEDIA / name).read_text(encoding="utf-8"))["features"]
    return {
        feature["id"]: [(x, y) for x, y in feature["geometry"]["coordinates"][0]]
        for feature in features
    }


def test_the_committed_files_are_the_generators(tmp_path: Path) -> None:
    for path in geography.write(tmp_path):
        assert path.read_bytes() == (MEDIA / path.name).read_bytes(), path.name


def test_another_seed_gives_another_country() -> None:
    assert geography.generate(1) != geography.generate(2)
    assert geography.generate(1) == geography.generate(1)


def test_sizes_are_those_of_a_small_country() -> None:
    counts = [len(rows(f"{name}.csv")) for name in ("admin1", "admin2", "locations", "flow_points")]
    assert counts == [5, 20, 60, 8]


def test_a_childs_code_starts_with_its_parents() -> None:
    admin1 = {row["name"] for row in rows("admin1.csv")}
    admin2 = {row["name"]: row["admin1"] for row in rows("admin2.csv")}
    assert all(code.startswith("QQQ") and len(code) == 5 for code in admin1)
    assert all(code.startswith(parent) and parent in admin1 for code, parent in admin2.items())
    for place in [*rows("locations.csv"), *rows("flow_points.csv")]:
        assert place["name"].startswith(place["admin2"])
        assert admin2[place["admin2"]] == place["admin1"]


def test_codes_and_names_are_unique() -> None:
    files = ("admin1.csv", "admin2.csv", "locations.csv")
    everything = [row for name in files for row in rows(name)]
    assert len({row["name"] for row in everything}) == len(everything)
    assert len({row["label"] for row in everything}) == len(everything)


@pytest.mark.parametrize("seed", [geography.SEED, 1, 2, 3, 4])
def test_children_tile_their_parent(seed: int) -> None:
    country = geography.generate(seed)
    for parent in country.admin1:
        children = [child.ring for child in country.admin2 if child.parent == parent.pcode]
        assert all(area(ring) > 0 for ring in children)
        assert math.isclose(sum(area(ring) for ring in children), area(parent.ring), rel_tol=1e-9)
        assert set(parent.ring) <= {point for ring in children for point in ring}


def test_rings_are_closed_and_match_the_lists() -> None:
    for level in ("admin1", "admin2"):
        found = rings(f"{level}.geojson")
        assert set(found) == {row["name"] for row in rows(f"{level}.csv")}
        assert all(ring[0] == ring[-1] and len(ring) > 8 for ring in found.values())


def test_every_site_lies_in_its_district_and_no_other() -> None:
    districts = rings("admin2.geojson")
    for place in [*rows("locations.csv"), *rows("flow_points.csv")]:
        point = (float(place["longitude"]), float(place["latitude"]))
        assert [code for code, ring in districts.items() if contains(ring, point)] == [
            place["admin2"]
        ]


def test_no_border_crosses_itself() -> None:
    for ring in rings("admin2.geojson").values():
        segments = list(pairwise(ring))
        for i, (a, b) in enumerate(segments):
            for c, d in segments[i + 2 :]:
                if a not in (c, d) and b not in (c, d):
                    assert not crosses(a, b, c, d)


def crosses(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def test_outline_of_one_cell_is_its_border() -> None:
    values = iter([0.5] * 10_000)
    tiling = Tiling(Frame(0.0, 0.0, 1.0, 2, 2), lambda: next(values))
    assert area(tiling.outline([(0, 0)])) == pytest.approx(1.0)
    assert area(tiling.outline(tiling.cells())) == pytest.approx(4.0)


def test_the_country_is_around_its_regions() -> None:
    country = geography.generate()
    regions = sum(area(region.ring) for region in country.admin1)
    assert math.isclose(area(country.admin0.ring), regions, rel_tol=1e-9)


def test_the_server_reads_the_areas_and_finds_each_site() -> None:
    areas = read_geojson(json.loads((MEDIA / "areas.geojson").read_text(encoding="utf-8")))
    assert areas.levels() == (0, 1, 2)
    for place in rows("locations.csv"):
        point = (float(place["longitude"]), float(place["latitude"]))
        assert areas.locate(*point, 2) == place["admin2"]
        assert areas.ancestor(place["admin2"], 1) == place["admin1"]
