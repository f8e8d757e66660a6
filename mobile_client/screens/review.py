"""Review and finalize: what is open or failing, the lead's look where asked, what sealing means."""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial

from mobile_client.presenters.review import ReviewPresenter, ReviewState
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.outline import outline_row
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.field import FieldKind
from mobile_client.widgets.labelled import LabelledField
from mobile_client.widgets.listrow import Heading, ListRow
from mobile_client.widgets.overlay import Dialog
from mobile_client.widgets.page import BottomBar, TopBar
from mobile_client.widgets.picture import Picture
from mobile_client.widgets.text import Text

_ROWS_SHOWN_MAX = 60


class ReviewScreen(ScreenPage[ReviewPresenter]):
    """Draws `ReviewPresenter`."""

    def shape(self, state: ReviewState) -> Hashable:
        """Rebuild for everything but the sentence on top."""
        return replace(state, notice=None)

    def build(self, state: ReviewState) -> None:
        """Draw what stands in the way, what is open, and the seal."""
        self.add(Text(state.title, "title", bold=True))
        if state.failing:
            words = say_count(
                "{n} question must be settled first", "{n} questions must be settled first",
                len(state.failing),
            )  # fmt: skip
            self.add(Banner(words, "error", bold=True))
            for row in state.failing[:_ROWS_SHOWN_MAX]:
                self.add(outline_row(row, self.presenter.go_to))
        else:
            self.add(Banner(say("Every answer that must be there is there."), "ok", bold=True))
        if state.needs_approval:
            self._add_approval()
        if state.pictures:
            self.add(Space(4), Heading(say("Pictures")))
            for picture in state.pictures:
                self.add(
                    Picture(picture.thumbnail, height_max_dp=140),
                    ListRow(picture.label, "", partial(self.presenter.go_to, picture.path)),
                )
        self._add_seal(state)
        if state.unanswered:
            words = say_count(
                "{n} question left open", "{n} questions left open", len(state.unanswered)
            )
            self.add(Space(4), Heading(words))
            for row in state.unanswered[:_ROWS_SHOWN_MAX]:
                self.add(outline_row(row, self.presenter.go_to))
        self._add_bars(state)

    def go_on(self) -> bool:
        """Enter never seals: that takes a touch."""
        return False

    def go_back(self) -> bool:
        """Leave it as a draft."""
        self.presenter.keep()
        return True

    def _add_seal(self, state: ReviewState) -> None:
        card = Card()
        card.add_widget(Text(say("What sealing means"), "body", bold=True))
        card.add_widget(Text(say(state.sealing_note), "small", "muted"))
        if state.identity_count:
            words = say_count(
                "{n} answer is kept apart as identity.", "{n} answers are kept apart as identity.",
                state.identity_count,
            )  # fmt: skip
            card.add_widget(Banner(words, "identity"))
        self.add(card)

    def _add_approval(self) -> None:
        self._lead = LabelledField(say("Team lead's code"), kind=FieldKind())
        self.add(
            Banner(say("A team lead looks at it before it is sealed."), "warn", "group"),
            self._lead,
            PushButton(say("Approve"), self._approve, kind="tonal", icon="check"),
            PushButton(say("Send back"), self._send_back, kind="outline", icon="undo"),
        )

    def _add_bars(self, state: ReviewState) -> None:
        top = TopBar(say("Review"), back=self.presenter.keep, back_label=say("Keep as a draft"))
        keep = PushButton(say("Keep as a draft"), self.presenter.keep, kind="outline", icon="draft")
        words = say("Sealing…") if state.busy else say("Seal")
        seal = PushButton(words, self.presenter.finalize, icon="lock")
        seal.disabled = not state.can_finalize
        self.replace_bars(top, BottomBar(keep, seal))

    def _approve(self) -> None:
        self.presenter.approve(self._lead.field.text)

    def _send_back(self) -> None:
        stage = self.frame.stage
        reason = LabelledField(say("What should be changed?"), kind=FieldKind(lines=3, role="body"))
        lead = self._lead.field.text

        def send() -> None:
            stage.close()
            self.presenter.send_back(lead, reason.field.text)

        stage.open(
            Dialog(
                say("Send back"),
                [reason],
                [
                    PushButton(say("Send back"), send, icon="undo"),
                    PushButton(say("Cancel"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )
