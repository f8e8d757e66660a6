"""Design tokens: every colour, size and distance the screens use, and nothing that draws.

Three palettes. `light` and `dark` keep text at 7:1 or better; `sun` knows only black and white
(21:1), thick outlines, and says by shape what the others also say by colour. Contrast is tested.
Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by role, as #RRGGBB.

    Attributes:
        background: behind everything. surface: cards, fields, bars.
        ink: text. muted: secondary text. line: dividers, never needed to understand.
        edge: outline of something to touch.
        primary, on_primary: the one action that goes on. tint, on_tint: chosen, selected.
        ok, warn, error, identity: tones of chips and banners, each with its tint behind.
        shade: laid over the screen under a dialog. stroke_dp: width of outlines.
    """

    name: str
    background: str
    surface: str
    ink: str
    muted: str
    line: str
    edge: str
    primary: str
    on_primary: str
    tint: str
    on_tint: str
    ok: str
    ok_tint: str
    warn: str
    warn_tint: str
    error: str
    error_tint: str
    identity: str
    identity_tint: str
    shade: str
    stroke_dp: float


LIGHT: Final = Palette(
    name="light",
    background="#F4F5F2",
    surface="#FFFFFF",
    ink="#13201F",
    muted="#43524F",
    line="#D6DCD8",
    edge="#7E8E8A",
    primary="#0A4F55",
    on_primary="#FFFFFF",
    tint="#D9ECEB",
    on_tint="#08363A",
    ok="#14532D",
    ok_tint="#DFF1E5",
    warn="#6B3D00",
    warn_tint="#FBEBD0",
    error="#8C1515",
    error_tint="#FBE3E0",
    identity="#4A2C86",
    identity_tint="#EBE4F7",
    shade="#13201F",
    stroke_dp=1.2,
)
DARK: Final = Palette(
    name="dark",
    background="#0D1413",
    surface="#172120",
    ink="#EFF5F3",
    muted="#B6C6C2",
    line="#2C3A38",
    edge="#7A8E8A",
    primary="#7AD7D3",
    on_primary="#00302F",
    tint="#113E40",
    on_tint="#D6F5F2",
    ok="#8BE0A8",
    ok_tint="#12301F",
    warn="#FFCC80",
    warn_tint="#3A2808",
    error="#FFB0A8",
    error_tint="#45150F",
    identity="#CDB8FF",
    identity_tint="#2A1F4A",
    shade="#000000",
    stroke_dp=1.2,
)
SUN: Final = Palette(
    name="sun",
    background="#FFFFFF",
    surface="#FFFFFF",
    ink="#000000",
    muted="#000000",
    line="#000000",
    edge="#000000",
    primary="#000000",
    on_primary="#FFFFFF",
    tint="#000000",
    on_tint="#FFFFFF",
    ok="#000000",
    ok_tint="#FFFFFF",
    warn="#000000",
    warn_tint="#FFFFFF",
    error="#000000",
    error_tint="#FFFFFF",
    identity="#000000",
    identity_tint="#FFFFFF",
    shade="#000000",
    stroke_dp=2.6,
)
PALETTES: Final[dict[str, Palette]] = {palette.name: palette for palette in (LIGHT, DARK, SUN)}

TEXT_SP: Final[dict[str, int]] = {
    "display": 34,
    "title": 25,
    "question": 26,
    "heading": 20,
    "field": 22,
    "body": 18,
    "button": 18,
    "small": 16,
    "tiny": 14,
}
"""Text sizes by role, in scale-independent pixels at 100 %."""

TEXT_PERCENT_MIN: Final = 100
TEXT_PERCENT_MAX: Final = 200
TARGET_DP: Final = 56
"""Least height of anything to touch: a gloved finger; guidelines ask for 48."""
COLUMN_DP: Final = 720
"""Widest a column of text gets on a laptop."""
RADIUS_DP: Final = 14
GAP_DP: Final = 12
MARGIN_DP: Final = 20


_SRGB_KNEE: Final = 0.04045
"""Below this channel value sRGB is linear. Source: IEC 61966-2-1."""


def rgb(colour: str) -> tuple[float, float, float]:
    """Return the three channels of #RRGGBB between 0 and 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: str, towards: str, share: float) -> tuple[float, float, float]:
    """Return a colour moved some way towards another; share 0 leaves it."""
    red, green, blue = (
        here + (there - here) * share for here, there in zip(rgb(colour), rgb(towards), strict=True)
    )
    return red, green, blue


def _luminance(colour: str) -> float:
    linear = [
        channel / 12.92 if channel <= _SRGB_KNEE else ((channel + 0.055) / 1.055) ** 2.4
        for channel in rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
