"""The look of the window now: palette, text scale, direction.

Widgets read it when they are made and never listen for changes: a screen is a function of its
state, so when the look changes the app draws the screen anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from kivy.metrics import dp as kivy_dp
from kivy.metrics import sp as kivy_sp

from mobile_client.look import PALETTES, TEXT_PERCENT_MAX, TEXT_PERCENT_MIN, TEXT_SP, Palette, rgb

Rgba = tuple[float, float, float, float]


def dp(size: float) -> float:
    """Return density-independent pixels as pixels of this screen."""
    return float(kivy_dp(size))


class Theme:
    """What every widget of the window draws with."""

    def __init__(self) -> None:
        self.palette: Palette = PALETTES["light"]
        self.text_percent = TEXT_PERCENT_MIN
        self.rtl = False

    def use(self, palette: str, text_percent: int, *, rtl: bool) -> None:
        """Take another look for everything made from now on."""
        self.palette = PALETTES[palette]
        self.text_percent = max(TEXT_PERCENT_MIN, min(TEXT_PERCENT_MAX, text_percent))
        self.rtl = rtl

    @contextmanager
    def direction(self, *, rtl: bool) -> Iterator[None]:
        """Make widgets in another direction: a form in Arabic under English buttons."""
        before, self.rtl = self.rtl, rtl
        try:
            yield
        finally:
            self.rtl = before

    def colour(self, role: str, alpha: float = 1.0) -> Rgba:
        """Return the colour of a role, as Kivy takes it."""
        return (*rgb(getattr(self.palette, role)), alpha)

    def text_px(self, role: str) -> int:
        """Return the font size of a role in pixels; what is large already grows less."""
        size = TEXT_SP[role]
        growth = (self.text_percent - 100) / 100
        if size > TEXT_SP["field"]:
            growth *= 0.6
        return round(float(kivy_sp(size)) * (1 + growth))

    def icon_px(self, size_dp: float) -> int:
        """Return the size of an icon; it grows half as fast as the text beside it."""
        return round(dp(size_dp) * (1 + (self.text_percent - 100) / 200))

    @property
    def stroke_px(self) -> float:
        """Width of outlines."""
        return max(1.0, dp(self.palette.stroke_dp))

    @property
    def is_sun(self) -> bool:
        """Whether shapes alone must carry the meaning."""
        return self.palette.name == "sun"


theme = Theme()
