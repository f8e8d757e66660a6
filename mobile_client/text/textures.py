"""Laid-out text as textures, kept while there is room: most of a screen is drawn unchanged."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from kivy.graphics.texture import Texture

from mobile_client.text import shaper
from mobile_client.text.layout import Block, Style, lay_out
from mobile_client.text.markup import RichText

PIXELS_MAX: Final = 6_000_000
"""About 24 MB of video memory."""


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A texture and the block it shows; `texture` is None where there is nothing to draw."""

    block: Block
    texture: Any


_Key = tuple[RichText, Style, int | None]
_kept: OrderedDict[_Key, DrawnText] = OrderedDict()
_pixels = 0


def drawn(rich: RichText, style: Style, width_px: int | None) -> DrawnText:
    """Return the text drawn in white; tint it with a Kivy Color."""
    global _pixels  # noqa: PLW0603 - one cache for the one window
    key = (rich, style, width_px)
    if (found := _kept.get(key)) is not None:
        _kept.move_to_end(key)
        return found
    block = lay_out(rich, style, width_px, shaper.measure)
    made = DrawnText(block, _texture(block, style.size_px) if rich.text.strip() else None)
    _kept[key] = made
    _pixels += block.width_px * block.height_px
    while _pixels > PIXELS_MAX and len(_kept) > 1:
        _, dropped = _kept.popitem(last=False)
        _pixels -= dropped.block.width_px * dropped.block.height_px
    return made


def forget() -> None:
    """Drop every drawn text and measure: nothing of an interview outlives the lock."""
    global _pixels  # noqa: PLW0603
    _kept.clear()
    _pixels = 0
    shaper.forget()


def _texture(block: Block, size_px: int) -> Any:
    texture = Texture.create(size=(max(2, block.width_px), max(2, block.height_px)))
    texture.flip_vertical()

    def fill(target: Any) -> None:
        target.blit_data(shaper.draw(block, size_px))

    fill(texture)
    # Android may drop the video memory of an app in the background; then this draws it again.
    texture.add_reload_observer(fill)
    return texture
