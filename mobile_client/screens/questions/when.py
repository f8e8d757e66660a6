"""Dates and times, in the Gregorian calendar and on 24 hours.

Nothing is answered until it is touched: a picker that opens on today is not an answer.
"""

import re
from datetime import date, datetime
from typing import Final

from mobile_client.presenters.views import QuestionView
from mobile_client.screens.questions.card import QuestionCard
from mobile_client.screens.words import say_day
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.calendar import MONTHS, MonthPicker, TimePicker
from mobile_client.widgets.card import Card
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp

_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME: Final = re.compile(r"(?:^|T)(\d{2}):(\d{2})")


class WhenQuestion(QuestionCard):
    """A date, a time, or both."""

    @property
    def can_clear(self) -> bool:
        """An optional date can be taken back."""
        return not self.view.required

    def build(self) -> None:
        """Add the place of the pickers; they follow the answer."""
        self._drawn: str | None = None
        self._slot = Column(spacing=dp(12))
        self.add_widget(self._slot)

    def follow(self, view: QuestionView) -> None:
        """Draw the pickers anew when the answer changed."""
        if view.value == self._drawn:
            return
        self._drawn = view.value
        self._slot.clear_widgets()
        day, clock = read_date(view.value), read_time(view.value)
        if view.readonly:
            self._slot.add_widget(Text(view.value, "heading", bold=True))
            return
        if view.kind != "time":
            self._add_date(day)
        if view.kind == "time" or (view.kind == "datetime" and day is not None):
            self._add_time(clock)

    def _add_date(self, day: date | None) -> None:
        parts = _parts(self.view.appearance)
        today = self.ask.frame.now().date()
        card = Card()
        words = _say_date(day, parts) if day is not None else say("No date chosen yet")
        colour = "ink" if day is not None else "muted"
        card.add_widget(Text(words, "heading", colour, bold=day is not None, align="center"))
        card.add_widget(MonthPicker(day, today, self._take_date, parts=parts))
        if parts == "day":
            card.add_widget(
                PushButton(say("Today"), lambda: self._take_date(today), kind="outline")
            )
        self._slot.add_widget(card)

    def _add_time(self, clock: tuple[int, int] | None) -> None:
        if clock is None:
            self._slot.add_widget(
                PushButton(say("Choose a time"), self._take_now, kind="tonal", icon="clock")
            )
            return
        self._slot.add_widget(TimePicker(*clock, self._take_time))

    def _take_date(self, day: date) -> None:
        if self.view.kind == "date":
            self.tell(day.isoformat())
            return
        now = self.ask.frame.now()
        hour, minute = read_time(self.view.value) or (now.hour, now.minute)
        self.tell(_stamp(now.replace(year=day.year, month=day.month, day=day.day), hour, minute))

    def _take_now(self) -> None:
        now = self.ask.frame.now()
        self._take_time(now.hour, now.minute)

    def _take_time(self, hour: int, minute: int) -> None:
        now = self.ask.frame.now()
        if self.view.kind == "time":
            self.tell(_stamp(now, hour, minute).partition("T")[2])
            return
        day = read_date(self.view.value) or now.date()
        self.tell(_stamp(now.replace(year=day.year, month=day.month, day=day.day), hour, minute))


def read_date(text: str) -> date | None:
    """Return the date an answer begins with, None where it has none."""
    found = _DATE.match(text)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def read_time(text: str) -> tuple[int, int] | None:
    """Return hour and minute of an answer, None where it has none."""
    found = _TIME.search(text)
    return (int(found[1]), int(found[2])) if found else None


def _stamp(day: datetime, hour: int, minute: int) -> str:
    moment = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return moment.isoformat(timespec="milliseconds")


def _parts(appearance: frozenset[str]) -> str:
    if "year" in appearance:
        return "year"
    return "month" if "month-year" in appearance else "day"


def _say_date(day: date, parts: str) -> str:
    if parts == "year":
        return str(day.year)
    if parts == "month":
        return say("{month} {year}", month=say(MONTHS[day.month - 1]), year=day.year)
    return say_day(day)
