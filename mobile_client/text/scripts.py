"""Which script a character belongs to, as the ISO 15924 tags HarfBuzz wants.

Only scripts our fonts carry, or that forms of the field use, are named; anything else is drawn with
the script of its neighbours. Marks and punctuation inherit (UAX #24).
"""

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import Final

_RANGES: Final[tuple[tuple[int, int, str], ...]] = (
    (0x0041, 0x005A, "Latn"),
    (0x0061, 0x007A, "Latn"),
    (0x00AA, 0x00AA, "Latn"),
    (0x00BA, 0x00BA, "Latn"),
    (0x00C0, 0x02B8, "Latn"),
    (0x0370, 0x03FF, "Grek"),
    (0x0400, 0x052F, "Cyrl"),
    (0x0531, 0x058F, "Armn"),
    (0x0590, 0x05FF, "Hebr"),
    (0x0600, 0x06FF, "Arab"),
    (0x0750, 0x077F, "Arab"),
    (0x0870, 0x08FF, "Arab"),
    (0x0900, 0x097F, "Deva"),
    (0x0980, 0x09FF, "Beng"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Laoo"),
    (0x1000, 0x109F, "Mymr"),
    (0x10A0, 0x10FF, "Geor"),
    (0x1200, 0x139F, "Ethi"),
    (0x1780, 0x17FF, "Khmr"),
    (0x1C80, 0x1C8F, "Cyrl"),
    (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"),
    (0x2D80, 0x2DDF, "Ethi"),
    (0x2DE0, 0x2DFF, "Cyrl"),
    (0xA640, 0xA69F, "Cyrl"),
    (0xA720, 0xA7FF, "Latn"),
    (0xA8E0, 0xA8FF, "Deva"),
    (0xA9E0, 0xA9FF, "Mymr"),
    (0xAA60, 0xAA7F, "Mymr"),
    (0xAB00, 0xAB2F, "Ethi"),
    (0xFB00, 0xFB06, "Latn"),
    (0xFB1D, 0xFB4F, "Hebr"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"),
)
_STARTS: Final = [first for first, _, _ in _RANGES]
_COMMON: Final = frozenset("\u060c\u061b\u061f\u0640\u0964\u0965")
"""Written in several scripts although they sit in one block: Arabic comma, tatweel, danda."""


@lru_cache(maxsize=4096)
def script_of(char: str) -> str | None:
    """Return the script of one character, None when it takes that of its neighbours."""
    if char in _COMMON or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return None
    code = ord(char)
    place = bisect_right(_STARTS, code) - 1
    if place < 0:
        return None
    first, last, script = _RANGES[place]
    return script if first <= code <= last else None


def scripts_of(text: str) -> list[str]:
    """Return one script per character; common ones take the script before, else the one after."""
    if text.isascii():
        return ["Latn"] * len(text)
    found: list[str | None] = []
    last: str | None = None
    for char in text:
        last = script_of(char) or last
        found.append(last)
    first = next((script for script in found if script is not None), "Latn")
    return [script or first for script in found]
