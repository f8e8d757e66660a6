"""Consent: the notice in the respondent's language, a decision per purpose, and how it was given.

On another basis the same screen shows the informant's short notice and asks once. A refusal leaves
a tally and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import ConsentGiven, ConsentPort, NoticeView
from mobile_client.presenters.presenter import Notice, Presenter, notice_of
from shared.errors import CairnError

METHODS = ("verbal", "signature", "thumbprint", "guardian")


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What the consent screen shows.

    Attributes:
        decisions: purpose -> True agreed, False refused; a purpose not in it is not decided yet.
        resuming: id of the draft to go on with, "" for a new interview: the respondent is asked
            whether they still agree, and what they decided before stands.
    """

    view: NoticeView
    decisions: tuple[tuple[str, bool], ...] = ()
    method: str = "verbal"
    assent: bool | None = None
    resuming: str = ""
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
    """From a form or draft to an open interview, or to a tally."""

    def __init__(
        self,
        port: ConsentPort,
        view: NoticeView,
        *,
        on_agreed: Callable[[OpenInterview], None],
        on_ended: Callable[[], None],
        resuming: str = "",
    ) -> None:
        super().__init__(ConsentState(view=view, resuming=resuming))
        self._port = port
        self._on_agreed = on_agreed
        self._on_ended = on_ended

    def choose_language(self, name: str) -> None:
        """Show the notice in another language; decisions stay."""
        try:
            view = self._port.notice(self.state.view.form_id, name)
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
        """Go on to the interview, or end it where nothing was agreed to."""
        state = self.state
        if not state.resuming and not state.complete:
            self._change(notice=Notice("Ask for a decision on every purpose first."))
            return
        if not state.resuming and (self._nothing_agreed(state) or state.assent is False):
            self.refuse()
            return
        try:
            interview = self._open(state)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_agreed(interview)

    def refuse(self, outcome: str = "refused") -> None:
        """End here: one more in the tally of `outcome`; a draft of this respondent is destroyed."""
        try:
            if self.state.resuming:
                self._port.abandon(self.state.resuming, outcome)
            else:
                self._port.refuse(self.state.view.form_id, outcome)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_ended()

    def leave(self) -> None:
        """Go back without any decision; a draft stays as it is."""
        self._on_ended()

    def _open(self, state: ConsentState) -> OpenInterview:
        if state.resuming:
            return self._port.resume(state.resuming)
        given = ConsentGiven(state.view.language.name, state.granted, state.method, state.assent)
        return self._port.begin(state.view.form_id, given)

    @staticmethod
    def _nothing_agreed(state: ConsentState) -> bool:
        return bool(state.view.purposes) and not state.granted


def resumed(view: NoticeView) -> NoticeView:
    """Return the notice of a draft for the re-confirmation: its purposes are not asked again."""
    return replace(view, purposes=())
