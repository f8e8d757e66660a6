"""A map to tap a position on: offline tiles where the device has some, else a grid of degrees.

Without tiles the grid, the scale and the pins of known places still let an enumerator place a point
near one they know; typing the coordinates stays possible beside it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from kivy.graphics import (
    Color,
    Line,
    Rectangle,
    StencilPop,
    StencilPush,
    StencilUnUse,
    StencilUse,
)

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.mercator import TILE_PX, metres_per_px, project, unproject
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme
from mobile_client.widgets.tiles import Tiles

_ZOOM_MIN: Final = 2
_ZOOM_MAX: Final = 17
_DRAG_DP: Final = 10
_HEIGHT_DP: Final = 320
_GRID_STEPS: Final = (30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)

Pin = tuple[float, float, str]
"""Latitude, longitude, name."""


class MapView(Drawn):
    """Drag to move, double tap or wheel to come nearer, tap to pick."""

    def __init__(
        self,
        centre: tuple[float, float],
        zoom: int,
        picked: Callable[[float, float], object],
        *,
        tiles: Tiles | None = None,
        pins: Sequence[Pin] = (),
        **kwargs: Any,
    ) -> None:
        self.latitude, self.longitude = centre
        self.zoom = zoom
        self.mark: tuple[float, float, float] | None = None
        self.trail: list[tuple[float, float]] = []
        self.closed = False
        self._picked = picked
        self._tiles = tiles
        self._pins = pins
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return a height that leaves room for the words around it."""
        del width
        return dp(_HEIGHT_DP)

    def show_mark(self, mark: tuple[float, float, float] | None, *, move: bool = False) -> None:
        """Show the answer: latitude, longitude and accuracy in metres."""
        self.mark = mark
        if mark is not None and move:
            self.latitude, self.longitude = mark[:2]
        self.repaint()

    def nearer(self, steps: int = 1) -> None:
        """Zoom by whole steps."""
        low = self._tiles.zoom_min if self._tiles else _ZOOM_MIN
        high = self._tiles.zoom_max if self._tiles else _ZOOM_MAX
        self.zoom = max(low, min(high, self.zoom + steps))
        self.repaint()

    def paint(self) -> None:
        """Draw ground, pins, the mark, scale and frame."""
        StencilPush()
        Rectangle(pos=self.pos, size=self.size)
        StencilUse()
        paint.rectangle((*self.pos, *self.size), theme.colour("surface"))
        if self._tiles is not None:
            self._paint_tiles(self._tiles)
        self._paint_grid()
        for latitude, longitude, name in self._pins:
            self._paint_pin(latitude, longitude, name)
        self._paint_trail()
        if self.mark is not None:
            self._paint_mark(*self.mark)
        self._paint_scale()
        StencilUnUse()
        Rectangle(pos=self.pos, size=self.size)
        StencilPop()
        Color(*theme.colour("edge"))
        Line(rectangle=(*self.pos, *self.size), width=theme.stroke_px / 2 + 0.5)

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Return where a position lies in the window."""
        centre = project(self.latitude, self.longitude, self.zoom)
        x, y = project(latitude, longitude, self.zoom)
        scale = dp(1)
        return (
            self.center_x + (x - centre[0]) * scale,
            self.center_y - (y - centre[1]) * scale,
        )

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Return the position under a point of the window."""
        centre = project(self.latitude, self.longitude, self.zoom)
        scale = dp(1)
        return unproject(
            centre[0] + (x - self.center_x) / scale,
            centre[1] - (y - self.center_y) / scale,
            self.zoom,
        )

    def on_touch_down(self, touch: Any) -> bool:
        """Start a drag, or zoom by wheel or double tap."""
        if self.disabled or not self.collide_point(*touch.pos):
            return False
        if touch.is_mouse_scrolling:
            self.nearer(1 if touch.button == "scrolldown" else -1)
            return True
        if touch.is_double_tap:
            self.nearer()
            return True
        touch.grab(self)
        touch.ud["dragged"] = True
        touch.ud["moved_px"] = 0.0
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Move the ground with the finger."""
        if touch.grab_current is not self:
            return False
        touch.ud["moved_px"] += abs(touch.dx) + abs(touch.dy)
        self.latitude, self.longitude = self.position(
            self.center_x - touch.dx, self.center_y - touch.dy
        )
        self.repaint()
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Pick where a touch that did not move ends."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        if touch.ud["moved_px"] < dp(_DRAG_DP):
            self._picked(*self.position(*touch.pos))
        return True

    def _paint_tiles(self, tiles: Tiles) -> None:
        scale = dp(1)
        zoom = int(self.zoom)
        centre = project(self.latitude, self.longitude, zoom)
        left = centre[0] - self.width / scale / 2
        top = centre[1] - self.height / scale / 2
        columns = range(int(left // TILE_PX), int((left + self.width / scale) // TILE_PX) + 1)
        rows = range(int(top // TILE_PX), int((top + self.height / scale) // TILE_PX) + 1)
        side = TILE_PX * scale
        for column in columns:
            for row in rows:
                texture = tiles.texture(zoom, column % 2**zoom, row)
                if texture is not None:
                    x = self.x + (column * TILE_PX - left) * scale
                    y = self.top - ((row + 1) * TILE_PX - top) * scale
                    paint.picture(texture, (x, y, side, side))

    def _paint_grid(self) -> None:
        south, west = self.position(self.x, self.y)
        north, east = self.position(self.right, self.top)
        if east <= west:
            return
        wanted = (east - west) / 3
        step = min(_GRID_STEPS, key=lambda one: abs(one - wanted))
        colour = theme.colour("edge", 0.5)
        Color(*colour)
        lines: list[tuple[float, bool]] = []
        degree = math.ceil(west / step) * step
        while degree < east:
            x, _ = self.place(self.latitude, degree)
            Line(points=[x, self.y, x, self.top], width=1)
            lines.append((degree, True))
            degree += step
        degree = math.ceil(south / step) * step
        while degree < north:
            _, y = self.place(degree, self.longitude)
            Line(points=[self.x, y, self.right, y], width=1)
            lines.append((degree, False))
            degree += step
        for degree, is_meridian in lines:
            self._label_line(degree, is_meridian=is_meridian)

    def _label_line(self, degree: float, *, is_meridian: bool) -> None:
        word = paint.set_text(f"\u2066{degree:.6g}\u00b0\u2069", Manner("tiny"), None)
        if is_meridian:
            x, _ = self.place(self.latitude, degree)
            paint.put_text(word, x + dp(4), self.top - dp(4), theme.colour("muted"))
        else:
            _, y = self.place(degree, self.longitude)
            paint.put_text(word, self.x + dp(6), y + word.block.height_px, theme.colour("muted"))

    def _paint_pin(self, latitude: float, longitude: float, name: str) -> None:
        x, y = self.place(latitude, longitude)
        paint.disc(x, y, dp(6), theme.colour("muted"))
        word = paint.set_text(name, Manner("tiny"), None)
        paint.put_text(word, x + dp(9), y + word.block.height_px / 2, theme.colour("ink"))

    def _paint_trail(self) -> None:
        places = [self.place(*point) for point in self.trail]
        if len(places) > 1:
            Color(*theme.colour("error"))
            points = [part for place in places for part in place]
            Line(points=points, width=dp(1.6), close=self.closed)
        for x, y in places:
            paint.disc(x, y, dp(6), theme.colour("error"))

    def _paint_mark(self, latitude: float, longitude: float, accuracy_m: float) -> None:
        x, y = self.place(latitude, longitude)
        radius = accuracy_m / metres_per_px(latitude, self.zoom) * dp(1)
        if radius > dp(12):
            paint.disc(x, y, radius, theme.colour("primary", 0.18))
        size = theme.icon_px(44)
        paint.put_icon("pin", x, y + size * 0.42, size, theme.colour("error"))

    def _paint_scale(self) -> None:
        per_px = metres_per_px(self.latitude, self.zoom) / dp(1)
        room_m = per_px * self.width * 0.3
        power = 10 ** math.floor(math.log10(max(room_m, 1)))
        length_m = next(power * part for part in (5, 2, 1) if power * part <= room_m or part == 1)
        label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"  # noqa: PLR2004
        word = paint.set_text(f"\u2066{label}\u2069", Manner("tiny", bold=True), None)
        x, y = self.x + dp(10), self.y + dp(10)
        Color(*theme.colour("ink"))
        Line(
            points=[x, y + dp(5), x, y, x + length_m / per_px, y, x + length_m / per_px, y + dp(5)]
        )
        paint.put_text(word, x + dp(4), y + dp(4) + word.block.height_px, theme.colour("ink"))
