"""The respondent's slip: a code to withdraw, naming no person, form or agency."""

from collections.abc import Callable
from dataclasses import dataclass

from mobile_client.presenters.ports import FinalizePort, Slip
from mobile_client.presenters.presenter import Presenter


@dataclass(frozen=True, slots=True)
class ReceiptState:
    """What the slip shows.

    Attributes:
        code: 20 characters in groups of five, to be copied on paper; also what the QR holds.
    """

    code: str
    groups: tuple[str, ...]


class ReceiptPresenter(Presenter[ReceiptState]):
    """Shows the slip until the respondent has it."""

    def __init__(
        self, slip: Slip, finalizing: FinalizePort, *, on_done: Callable[[], None]
    ) -> None:
        groups = tuple(slip.code.replace("-", " ").split())
        super().__init__(ReceiptState(slip.code, groups))
        self._slip = slip
        self._finalizing = finalizing
        self._on_done = on_done

    def given(self) -> None:
        """The respondent has it: this device forgets the code."""
        self._finalizing.slip_given(self._slip.record_id)
        self._on_done()

    def later(self) -> None:
        """Go on; home keeps the slip until it is given."""
        self._on_done()
