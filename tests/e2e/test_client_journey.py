"""From a pasted code to a received record: by the presenters over HTTP, and by real commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_http import HttpProject
from client_kit import CONSENTING
from client_project import HOUSEHOLD_ANSWERS, PASSPHRASE, TestProject

from mobile_client.presenters.client import ClientPresenter, Screen
from mobile_client.presenters.consent import ConsentPresenter
from mobile_client.presenters.enrol import EnrolPresenter
from mobile_client.presenters.hand_over import HandOverPresenter
from mobile_client.presenters.home import HomePresenter
from mobile_client.presenters.interview import InterviewPresenter
from mobile_client.presenters.presenter import InlineWork
from mobile_client.presenters.receipt import ReceiptPresenter
from mobile_client.presenters.review import ReviewPresenter
from mobile_client.presenters.settings import SettingsPresenter
from mobile_client.presenters.status import Counts
from mobile_client.presenters.unlock import UnlockPresenter
from mobile_client.presenters.views import ScreenKind
from mobile_client.services.client import Client

ROOT = Path(__file__).parents[2]
PLACE = {"/data/place/round": "3", "/data/place/location": "Camp A"}


@pytest.fixture
def server() -> Iterator[tuple[TestProject, HttpProject]]:
    project = TestProject()
    project.publish()
    with HttpProject(project) as http:
        yield project, http


class Hand:
    """Holds the device: finds the presenter that stands on the screen."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.root = ClientPresenter(client, InlineWork())

    @property
    def screen(self) -> Screen:
        return self.root.state.screen

    def at(self, kind: type) -> Any:
        assert isinstance(self.root.state.presenter, kind), self.root.state
        return self.root.state.presenter

    def enrol(self, code: str) -> None:
        enrol = self.at(EnrolPresenter)
        enrol.enter_code(code[:20] + "\n" + code[20:])
        assert enrol.state.code.project == "Test project"
        enrol.weigh("short")
        assert not enrol.state.strong_enough
        enrol.weigh(PASSPHRASE)
        assert enrol.state.strong_enough
        enrol.join("Tablet 7", "Amina", PASSPHRASE, PASSPHRASE)
        assert enrol.state.notice is None, enrol.state.notice

    def fetch_forms(self) -> None:
        self.root.show_hand_over()
        over = self.at(HandOverPresenter)
        over.to_mission()
        assert over.state.phase == "done", over.state
        over.leave()

    def interview(self, **changes: str) -> None:
        self.at(HomePresenter).start("household")
        asking = self.at(InterviewPresenter)
        for path, text in PLACE.items():
            asking.answer(path, text)
        asking.next()
        consent = self.at(ConsentPresenter)
        for path, text in CONSENTING.items():
            consent.answer(path, changes.get(path.rpartition("/")[2], text))
        consent.proceed()

    def answer_all(self) -> None:
        asking = self.at(InterviewPresenter)
        for path, text in HOUSEHOLD_ANSWERS.items():
            asking.answer(path, text)
        while self.screen is Screen.INTERVIEW:
            asking.next()
            assert not asking.state.blocked


@pytest.fixture
def hand(server: tuple[TestProject, HttpProject], tmp_path: Path) -> Hand:
    project, http = server
    hand = Hand(project.client(tmp_path / "home"))
    hand.enrol(project.code(address=http.address))
    hand.fetch_forms()
    return hand


def test_from_the_code_to_received(hand: Hand, server: tuple[TestProject, HttpProject]) -> None:
    assert hand.screen is Screen.HOME
    assert [row.form_id for row in hand.at(HomePresenter).state.forms] == ["household"]
    hand.interview()
    hand.answer_all()
    review = hand.at(ReviewPresenter)
    assert review.state.can_finalize
    assert review.state.identity_count == 2
    assert [row.label for row in review.state.unanswered] == [
        "Phone",
        "Sex",
        "Photo of the shelter",
    ]
    review.finalize()
    receipt = hand.at(ReceiptPresenter)
    assert len(receipt.state.groups) == 4
    receipt.given()
    home = hand.at(HomePresenter)
    assert (home.state.counts, home.state.slips_due) == (Counts(on_device=1), ())
    hand.root.lock()
    hand.fetch_forms()
    assert hand.screen is Screen.UNLOCK
    assert hand.at(UnlockPresenter).state.counts == Counts(received=1)
    project, _ = server
    assert project.bodies()[0].location == "Camp A"


def test_a_refusal_goes_home_with_a_tally(hand: Hand) -> None:
    hand.interview(consent_assistance="no")
    home = hand.at(HomePresenter)
    assert home.state.drafts == ()
    assert home.state.counts == Counts()


def test_the_way_is_barred_and_the_review_leads_to_what_bars_it(hand: Hand) -> None:
    hand.interview()
    asking = hand.at(InterviewPresenter)
    asking.next()
    assert asking.state.blocked == ("/data/interview/head_name",)
    asking.open_outline()
    assert asking.state.jumping
    asking.jump("/data/interview/size")
    asking.answer("/data/interview/size", "99")
    assert asking.state.screen.questions[0].message == "Between 1 and 39."
    asking.answer("/data/interview/size", "many")
    assert asking.state.notice is not None
    asking.choose_language("Arabic (ar)")
    assert asking.state.language.right_to_left
    asking.review()
    review = hand.at(ReviewPresenter)
    assert not review.state.can_finalize
    review.finalize()
    assert review.state.notice is not None
    review.go_to("/data/interview/head_name")
    assert hand.at(InterviewPresenter).state.screen.questions[0].shield


def test_a_draft_is_put_aside_asked_again_and_refused(hand: Hand) -> None:
    hand.interview()
    asking = hand.at(InterviewPresenter)
    asking.add_repeat("/data/interview/member")
    asking.remove_repeat("/data/interview/member[2]")
    asking.leave()
    (draft,) = hand.at(HomePresenter).state.drafts
    hand.at(HomePresenter).open_draft(draft.draft_id)
    consent = hand.at(ConsentPresenter)
    assert consent.state.view.resuming
    consent.proceed()
    asking = hand.at(InterviewPresenter)
    asking.back()
    assert hand.at(InterviewPresenter).state.screen.kind is ScreenKind.QUESTIONS
    asking.decline()
    assert hand.at(HomePresenter).state.drafts == ()


def test_many_ready_drafts_are_finalized_at_once(hand: Hand) -> None:
    for _ in range(2):
        hand.interview()
        hand.answer_all()
        hand.at(ReviewPresenter).keep()
    home = hand.at(HomePresenter)
    assert len(home.state.ready) == 2
    home.finalize(tuple(row.draft_id for row in home.state.ready))
    assert home.state.counts == Counts(on_device=2)
    assert len(home.state.slips_due) == 2
    home.withdraw("nonsense")
    assert home.state.notice is not None
    home.withdraw(home.state.slips_due[0].code)
    assert home.state.notice is not None
    home.tally("household", "absent")
    home.abandon("0" * 32)
    assert home.state.notice is not None


def test_idle_time_locks_and_the_draft_stays(hand: Hand) -> None:
    hand.interview()
    hand.at(InterviewPresenter).answer("/data/interview/head_name", "Zubaida")
    hand.root.touched()
    hand.root.tick()
    assert hand.screen is Screen.INTERVIEW
    hand.client.clock.step_s = 400  # type: ignore[attr-defined]
    hand.client.clock.now()
    hand.client.clock.step_s = 1  # type: ignore[attr-defined]
    hand.root.tick()
    unlock = hand.at(UnlockPresenter)
    assert not hand.client.is_unlocked()
    unlock.unlock(PASSPHRASE)
    assert len(hand.at(HomePresenter).state.drafts) == 1


def test_wrong_tries_are_told_with_their_wait(hand: Hand) -> None:
    hand.root.lock()
    unlock = hand.at(UnlockPresenter)
    clock = hand.client.clock
    clock.step_s = 0  # type: ignore[attr-defined]
    for _ in range(3):
        unlock.unlock("wrong")
    assert unlock.state.wait_s == 2
    assert "wrong" in str(unlock.state.notice)
    unlock.unlock(PASSPHRASE)
    assert not hand.client.is_unlocked(), "too early"
    clock.step_s = 1  # type: ignore[attr-defined]
    hand.root.tick()
    hand.root.tick()
    assert unlock.state.wait_s == 0
    unlock.unlock(PASSPHRASE)
    assert hand.screen is Screen.HOME


def test_a_second_enumerator_joins_on_the_lock_screen(hand: Hand) -> None:
    hand.root.add_enumerator()
    unlock = hand.at(UnlockPresenter)
    assert unlock.state.adding
    unlock.add_enumerator("Omar", PASSPHRASE, "other")
    assert unlock.state.notice is not None
    unlock.add_enumerator("Omar", "weak", "weak")
    assert "bits" in str(unlock.state.notice)
    unlock.add_enumerator("Omar", PASSPHRASE, PASSPHRASE)
    assert hand.screen is Screen.HOME
    hand.root.lock()
    unlock = hand.at(UnlockPresenter)
    assert [row.name for row in unlock.state.enumerators] == ["Amina", "Omar"]
    unlock.unlock(PASSPHRASE)
    assert unlock.state.notice is not None, "nobody is chosen yet"


def test_settings_are_kept_and_panic_locks(hand: Hand) -> None:
    hand.root.show_settings()
    settings = hand.at(SettingsPresenter)
    settings.change(palette="sun", text_percent=200)
    assert hand.root.state.preferences.palette == "sun"
    settings.change(palette="pink")
    assert settings.state.notice is not None
    settings.change_passphrase("wrong", PASSPHRASE + " b", PASSPHRASE + " b")
    assert "wrong" in str(settings.state.notice)
    settings.change_passphrase(PASSPHRASE, PASSPHRASE + " b", PASSPHRASE + " b")
    assert "changed" in str(settings.state.notice)
    settings.destroy_vault()
    assert hand.screen is Screen.UNLOCK
    assert hand.at(UnlockPresenter).state.enumerators == ()
    hand.at(UnlockPresenter).add_enumerator("Omar", PASSPHRASE, PASSPHRASE)
    assert hand.screen is Screen.HOME, "somebody else may go on"


def test_no_network_is_a_status_and_bad_codes_are_told(hand: Hand, tmp_path: Path) -> None:
    hand.root.show_hand_over()
    over = hand.at(HandOverPresenter)
    over.to_hub("CAIRNHUB1.nonsense")
    assert (over.state.phase, over.state.notice is not None) == ("failed", True)
    over.take_bundle(tmp_path / "none.cairnb")
    assert over.state.phase == "failed"
    over.to_bundle(tmp_path / "out.cairnb")
    assert over.state.phase == "done"
    assert (tmp_path / "out.cairnb").exists()


# --- real commands


def cairn(home: Path, *words: str, status: int = 0) -> Any:
    """Run one command in a process of its own and return what it printed as JSON."""
    environment = {**os.environ, "CAIRN_PASSPHRASE": PASSPHRASE}
    run = subprocess.run(
        [sys.executable, "-m", "cairn", "client", "--home", str(home), *words, "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == status, run.stderr
    return json.loads(run.stdout) if status == 0 else run.stderr


def test_the_commands_of_a_headless_client(
    server: tuple[TestProject, HttpProject], tmp_path: Path
) -> None:
    project, http = server
    project.clock.at = project.clock.at.replace(year=2099)
    home = tmp_path / "home"
    code = project.code(address=http.address)
    enrolled = cairn(home, "enrol", code, "--name", "Amina", "--label", "T", "--suite", "1")
    assert enrolled["project"] == "Test project"
    cairn(home, "sync")
    answers = tmp_path / "answers.json"
    content = {**PLACE, **CONSENTING, **HOUSEHOLD_ANSWERS}
    answers.write_text(json.dumps({"answers": content}))
    draft = cairn(home, "fill", "household", "--answers", str(answers))
    assert draft["outcome"] == "draft"
    (sealed,) = cairn(home, "finalize")
    assert len(cairn(home, "list")["records"]) == 1
    cairn(home, "withdraw", sealed["code"])
    message = cairn(home, "withdraw", "12", status=1)
    assert message.startswith("CAIRN-003: ")
    done = cairn(home, "sync", "--bundle", str(tmp_path / "out.cairnb"))
    assert done["counts"]["handed_over"] == 1
    assert cairn(home, "sync")["counts"]["received"] == 1
    assert cairn(home, "status")["counts"]["received"] == 1
    assert len(project.bodies()) == 1
    assert "passphrase is wrong" in _wrong(home)


def _wrong(home: Path) -> str:
    """Return what a wrong passphrase on a descriptor is told."""
    reading, writing = os.pipe()
    os.write(writing, b"not the passphrase\n")
    os.close(writing)
    words = ["--home", str(home), "--passphrase-fd", str(reading), "unlock"]
    run = subprocess.run(
        [sys.executable, "-m", "cairn", "client", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=[reading],
    )
    os.close(reading)
    assert run.returncode == 1
    return run.stderr
