"""Positions: by the receiver, by a tap on the map, or typed. Lines and areas are taps in a row."""

from functools import partial
from typing import Final

from mobile_client.device.services import DeviceFault, Fix
from mobile_client.presenters.views import QuestionView
from mobile_client.screens.questions.card import QuestionCard
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.base import Column, Row
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.field import Field, FieldKind
from mobile_client.widgets.map import MapView
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp
from mobile_client.widgets.tiles import Tiles
from shared.errors import CairnError

_ACCURACY_M: Final = 10.0
_TIMEOUT_S: Final = 60.0
_ZOOM_WORLD: Final = 3
_ZOOM_NEAR: Final = 13
_LATITUDE_MAX: Final = 90.0
_LONGITUDE_MAX: Final = 180.0
_AREA_CORNERS_MIN: Final = 3


class PlaceQuestion(QuestionCard):
    """A point, a line or an area."""

    @property
    def can_clear(self) -> bool:
        """Any position can be taken back and taken anew."""
        return True

    def build(self) -> None:
        """Add the words of the answer, the ways to it, and the map."""
        view = self.view
        self._words = Text("", "heading", bold=True)
        self.add_widget(self._words)
        self._waiting = False
        if not view.readonly:
            self._buttons = Row(spacing=dp(10))
            self.add_widget(self._buttons)
            self._draw_buttons()
        points = read_points(view.value)
        frame = self.ask.frame
        self._tiles = Tiles(frame.maps) if frame.maps is not None else None
        centre = points[-1][:2] if points else (15.0, 20.0)
        zoom = _ZOOM_NEAR if points else _ZOOM_WORLD
        holder = Column(spacing=dp(4))
        self._map = MapView(centre, zoom, self._tapped, tiles=self._tiles)
        holder.add_widget(self._map)
        zooms = Row(spacing=0)
        zooms.add_widget(Text(say("Tap the map to place the point."), "small", "muted",
                              pos_hint={"center_y": 0.5}))  # fmt: skip
        for icon, label, step in (("minus", say("Farther"), -1), ("plus", say("Nearer"), 1)):
            zooms.add_widget(IconButton(icon, label, partial(self._map.nearer, step)))
        holder.add_widget(zooms)
        self.add_widget(holder)
        if view.kind == "geopoint" and not view.readonly:
            self._add_typed()

    def follow(self, view: QuestionView) -> None:
        """Show the position in words and on the map."""
        points = read_points(view.value)
        self._words.text = say_points(points, view.kind)
        self._map.trail = [point[:2] for point in points] if view.kind != "geopoint" else []
        self._map.closed = view.kind == "geoshape"
        mark = points[-1] if points else None
        self._map.show_mark((mark[0], mark[1], mark[3]) if mark else None)

    def _draw_buttons(self) -> None:
        self._buttons.clear_widgets()
        if self.ask.frame.device.position is not None:
            words = say("Looking for the position…") if self._waiting else say("Take my position")
            button = PushButton(words, self._locate, kind="tonal", icon="position")
            button.disabled = self._waiting
            self._buttons.add_widget(button)
        if self.view.kind != "geopoint":
            self._buttons.add_widget(
                PushButton(say("Undo last"), self._undo, kind="outline", icon="undo")
            )

    def _add_typed(self) -> None:
        row = Row(spacing=dp(10))
        self._typed = []
        for hint in (say("Latitude"), say("Longitude")):
            kind = FieldKind(number=True, hint=hint, accepts=_may_become_degrees, role="body")
            field = Field("", kind, entered=self._take_typed)
            self._typed.append(field)
            row.add_widget(field)
        row.add_widget(IconButton("check", say("Use this position"), self._take_typed))
        self.add_widget(Text(say("Or type it in degrees:"), "small", "muted"))
        self.add_widget(row)

    def _take_typed(self) -> None:
        try:
            latitude, longitude = (float(field.text) for field in self._typed)
            self._take(Fix(latitude, longitude))
        except (ValueError, DeviceFault):
            self.ask.frame.stage.say(
                say("A latitude lies between -90 and 90, a longitude between -180 and 180.")
            )
            return
        self._map.show_mark((latitude, longitude, 0.0), move=True)

    def _tapped(self, latitude: float, longitude: float) -> None:
        if not self.view.readonly:
            self._take(Fix(round(latitude, 6), round(longitude, 6)))

    def _locate(self) -> None:
        position = self.ask.frame.device.position
        if position is None or self._waiting:
            return
        self._waiting = True
        self._draw_buttons()

        def found(fix: Fix) -> None:
            self._waiting = False
            self._draw_buttons()
            self._take(fix)
            self._map.show_mark((fix.latitude, fix.longitude, fix.accuracy_m), move=True)

        def failed(error: CairnError) -> None:
            self._waiting = False
            self._draw_buttons()
            self.ask.frame.stage.say(error.message)

        self.ask.frame.work.run(lambda: position.fix(_ACCURACY_M, _TIMEOUT_S), found, failed)

    def _take(self, fix: Fix) -> None:
        if self.view.kind == "geopoint":
            self.tell(fix.text())
            return
        points = [part.strip() for part in self.view.value.split(";") if part.strip()]
        if self.view.kind == "geoshape" and len(points) > _AREA_CORNERS_MIN:
            points.pop()  # The first corner again, which closes the area.
        points.append(fix.text())
        self._tell_points(points)

    def _undo(self) -> None:
        points = [part.strip() for part in self.view.value.split(";") if part.strip()]
        if self.view.kind == "geoshape" and len(points) > _AREA_CORNERS_MIN:
            points.pop()
        self._tell_points(points[:-1])

    def _tell_points(self, points: list[str]) -> None:
        if self.view.kind == "geoshape" and len(points) >= _AREA_CORNERS_MIN:
            points = [*points, points[0]]
        self.tell("; ".join(points))


Point = tuple[float, float, float, float]
"""Latitude, longitude, altitude and accuracy in metres."""


def read_points(value: str) -> list[Point]:
    """Return the positions of an answer; what cannot be read is left out."""
    points: list[Point] = []
    for part in value.split(";"):
        numbers = part.split()
        try:
            latitude, longitude, altitude, accuracy = (
                float(number) for number in (*numbers, "0", "0")[:4]
            )
        except ValueError:
            continue
        points.append((latitude, longitude, altitude, accuracy))
    return points


def say_points(points: list[Point], kind: str) -> str:
    """Return an answer as a person reads it."""
    if not points:
        return say("No position yet")
    if kind != "geopoint":
        return say_count("{n} point", "{n} points", len(points))
    latitude, longitude, _, accuracy_m = points[0]
    place = f"{latitude:.5f}, {longitude:.5f}"
    if accuracy_m > 0:
        return say("{place}  (± {metres} m)", place=place, metres=f"{accuracy_m:.0f}")
    return place


def _may_become_degrees(text: str) -> bool:
    whole, _, part = text.removeprefix("-").partition(".")
    digits = whole + part
    return digits == "" or (digits.isascii() and digits.isdigit() and len(digits) <= 12)  # noqa: PLR2004
