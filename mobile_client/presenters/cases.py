"""Follow-up: assigned households and sites, found by typing, opened for a correction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import CasesPort
from mobile_client.presenters.presenter import Notice, Presenter, notice_of
from mobile_client.presenters.rows import CaseRow
from shared.errors import CairnError

ROWS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class CasesState:
    """What the follow-up list shows: the first rows that match."""

    text: str = ""
    rows: tuple[CaseRow, ...] = ()
    notice: Notice | None = None


class CasesPresenter(Presenter[CasesState]):
    """Searches and opens assigned cases."""

    def __init__(
        self,
        port: CasesPort,
        *,
        on_open: Callable[[OpenInterview], None],
        on_leave: Callable[[], None],
    ) -> None:
        super().__init__(CasesState())
        self._port = port
        self._on_open = on_open
        self.leave = on_leave
        self.search("")

    def search(self, text: str) -> None:
        """Show the cases that hold every word typed."""
        self._change(text=text, rows=self._port.search(text, ROWS_MAX), notice=None)

    def open(self, record_id: str) -> None:
        """Open a correction of a case."""
        try:
            interview = self._port.open_case(record_id)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_open(interview)
