"""Which font draws which character: families, their files, and what each file covers.

The first choice is the family of the script, then the family already in use (so punctuation stays
with its word), then the main family, then any that has the character.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

FONTS_DIR: Final = Path(__file__).resolve().parent.parent / "assets" / "fonts"


@dataclass(frozen=True)
class Family:
    """One typeface in the weights we carry."""

    regular: str
    bold: str
    italic: str

    def file(self, *, bold: bool, italic: bool) -> str:
        """Return the font file for a style; bold wins over italic."""
        if bold:
            return self.bold
        return self.italic if italic else self.regular


def _family(stem: str, *, italic: bool = False) -> Family:
    folder = FONTS_DIR.as_posix()
    regular = f"{folder}/{stem}-Regular.ttf"
    return Family(
        regular=regular,
        bold=f"{folder}/{stem}-Bold.ttf",
        italic=f"{folder}/{stem}-Italic.ttf" if italic else regular,
    )


MAIN: Final = _family("NotoSans", italic=True)
BY_SCRIPT: Final[dict[str, Family]] = {
    "Latn": MAIN,
    "Cyrl": MAIN,
    "Grek": MAIN,
    "Arab": _family("NotoSansArabic"),
    "Ethi": _family("NotoSansEthiopic"),
    "Mymr": _family("NotoSansMyanmar"),
    "Deva": _family("NotoSansDevanagari"),
    "Beng": _family("NotoSansBengali"),
}
ICONS: Final = f"{FONTS_DIR.as_posix()}/icons.ttf"
_ICONS_START: Final = 0xF0000
"""Private-use plane 15, where the icons live."""


@lru_cache(maxsize=64)
def coverage(path: str) -> frozenset[int]:
    """Return the code points a TrueType file has glyphs for (cmap formats 4 and 12)."""
    data = Path(path).read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sIII", data, 12 + 16 * nth) for nth in range(tables))
    cmap = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    codes: set[int] = set()
    for nth in range(count):
        (relative,) = struct.unpack_from(">I", data, cmap + 4 + 8 * nth + 4)
        start = cmap + relative
        (kind,) = struct.unpack_from(">H", data, start)
        if kind == 12:  # noqa: PLR2004 - the cmap format numbers are OpenType's own
            codes.update(_format_12(data, start))
        elif kind == 4:  # noqa: PLR2004
            codes.update(_format_4(data, start))
    return frozenset(codes)


def _format_12(data: bytes, start: int) -> set[int]:
    (groups,) = struct.unpack_from(">I", data, start + 12)
    codes: set[int] = set()
    for nth in range(groups):
        first, last, _ = struct.unpack_from(">III", data, start + 16 + 12 * nth)
        codes.update(range(first, last + 1))
    return codes


def _format_4(data: bytes, start: int) -> set[int]:
    (doubled,) = struct.unpack_from(">H", data, start + 6)
    half = doubled // 2
    ends = struct.unpack_from(f">{half}H", data, start + 14)
    starts = struct.unpack_from(f">{half}H", data, start + 16 + doubled)
    codes: set[int] = set()
    for first, last in zip(starts, ends, strict=True):
        if first != 0xFFFF:  # noqa: PLR2004 - the closing segment
            codes.update(range(first, last + 1))
    return codes


@lru_cache(maxsize=8192)
def font_for(char: str, script: str, previous: str | None, *, bold: bool, italic: bool) -> str:
    """Return the file to draw `char` with, preferring its script's, then the one in use."""
    code = ord(char)
    if code >= _ICONS_START:
        return ICONS
    own = BY_SCRIPT.get(script, MAIN).file(bold=bold, italic=italic)
    main = MAIN.file(bold=bold, italic=italic)
    for path in (own, previous, main):
        if path is not None and code in coverage(path):
            return path
    for family in BY_SCRIPT.values():
        path = family.file(bold=bold, italic=italic)
        if code in coverage(path):
            return path
    return previous or own
