"""Consent: the notice in the respondent's language, a decision per purpose, and how it was given.

On another basis the same screen shows the informant's short notice and asks once. A refusal leaves
a tally and nothing else (CONS-004).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.presenter import Notice, Presenter, notice_of
from mobile_client.presenters.views import ConsentGiven, NoticeView
from shared.errors import CairnError

METHODS: Final = ("verbal", "signature", "thumbprint", "guardian")


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What the consent screen shows.

    Attributes:
        view: the notice; where `view.resuming` the respondent decided before and is asked only
            whether to go on.
        decisions: purpose and whether it was agreed to; a purpose not in it is not decided yet.
    """

    view: NoticeView
    decisions: tuple[tuple[str, bool], ...] = ()
    method: str = "verbal"
    assent: bool | None = None
    notice: Notice | None = None

    @property
    def granted(self) -> frozenset[str]:
        """Purposes agreed to so far."""
        return frozenset(purpose for purpose, yes in self.decisions if yes)

    def decision(self, purpose: str) -> bool | None:
        """What was decided on a purpose; None while open."""
        return dict(self.decisions).get(purpose)

    @property
    def complete(self) -> bool:
        """Whether everything asked has been decided."""
        decided = {purpose for purpose, _ in self.decisions}
        guardian_open = self.method == "guardian" and self.assent is None
        return not guardian_open and all(row.purpose in decided for row in self.view.purposes)


class ConsentPresenter(Presenter[ConsentState]):
    """From the notice on with the interview, or to a tally."""

    def __init__(
        self,
        interview: OpenInterview,
        *,
        on_agreed: Callable[[OpenInterview], None],
        on_ended: Callable[[], None],
    ) -> None:
        super().__init__(ConsentState(view=interview.notice()))
        self._interview = interview
        self._on_agreed = on_agreed
        self._on_ended = on_ended

    def choose_language(self, name: str) -> None:
        """Show the notice in another language; decisions stay."""
        try:
            view = self._interview.notice(name)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._change(view=view)

    def decide(self, purpose: str, *, agreed: bool) -> None:
        """Note the respondent's decision on one purpose."""
        others = tuple(item for item in self.state.decisions if item[0] != purpose)
        self._change(decisions=(*others, (purpose, agreed)), notice=None)

    def decide_all(self, *, agreed: bool) -> None:
        """Note the same decision on every purpose."""
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
            self._change(notice=Notice("Ask for a decision on every purpose first."))
            return
        given = ConsentGiven(state.view.language.name, state.granted, state.method, state.assent)
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
