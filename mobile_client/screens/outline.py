"""The jump list: every question in form order, what is open marked by shape."""

from collections.abc import Callable
from functools import partial

from kivy.uix.boxlayout import BoxLayout

from mobile_client.presenters.interview import InterviewState
from mobile_client.presenters.views import OutlineRow
from mobile_client.text.markup import parse_markup
from mobile_client.text.speech import say
from mobile_client.widgets.listrow import ListRow
from mobile_client.widgets.longlist import LongList
from mobile_client.widgets.overlay import Sheet
from mobile_client.widgets.page import TopBar


class OutlineSheet(Sheet):
    """The list over the interview."""

    def __init__(
        self,
        state: InterviewState,
        jump: Callable[[str], object],
        close: Callable[[], object],
    ) -> None:
        self._jump = jump
        self._rows = state.outline
        page = BoxLayout(orientation="vertical")
        page.add_widget(TopBar(say("All questions"), back=close, back_label=say("Back")))
        self.list = LongList(len(self._rows), self._row)
        page.add_widget(self.list)
        super().__init__(page, close, say("All questions"))
        standing = {question.path for question in state.screen.questions}
        place = next((nth for nth, row in enumerate(self._rows) if row.path in standing), 0)
        self.list.reveal(place)

    def _row(self, index: int) -> ListRow:
        return outline_row(self._rows[index], self._jump)


def outline_row(row: OutlineRow, jump: Callable[[str], object]) -> ListRow:
    """Return a line of the jump list or of the review."""
    if row.kind != "question":
        icon = "group" if row.kind == "repeat" else "folder"
    elif row.message:
        icon = "error"
    else:
        icon = "answered" if row.answered else "unanswered"
    state = (say("Identity"), "identity", "identity") if row.shield else None
    detail = row.message or row.answer
    if not detail and row.kind == "question" and row.required:
        detail = say("Required")
    return ListRow(
        parse_markup(row.label).text,
        detail,
        partial(jump, row.path),
        icon=icon,
        state=state,
        depth=row.depth,
        lines_max=1,
    )
