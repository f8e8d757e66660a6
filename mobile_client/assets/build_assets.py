"""Rebuild the bundled fonts: subset Noto and the icon font to what the client draws.

Run on a development machine, never on a device:

    python mobile_client/assets/build_assets.py \
        --noto /usr/share/fonts/truetype/noto --icons node_modules/@mdi/font/fonts

Noto comes from Debian's fonts-noto-core, the icons from the npm package @mdi/font. Hints are
dropped (the renderer hints by itself); the layout features that shape scripts are all kept.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

FONTS_DIR: Final = Path(__file__).resolve().parent / "fonts"
ICONS_SOURCE: Final = Path(__file__).resolve().parent.parent / "widgets" / "icons.py"

_COMMON: Final = "20-7E,A0-FF,2000-2064,2066-206F,20A0-20BF,2190-2193,2212,2215,25CC,2022,2026"
_LATIN: Final = (
    "20-7E,A0-24F,250-2FF,300-36F,370-3FF,400-52F,1C80-1C88,1E00-1EFF,1F00-1FFF,2000-2064,2066-206F,"
    "2070-209F,20A0-20BF,2100-214F,2150-218B,2190-2193,2212,2215,2248,2260,2264,2265,25CC,2DE0-2DFF,"
    "A640-A69F,A720-A7FF,FB00-FB06,FE20-FE2F,FFFD"
)
_ITALIC: Final = "20-7E,A0-24F,300-36F,400-45F,490-491,2000-2064,20A0-20BF"
_SETS: Final[dict[str, str]] = {
    "NotoSans": _LATIN,
    "NotoSansArabic": "600-6FF,750-77F,8A0-8FF,FB50-FDFF,FE70-FEFF," + _COMMON,
    "NotoSansEthiopic": "1200-139F,2D80-2DDF,AB00-AB2F," + _COMMON,
    "NotoSansMyanmar": "1000-109F,A9E0-A9FE,AA60-AA7F," + _COMMON,
    "NotoSansDevanagari": "900-97F,1CD0-1CFF,A830-A839,A8E0-A8FF," + _COMMON,
    "NotoSansBengali": "964-965,980-9FF," + _COMMON,
}
_METRICS: Final[dict[str, tuple[float, float]]] = {
    # Noto leaves room for Quranic signs above Arabic and for three stacked consonants in Burmese;
    # forms have neither, and lines twice as tall cost a scroll on every question.
    "NotoSansArabic": (1.14, 0.58),
    "NotoSansMyanmar": (1.26, 0.72),
    "NotoSansDevanagari": (1.02, 0.42),
    "NotoSansBengali": (1.02, 0.42),
}


def main() -> int:
    """Write every font into assets/fonts and print what each one weighs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--noto", type=Path, required=True, help="folder of Noto TrueType files")
    parser.add_argument("--icons", type=Path, required=True, help="fonts folder of @mdi/font")
    chosen = parser.parse_args()
    for stem, ranges in _SETS.items():
        styles = ("Regular", "Bold", "Italic") if stem == "NotoSans" else ("Regular", "Bold")
        for style in styles:
            name = f"{stem}-{style}.ttf"
            wanted = _codes(_ITALIC if style == "Italic" else ranges)
            cut(chosen.noto / name, FONTS_DIR / name, wanted, _METRICS.get(stem))
    icons = {ord(char) for char in _icon_characters()} | {0x2E}
    cut(chosen.icons / "materialdesignicons-webfont.ttf", FONTS_DIR / "icons.ttf", icons, None)
    return 0


def cut(source: Path, target: Path, codes: set[int], metrics: tuple[float, float] | None) -> None:
    """Write `source` with only `codes`, its line metrics replaced when given (in em)."""
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = ["*"]
    options.drop_tables += ["DSIG", "FFTM"]
    options.recalc_timestamp = False
    font: TTFont = subset.load_font(str(source), options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=codes)
    worker.subset(font)
    if metrics is not None:
        em = font["head"].unitsPerEm
        font["hhea"].ascent, font["hhea"].descent = round(metrics[0] * em), -round(metrics[1] * em)
        font["OS/2"].sTypoAscender, font["OS/2"].sTypoDescender = (
            font["hhea"].ascent,
            font["hhea"].descent,
        )
        font["OS/2"].usWinAscent, font["OS/2"].usWinDescent = (
            font["hhea"].ascent,
            -font["hhea"].descent,
        )
    subset.save_font(font, str(target), options)
    sys.stdout.write(f"{target.name}: {target.stat().st_size // 1024} KB\n")


def _codes(ranges: str) -> set[int]:
    codes: set[int] = set()
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return codes


def _icon_characters() -> set[str]:
    """Read the icon table without importing the client."""
    scope: dict[str, object] = {}
    exec(compile(ICONS_SOURCE.read_text("utf-8"), str(ICONS_SOURCE), "exec"), scope)  # noqa: S102
    icons = scope["ICONS"]
    if not isinstance(icons, dict):
        raise TypeError(f"{ICONS_SOURCE} does not define ICONS as a dict")
    return set(icons.values())


if __name__ == "__main__":
    sys.exit(main())
