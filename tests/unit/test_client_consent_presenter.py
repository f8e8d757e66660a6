"""Consent: nothing opens without a decision on every purpose, and a refusal leaves a tally only."""

from typing import cast

import pytest

from mobile_client.presenters.consent import ConsentPresenter
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import ConsentGiven, NoticeView, PurposeRow
from mobile_client.presenters.views import Language
from shared.errors import StoreFull

ENGLISH = Language("English (en)", "en")
ARABIC = Language("Arabic (ar)", "ar", right_to_left=True)


class Ledger:
    """Remembers what the presenter asked of its port."""

    def __init__(self, *, full: bool = False) -> None:
        self.begun: list[ConsentGiven] = []
        self.tallies: list[tuple[str, str]] = []
        self.full = full

    def notice(self, form_id: str, language: str | None = None) -> NoticeView:
        shown = ARABIC if language == ARABIC.name else ENGLISH
        purposes = (PurposeRow("analysis", "Analysis"), PurposeRow("referral", "Referral"))
        text = f"notice in {shown.tag}"
        return NoticeView(form_id, "Form", "consent", text, shown, (ENGLISH, ARABIC), purposes)

    def draft_notice(self, draft_id: str) -> NoticeView:
        return self.notice(draft_id)

    def begin(self, form_id: str, given: ConsentGiven) -> OpenInterview:
        if self.full:
            raise StoreFull(f"no space left for a new draft of {form_id}")
        self.begun.append(given)
        return cast("OpenInterview", object())

    def resume(self, draft_id: str) -> OpenInterview:
        return cast("OpenInterview", draft_id)

    def refuse(self, form_id: str, outcome: str) -> None:
        self.tallies.append((form_id, outcome))

    def abandon(self, draft_id: str, outcome: str) -> None:
        self.tallies.append((draft_id, outcome))


def consent(ledger: Ledger, seen: list[str], resuming: str = "") -> ConsentPresenter:
    return ConsentPresenter(
        ledger,
        ledger.notice("household"),
        on_agreed=lambda _: seen.append("interview"),
        on_ended=lambda: seen.append("ended"),
        resuming=resuming,
    )


def test_nothing_opens_before_every_purpose_is_decided() -> None:
    ledger, seen = Ledger(), list[str]()
    presenter = consent(ledger, seen)
    presenter.decide("analysis", agreed=True)
    presenter.proceed()
    assert (seen, ledger.begun) == ([], [])
    assert presenter.state.notice is not None

    presenter.decide("referral", agreed=False)
    presenter.proceed()
    assert seen == ["interview"]
    assert ledger.begun[0].granted == {"analysis"}


def test_a_decision_can_be_changed_before_going_on() -> None:
    ledger, seen = Ledger(), list[str]()
    presenter = consent(ledger, seen)
    presenter.decide_all(agreed=True)
    presenter.decide("analysis", agreed=False)
    assert presenter.state.decision("analysis") is False
    assert presenter.state.granted == {"referral"}


@pytest.mark.parametrize("way", ["refuse", "proceed with nothing"])
def test_a_refusal_leaves_a_tally_and_opens_nothing(way: str) -> None:
    ledger, seen = Ledger(), list[str]()
    presenter = consent(ledger, seen)
    if way == "refuse":
        presenter.refuse()
    else:
        presenter.decide_all(agreed=False)
        presenter.proceed()
    assert (seen, ledger.begun) == (["ended"], [])
    assert ledger.tallies == [("household", "refused")]


def test_a_guardian_needs_the_childs_assent() -> None:
    ledger, seen = Ledger(), list[str]()
    presenter = consent(ledger, seen)
    presenter.decide_all(agreed=True)
    presenter.choose_method("guardian")
    presenter.proceed()
    assert seen == []
    presenter.set_assent(agreed=False)
    presenter.proceed()
    assert ledger.tallies == [("household", "refused")]


def test_the_language_read_out_is_the_one_that_counts() -> None:
    ledger, seen = Ledger(), list[str]()
    presenter = consent(ledger, seen)
    presenter.choose_language(ARABIC.name)
    presenter.decide_all(agreed=True)
    presenter.proceed()
    assert presenter.state.view.text == "notice in ar"
    assert ledger.begun[0].language == ARABIC.name


def test_resuming_asks_again_and_a_no_destroys_the_draft() -> None:
    ledger, seen = Ledger(), list[str]()
    consent(ledger, seen, resuming="d1").proceed()
    consent(ledger, seen, resuming="d2").refuse()
    assert seen == ["interview", "ended"]
    assert ledger.tallies == [("d2", "refused")]


def test_an_error_of_the_vault_is_shown_and_nothing_opens() -> None:
    seen: list[str] = []
    presenter = consent(Ledger(full=True), seen)
    presenter.decide_all(agreed=True)
    presenter.proceed()
    assert seen == []
    assert presenter.state.notice is not None
    assert presenter.state.notice.code == "STORE-002"


def test_subscribers_hear_now_and_then_every_change_once() -> None:
    presenter = consent(Ledger(), [])
    heard: list[int] = []
    stop = presenter.subscribe(lambda state: heard.append(len(state.decisions)))
    presenter.decide("analysis", agreed=True)
    presenter.decide("analysis", agreed=True)
    stop()
    presenter.decide("referral", agreed=True)
    assert heard == [0, 1]
