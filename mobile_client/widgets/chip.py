"""Chips: a state in a word and a shape, so that colour is never alone."""

from typing import Any, Final

from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme

TONES: Final[dict[str, tuple[str, str]]] = {
    "plain": ("muted", "background"),
    "primary": ("on_tint", "tint"),
    "ok": ("ok", "ok_tint"),
    "warn": ("warn", "warn_tint"),
    "error": ("error", "error_tint"),
    "identity": ("identity", "identity_tint"),
}
"""Text and plate colour of each tone."""


class Chip(Drawn):
    """A short word on a plate, as wide as it needs."""

    def __init__(self, text: str, tone: str = "plain", icon: str = "", **kwargs: Any) -> None:
        self.text = text
        self._tone = tone
        self._icon = icon
        self._icon_px = theme.icon_px(18) if icon else 0
        super().__init__(size_hint_x=None, width=self._needed(), **kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of one line with a little room."""
        del width
        return self._word().block.height_px + dp(8)

    def paint(self) -> None:
        """Draw plate, icon and word."""
        ink_role, fill_role = TONES[self._tone]
        if theme.is_sun:
            ink_role, fill_role = "ink", "surface"
        ink = theme.colour(ink_role)
        edge = ink if theme.is_sun else None
        paint.plate((*self.pos, *self.size), self.height / 2, theme.colour(fill_role), edge)
        offset = dp(10)
        if self._icon:
            centre = self.start_x(offset, self._icon_px) + self._icon_px / 2
            paint.put_icon(self._icon, centre, self.center_y, self._icon_px, ink)
            offset += self._icon_px + dp(5)
        word = self._word()
        top = self.center_y + word.block.height_px / 2
        paint.put_text(word, self.start_x(offset, word.block.width_px), top, ink)

    def _word(self) -> DrawnText:
        return paint.set_text(self.text, Manner("tiny", bold=True), None)

    def _needed(self) -> float:
        gap = self._icon_px + dp(5) if self._icon else 0
        return self._word().block.width_px + gap + dp(22)
