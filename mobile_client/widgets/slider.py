"""A range question: a handle on a line with its bounds, and the value in large figures."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme


class RangeLine(Drawn):
    """Choose a value from `start` to `end` in steps; nothing is chosen until it is touched."""

    def __init__(
        self,
        bounds: tuple[Decimal, Decimal, Decimal],
        value: Decimal | None,
        moved: Callable[[Decimal], object],
        **kwargs: Any,
    ) -> None:
        self._start, self._end, self._step = bounds
        self.value = value
        self._moved = moved
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of value, line and bounds."""
        del width
        return theme.text_px("display") * 1.4 + theme.text_px("small") * 1.6 + dp(64)

    def paint(self) -> None:
        """Draw the value, the line, its bounds and the handle."""
        y = self.y + theme.text_px("small") * 1.6 + dp(24)
        left, right = self.x + dp(20), self.right - dp(20)
        edge = theme.colour("ink") if theme.is_sun else None
        groove = theme.colour("surface" if theme.is_sun else "line")
        paint.plate((left, y - dp(5), right - left, dp(10)), dp(5), groove, edge)
        for bound, align in ((self._start, "start"), (self._end, "end")):
            word = paint.set_text(f"{bound}", Manner("small", align=align), right - left)
            paint.put_text(word, left, y - dp(22), theme.colour("muted"))
        words = "\u2013" if self.value is None else f"{self.value}"
        value = paint.set_text(words, Manner("display", bold=True, align="center"), self.width)
        paint.put_text(value, self.x, self.top, theme.colour("ink"))
        if self.value is None:
            return
        share = float((self.value - self._start) / (self._end - self._start))
        x = right - share * (right - left) if self.rtl else left + share * (right - left)
        filled = (
            (x, y - dp(5), right - x, dp(10)) if self.rtl else (left, y - dp(5), x - left, dp(10))
        )
        paint.plate(filled, dp(5), theme.colour("primary"))
        paint.disc(x, y, dp(17), theme.colour("primary"))
        paint.disc(x, y, dp(8), theme.colour("on_primary"))

    def step(self, steps: int) -> None:
        """Move by whole steps: arrow keys and buttons."""
        start = self._start if self.value is None else self.value
        self._take(start + self._step * steps)

    def on_touch_down(self, touch: Any) -> bool:
        """Start to drag."""
        if self.disabled or not self.collide_point(*touch.pos):
            return False
        touch.grab(self)
        touch.ud["dragged"] = True
        self._follow(touch.x)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Follow the finger."""
        if touch.grab_current is not self:
            return False
        self._follow(touch.x)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Let go; only now is the answer told."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        if self.value is not None:
            self._moved(self.value)
        return True

    def _follow(self, x: float) -> None:
        span = self.width - dp(40)
        share = (x - self.x - dp(20)) / span if span > 0 else 0.0
        share = max(0.0, min(1.0, 1 - share if self.rtl else share))
        steps = round(share * float((self._end - self._start) / self._step))
        self.value = self._bounded(self._start + self._step * steps)
        self.repaint()

    def _take(self, value: Decimal) -> None:
        self.value = self._bounded(value)
        self.repaint()
        self._moved(self.value)

    def _bounded(self, value: Decimal) -> Decimal:
        low, high = sorted((self._start, self._end))
        return max(low, min(high, value))
