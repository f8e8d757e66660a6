"""Questions of one touch or none: notes, acknowledgements, ranges, ranks."""

from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final

from mobile_client.presenters.views import ChoiceView, QuestionView
from mobile_client.screens.questions.card import QuestionCard
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column, Row
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.choice import ChoiceRow
from mobile_client.widgets.listrow import ListRow
from mobile_client.widgets.slider import RangeLine
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp

_ACKNOWLEDGED: Final = "OK"
"""What the XForms specification writes for an acknowledged trigger."""


class NoteQuestion(QuestionCard):
    """Words to read; a note with a calculation shows what came out."""

    def build(self) -> None:
        """Add the value, where there is one."""
        view = self.view
        self._value = Text(view.value, "heading")
        if view.value:
            self.add_widget(self._value)


class AcknowledgeQuestion(QuestionCard):
    """One box to tick."""

    def build(self) -> None:
        """Add the box."""
        view = self.view
        self._box = ChoiceRow(say("Confirmed"), self._turn, selected=bool(view.value), many=True)
        self._box.disabled = view.readonly
        self.add_widget(self._box)

    def follow(self, view: QuestionView) -> None:
        """Show the tick."""
        self._box.select(selected=bool(view.value))

    def digit(self, number: int) -> bool:
        """1 ticks it."""
        if number == 1:
            self._turn()
        return number == 1

    def _turn(self) -> None:
        self.tell("" if self.view.value else _ACKNOWLEDGED)


class RangeQuestion(QuestionCard):
    """A number between two bounds."""

    @property
    def can_clear(self) -> bool:
        """A line has no empty place to drag to."""
        return not self.view.required

    def build(self) -> None:
        """Add the line."""
        view = self.view
        bounds = view.bounds
        limits = (bounds.start, bounds.end, bounds.step) if bounds else ("0", "10", "1")
        start, end, step = (Decimal(limit) for limit in limits)
        self._line = RangeLine((start, end, abs(step) or Decimal(1)), None, self._moved)
        self._line.disabled = view.readonly
        self.add_widget(self._line)

    def follow(self, view: QuestionView) -> None:
        """Show the value."""
        try:
            self._line.value = Decimal(view.value) if view.value else None
        except InvalidOperation:
            self._line.value = None
        self._line.repaint()

    def _moved(self, value: Decimal) -> None:
        self.tell(f"{value}")


class RankQuestion(QuestionCard):
    """Put all choices in order; the order that stands is no answer until it is confirmed."""

    def build(self) -> None:
        """Add the place of the rows; they follow the answer."""
        self._drawn: str | None = None
        self._slot = Column(spacing=dp(8))
        self.add_widget(self._slot)

    def follow(self, view: QuestionView) -> None:
        """Draw the rows anew when the order changed."""
        if view.value == self._drawn:
            return
        self._drawn = view.value
        self._slot.clear_widgets()
        ordered = self._ordered()
        for place, choice in enumerate(ordered):
            row = Row(spacing=dp(2))
            row.add_widget(ListRow(f"{place + 1}.  {choice.label}"))
            if not view.readonly:
                row.add_widget(self._mover(place, -1, enabled=place > 0))
                row.add_widget(self._mover(place, 1, enabled=place + 1 < len(ordered)))
            self._slot.add_widget(row)
        if not view.value and not view.readonly:
            confirm = PushButton(
                say("This order is right"), lambda: self._tell_order(ordered), kind="tonal",
                icon="check",
            )  # fmt: skip
            self._slot.add_widget(confirm)

    def _mover(self, place: int, step: int, *, enabled: bool) -> IconButton:
        icon, label = ("move_up", say("Up")) if step < 0 else ("move_down", say("Down"))
        tap = partial(self._move, place, step)
        button = IconButton(icon, label, tap, pos_hint={"center_y": 0.5})
        button.disabled = not enabled
        return button

    def _ordered(self) -> list[ChoiceView]:
        by_name = {choice.name: choice for choice in self.view.choices}
        named = [by_name.pop(name) for name in self.view.value.split() if name in by_name]
        return named + list(by_name.values())

    def _move(self, place: int, step: int) -> None:
        ordered = self._ordered()
        ordered[place], ordered[place + step] = ordered[place + step], ordered[place]
        self._tell_order(ordered)

    def _tell_order(self, ordered: list[ChoiceView]) -> None:
        self.tell(" ".join(choice.name for choice in ordered))
