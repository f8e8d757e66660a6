"""Touch and keyboard on one widget: pressed, released, ringed where the keyboard stands."""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty
from kivy.uix.behaviors import ButtonBehavior

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.theme import dp, theme

Tap = Callable[[], object]


class Tappable(ButtonBehavior, Drawn):
    """Something to touch. `tap` is called on release, or by Enter where the ring stands."""

    ringed = BooleanProperty(defaultvalue=False)

    def __init__(self, tap: Tap | None = None, **kwargs: Any) -> None:
        self.tap = tap
        kwargs.setdefault("always_release", False)
        super().__init__(**kwargs)
        self.bind(state=self._repaint, ringed=self._repaint, disabled=self._repaint)

    @property
    def pressed(self) -> bool:
        """Whether a finger is on it."""
        return bool(self.state == "down")

    def on_release(self) -> None:
        """Run what the widget is for."""
        if self.tap is not None and not self.disabled:
            self.tap()

    def paint_ring(self, radius: float) -> None:
        """Draw the keyboard ring when it stands here."""
        if self.ringed:
            reach = dp(3)
            box = (self.x - reach, self.y - reach, self.width + 2 * reach, self.height + 2 * reach)
            paint.ring(box, radius + reach, theme.colour("ink"), dp(1.6))
