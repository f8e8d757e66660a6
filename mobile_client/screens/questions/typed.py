"""Answers that are typed: text, numbers, barcodes.

What is typed is told half a second after the last letter, on Enter, and before anything else
happens; so a burst of letters is one write to the vault, and none is lost.
"""

from typing import Any, Final

from kivy.clock import Clock

from mobile_client.presenters.views import QuestionView
from mobile_client.screens.questions.card import Ask, QuestionCard
from mobile_client.text.speech import say
from mobile_client.widgets.field import Field, FieldKind
from mobile_client.widgets.labelled import NumberField

_PAUSE_S: Final = 0.5
_LINES: Final = 5


class _Typed(QuestionCard):
    field: Field

    def __init__(self, view: QuestionView, ask: Ask) -> None:
        self._pending: str | None = None
        self._later: Any = Clock.create_trigger(lambda _: self.flush(), _PAUSE_S)
        super().__init__(view, ask)

    def follow(self, view: QuestionView) -> None:
        """Show the answer, unless something newer is being typed."""
        if self._pending is None:
            self.field.show(view.value)
        self.field.failing = bool(view.message and view.value)

    def flush(self) -> None:
        """Tell what is typed."""
        self._later.cancel()
        pending, self._pending = self._pending, None
        if pending is not None:
            self.tell(pending)

    def focus(self) -> None:
        """Take the keyboard."""
        self.field.focus = True

    def _typing(self, text: str) -> None:
        self._pending = text
        self._later()

    def _enter(self) -> None:
        self.flush()
        self.ask.go_on()


class TextQuestion(_Typed):
    """Text, on several lines where the form asks for them; barcodes without a camera."""

    def build(self) -> None:
        """Add the field."""
        view = self.view
        numbers = "numbers" in view.appearance
        lines = _LINES if "multiline" in view.appearance else 1
        hint = say("Type the code") if view.kind == "barcode" else ""
        kind = FieldKind(lines=lines, number=numbers, hint=hint)
        self.field = Field(view.value, kind, typed=self._typing, entered=self._enter)
        self.field.readonly = view.readonly
        self.add_widget(self.field)


class NumberQuestion(_Typed):
    """An integer or a decimal, with steps."""

    def build(self) -> None:
        """Add field and steps."""
        view = self.view
        row = NumberField(
            view.value,
            decimal=view.kind == "decimal",
            typed=self._typing,
            entered=self._enter,
        )
        self.field = row.field
        self.field.readonly = view.readonly
        row.disabled = view.readonly
        self.add_widget(row)
