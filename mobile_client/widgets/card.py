"""A card: facts or words on a plate of their own."""

from typing import Any

from kivy.clock import Clock

from mobile_client.look import RADIUS_DP
from mobile_client.widgets import paint
from mobile_client.widgets.base import Column
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme


class Card(Column):
    """A column on a plate; `tone` names the colour of the plate."""

    def __init__(self, tone: str = "surface", **kwargs: Any) -> None:
        kwargs.setdefault("padding", dp(18))
        kwargs.setdefault("spacing", dp(10))
        super().__init__(**kwargs)
        self._tone = tone
        again = Clock.create_trigger(self._paint, -1)
        self.bind(pos=again, size=again)

    def fact(self, name: str, value: str) -> None:
        """Append a fact: its name in small, its value below."""
        pair = Column(spacing=dp(1))
        pair.add_widget(Text(name, "small", "muted"))
        pair.add_widget(Text(value, "body", bold=True))
        self.add_widget(pair)

    def _paint(self, *_: object) -> None:
        self.canvas.before.clear()
        with self.canvas.before:
            edge = theme.colour("edge" if theme.is_sun else "line")
            box = (*self.pos, *self.size)
            paint.plate(box, dp(RADIUS_DP), theme.colour(self._tone), edge)
