"""Web Mercator: where a position lies on a map of square tiles, and back.

Source: EPSG 3857 as slippy maps use it; valid to 85.05 degrees north and south.
"""

import math
from typing import Final

TILE_PX: Final = 256
LATITUDE_MAX: Final = 85.0511
_EQUATOR_M_PER_PX: Final = 156_543.03392
"""Metres per pixel at the equator at zoom 0."""


def project(latitude: float, longitude: float, zoom: float) -> tuple[float, float]:
    """Return pixels from the map's north-west corner at a zoom."""
    size = TILE_PX * 2.0**zoom
    latitude = max(-LATITUDE_MAX, min(LATITUDE_MAX, latitude))
    x = (longitude + 180) / 360 * size
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * size
    return x, y


def unproject(x: float, y: float, zoom: float) -> tuple[float, float]:
    """Return latitude and longitude of a pixel, wrapped and cut to what the map holds."""
    size = TILE_PX * 2.0**zoom
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / size))))
    longitude = (x / size * 360 - 180 + 180) % 360 - 180
    return max(-LATITUDE_MAX, min(LATITUDE_MAX, latitude)), longitude


def metres_per_px(latitude: float, zoom: float) -> float:
    """Return how many metres a pixel covers at a latitude."""
    return float(_EQUATOR_M_PER_PX * math.cos(math.radians(latitude)) / 2.0**zoom)
