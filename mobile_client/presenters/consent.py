"""Consent: the notice in the respondent's language, and the decisions the form asks for.

The questions are the form's own (CONS-002), shown together under the notice: who decides, each
purpose, how it was given. Only what a form does not ask itself is asked by the screen. On another
basis the same screen shows the informant's notice. A refusal leaves a tally and nothing else
(CONS-004).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.presenter import Notice, Presenter, notice_of
from mobile_client.presenters.views import ConsentGiven, NoticeView, QuestionView
from shared.errors import CairnError

METHODS: Final = ("verbal", "signature", "thumbprint", "guardian")


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What the consent screen shows.

    Attributes:
        view: the notice; where `view.resuming` the respondent decided before and is asked only
            whether to go on.
        questions: what the form asks under the notice, as relevant now.
        decisions: of `view.purposes`, which the form does not ask itself: purpose and whether it
            was agreed to.
        method, assent: how it was given, where `view.asks_method`.
    """

    view: NoticeView
    questions: tuple[QuestionView, ...] = ()
    decisions: tuple[tuple[str, bool], ...] = ()
    method: str = "verbal"
    assent: bool | None = None
    notice: Notice | None = None

    @property
    def granted(self) -> frozenset[str]:
        """Purposes of `view.purposes` agreed to so far."""
        return frozenset(purpose for purpose, yes in self.decisions if yes)

    def decision(self, purpose: str) -> bool | None:
        """What was decided on a purpose of `view.purposes`; None while open."""
        return dict(self.decisions).get(purpose)

    @property
    def complete(self) -> bool:
        """Whether everything asked has been decided."""
        decided = {purpose for purpose, _ in self.decisions}
        guardian_open = self.method == "guardian" and self.assent is None
        unanswered = any(q.required and not q.value for q in self.questions)
        return not (
            guardian_open
            or unanswered
            or any(row.purpose not in decided for row in self.view.purposes)
        )


class ConsentPresenter(Presenter[ConsentState]):
    """From the notice on with the interview, or to a tally."""

    def __init__(
        self,
        interview: OpenInterview,
        *,
        on_agreed: Callable[[OpenInterview], None],
        on_ended: Callable[[], None],
    ) -> None:
        super().__init__(ConsentState(interview.notice(), interview.screen().questions))
        self._interview = interview
        self._on_agreed = on_agreed
        self._on_ended = on_ended

    def choose_language(self, name: str) -> None:
        """Show notice and questions in another language; decisions stay."""
        self._do(lambda: self._interview.set_language(name))

    def answer(self, path: str, text: str) -> None:
        """Note the answer to one of the form's questions under the notice."""
        self._do(lambda: self._interview.answer(path, text))

    def decide(self, purpose: str, *, agreed: bool) -> None:
        """Note the decision on one purpose of `view.purposes`."""
        others = tuple(item for item in self.state.decisions if item[0] != purpose)
        self._change(decisions=(*others, (purpose, agreed)), notice=None)

    def decide_all(self, *, agreed: bool) -> None:
        """Note the same decision on every purpose of `view.purposes`."""
        self._change(
            decisions=tuple((row.purpose, agreed) for row in self.state.view.purposes), notice=None
        )

    def choose_method(self, method: str) -> None:
        """Note how the decision was given: verbal, signature, thumbprint or guardian."""
        if method in METHODS:
            self._change(method=method, assent=None, notice=None)

    def set_assent(self, *, agreed: bool) -> None:
        """Note whether the child agreed as well, where a guardian decides."""
        self._change(assent=agreed, notice=None)

    def proceed(self) -> None:
        """Go on to the interview, or end it where what was agreed to does not carry it."""
        state = self.state
        if not state.complete:
            self._change(notice=Notice("Ask for every decision first."))
            return
        given = ConsentGiven(state.granted, state.method, state.assent)
        try:
            in_force = self._interview.consent(given)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        if in_force:
            self._on_agreed(self._interview)
        else:
            self.refuse()

    def refuse(self, outcome: str = "refused") -> None:
        """End here: one more in the tally of `outcome`, and the draft is destroyed."""
        try:
            self._interview.decline(outcome)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_ended()

    def leave(self) -> None:
        """Go back without any decision; the draft stays as it is."""
        self._interview.close()
        self._on_ended()

    def _do(self, step: Callable[[], None]) -> None:
        notice = None
        try:
            step()
        except CairnError as error:
            notice = notice_of(error)
        interview = self._interview
        self._change(view=interview.notice(), questions=interview.screen().questions, notice=notice)
