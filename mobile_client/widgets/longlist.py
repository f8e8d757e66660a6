"""A list of any length that only makes the rows in sight: a jump list may have 2,000 of them.

Every row has the same height, so that what is in sight is arithmetic.
"""

from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.uix.widget import Widget

from mobile_client.widgets.page import Scroll, side_margin
from mobile_client.widgets.theme import dp, theme


def row_height() -> float:
    """Return the height of a row: a line of title, a line of detail, room around."""
    return max(dp(68), (theme.text_px("body") + theme.text_px("small")) * 1.38 + dp(26))


class LongList(Scroll):
    """Shows `make(index)` for the rows in sight and a few beyond."""

    _BEYOND = 4

    def __init__(self, count: int, make: Callable[[int], Widget], gap_dp: float = 8) -> None:
        super().__init__()
        self._make = make
        self._step = row_height() + dp(gap_dp)
        self._gap = dp(gap_dp)
        self._count = count
        self._rows: dict[int, Widget] = {}
        self._ground = Widget(size_hint_y=None, height=count * self._step + dp(24))
        self.add_widget(self._ground)
        again = Clock.create_trigger(self._place, -1)
        self.bind(scroll_y=again, size=again)
        self._ground.bind(pos=again, size=again)
        again()

    @property
    def rows(self) -> list[Widget]:
        """The rows that stand now, from the top."""
        return [self._rows[index] for index in sorted(self._rows)]

    def show(self, count: int, make: Callable[[int], Widget]) -> None:
        """Show another list, from its top."""
        self._make = make
        self._count = count
        self._ground.clear_widgets()
        self._rows.clear()
        self._ground.height = count * self._step + dp(24)
        self.scroll_y = 1
        self._place()

    def reveal(self, index: int) -> None:
        """Scroll so that a row stands in the middle."""
        hidden = self._ground.height - self.height
        if hidden > 0:
            top = index * self._step - (self.height - self._step) / 2
            self.scroll_y = 1 - max(0.0, min(1.0, top / hidden))

    def _place(self, *_: Any) -> None:
        hidden = max(0.0, self._ground.height - self.height)
        top = (1 - self.scroll_y) * hidden
        first = max(0, int(top // self._step) - self._BEYOND)
        last = min(self._count, int((top + self.height) // self._step) + 1 + self._BEYOND)
        for index in [index for index in self._rows if not first <= index < last]:
            self._ground.remove_widget(self._rows.pop(index))
        side = side_margin(self.width)
        for index in range(first, last):
            if index not in self._rows:
                self._rows[index] = self._make(index)
                self._ground.add_widget(self._rows[index])
            row = self._rows[index]
            row.size_hint = (None, None)
            row.size = (self._ground.width - 2 * side, self._step - self._gap)
            row.pos = (self._ground.x + side, self._ground.top - dp(12) - (index + 1) * self._step)
