"""Nothing opens without a decision on every purpose; a refusal leaves a tally (CONS-004)."""

from typing import cast

import pytest

from mobile_client.presenters.consent import ConsentPresenter
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.views import ConsentGiven, Language, NoticeView, PurposeRow
from shared.errors import StoreFull

ENGLISH = Language("English (en)", "en")
ARABIC = Language("Arabic (ar)", "ar", right_to_left=True)


class Asked:
    """An interview at its notice: in force when `analysis` is agreed to."""

    def __init__(self, *, full: bool = False, resuming: bool = False) -> None:
        self.given: list[ConsentGiven] = []
        self.tallies: list[str] = []
        self.closed = False
        self.full = full
        self.resuming = resuming

    def notice(self, language: str | None = None) -> NoticeView:
        shown = ARABIC if language == ARABIC.name else ENGLISH
        purposes = (PurposeRow("analysis", "Analysis"), PurposeRow("referral", "Referral"))
        return NoticeView(
            "form",
            "Form",
            "consent",
            f"notice in {shown.tag}",
            shown,
            (ENGLISH, ARABIC),
            () if self.resuming else purposes,
            resuming=self.resuming,
        )

    def consent(self, given: ConsentGiven) -> bool:
        if self.full:
            raise StoreFull("no space left for the draft")
        self.given.append(given)
        return self.resuming or ("analysis" in given.granted and given.assent is not False)

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


def test_nothing_opens_before_every_purpose_is_decided() -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    presenter.decide("analysis", agreed=True)
    presenter.proceed()
    assert (seen, asked.given) == ([], [])
    assert presenter.state.notice is not None

    presenter.decide("referral", agreed=False)
    presenter.proceed()
    assert seen == ["interview"]
    assert asked.given[0].granted == {"analysis"}


def test_a_decision_can_be_changed_before_going_on() -> None:
    presenter = consent(Asked(), [])
    presenter.decide_all(agreed=True)
    presenter.decide("analysis", agreed=False)
    assert presenter.state.decision("analysis") is False
    assert presenter.state.granted == {"referral"}


@pytest.mark.parametrize("way", ["refuse", "nothing", "not what carries it"])
def test_a_refusal_leaves_a_tally_and_opens_nothing(way: str) -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    if way == "refuse":
        presenter.refuse()
    else:
        presenter.decide("analysis", agreed=False)
        presenter.decide("referral", agreed=way == "not what carries it")
        presenter.proceed()
    assert (seen, asked.tallies) == (["ended"], ["refused"])


def test_a_guardian_needs_the_childs_assent() -> None:
    asked, seen = Asked(), list[str]()
    presenter = consent(asked, seen)
    presenter.decide_all(agreed=True)
    presenter.choose_method("guardian")
    presenter.proceed()
    assert seen == []
    presenter.set_assent(agreed=False)
    presenter.proceed()
    assert (seen, asked.tallies) == (["ended"], ["refused"])


def test_the_language_read_out_is_the_one_that_counts() -> None:
    asked = Asked()
    presenter = consent(asked, [])
    presenter.choose_language(ARABIC.name)
    presenter.decide_all(agreed=True)
    presenter.proceed()
    assert presenter.state.view.text == "notice in ar"
    assert asked.given[0].language == ARABIC.name


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
    presenter.decide_all(agreed=True)
    presenter.proceed()
    assert seen == []
    assert presenter.state.notice is not None
    assert presenter.state.notice.code == "STORE-002"


def test_subscribers_hear_now_and_then_every_change_once() -> None:
    presenter = consent(Asked(), [])
    heard: list[int] = []
    stop = presenter.subscribe(lambda state: heard.append(len(state.decisions)))
    presenter.decide("analysis", agreed=True)
    presenter.decide("analysis", agreed=True)
    stop()
    presenter.decide("referral", agreed=True)
    assert heard == [0, 1]
