"""The frame of a screen: a bar on top, a scrolling column, a bar of actions below."""

from typing import Any, Final

from kivy.clock import Clock
from kivy.effects.scroll import ScrollEffect
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_client.look import COLUMN_DP, GAP_DP, MARGIN_DP, TARGET_DP
from mobile_client.widgets import paint
from mobile_client.widgets.base import Column, Row, Space
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme
from mobile_client.widgets.touch import Tap

_BAR_PADDING_DP: Final = 6
_LARGE_PERCENT: Final = 140


class Scroll(ScrollView):
    """A column that scrolls when it must, never sideways, without bounce."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            do_scroll_x=False,
            effect_cls=ScrollEffect,
            scroll_type=["bars", "content"],
            bar_width=dp(6),
            bar_margin=dp(2),
            bar_pos_y="left" if theme.rtl else "right",
            bar_color=theme.colour("muted", 0.8),
            bar_inactive_color=theme.colour("muted", 0.35),
            scroll_distance=dp(16),
            smooth_scroll_end=10,
            **kwargs,
        )


class Page(BoxLayout):
    """One screen. `body` is the column its content goes into; it keeps to a readable width."""

    def __init__(self) -> None:
        super().__init__(orientation="vertical")
        self.body = Column(spacing=dp(GAP_DP))
        self.scroll = Scroll()
        self.scroll.add_widget(self.body)
        self._middle = BoxLayout(orientation="vertical")
        self._middle.add_widget(self.scroll)
        self.add_widget(self._middle)
        self.bind(width=self._margins)
        self._margins()

    def set_top(self, bar: Widget) -> None:
        """Put a bar above the column."""
        self.add_widget(bar, index=len(self.children))

    def set_under_top(self, widget: Widget) -> None:
        """Put something between the bar and the column that does not scroll."""
        self._middle.add_widget(widget, index=len(self._middle.children))

    def set_bottom(self, bar: Widget) -> None:
        """Put a bar of actions below the column."""
        self.add_widget(bar)

    def add(self, *widgets: Widget) -> None:
        """Append to the column."""
        for widget in widgets:
            self.body.add_widget(widget)

    def clear(self) -> None:
        """Empty the column and go back to its top."""
        self.body.clear_widgets()
        self.scroll.scroll_y = 1

    def _margins(self, *_: object) -> None:
        side = side_margin(self.width)
        self.body.padding = (side, dp(16), side, dp(24))


def side_margin(width: float) -> float:
    """Return the margin left and right that keeps a column readable."""
    return max(dp(MARGIN_DP), (width - dp(COLUMN_DP)) / 2)


class _Bar(Row):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        repaint = Clock.create_trigger(self._paint, -1)
        self.bind(pos=repaint, size=repaint)

    def _paint(self, *_: object) -> None:
        self.canvas.before.clear()
        with self.canvas.before:
            paint.rectangle((*self.pos, *self.size), theme.colour("surface"))
            thickness = theme.stroke_px if theme.is_sun else 1.0
            y = self.y if self._line_below else self.top - thickness
            paint.rule(self.x, y, self.width, theme.colour("line"), thickness)

    _line_below = True


class TopBar(_Bar):
    """Where one is: a way back, a title, and a few icons."""

    def __init__(self, title: str, *, back: Tap | None = None, back_label: str = "") -> None:
        side = dp(_BAR_PADDING_DP)
        super().__init__(padding=(side, dp(4), side, dp(4)), spacing=0)
        if back is not None:
            self.add_widget(IconButton("back", back_label, back, pos_hint=_MIDDLE))
        else:
            self.add_widget(Space(TARGET_DP, MARGIN_DP - _BAR_PADDING_DP))
        role = "heading" if theme.text_percent <= _LARGE_PERCENT else "small"
        self.title = Text(title, role, bold=True, lines_max=2, pos_hint=_MIDDLE)
        self.add_widget(self.title)

    def add_action(self, icon: str, label: str, tap: Tap) -> IconButton:
        """Append an icon at the end."""
        button = IconButton(icon, label, tap, pos_hint=_MIDDLE)
        self.add_widget(button)
        return button


class BottomBar(_Bar):
    """The actions of a screen side by side; below each other where their words need the room.

    A `compact` bar stays one line and lets buttons show their icons alone.
    """

    _line_below = False

    def __init__(self, *buttons: PushButton, compact: bool = False) -> None:
        super().__init__(spacing=dp(12))
        self._compact = compact
        for button in buttons:
            self.add_widget(button)
        self.bind(width=self._arrange)
        self._arrange()

    def _arrange(self, *_: object) -> None:
        side = side_margin(self.width)
        self.padding = (side, dp(12), side, dp(12))
        room = self.width - 2 * side - dp(12) * (len(self.children) - 1)
        needed = sum(button.fit_width() for button in self.children)
        stacked = not self._compact and needed > room and len(self.children) > 1
        self.orientation = "vertical" if stacked else "horizontal"
        for button in self.children:
            if button.is_fit:
                button.size_hint_x = 1 if stacked else None
                button.width = button.fit_width()


_MIDDLE: Final = {"center_y": 0.5}
