"""Follow-up: assigned households and sites, found by typing."""

from collections.abc import Hashable
from functools import partial

from mobile_client.presenters.cases import CasesPresenter, CasesState
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.field import Field, FieldKind
from mobile_client.widgets.listrow import EmptyState, ListRow
from mobile_client.widgets.page import TopBar


class CasesScreen(ScreenPage[CasesPresenter]):
    """Draws `CasesPresenter`."""

    def __init__(self, frame: Frame, presenter: CasesPresenter) -> None:
        self._shown: tuple[object, ...] | None = None
        super().__init__(frame, presenter)

    def shape(self, state: CasesState) -> Hashable:
        """The field stays; the rows below it are refreshed."""
        del state
        return "cases"

    def build(self, state: CasesState) -> None:
        """Draw the field; the rows follow."""
        self._shown = None
        self._field = Field(state.text, FieldKind(hint=say("Search")), typed=self.presenter.search)
        self.add(self._field)
        top = TopBar(say("Cases"), back=self.presenter.leave, back_label=say("Back"))
        self.replace_bars(top, None)

    def refresh(self, state: CasesState) -> None:
        """Show the cases that match."""
        if state.rows == self._shown:
            return
        self._shown = state.rows
        for widget in [one for one in self.body.children if one is not self._field]:
            self.body.remove_widget(widget)
        for row in state.rows:
            chip = None
            if row.conflicts:
                words = say_count("{n} conflict", "{n} conflicts", row.conflicts)
                chip = (words, "warn", "conflict")
            tap = partial(self.presenter.open, row.record_id) if row.editable else None
            self.add(ListRow(row.label, row.detail, tap, icon="case", state=chip))
        if not state.rows:
            title = say("No case matches") if state.text else say("No cases yet")
            self.add(
                EmptyState("case", title, say("Assigned cases arrive with the next hand-over."))
            )

    def go_back(self) -> bool:
        """Leave."""
        self.presenter.leave()
        return True
