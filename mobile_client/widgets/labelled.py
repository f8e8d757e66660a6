"""Fields with what belongs to them: a label above, a steps button beside, a message below."""

from collections.abc import Callable
from functools import partial

from mobile_client.text.speech import say
from mobile_client.widgets.base import Column, Row
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.field import Field, FieldKind
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp

Typed = Callable[[str], object]


class LabelledField(Column):
    """A field under its label; a secret one can be shown while it is typed."""

    def __init__(
        self,
        label: str,
        text: str = "",
        kind: FieldKind | None = None,
        *,
        typed: Typed | None = None,
        entered: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(spacing=dp(6))
        self.label = label
        self.add_widget(Text(label, "small", bold=True))
        self.field = Field(text, kind, typed=typed, entered=entered)
        if not self.field.kind.secret:
            self.add_widget(self.field)
            return
        row = Row(spacing=dp(6))
        row.add_widget(self.field)
        self._eye = IconButton("show", say("Show"), self._reveal, pos_hint={"center_y": 0.5})
        row.add_widget(self._eye)
        self.add_widget(row)

    def _reveal(self) -> None:
        self.field.password = not self.field.password
        self._eye.icon = "show" if self.field.password else "hide"
        self._eye.repaint()


class NumberField(Row):
    """A number between a minus and a plus: most answers are small, and typing on dust is slow."""

    def __init__(
        self,
        text: str,
        *,
        decimal: bool,
        typed: Typed | None = None,
        entered: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(spacing=dp(12))
        accepts = _is_decimal if decimal else _is_integer
        kind = FieldKind(number=True, centred=True, role="display", accepts=accepts)
        self.field = Field(text, kind, typed=typed, entered=entered)
        self.add_widget(self._stepper("minus", -1))
        self.add_widget(self.field)
        self.add_widget(self._stepper("plus", 1))

    def _stepper(self, icon: str, step: int) -> PushButton:
        button = PushButton("", partial(self._step, step), kind="tonal", icon=icon, fit=True)
        button.size_hint_y = 1
        button.width = dp(76)
        return button

    def _step(self, step: int) -> None:
        try:
            number = float(self.field.text or 0)
        except ValueError:
            return
        if not self.field.text:
            number = 0 if step > 0 else 1
            step = 1 if step > 0 else -1
        value = number + step
        self.field.text = str(int(value)) if value == int(value) else f"{value:g}"


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits == "" or (digits.isascii() and digits.isdigit() and len(digits) <= 10)  # noqa: PLR2004 - XLSForm integers are 32 bits


def _is_decimal(text: str) -> bool:
    whole, _, part = text.removeprefix("-").partition(".")
    return all(digits == "" or (digits.isascii() and digits.isdigit()) for digits in (whole, part))
