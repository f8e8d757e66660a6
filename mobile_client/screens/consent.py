"""Consent: the notice in the respondent's language, a decision per purpose, and how it was given.

Neither answer is easier to give than the other: agree and refuse have the same size and shape, and
nothing is chosen beforehand. Source: GDPR art. 7; ICRC handbook on data protection, chapter 3.
"""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from mobile_client.presenters.consent import METHODS, ConsentPresenter, ConsentState
from mobile_client.presenters.views import PurposeRow
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.languages import open_languages
from mobile_client.screens.questions.card import Ask, QuestionCard
from mobile_client.screens.questions.registry import card_for
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

    def __init__(self, frame: Frame, presenter: ConsentPresenter) -> None:
        self._cards: dict[str, QuestionCard] = {}
        self._decisions: dict[str, dict[bool, ChoiceCell]] = {}
        self._blocked = False
        super().__init__(frame, presenter)

    def shape(self, state: ConsentState) -> Hashable:
        """Rebuild for another language or other questions; answers are refreshed in place."""
        paths = tuple(question.path for question in state.questions)
        return replace(state, notice=None, decisions=(), questions=()), paths

    def build(self, state: ConsentState) -> None:
        """Draw the notice and what is asked."""
        view = state.view
        self._decisions = {}
        with theme.direction(rtl=view.language.right_to_left):
            self.add(Text(view.title, "title", bold=True))
            if view.text:
                card = Card()
                card.add_widget(Text(view.text, markup=True))
                self.add(card)
            ask = Ask(
                self.frame,
                self.presenter.answer,
                _no_files,
                _no_pictures,
                _no_thumbnail,
                self.go_on,
                alone=False,
            )
            self._cards = {view.path: card_for(view, ask) for view in state.questions}
            self.add(*self._cards.values())
            for row in view.purposes:
                self.add(self._purpose(row))
        if view.asks_method:
            self.add(Space(4), self._methods(state))
        if view.resuming:
            self.add(Text(say("Does the respondent agree to go on?"), "heading", bold=True))
        self._build_bars(state)

    def refresh(self, state: ConsentState) -> None:
        """Show the decisions, and after a try to go on what is still open."""
        self._blocked = self._blocked and not state.complete
        for view in state.questions:
            self._cards[view.path].show(view, blocked=self._blocked)
        for purpose, cells in self._decisions.items():
            decision = state.decision(purpose)
            for answer, cell in cells.items():
                cell.select(selected=decision is answer)

    def flush(self) -> None:
        """Tell every answer that is typed and not yet told."""
        for card in list(self._cards.values()):
            card.flush()

    def go_on(self) -> bool:
        """Go on where everything is decided."""
        self.flush()
        self._blocked = True
        self.presenter.proceed()
        self.refresh(self.presenter.state)
        return True

    def go_back(self) -> bool:
        """Leave without a decision."""
        self.flush()
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

    def _build_bars(self, state: ConsentState) -> None:
        view = state.view
        titles = {_CONSENT: say("Consent"), "observation": say("Before you begin")}
        title = titles.get(view.basis, say("Notice to the informant"))
        top = TopBar(title, back=self.go_back, back_label=say("Back"))
        if len(view.languages) > 1:
            top.add_action("language", say("Language of the notice"), self._languages)
        refuse = PushButton(say("Refuses"), self._ask_refuse, kind="outline", icon="refused")
        go_on = PushButton(say("Goes on"), self.go_on, icon="next")
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


def _no_files(path: str, source: Path) -> None:
    """Consent is given by answers; a form that asks for a file asks for it in the interview."""


def _no_pictures(name: str) -> Path | None:
    """The notice and its questions are words."""
    del name
    return None


def _no_thumbnail(path: str) -> bytes:
    """Nothing is photographed under the notice."""
    del path
    return b""
