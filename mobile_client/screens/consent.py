"""Consent: the notice in the respondent's language, a decision per purpose, and how it was given.

Neither answer is easier to give than the other: agree and refuse have the same size and shape, and
nothing is chosen beforehand. Source: GDPR art. 7; ICRC handbook on data protection, chapter 3.
"""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Final

from mobile_client.presenters.consent import METHODS, ConsentPresenter, ConsentState
from mobile_client.presenters.views import PurposeRow
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.languages import open_languages
from mobile_client.text.speech import key, say
from mobile_client.widgets.base import Column, EvenRow, Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.choice import ChoiceCell, ChoiceRow
from mobile_client.widgets.overlay import Dialog
from mobile_client.widgets.page import BottomBar, TopBar
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme

_CONSENT: Final = "consent"
_METHOD_WORDS: Final = {
    "verbal": key("By word"),
    "signature": key("By signature"),
    "thumbprint": key("By thumbprint"),
    "guardian": key("By a guardian"),
}


class ConsentScreen(ScreenPage[ConsentPresenter]):
    """Draws `ConsentPresenter`."""

    def shape(self, state: ConsentState) -> Hashable:
        """Rebuild for another language; decisions are refreshed in place."""
        return replace(state, notice=None, decisions=()), bool(state.view.purposes)

    def build(self, state: ConsentState) -> None:
        """Draw the notice and what is asked."""
        view = state.view
        self._decisions: dict[str, dict[bool, ChoiceCell]] = {}
        with theme.direction(rtl=view.language.right_to_left):
            self.add(Text(view.title, "title", bold=True))
            card = Card()
            card.add_widget(Text(view.text, markup=True))
            self.add(card)
            for row in view.purposes:
                self.add(self._purpose(row))
        if view.basis == _CONSENT and not view.resuming:
            self.add(Space(4), self._methods(state))
        if view.resuming:
            self.add(Text(say("Does the respondent agree to go on?"), "heading", bold=True))
        self._bars(state)

    def refresh(self, state: ConsentState) -> None:
        """Show the decisions."""
        for purpose, cells in self._decisions.items():
            decision = state.decision(purpose)
            for answer, cell in cells.items():
                cell.select(selected=decision is answer)

    def go_on(self) -> bool:
        """Go on where everything is decided."""
        self.presenter.proceed()
        return True

    def go_back(self) -> bool:
        """Leave without a decision."""
        self.presenter.leave()
        return True

    def _purpose(self, row: PurposeRow) -> Column:
        column = Column(spacing=dp(8), padding=(0, dp(6), 0, 0))
        column.add_widget(Text(row.label, bold=True, markup=True))
        cells = EvenRow(spacing=dp(10))
        self._decisions[row.purpose] = {}
        for answer, word in ((True, say("Agrees")), (False, say("Does not agree"))):
            decide = partial(self.presenter.decide, row.purpose, agreed=answer)
            cell = ChoiceCell(word, decide)
            self._decisions[row.purpose][answer] = cell
            cells.add_widget(cell)
        column.add_widget(cells)
        return column

    def _methods(self, state: ConsentState) -> Column:
        column = Column(spacing=dp(10))
        column.add_widget(Text(say("How was it given?"), "heading", bold=True))
        for method in METHODS:
            choose = partial(self.presenter.choose_method, method)
            word = say(_METHOD_WORDS[method])
            column.add_widget(ChoiceRow(word, choose, selected=method == state.method))
        if state.method == "guardian":
            column.add_widget(Text(say("Does the child agree as well?"), "heading", bold=True))
            cells = EvenRow(spacing=dp(10))
            for answer, word in ((True, say("Agrees")), (False, say("Does not agree"))):
                assent = partial(self.presenter.set_assent, agreed=answer)
                cells.add_widget(ChoiceCell(word, assent, selected=state.assent is answer))
            column.add_widget(cells)
        return column

    def _bars(self, state: ConsentState) -> None:
        view = state.view
        titles = {_CONSENT: say("Consent"), "observation": say("Before you begin")}
        title = titles.get(view.basis, say("Notice to the informant"))
        top = TopBar(title, back=self.presenter.leave, back_label=say("Back"))
        if len(view.languages) > 1:
            top.add_action("language", say("Language of the notice"), self._languages)
        refuse = PushButton(say("Refuses"), self._ask_refuse, kind="outline", icon="refused")
        go_on = PushButton(say("Goes on"), self.presenter.proceed, icon="next")
        self.replace_bars(top, BottomBar(refuse, go_on))

    def _languages(self) -> None:
        view = self.presenter.state.view
        open_languages(
            self.frame.stage, view.languages, view.language, self.presenter.choose_language
        )

    def _ask_refuse(self) -> None:
        stage = self.frame.stage

        def end() -> None:
            stage.close()
            self.presenter.refuse()

        stage.open(
            Dialog(
                say("End here?"),
                [
                    Text(
                        say(
                            "Nothing said so far is kept. Only the number of refusals grows by one."
                        ),
                        colour="muted",
                    )
                ],
                [
                    PushButton(say("Yes, end here"), end, icon="refused"),
                    PushButton(say("No, go back"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )
