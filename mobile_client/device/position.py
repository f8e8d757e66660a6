"""A typed position: decimal degrees or degrees, minutes and seconds, as people write them."""

import re
from typing import Final

from mobile_client.device.services import DeviceFault, Fix

_DECIMAL: Final = re.compile(
    r"\s*([+-]?\d{1,3}(?:[.]\d+)?)\s*[°]?\s*[,;\s]\s*([+-]?\d{1,3}(?:[.]\d+)?)\s*[°]?"
    r"(?:[,;\s]\s*([+-]?\d+(?:[.]\d+)?))?(?:[,;\s]\s*(\d+(?:[.]\d+)?))?\s*"
)
_ANGLE: Final = (
    r"(\d{1,3})\s*°\s*(?:(\d{1,2}(?:[.]\d+)?)\s*['\u2032\u2019]\s*)?"
    r"(?:(\d{1,2}(?:[.]\d+)?)\s*[\"\u2033\u201d]\s*)?([%s])"
)
_SEXAGESIMAL: Final = re.compile(r"\s*" + _ANGLE % "NSns" + r"[,;\s]*" + _ANGLE % "EWew" + r"\s*")
_SIXTY: Final = 60
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def parse_position(text: str) -> Fix:
    """Read a typed position.

    Raises:
        DeviceFault: it is not `15.55 32.53` (with altitude and accuracy if known), nor
            `15°33'N 32°31'E`, or lies off the Earth.
    """
    plain = text.translate(_DIGITS)
    if match := _DECIMAL.fullmatch(plain):
        latitude, longitude, altitude, accuracy = (float(part or 0) for part in match.groups())
        return Fix(latitude, longitude, altitude, accuracy)
    if match := _SEXAGESIMAL.fullmatch(plain):
        parts = match.groups()
        return Fix(_degrees(parts[:4], "Ss"), _degrees(parts[4:], "Ww"))
    raise DeviceFault("type a position as latitude and longitude, for example: 15.5518 32.5324")


def _degrees(parts: tuple[str | None, ...], negative: str) -> float:
    degrees, minutes, seconds, side = parts
    minutes_value, seconds_value = float(minutes or 0), float(seconds or 0)
    if max(minutes_value, seconds_value) >= _SIXTY:
        raise DeviceFault("minutes and seconds of a position stay below 60")
    value = float(degrees or 0) + minutes_value / _SIXTY + seconds_value / 3600
    return -value if side is not None and side in negative else value
