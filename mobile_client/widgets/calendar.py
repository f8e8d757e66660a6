"""Pick a day: a month at a time, quick ways to a far year, and a field to type it.

Dates here are Gregorian `datetime.date`; week and month names come from the catalogue.
"""

import calendar as gregorian
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Final

from mobile_client.text.speech import key, say
from mobile_client.widgets import paint
from mobile_client.widgets.base import Column, Row
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme
from mobile_client.widgets.touch import Tap, Tappable

MONTHS: Final = (
    key("January"), key("February"), key("March"), key("April"), key("May"), key("June"),
    key("July"), key("August"), key("September"), key("October"), key("November"), key("December"),
)  # fmt: skip
DATES: Final = (
    key("{day} January {year}"), key("{day} February {year}"), key("{day} March {year}"),
    key("{day} April {year}"), key("{day} May {year}"), key("{day} June {year}"),
    key("{day} July {year}"), key("{day} August {year}"), key("{day} September {year}"),
    key("{day} October {year}"), key("{day} November {year}"), key("{day} December {year}"),
)  # fmt: skip
"""Whole dates: many languages bend the month's name in them."""
DAYS: Final = (key("Mo"), key("Tu"), key("We"), key("Th"), key("Fr"), key("Sa"), key("Su"))
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2100
_ONE_LINE_PERCENT: Final = 110
"""Larger text puts month and year below each other."""


class DayCell(Tappable):
    """One day of the month shown."""

    def __init__(self, day: date, tap: Tap, *, chosen: bool, today: bool, **kwargs: Any) -> None:
        self.day = day
        self.text = str(day.day)
        self.chosen = chosen
        self._today = today
        super().__init__(tap, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of a row of days."""
        del width
        return dp(50)

    def paint(self) -> None:
        """Draw the number, on a disc when chosen, ringed when it is today."""
        radius = min(self.height, self.width) / 2 - dp(2)
        ink = "ink"
        if self.chosen:
            paint.disc(self.center_x, self.center_y, radius, theme.colour("primary"))
            ink = "on_primary"
        elif self.pressed or self._today:
            box = (self.center_x - radius, self.center_y - radius, 2 * radius, 2 * radius)
            fill = theme.colour("tint") if self.pressed and not theme.is_sun else paint.CLEAR
            paint.plate(box, radius, theme.colour("surface"), theme.colour("edge"))
            paint.plate(box, radius, fill)
        word = paint.set_text(self.text, Manner("body", bold=self.chosen), None)
        x = self.center_x - word.block.width_px / 2
        paint.put_text(word, x, self.center_y + word.block.height_px / 2, theme.colour(ink))
        self.paint_ring(radius)


class MonthPicker(Column):
    """A month of days. `picked` hears of the day chosen; `parts` may stop at month or year."""

    def __init__(
        self,
        chosen: date | None,
        today: date,
        picked: Callable[[date], object],
        *,
        parts: str = "day",
    ) -> None:
        super().__init__(spacing=dp(6))
        self._chosen = chosen
        self._today = today
        self._picked = picked
        self._parts = parts
        start = chosen or today
        self._year, self._month = start.year, start.month
        self._draw()

    def _draw(self) -> None:
        self.clear_widgets()
        heads = [self._head(str(self._year), self._move_year, say("Year"))]
        if self._parts != "year":
            month = say(MONTHS[self._month - 1])
            heads.insert(0, self._head(month, self._move_month, say("Month")))
        if theme.text_percent > _ONE_LINE_PERCENT:
            for head in heads:
                self.add_widget(head)
        else:
            line = Row(spacing=0)
            for nth, head in enumerate(heads):
                head.size_hint_x = 0.56 if nth == 0 and len(heads) > 1 else 0.44
                line.add_widget(head)
            self.add_widget(line)
        if self._parts == "day":
            self._draw_days()

    def _head(self, word: str, move: Callable[[int], None], label: str) -> Row:
        row = Row(spacing=0)
        middle = {"center_y": 0.5}
        row.add_widget(IconButton("previous", f"{label} -", partial(move, -1), pos_hint=middle))
        words = Text(word, "body", bold=True, align="center", lines_max=1, pos_hint=middle)
        row.add_widget(words)
        row.add_widget(IconButton("next", f"{label} +", partial(move, 1), pos_hint=middle))
        return row

    def _draw_days(self) -> None:
        names = Row(spacing=0)
        for name in DAYS:
            names.add_widget(Text(say(name), "tiny", "muted", align="center"))
        self.add_widget(names)
        for week in gregorian.monthcalendar(self._year, self._month):
            row = Row(spacing=0)
            for number in week:
                if number == 0:
                    row.add_widget(Text("", "tiny"))
                    continue
                day = date(self._year, self._month, number)
                tap = partial(self._pick, day)
                row.add_widget(
                    DayCell(day, tap, chosen=day == self._chosen, today=day == self._today)
                )
            self.add_widget(row)

    def _pick(self, day: date) -> None:
        self._chosen = day
        self._draw()
        self._picked(day)

    def _move_year(self, step: int) -> None:
        self._year = max(YEAR_MIN, min(YEAR_MAX, self._year + step))
        self._moved()

    def _move_month(self, step: int) -> None:
        months = self._year * 12 + self._month - 1 + step
        if YEAR_MIN <= months // 12 <= YEAR_MAX:
            self._year, self._month = months // 12, months % 12 + 1
        self._moved()

    def _moved(self) -> None:
        if self._parts != "day":  # A month or a year is chosen by showing it.
            self._chosen = date(self._year, self._month if self._parts == "month" else 1, 1)
            self._picked(self._chosen)
        self._draw()


class TimePicker(Row):
    """Hours and minutes with steps, always on 24 hours."""

    def __init__(self, hour: int, minute: int, picked: Callable[[int, int], object]) -> None:
        super().__init__(spacing=dp(16))
        self._hour, self._minute = hour, minute
        self._picked = picked
        self._draw()

    def _draw(self) -> None:
        self.clear_widgets()
        for value, step, label in (
            (self._hour, (1, 0), say("Hour")),
            (self._minute, (0, 5), say("Minute")),
        ):
            column = Column(spacing=dp(4))
            up = partial(self._move, *step)
            down = partial(self._move, -step[0], -step[1])
            column.add_widget(_step("up", f"{label} +", up))
            column.add_widget(Text(f"{value:02d}", "display", bold=True, align="center"))
            column.add_widget(_step("down", f"{label} -", down))
            self.add_widget(column)

    def _move(self, hours: int, minutes: int) -> None:
        total = (self._hour * 60 + self._minute + hours * 60 + minutes) % (24 * 60)
        self._hour, self._minute = divmod(total, 60)
        self._draw()
        self._picked(self._hour, self._minute)


def _step(icon: str, label: str, tap: Tap) -> PushButton:
    button = PushButton("", tap, kind="tonal", icon=icon)
    button.label = label
    return button
