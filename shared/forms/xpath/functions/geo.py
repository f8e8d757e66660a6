"""Areas, lengths and fences on the sphere ODK uses (radius 6,378,100 m).

Source: spherical excess for polygons, Chamberlain and Duquette 2007; haversine for distances.
"""

import math
from itertools import pairwise
from typing import Final

from shared.forms.xpath.context import Context
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import NAN, Value, text_number, to_text

_RADIUS_M: Final = 6_378_100.0
_POINTS_OF_A_SHAPE: Final = 3

Point = tuple[float, float]


def parse_point(text: str, context: Context) -> Point | None:
    """Return (latitude, longitude) in degrees of `lat lon [altitude [accuracy]]`, or None."""
    parts = text.split()
    if not 2 <= len(parts) <= 4:  # noqa: PLR2004 - the parts of a geopoint
        return None
    latitude, longitude = (text_number(part, context.zone) for part in parts[:2])
    return None if math.isnan(latitude + longitude) else (latitude, longitude)


def _points(context: Context, values: tuple[Value, ...]) -> list[Point] | None:
    """Return the points of shapes, traces or sets of points; None if any is not a point."""
    texts: list[str] = []
    for value in values:
        if isinstance(value, list):
            texts.extend(node.value() for node in value)
        else:
            texts.append(to_text(value))
    points: list[Point] = []
    for text in texts:
        for part in text.split(";"):
            if not part.strip():
                continue
            point = parse_point(part, context)
            if point is None:
                return None
            points.append(point)
    return points


def _area(context: Context, _node: Node, *values: Value) -> float:
    """Return square metres enclosed by a ring of points."""
    points = _points(context, values)
    if not points:
        return NAN
    if len(points) < _POINTS_OF_A_SHAPE:
        return 0.0
    total = 0.0
    for (lat1, lon1), (lat2, lon2) in zip(points, points[1:] + points[:1], strict=True):
        total += math.radians(lon2 - lon1) * (
            2 + math.sin(math.radians(lat1)) + math.sin(math.radians(lat2))
        )
    return round(abs(total * _RADIUS_M * _RADIUS_M / 2), 2)


def _distance(context: Context, _node: Node, *values: Value) -> float:
    """Return metres along the points."""
    points = _points(context, values)
    if points is None:
        raise EvaluationError("distance() needs places: latitude and longitude, with ; between")
    if not points or not all(_on_earth(point) for point in points):
        return NAN
    return round(sum((distance_m(a, b) for a, b in pairwise(points)), 0.0), 2)


def _on_earth(point: Point) -> bool:
    return abs(point[0]) <= 90 and abs(point[1]) <= 180  # noqa: PLR2004 - degrees


def distance_m(one: Point, other: Point) -> float:
    """Return metres between two points in degrees."""
    lat1, lat2 = math.radians(one[0]), math.radians(other[0])
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(other[1] - one[1]) / 2
    a = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * _RADIUS_M * math.asin(min(1.0, math.sqrt(a)))


def _geofence(context: Context, _node: Node, point: Value, shape: Value) -> bool:
    """Tell whether a point lies inside a closed shape, by counting crossings."""
    where = parse_point(to_text(point), context)
    ring = _points(context, (shape,))
    if where is None or not ring:
        raise EvaluationError("geofence() needs a point and a shape")
    if ring[0] != ring[-1]:
        return False
    x, y = where
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _intersects(context: Context, _node: Node, value: Value) -> bool:
    """Tell whether a trace or shape crosses itself."""
    points = _points(context, (value,))
    if not points:
        return False
    segments = list(pairwise(points))
    closed = points[0] == points[-1]
    for first, one in enumerate(segments):
        for second in range(first + 2, len(segments)):
            if closed and first == 0 and second == len(segments) - 1:
                continue
            if _cross(*one, *segments[second]):
                return True
    return False


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[1] - p[1]) * (r[0] - p[0]) - (q[0] - p[0]) * (r[1] - p[1])

    def on(p: Point, q: Point, r: Point) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and (
            min(p[1], q[1]) <= r[1] <= max(p[1], q[1])
        )

    s1, s2, s3, s4 = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    if ((s1 > 0) != (s2 > 0)) and ((s3 > 0) != (s4 > 0)) and 0 not in (s1, s2, s3, s4):
        return True
    return (
        (s1 == 0 and on(a, b, c))
        or (s2 == 0 and on(a, b, d))
        or (s3 == 0 and on(c, d, a))
        or (s4 == 0 and on(c, d, b))
    )


FUNCTIONS: Final = {
    "area": Function(_area, (1, None)),
    "enclosed-area": Function(_area, (1, None)),
    "distance": Function(_distance, (1, None)),
    "geofence": Function(_geofence, (2, 2)),
    "intersects": Function(_intersects, (1, 1)),
}
