"""The client on a laptop, without touching the screen."""

from collections.abc import Callable
from typing import Any

import pytest
from ui_forms import EVERY_KIND
from ui_ports import ScriptedInterview, ScriptedPorts

from mobile_client.presenters.ports import Preferences

pytestmark = pytest.mark.window

UP, DOWN, RIGHT, LEFT, ENTER, ESCAPE, TAB = 273, 274, 275, 276, 13, 27, 9


@pytest.fixture
def interview() -> ScriptedInterview:
    return ScriptedInterview(list(EVERY_KIND))


@pytest.fixture
def ui(drive: Callable[..., Any], interview: ScriptedInterview) -> Any:
    driver = drive(ScriptedPorts(interview))
    driver.key(ord("1"))  # The first form.
    return driver


def ringed(ui: Any) -> list[str]:
    return [widget.text for widget in ui.all("Tappable", ringed=True)]


def test_digits_choose_and_enter_goes_on(ui: Any, interview: ScriptedInterview) -> None:
    ui.key(ord("3"))
    assert interview.answers == {"/data/select_one": "borehole"}
    ui.key(ord("2"))
    assert interview.answers == {"/data/select_one": "public"}
    ui.key(ENTER)
    assert interview.place == 1


def test_a_digit_beyond_the_choices_does_nothing(ui: Any, interview: ScriptedInterview) -> None:
    ui.key(ord("9"))
    assert interview.answers == {}


def test_arrows_walk_the_choices_and_space_takes_one(ui: Any, interview: ScriptedInterview) -> None:
    ui.app._keys.forget()
    for _ in range(6):
        ui.key(DOWN)
    first = ringed(ui)
    assert len(first) == 1
    ui.key(DOWN)
    ui.key(UP)
    assert ringed(ui) == first
    ui.key(32)
    ui.until(lambda: bool(interview.answers), "the ringed choice is taken")
    names = {choice.label: choice.name for choice in EVERY_KIND[0].questions[0].choices}
    assert interview.answers["/data/select_one"] == names[first[0]]


def test_arrows_along_the_line_turn_the_page(ui: Any, interview: ScriptedInterview) -> None:
    ui.key(ord("1"))
    ui.key(RIGHT)
    assert interview.place == 1
    ui.key(LEFT)
    assert interview.place == 0


def test_right_to_left_the_arrows_turn_the_other_way(drive: Callable[..., Any]) -> None:
    interview = ScriptedInterview(list(EVERY_KIND[4:8]))
    ui = drive(ScriptedPorts(interview, kept=Preferences(language="ar")))
    ui.key(ord("1"))
    ui.key(LEFT)
    assert interview.place == 1


def test_a_field_keeps_digits_and_arrows_to_itself(ui: Any, interview: ScriptedInterview) -> None:
    interview.jump("/data/text")
    ui.app.screen.presenter._show()
    ui.frames(3)
    for _ in range(12):
        if not ui.has("Field", focus=True):
            ui.key(TAB)
    ui.type("7")
    ui.key(LEFT)
    assert interview.screen().questions[0].path == "/data/text"
    ui.key(ENTER)
    assert interview.answers["/data/text"] == "7"
    assert interview.screen().questions[0].path == "/data/text_multiline"


def test_escape_leaves_the_field_then_closes_the_dialog_then_the_screen(
    ui: Any, interview: ScriptedInterview
) -> None:
    interview.jump("/data/text")
    ui.app.screen.presenter._show()
    ui.frames(3)
    ui.tap(ui.one("Field"))
    ui.key(ESCAPE)
    assert not ui.has("Field", focus=True)
    ui.tap(ui.one("IconButton", text="More"))
    ui.key(ESCAPE)
    assert not ui.has("Dialog")
    assert ui.has("InterviewScreen")
    ui.key(ESCAPE)
    assert ui.has("HomeScreen")
    assert interview.log[-1] == "close"


def test_keys_reach_the_dialog_and_not_the_screen_below(
    ui: Any, interview: ScriptedInterview
) -> None:
    ui.tap(ui.one("IconButton", text="More"))
    ui.key(ord("1"))
    ui.key(ENTER)
    assert interview.answers == {}
    assert interview.place == 0
    ui.key(DOWN)
    assert ringed(ui) == ["Go to the review"]


def test_a_swipe_turns_the_page_and_a_scroll_does_not(
    ui: Any, interview: ScriptedInterview
) -> None:
    ui.key(ord("1"))
    ui.drag((400, 300), (120, 310))
    assert interview.place == 1
    ui.drag((120, 300), (400, 310))
    assert interview.place == 0
    ui.drag((240, 300), (250, 600))
    assert interview.place == 0
