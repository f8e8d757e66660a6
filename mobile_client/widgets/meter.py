"""Bars that fill: progress of an interview or a hand-over, strength of a passphrase."""

from typing import Any

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.theme import dp, theme


class ProgressMeter(Drawn):
    """A share between 0 and 1."""

    def __init__(self, share: float = 0.0, *, thick_dp: float = 6, **kwargs: Any) -> None:
        self.share = share
        self._thick = dp(thick_dp) * (1.6 if theme.is_sun else 1)
        super().__init__(**kwargs)

    def show(self, share: float) -> None:
        """Show another share."""
        self.share = share
        self.repaint()

    def height_for(self, width: float) -> float:
        """Return the thickness."""
        del width
        return self._thick

    def paint(self) -> None:
        """Draw the groove and what is done of it."""
        radius = self.height / 2
        edge = theme.colour("ink") if theme.is_sun else None
        paint.plate((*self.pos, *self.size), radius, theme.colour(_groove()), edge, dp(1.2))
        done = max(0.0, min(1.0, self.share)) * self.width
        if done > 0:
            done = max(done, self.height)
            box = (self.start_x(0, done), self.y, done, self.height)
            paint.plate(box, radius, theme.colour("primary"))


class StrengthMeter(Drawn):
    """Strength against the floor policy sets: four parts, the last reached at `needed`."""

    _PARTS = 4

    def __init__(self, bits: float = 0.0, needed: float = 1.0, **kwargs: Any) -> None:
        self._bits = bits
        self._needed = max(needed, 1.0)
        super().__init__(**kwargs)

    def show(self, bits: float, needed: float) -> None:
        """Show another strength."""
        self._bits, self._needed = bits, max(needed, 1.0)
        self.repaint()

    def height_for(self, width: float) -> float:
        """Return the thickness of the parts."""
        del width
        return dp(10)

    def paint(self) -> None:
        """Draw the parts; the tone changes only when the floor is reached."""
        gap = dp(6)
        part = (self.width - gap * (self._PARTS - 1)) / self._PARTS
        reached = min(1.0, self._bits / self._needed) * self._PARTS
        tone = "ok" if self._bits >= self._needed else "warn"
        for nth in range(self._PARTS):
            box = (self.start_x(nth * (part + gap), part), self.y, part, self.height)
            edge = theme.colour("ink") if theme.is_sun else None
            paint.plate(box, dp(5), theme.colour(_groove()), edge, dp(1.2))
            share = max(0.0, min(1.0, reached - nth))
            if share > 0:
                filled = max(part * share, self.height)
                box = (self.start_x(nth * (part + gap), filled), self.y, filled, self.height)
                paint.plate(box, dp(5), theme.colour(tone))


def _groove() -> str:
    return "surface" if theme.is_sun else "line"
