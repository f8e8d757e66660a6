"""The interview: one question or field-list a screen, the roster of a repeat, and the way through.

An answer goes to the presenter at once, typed text after a short pause; the presenter writes it to
the vault before it returns. Moving on flushes what is typed first, so nothing shown is lost.
"""

from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Any, Final

from mobile_client.presenters.home import HomePresenter
from mobile_client.presenters.interview import InterviewPresenter, InterviewState
from mobile_client.presenters.views import RepeatView, RosterRow, ScreenKind
from mobile_client.screens.base import ScreenPage
from mobile_client.screens.frame import Frame
from mobile_client.screens.languages import open_languages
from mobile_client.screens.outline import OutlineSheet
from mobile_client.screens.questions.card import Ask, QuestionCard
from mobile_client.screens.questions.registry import card_for
from mobile_client.text.markup import parse_markup
from mobile_client.text.speech import say, say_count
from mobile_client.widgets.base import Column, Row, Space
from mobile_client.widgets.button import IconButton, PushButton
from mobile_client.widgets.listrow import EmptyState, ListRow
from mobile_client.widgets.meter import ProgressMeter
from mobile_client.widgets.overlay import Dialog
from mobile_client.widgets.page import BottomBar, TopBar
from mobile_client.widgets.text import Text
from mobile_client.widgets.theme import dp, theme

_SWIPE_DP: Final = 110
_SWIPE_SLOPE: Final = 2.5
_SWIPE_S: Final = 0.7
_TRAIL: Final = " \u203a "


class InterviewScreen(ScreenPage[InterviewPresenter]):
    """Draws `InterviewPresenter`."""

    def __init__(self, frame: Frame, presenter: InterviewPresenter) -> None:
        self._cards: dict[str, QuestionCard] = {}
        self._outline: OutlineSheet | None = None
        self._progress: ProgressMeter | None = None
        self._bars_for: tuple[str, bool, bool] | None = None
        super().__init__(frame, presenter)

    def shape(self, state: InterviewState) -> Hashable:
        """Rebuild for another screen or language; answers are refreshed in place."""
        screen = state.screen
        paths = tuple(question.path for question in screen.questions)
        return screen.kind, paths, screen.repeat, screen.trail, state.language, state.title

    def build(self, state: InterviewState) -> None:
        """Draw the screen that stands."""
        self._cards = {}
        with theme.direction(rtl=state.language.right_to_left):
            if state.screen.trail:
                trail = _TRAIL.join(parse_markup(label).text for label in state.screen.trail)
                self.add(Text(trail, "small", "muted", bold=True))
            if state.screen.kind is ScreenKind.REPEAT and state.screen.repeat is not None:
                self._build_repeat(state.screen.repeat)
            elif state.screen.kind is ScreenKind.END:
                self.add(EmptyState("done", say("All questions asked"), say("Review comes next.")))
            else:
                self._build_questions(state)
        self._build_bars(state)

    def refresh(self, state: InterviewState) -> None:
        """Show answers, messages and progress; replace the cards that no longer fit."""
        for view in state.screen.questions:
            card = self._cards.get(view.path)
            if card is None:
                continue
            if not card.fits(view):
                card = self._replace(card, state)
            card.show(view, blocked=view.path in state.blocked)
        if self._progress is not None and self._progress.share != state.progress.share:
            self._progress.show(state.progress.share)
        self._follow_outline(state)
        if state.blocked:
            self._reveal(state.blocked[0])

    def flush(self) -> None:
        """Tell every answer that is typed and not yet told."""
        for card in list(self._cards.values()):
            card.flush()

    # Keys and gestures.

    def go_on(self) -> bool:
        """Go to the next screen."""
        self._then(self.presenter.next)
        return True

    def go_back(self) -> bool:
        """Put the draft aside."""
        self._then(self.presenter.leave)
        return True

    def turn(self, step: int) -> bool:
        """Go one screen on or back."""
        self._then(self.presenter.next if step > 0 else self.presenter.back)
        return True

    def digit(self, number: int) -> bool:
        """Let the only question of the screen take it."""
        cards = list(self._cards.values())
        return len(cards) == 1 and cards[0].digit(number)

    def on_touch_up(self, touch: Any) -> bool:
        """Turn the page on a quick swipe along the line."""
        across, along = touch.x - touch.ox, abs(touch.y - touch.oy)
        quick = touch.time_end - touch.time_start < _SWIPE_S
        is_swipe = abs(across) > dp(_SWIPE_DP) and abs(across) > _SWIPE_SLOPE * along and quick
        taken = bool(super().on_touch_up(touch))
        if is_swipe and not touch.ud.get("dragged") and touch.grab_current is None:
            self.turn(1 if (across < 0) != self.rtl else -1)
            return True
        return taken

    # Drawing.

    def _build_questions(self, state: InterviewState) -> None:
        ask = self._ask(alone=len(state.screen.questions) == 1)
        for view in state.screen.questions:
            card = card_for(view, ask)
            self._cards[view.path] = card
            self.add(card)

    def _ask(self, *, alone: bool) -> Ask:
        presenter = self.presenter
        return Ask(
            self.frame,
            self._answer,
            self._attach,
            presenter.media,
            presenter.thumbnail,
            self.go_on,
            alone,
        )

    def _replace(self, card: QuestionCard, state: InterviewState) -> QuestionCard:
        view = next(one for one in state.screen.questions if one.path == card.view.path)
        place = self.body.children.index(card)
        self.body.remove_widget(card)
        with theme.direction(rtl=state.language.right_to_left):
            card = card_for(view, card.ask)
        self._cards[view.path] = card
        self.body.add_widget(card, index=place)
        return card

    def _build_repeat(self, repeat: RepeatView) -> None:
        self.add(Text(repeat.label, "question", bold=True, markup=True))
        count = len(repeat.rows)
        self.add(Text(say_count("{n} so far", "{n} so far", count), "small", "muted"))
        for row in repeat.rows:
            self.add(self._roster_row(repeat, row))
        if repeat.can_add:
            words = say("Add one more") if count else say("Add the first")
            add = partial(self._then, partial(self.presenter.add_repeat, repeat.path))
            self.add(PushButton(words, add, kind="tonal", icon="plus"))

    def _roster_row(self, repeat: RepeatView, row: RosterRow) -> Row:
        line = Row(spacing=dp(4))
        open_it = partial(self._then, partial(self.presenter.jump, row.path))
        state = None
        if row.unanswered:
            open_words = say_count("{n} open", "{n} open", row.unanswered)
            state = (open_words, "warn", "unanswered")
        detail = " \u00b7 ".join(cell for cell in row.cells if cell)
        line.add_widget(ListRow(row.title, detail, open_it, icon="person", state=state))
        if repeat.can_remove:
            ask = partial(self._ask_remove, row)
            line.add_widget(IconButton("remove", say("Remove"), ask, pos_hint={"center_y": 0.5}))
        return line

    def _build_bars(self, state: InterviewState) -> None:
        """Put the bars around the column, unless they already stand as they should."""
        at_end = state.screen.kind is ScreenKind.END
        wanted = (state.title, len(state.languages) > 1, at_end)
        if wanted == self._bars_for:
            return
        self._bars_for = wanted
        leave = partial(self._then, self.presenter.leave)
        top = TopBar(state.title, back=leave, back_label=say("Put aside"))
        if len(state.languages) > 1:
            top.add_action("language", say("Language of the form"), self._languages)
        outline = partial(self._then, self.presenter.open_outline)
        top.add_action("jump", say("All questions"), outline)
        top.add_action("more", say("More"), self._more)
        bar = Column(spacing=0)
        bar.add_widget(top)
        self._progress = ProgressMeter(state.progress.share, thick_dp=5)
        bar.add_widget(self._progress)
        back = PushButton(say("Back"), partial(self.turn, -1), kind="outline", icon="previous")
        back.size_hint_x = 0.45
        go_on = PushButton(say("Review") if at_end else say("Next"), self._next, icon="next")
        self.replace_bars(bar, BottomBar(back, go_on, compact=True))

    # What the screen does.

    def _next(self) -> None:
        if self.presenter.state.screen.kind is ScreenKind.END:
            self._then(self.presenter.review)
        else:
            self._then(self.presenter.next)

    def _then(self, step: Callable[[], object]) -> None:
        """Do a step after everything typed was told."""
        self.flush()
        step()

    def _answer(self, path: str, text: str) -> None:
        self.presenter.answer(path, text)

    def _attach(self, path: str, source: Path) -> None:
        self.presenter.attach(path, source)

    def _languages(self) -> None:
        state = self.presenter.state

        def choose(name: str) -> None:
            self._then(partial(self.presenter.choose_language, name))

        open_languages(self.frame.stage, state.languages, state.language, choose)

    def _follow_outline(self, state: InterviewState) -> None:
        stage = self.frame.stage
        if state.jumping and self._outline is None:
            self._outline = OutlineSheet(state, self.presenter.jump, self.presenter.close_outline)
            stage.open(self._outline)
        elif not state.jumping and self._outline is not None:
            stage.remove_widget(self._outline)
            self._outline = None

    def _reveal(self, path: str) -> None:
        card = self._cards.get(path)
        if card is not None and self.body.height > self.scroll.height:
            self.scroll.scroll_to(card, animate=False)

    def _ask_remove(self, row: RosterRow) -> None:
        stage = self.frame.stage

        def remove() -> None:
            stage.close()
            self._then(partial(self.presenter.remove_repeat, row.path))

        words = " \u00b7 ".join([row.title, *[cell for cell in row.cells if cell]])
        stage.open(
            Dialog(
                say("Remove with all answers?"),
                [Text(words)],
                [
                    PushButton(say("Remove"), remove, kind="danger", icon="remove"),
                    PushButton(say("Keep it"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )

    def _more(self) -> None:
        stage = self.frame.stage

        def then(step: Callable[[], object]) -> None:
            stage.close()
            self._then(step)

        rows = [
            ListRow(
                say("Go to the review"),
                say("See what is still open."),
                partial(then, self.presenter.review),
                icon="done",
            ),
            ListRow(
                say("Put aside"),
                say("It stays a draft in your vault."),
                partial(then, self.presenter.leave),
                icon="draft",
            ),
            ListRow(
                say("The respondent stops here"),
                say("Destroys the draft; one is added to the tally."),
                partial(then, self._ask_refusal),
                icon="refused",
            ),
        ]
        close = PushButton(say("Close"), stage.close, kind="tonal")
        stage.open(Dialog(say("More"), rows, [close], stage.close))

    def _ask_refusal(self) -> None:
        stage = self.frame.stage
        draft_id = self.presenter.state.draft_id

        def end() -> None:
            stage.close()
            self.presenter.leave()
            home = self.frame.client.state.presenter
            if isinstance(home, HomePresenter):
                home.abandon(draft_id, "refused")

        stage.open(
            Dialog(
                say("End here?"),
                [
                    Text(
                        say(
                            "Nothing said so far is kept. Only the number of refusals grows by one."
                        ),
                        colour="muted",
                    ),
                    Space(2),
                ],
                [
                    PushButton(say("Yes, end here"), end, kind="danger", icon="refused"),
                    PushButton(say("No, go back"), stage.close, kind="tonal"),
                ],
                stage.close,
            )
        )
