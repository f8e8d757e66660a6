"""What widgets are made of: one that draws itself, and boxes that mirror right to left."""

from collections.abc import Iterator
from typing import Any

from kivy.clock import Clock
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_client.widgets.theme import dp, theme


class Drawn(Widget):
    """A widget that knows its height for a width and paints itself whole.

    One widget that paints a plate, an icon and two texts costs a fifth of five widgets bound to
    each other, and a screen of choices must stand in less than 50 ms on a slow tablet.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.rtl = theme.rtl
        self.height_min = 0.0
        kwargs.setdefault("size_hint_y", None)
        super().__init__(**kwargs)
        self._repaint = Clock.create_trigger(self._paint_all, -1)
        self.bind(pos=self._repaint, size=self._repaint, width=self._fit)
        self._fit()

    def height_for(self, width: float) -> float:
        """Return the height this widget needs at a width."""
        raise NotImplementedError

    def paint(self) -> None:
        """Draw; called inside `with self.canvas`, which is empty."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Measure and draw again: something shown has changed."""
        self._fit()
        self._repaint()

    def start_x(self, offset: float, width: float = 0.0) -> float:
        """Return the left edge of something `width` wide, `offset` from where lines start."""
        return float(self.right - offset - width if self.rtl else self.x + offset)

    def _fit(self, *_: object) -> None:
        if self.size_hint_y is None:
            with theme.direction(rtl=self.rtl):
                self.height = max(self.height_min, self.height_for(self.width))

    def _paint_all(self, *_: object) -> None:
        self.canvas.clear()
        with self.canvas, theme.direction(rtl=self.rtl):
            self.paint()


class _Mirrored(BoxLayout):
    """A box whose first child stands where lines start."""

    def __init__(self, **kwargs: Any) -> None:
        self.rtl = theme.rtl
        super().__init__(**kwargs)

    def _iterate_layout(self, sizes: Any) -> Iterator[tuple[int, float, float, float, float]]:
        for index, x, y, width, height in super()._iterate_layout(sizes):
            if self.rtl and self.orientation == "horizontal":
                yield index, self.right - (x - self.x) - width, y, width, height
            else:
                yield index, x, y, width, height

    def _grow(self, given: dict[str, Any]) -> None:
        """Be as high as the children, unless a height was given; without children, nothing."""
        if self.size_hint_y is None and "height" not in given:
            self.height = 0
            self.bind(minimum_height=self.setter("height"))


class Row(_Mirrored):
    """Children side by side, as high as the highest."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("orientation", "horizontal")
        kwargs.setdefault("size_hint_y", None)
        kwargs.setdefault("spacing", dp(12))
        super().__init__(**kwargs)
        self._grow(kwargs)


class EvenRow(Row):
    """Painted children side by side, all as wide and as high as each other."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bind(width=self._even, children=self._even)

    def _even(self, *_: object) -> None:
        count = len(self.children)
        if not count:
            return
        width = (self.width - self.spacing * (count - 1)) / count
        with theme.direction(rtl=self.rtl):
            height = max(child.height_for(width) for child in self.children)
        for child in self.children:
            child.height_min = height
            child.height = height


class Column(_Mirrored):
    """Children below each other, as high as all of them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("orientation", "vertical")
        kwargs.setdefault("size_hint_y", None)
        kwargs.setdefault("spacing", dp(12))
        super().__init__(**kwargs)
        self._grow(kwargs)


class Space(Widget):
    """Nothing, of a size; without one it takes what is left."""

    def __init__(self, height_dp: float | None = None, width_dp: float | None = None) -> None:
        super().__init__()
        if height_dp is not None:
            self.size_hint_y = None
            self.height = dp(height_dp)
        if width_dp is not None:
            self.size_hint_x = None
            self.width = dp(width_dp)
