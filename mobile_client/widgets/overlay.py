"""What comes over a screen: dialogs that ask, sheets that list, a toast that passes.

All live in one `Stage`, the root of the window: the screen below, overlays above it. A touch beside
a dialog does nothing; a question about somebody's data is not closed by a sleeve.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from kivy.clock import Clock
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from mobile_client.look import COLUMN_DP, MARGIN_DP, RADIUS_DP
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.base import Column, Drawn
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.page import Scroll, side_margin
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme

TOAST_S: Final = 3.5


class _Shade(FloatLayout):
    """Dims the screen and keeps its touches away."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._again = Clock.create_trigger(self._paint, -1)
        self.bind(pos=self._again, size=self._again)

    def on_touch_down(self, touch: Any) -> bool:
        """Take every touch, whoever it meets."""
        super().on_touch_down(touch)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Take every movement."""
        super().on_touch_move(touch)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Take every release."""
        super().on_touch_up(touch)
        return True

    def _paint(self, *_: object) -> None:
        self.canvas.before.clear()
        with self.canvas.before:
            alpha = 0.75 if theme.is_sun else 0.55
            paint.rectangle((*self.pos, *self.size), theme.colour("shade", alpha))


class _Card(Column):
    def __init__(self) -> None:
        super().__init__(padding=dp(22), spacing=dp(14))
        again = Clock.create_trigger(self._paint, -1)
        self.bind(pos=again, size=again)

    def _paint(self, *_: object) -> None:
        self.canvas.before.clear()
        with self.canvas.before:
            edge = theme.colour("ink") if theme.is_sun else None
            box = (*self.pos, *self.size)
            paint.plate(box, dp(RADIUS_DP + 6), theme.colour("surface"), edge)


class Dialog(_Shade):
    """A card in the middle: title, whatever it holds, and its buttons below each other.

    A card higher than the window scrolls. `escape` is called by Escape and the back key.
    """

    def __init__(
        self,
        title: str,
        content: Sequence[Widget] = (),
        buttons: Sequence[PushButton] = (),
        escape: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.escape = escape
        self.title = title
        self._card = _Card()
        self._card.add_widget(Text(title, "heading", bold=True))
        for widget in content:
            self._card.add_widget(widget)
        for button in buttons:
            self._card.add_widget(button)
        self._scroll = Scroll(size_hint=(None, None))
        self._scroll.add_widget(self._card)
        self.add_widget(self._scroll)
        self.bind(size=self._place, pos=self._place)
        self._card.bind(height=self._place)

    def add(self, *widgets: Widget) -> None:
        """Append to the card."""
        for widget in widgets:
            self._card.add_widget(widget)

    def _place(self, *_: object) -> None:
        width = min(self.width - 2 * dp(MARGIN_DP), dp(520))
        height = min(self._card.height, self.height - 2 * dp(MARGIN_DP))
        self._scroll.size = (width, height)
        self._scroll.center = self.center


class Sheet(_Shade):
    """A page over the screen, for lists: the jump list, languages, files."""

    def __init__(
        self, content: Widget, escape: Callable[[], object] | None = None, title: str = ""
    ) -> None:
        super().__init__()
        self.escape = escape
        self.title = title
        self._content = content
        self.add_widget(content)
        self.bind(size=self._place, pos=self._place)

    def _place(self, *_: object) -> None:
        width = min(self.width, dp(COLUMN_DP + 2 * MARGIN_DP))
        self._content.size_hint = (None, None)
        self._content.size = (width, self.height)
        self._content.center = self.center

    def _paint(self, *_: object) -> None:
        super()._paint()
        with self.canvas.before:
            width = min(self.width, dp(COLUMN_DP + 2 * MARGIN_DP))
            box = (self.center_x - width / 2, self.y, width, self.height)
            paint.rectangle(box, theme.colour("background"))


class Toast(Drawn):
    """One sentence above the actions that goes by itself."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(size_hint_x=None)

    def height_for(self, width: float) -> float:
        """Return the height of the sentence with room around it."""
        return self._words(width).block.height_px + dp(26)

    def paint(self) -> None:
        """Draw a dark plate and the sentence."""
        fill = theme.colour("ink")
        edge = theme.colour("surface") if theme.is_sun else None
        paint.plate((*self.pos, *self.size), dp(RADIUS_DP), fill, edge)
        words = self._words(self.width)
        top = self.center_y + words.block.height_px / 2
        paint.put_text(words, self.x + dp(18), top, theme.colour("surface"))

    def _words(self, width: float) -> DrawnText:
        return paint.set_text(self.text, Manner("small", align="center"), width - dp(36))


class Stage(FloatLayout):
    """The root of the window: one screen, and what lies over it."""

    def __init__(self) -> None:
        super().__init__()
        self.screen: Widget | None = None
        self._toast: Toast | None = None
        self._toast_end: Any = None
        self.bind(size=self._place_toast)

    def set_screen(self, screen: Widget) -> None:
        """Put another screen below; overlays of the old one go with it."""
        self.clear_widgets()
        self._toast = None
        self.screen = screen
        self.add_widget(screen)

    def open(self, overlay: Widget) -> None:
        """Put a dialog or a sheet on top; the keyboard leaves the field below."""
        for widget in self.walk():
            if getattr(widget, "focus", False):
                widget.focus = False
        self.add_widget(overlay)

    def close(self) -> None:
        """Take the topmost overlay away."""
        top = self.top_overlay
        if top is not None:
            self.remove_widget(top)

    @property
    def top_overlay(self) -> Any:
        """The topmost dialog or sheet, or None."""
        return next((widget for widget in self.children if isinstance(widget, _Shade)), None)

    def say(self, text: str) -> None:
        """Show a sentence for a few seconds."""
        if self._toast is not None:
            self.remove_widget(self._toast)
            self._toast_end.cancel()
        self._toast = Toast(text)
        self.add_widget(self._toast)
        self._place_toast()
        self._toast_end = Clock.schedule_once(self._end_toast, TOAST_S)

    def _place_toast(self, *_: object) -> None:
        if self._toast is not None:
            margin = side_margin(self.width)
            self._toast.width = self.width - 2 * margin
            self._toast.pos = (margin, self.y + dp(104))

    def _end_toast(self, _: float) -> None:
        if self._toast is not None:
            self.remove_widget(self._toast)
            self._toast = None
