"""Banners: one sentence about the device or about what just happened, with its sign."""

from typing import Any, Final

from mobile_client.look import RADIUS_DP
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.chip import TONES
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme

_SIGNS: Final[dict[str, str]] = {
    "plain": "info",
    "primary": "info",
    "ok": "done",
    "warn": "warning",
    "error": "error",
    "identity": "identity",
}


class Banner(Drawn):
    """A sentence in a tone: plain, primary, ok, warn, error or identity."""

    def __init__(
        self, text: str, tone: str = "plain", icon: str = "", *, bold: bool = False, **kwargs: Any
    ) -> None:
        self.text = text
        self.tone = tone
        self._icon = icon or _SIGNS[tone]
        self._icon_px = theme.icon_px(24)
        self._bold = bold
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of the sentence with room around it."""
        return max(self._icon_px, self._words(width).block.height_px) + dp(24)

    def paint(self) -> None:
        """Draw plate, sign and sentence."""
        ink_role, fill_role = TONES[self.tone]
        ink = theme.colour("ink" if self.tone == "plain" else ink_role)
        fill = theme.colour("line" if self.tone == "plain" and not theme.is_sun else fill_role)
        if theme.is_sun:
            ink, fill = theme.colour("ink"), theme.colour("surface")
        edge = theme.colour("ink") if theme.is_sun else None
        stroke = theme.stroke_px * (2 if self.tone == "error" else 1)
        paint.plate((*self.pos, *self.size), dp(RADIUS_DP), fill, edge, stroke)
        words = self._words(self.width)
        top = self.center_y + words.block.height_px / 2
        icon_x = self.start_x(dp(14), self._icon_px) + self._icon_px / 2
        paint.put_icon(self._icon, icon_x, self.center_y, self._icon_px, ink)
        offset = dp(28) + self._icon_px
        paint.put_text(words, self.start_x(offset, words.block.width_px), top, ink)

    def _words(self, width: float) -> DrawnText:
        room = width - self._icon_px - dp(44)
        return paint.set_text(self.text, Manner("small", bold=self._bold), room)
