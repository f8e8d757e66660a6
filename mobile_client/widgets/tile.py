"""A count under its shape and word: the three states of finished work, side by side."""

from typing import Any

from mobile_client.look import RADIUS_DP, mix
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.chip import TONES
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme
from mobile_client.widgets.touch import Tap, Tappable


class CountTile(Tappable):
    """How many records are in one state; `state` is (word, tone, icon)."""

    def __init__(
        self, count: int, state: tuple[str, str, str], tap: Tap | None = None, **kwargs: Any
    ) -> None:
        self.count = count
        self.text, self._tone, self._icon = state
        super().__init__(tap, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of icon and number, and the word below."""
        number, word = self._words(width)
        return number.block.height_px + word.block.height_px + dp(24)

    def paint(self) -> None:
        """Draw the tile."""
        ink_role, fill_role = ("ink", "surface") if theme.is_sun else TONES[self._tone]
        ink = theme.colour(ink_role)
        fill = theme.colour(fill_role)
        if self.pressed:
            fill = (*mix(getattr(theme.palette, fill_role), theme.palette.ink, 0.12), 1.0)
        edge = ink if theme.is_sun else None
        paint.plate((*self.pos, *self.size), dp(RADIUS_DP), fill, edge)
        number, word = self._words(self.width)
        icon_px = theme.icon_px(24)
        top = self.top - dp(10)
        number_px = number.block.width_px
        left = self.center_x - (icon_px + dp(6) + number_px) / 2
        icon_x, number_x = left, left + icon_px + dp(6)
        if self.rtl:
            icon_x, number_x = left + number_px + dp(6), left
        middle = top - number.block.height_px / 2
        paint.put_icon(self._icon, icon_x + icon_px / 2, middle, icon_px, ink)
        paint.put_text(number, number_x, top, ink)
        paint.put_text(word, self.x + dp(6), top - number.block.height_px, ink)
        self.paint_ring(dp(RADIUS_DP))

    def _words(self, width: float) -> tuple[DrawnText, DrawnText]:
        number = paint.set_text(f"{self.count:,}".replace(",", "\u202f"), _NUMBER, None)
        return number, paint.set_text(self.text, _WORD, width - dp(12))


_NUMBER = Manner("title", bold=True)
_WORD = Manner("tiny", bold=True, align="center")
