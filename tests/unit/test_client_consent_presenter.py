"""Nothing opens without every decision the notice asks for; a refusal leaves a tally (CONS-004)."""

from dataclasses import replace
from typing import cast

import pytest

from mobile_client.presenters.consent import ConsentPresenter
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.views import (
    ConsentGiven,
    Language,
    NoticeView,
    PurposeRow,
    QuestionView,
    ScreenKind,
    ScreenView,
)
from shared.errors import FormError, StoreFull

ENGLISH = Language("English (en)", "en")
ARABIC = Language("Arabic (ar)", "ar", right_to_left=True)


class Asked:
    """An interview at its notice: the form asks for `analysis`, the screen for `referral`."""

    def __init__(self, *, full: bool = False, resuming: bool = False) -> None:
        self.given: list[ConsentGiven] = []
        self.tallies: list[str] = []
        self.closed = False
        self.full = full
        self.resuming = resuming
        self.language = ENGLISH
        self.analysis = ""

    def set_language(self, name: str) -> None:
        if name != ARABIC.name:
            raise FormError(f"the form has no language {name}")
        self.language = ARABIC

    def notice(self) -> NoticeView:
        text = f"notice in {self.language.tag}"
        view = NoticeView("form", "Form", "consent", text, self.language, (ENGLISH, ARABIC))
        if self.resuming:
            return replace(view, resuming=True)
        return replace(view, purposes=(PurposeRow("referral", "Referral"),), asks_method=True)

    def screen(self) -> ScreenView:
        if self.resuming:
            return ScreenView(ScreenKind.CONSENT)
        question = QuestionView("/d/c", "select_one", "Analysis?", self.analysis, required=True)
        return ScreenView(ScreenKind.CONSENT, questions=(question,))

    def answer(self, path: str, text: str) -> None:
        assert path == "/d/c"
        self.analysis = text

    def consent(self, given: ConsentGiven) -> bool:
        if self.full:
            raise StoreFull("no space left for the draft")
        self.given.append(given)
        return self.resuming or (self.analysis == "yes" and given.assent is not False)

    def decline(self, outcome: str) -> None:
        self.tallies.append(outcome)

    def close(self) -> None:
        self.closed = True


def consent(asked: Asked, seen: list[str]) -> ConsentPresenter:
    return ConsentPresenter(
        cast("OpenInterview", asked),
        on_agreed=lambda _: seen.append("interview"),
        on_ended=lambda: seen.append("ended"),
    )


def test_nothing_opens_before_everything_is_decided() -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    presenter.answer("/d/c", "yes")
    presenter.proceed()
    assert presenter.state.notice is not None
    presenter.answer("/d/c", "")
    presenter.decide("referral", agreed=True)
    presenter.proceed()
    assert (seen, asked.given) == ([], [])

    presenter.answer("/d/c", "yes")
    presenter.proceed()
    assert seen == ["interview"]
    assert asked.given == [ConsentGiven(frozenset({"referral"}), "verbal", None)]


def test_a_decision_can_be_changed_before_going_on() -> None:
    presenter = consent(Asked(), [])
    presenter.decide_all(agreed=True)
    presenter.decide("referral", agreed=False)
    assert presenter.state.decision("referral") is False
    assert presenter.state.granted == frozenset()


@pytest.mark.parametrize("way", ["refuse", "not what carries it"])
def test_a_refusal_leaves_a_tally_and_opens_nothing(way: str) -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    if way == "refuse":
        presenter.refuse()
    else:
        presenter.answer("/d/c", "no")
        presenter.decide("referral", agreed=True)
        presenter.proceed()
    assert (seen, asked.tallies) == (["ended"], ["refused"])


def test_a_guardian_needs_the_childs_assent() -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    presenter.answer("/d/c", "yes")
    presenter.decide_all(agreed=True)
    presenter.choose_method("guardian")
    presenter.proceed()
    assert seen == []
    presenter.set_assent(agreed=False)
    presenter.proceed()
    assert (seen, asked.tallies) == (["ended"], ["refused"])


def test_the_notice_changes_its_language_and_keeps_the_decisions() -> None:
    presenter = consent(Asked(), [])
    presenter.answer("/d/c", "yes")
    presenter.choose_language(ARABIC.name)
    assert presenter.state.view.text == "notice in ar"
    assert presenter.state.questions[0].value == "yes"
    presenter.choose_language("Klingon")
    assert presenter.state.notice is not None
    assert presenter.state.view.text == "notice in ar"


def test_resuming_asks_once_whether_to_go_on() -> None:
    asked, seen = Asked(resuming=True), list[str]()
    consent(asked, seen).proceed()
    consent(asked, seen).refuse()
    assert (seen, asked.tallies) == (["interview", "ended"], ["refused"])


def test_leaving_decides_nothing_and_keeps_the_draft() -> None:
    asked, seen = Asked(), list[str]()
    consent(asked, seen).leave()
    assert (seen, asked.tallies, asked.closed) == (["ended"], [], True)


def test_an_error_of_the_vault_is_shown_and_nothing_opens() -> None:
    seen: list[str] = []
    presenter = consent(Asked(full=True), seen)
    presenter.answer("/d/c", "yes")
    presenter.decide_all(agreed=True)
    presenter.proceed()
    assert seen == []
    assert presenter.state.notice is not None
    assert presenter.state.notice.code == "STORE-002"


def test_subscribers_hear_now_and_then_every_change_once() -> None:
    presenter = consent(Asked(), [])
    heard: list[int] = []
    stop = presenter.subscribe(lambda state: heard.append(len(state.decisions)))
    presenter.decide("referral", agreed=True)
    presenter.decide("referral", agreed=True)
    stop()
    presenter.decide("referral", agreed=False)
    assert heard == [0, 1]
