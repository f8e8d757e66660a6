"""Measures and draws runs with SDL2_ttf, which shapes with HarfBuzz.

Kivy keeps a font handle per font id; ours names direction and script too, so that a handle never
changes its mind. SDL2_ttf takes both only when it draws, hence the dot drawn before measuring.
"""

from functools import lru_cache
from typing import Any, Final

from kivy.core.text._text_sdl2 import _get_extents, _get_fontascent, _SurfaceContainer

from mobile_client.text.bidi import levels
from mobile_client.text.layout import Block, Extent
from mobile_client.text.markup import parse_markup
from mobile_client.text.runs import Run, itemise

_WHITE: Final = (1.0, 1.0, 1.0, 1.0)


class Pen:
    """The options SDL2's provider reads, for one run; stands where Kivy expects a label."""

    def __init__(self, run: Run, size_px: int, *, underline: bool = False) -> None:
        self.options: dict[str, Any] = {
            "font_size": size_px,
            "font_name_r": run.font,
            "font_direction": "rtl" if run.rtl else "ltr",
            "font_script_name": run.script,
            "bold": False,  # Bold and italic are files of their own.
            "italic": False,
            "underline": underline,
            "strikethrough": False,
            "font_kerning": True,
            "font_hinting": "light",
            "font_blended": True,
            "outline_width": None,
            "outline_color": _WHITE,
            "color": _WHITE,
            "line_height": 1.0,
        }

    def _get_font_id(self) -> str:
        """Name the font handle; called by Kivy's C code."""
        options = self.options
        return (
            f"{options['font_name_r']}|{options['font_size']}|{options['font_direction']}"
            f"|{options['font_script_name']}|{options['underline']}"
        )


@lru_cache(maxsize=256)
def _pen(font: str, script: str, level: int, size_px: int) -> Pen:
    return Pen(Run(0, 0, level, script, font), size_px)


@lru_cache(maxsize=32_768)
def _extent(text: str, font: str, script: str, level: int, size_px: int) -> Extent:
    pen = _pen(font, script, level, size_px)
    _SurfaceContainer(2, 2).render(pen, ".", 0, 0)
    width, height = _get_extents(pen, text)
    return Extent(int(width), int(height), int(_get_fontascent(pen)))


def measure(text: str, run: Run, size_px: int) -> Extent:
    """Return the size of `text` drawn as `run` says."""
    return _extent(text, run.font, run.script, run.level % 2, size_px)


def draw(block: Block, size_px: int, height_px: int | None = None) -> Any:
    """Return Kivy image data of a block, white on nothing, to be tinted when shown."""
    surface = _SurfaceContainer(max(2, block.width_px), max(2, height_px or block.height_px))
    for line in block.lines:
        for piece in line.pieces:
            run = piece.run
            ascent = measure(piece.text, run, size_px).ascent_px
            pen = _pen(run.font, run.script, run.level % 2, size_px)
            surface.render(pen, piece.text, piece.x_px, line.top_px + line.ascent_px - ascent)
    return surface.get_data()


def forget() -> None:
    """Drop the measures of every text seen."""
    _extent.cache_clear()
    itemise.cache_clear()
    levels.cache_clear()
    parse_markup.cache_clear()
