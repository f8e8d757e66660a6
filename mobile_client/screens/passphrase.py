"""Choosing a passphrase: typed twice, its strength shown against the floor policy sets."""

from collections.abc import Callable

from mobile_client.text.speech import say
from mobile_client.widgets.base import Column
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.meter import StrengthMeter
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp

_SECRET = FieldKind(secret=True)


class NewPassphrase(Column):
    """Two fields and a meter. `weigh` hears of every letter, `entered` of Enter in the second."""

    def __init__(self, weigh: Callable[[str], object], entered: Callable[[], object]) -> None:
        super().__init__(spacing=dp(8))
        self._first = LabelledField(say("Passphrase"), kind=_SECRET, typed=weigh)
        self._second = LabelledField(say("Passphrase again"), kind=_SECRET, entered=entered)
        self._meter = StrengthMeter()
        self._word = Text(_word(0, 1), "small", "muted")
        for widget in (self._first, self._meter, self._word, self._second):
            self.add_widget(widget)

    @property
    def texts(self) -> tuple[str, str]:
        """What stands in the two fields."""
        return self._first.field.text, self._second.field.text

    def show(self, bits: float, needed: float) -> None:
        """Show the strength of what is typed."""
        self._meter.show(bits, needed)
        self._word.text = _word(bits, needed)


def _word(bits: float, needed: float) -> str:
    if bits <= 0:
        return say("Four or more words that do not belong together are strong and easy to keep.")
    if bits < needed:
        return say("Too easy to guess. Add another word.")
    return say("Strong enough.")
