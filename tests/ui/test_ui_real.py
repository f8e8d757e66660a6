"""A whole day of an enumerator in the real window: vault, engine, sealing, log and hand-over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ui_day import (
    day,
    enrol,
    fill_place,
    open_form,
    passphrase,
    press,
    settle,
    take_in_forms,
    walk_to_review,
    write,
)

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


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_day_from_the_code_to_the_receipt(tablet: Any, tag: str) -> None:
    ui = tablet.start()
    if tag == "ar":
        ui.app._client._change(preferences=_arabic(tablet))
        ui.frames(3)
        assert ui.app.screen.rtl
    day(ui, tablet.project.code(), tag)
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
    enrol(ui, tablet.project.code())
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
    day(ui, tablet.project.code(), "killed")
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
    day(ui, tablet.project.code(), "bundle")
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
