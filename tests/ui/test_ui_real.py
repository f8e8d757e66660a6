"""A whole day of an enumerator in the real window: vault, engine, sealing, log and hand-over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.window


@pytest.fixture
def tablet(window: None, tmp_path: Path) -> Iterator[Any]:
    """A tablet of a project whose server has published two forms."""
    del window
    from client_kit import HOUSEHOLD, SITE  # noqa: PLC0415 - Kivy comes up with the display
    from client_project import TestProject  # noqa: PLC0415
    from ui_real import RealWindow  # noqa: PLC0415

    from mobile_client.text.speech import use_language  # noqa: PLC0415

    project = TestProject()
    project.publish(HOUSEHOLD, 1)
    project.publish(SITE, 2)
    tablet = RealWindow(project, tmp_path / "home")
    yield tablet
    if tablet.ui is not None:
        tablet.kill()
    use_language("en")


def passphrase() -> str:
    from client_project import PASSPHRASE  # noqa: PLC0415

    return PASSPHRASE


def press(ui: Any, icon: str) -> None:
    """Touch the button with an icon: it is the same in every language."""
    ui.tap(next(button for button in ui.all("PushButton", icon=icon) if not button.disabled))


def settle(ui: Any, screen: str) -> None:
    """Wait for the work in the background and for a screen."""
    ui.until(lambda: not ui.app._work.busy and ui.has(screen), f"{screen} stands")
    ui.frames(3)


def write(ui: Any, field: Any, text: str) -> None:
    ui.tap(field)
    ui.type(text)


def enrol(ui: Any, tablet: Any) -> None:
    ui.one("Field").text = tablet.project.code()
    press(ui, "next")
    device, name, first, second = ui.all("Field")
    for field, text in ((device, "Tablet 7"), (name, "Amina")):
        write(ui, field, text)
    first.text = second.text = passphrase()
    press(ui, "next")
    settle(ui, "HomeScreen")


def take_in_forms(ui: Any) -> None:
    """Hand over once: the forms come with the answer."""
    press(ui, "handed_over")
    ui.tap(next(row for row in ui.all("ListRow", icon="server")))
    ui.until(lambda: not ui.app._work.busy, "the hand-over ends")
    ui.frames(3)
    ui.key(27)


def consent(ui: Any) -> None:
    """Answer what the form asks under its notice: an adult agrees, to the first purpose only."""
    answers = {"adult": "yes", "consent_assistance": "yes", "consent_contact": "no"}
    answers["consent_method"] = "spoken"
    for name, answer in answers.items():
        path, card = next(
            (path, card) for path, card in ui.app.screen._cards.items() if path.endswith(name)
        )
        ui.tap(card._widgets[answer])
        values = {
            question.path: question.value for question in ui.app.screen.presenter.state.questions
        }
        assert values[path] == answer


def open_form(ui: Any, title: str) -> None:
    ui.tap(next(ui.all("ListRow", text=title)))
    settle(ui, "InterviewScreen")


def fill_place(ui: Any) -> None:
    number, text = ui.all("Field")
    write(ui, number, "1")
    write(ui, text, "Kassala camp 3")
    press(ui, "next")


def answer_household(ui: Any, *, name: str, size: str) -> None:
    """Answer from the first question after consent to the end."""
    write(ui, ui.one("Field"), name)
    press(ui, "next")
    press(ui, "next")  # The phone is left open.
    write(ui, ui.one("Field"), size)
    press(ui, "next")
    ui.tap(next(ui.all("ChoiceRow")))
    press(ui, "next")


def day(ui: Any, tablet: Any, shot: str) -> None:
    """Enrol, interview to the end, seal, and hand over; the labels are those of the language."""
    enrol(ui, tablet)
    ui.shot(f"real/{shot}_1_home")
    take_in_forms(ui)
    settle(ui, "HomeScreen")
    open_form(ui, "Household")
    ui.shot(f"real/{shot}_2_place")
    fill_place(ui)
    settle(ui, "ConsentScreen")
    ui.shot(f"real/{shot}_3_consent")
    consent(ui)
    press(ui, "next")
    settle(ui, "InterviewScreen")
    ui.shot(f"real/{shot}_4_name")
    answer_household(ui, name="آمنة", size="5")


def walk_to_review(ui: Any) -> None:
    """Go on to the end; what is required on the way gets an answer."""
    for _ in range(20):
        if ui.has("ReviewScreen"):
            return
        for view in ui.app.screen.presenter.state.screen.questions:
            if view.required and not view.value:
                write(ui, ui.one("Field"), "7" if view.kind == "integer" else "Omar")
        if ui.app.screen.presenter.state.screen.repeat is not None:
            ui.shot("real/roster")
        press(ui, "next")
        ui.frames(2)
    raise AssertionError(f"no review: {ui.words()}")


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_day_from_the_code_to_the_receipt(tablet: Any, tag: str) -> None:
    ui = tablet.start()
    if tag == "ar":
        ui.app._client._change(preferences=_arabic(tablet))
        ui.frames(3)
        assert ui.app.screen.rtl
    day(ui, tablet, tag)
    walk_to_review(ui)
    ui.shot(f"real/{tag}_5_review")
    assert ui.app.screen.presenter.state.failing == ()
    press(ui, "lock")
    settle(ui, "ReceiptScreen")
    ui.shot(f"real/{tag}_6_receipt")
    press(ui, "check")
    settle(ui, "HomeScreen")
    assert [tile.count for tile in ui.all("CountTile")] == [1, 0, 0]
    press(ui, "handed_over")
    ui.tap(next(ui.all("ListRow", icon="server")))
    ui.until(lambda: not ui.app._work.busy, "the hand-over ends")
    ui.frames(3)
    assert [tile.count for tile in ui.all("CountTile")] == [0, 0, 1]
    ui.shot(f"real/{tag}_7_handed_over")
    assert len(tablet.project.bodies()) == 1


def _arabic(tablet: Any) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    wanted = replace(tablet.client.preferences(), language="ar")
    tablet.client.save_preferences(wanted)
    return wanted


def test_a_refusal_leaves_a_tally_and_nothing_else(tablet: Any) -> None:
    ui = tablet.start()
    enrol(ui, tablet)
    take_in_forms(ui)
    settle(ui, "HomeScreen")
    open_form(ui, "Household")
    fill_place(ui)
    settle(ui, "ConsentScreen")
    ui.tap(ui.one("PushButton", text="Refuses"))
    ui.tap(ui.one("PushButton", text="Yes, end here"))
    settle(ui, "HomeScreen")
    assert tablet.client.drafts() == ()
    take_in_forms(ui)
    assert [tally.outcome for tally in tablet.project.tallies()] == ["refused"]
    assert tablet.project.bodies() == []


def test_killed_in_mid_interview_it_opens_on_the_same_question(tablet: Any) -> None:
    ui = tablet.start()
    day(ui, tablet, "killed")
    press(ui, "previous")  # Back on the question answered last.
    before = ui.app.screen.presenter.state.screen
    title = ui.app.screen.presenter.state.title
    tablet.kill()
    ui = tablet.start()
    settle(ui, "UnlockScreen")
    write(ui, ui.one("Field"), passphrase())
    press(ui, "unlock")
    settle(ui, "HomeScreen")
    ui.tap(next(ui.all("ListRow", icon="draft")))
    settle(ui, "ConsentScreen")
    assert ui.says("Does the respondent agree to go on?")
    press(ui, "next")
    settle(ui, "InterviewScreen")
    state = ui.app.screen.presenter.state
    assert state.title == title
    assert state.screen.questions[0].path == before.questions[0].path
    ui.tap(ui.one("IconButton", text="All questions"))
    assert ui.says("آمنة")
    ui.shot("real/killed_5_outline")


def test_a_bundle_carries_what_is_sealed(tablet: Any, tmp_path: Path) -> None:
    ui = tablet.start()
    day(ui, tablet, "bundle")
    walk_to_review(ui)
    press(ui, "lock")
    settle(ui, "ReceiptScreen")
    press(ui, "check")
    settle(ui, "HomeScreen")
    press(ui, "handed_over")
    path = tmp_path / "stick.bundle"
    ui.app.screen.presenter.to_bundle(path)
    ui.until(lambda: not ui.app._work.busy, "the bundle is written")
    ui.frames(3)
    assert ui.app.screen.presenter.state.phase == "done", ui.words()
    assert tablet.project.take_bundle(path, tmp_path / "answer.bundle") > 0
    ui.app.screen.presenter.take_bundle(tmp_path / "answer.bundle")
    ui.until(lambda: not ui.app._work.busy, "the answer is taken in")
    ui.frames(3)
    assert [tile.count for tile in ui.all("CountTile")] == [0, 0, 1]
    assert len(tablet.project.bodies()) == 1
