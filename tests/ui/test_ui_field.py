"""Text fields in every script: what is typed, where the caret stands, what a touch means."""

from collections.abc import Callable
from typing import Any

import pytest
from ui_forms import EVERY_KIND
from ui_ports import ScriptedInterview, ScriptedPorts

pytestmark = pytest.mark.window

ARABIC = "عمر 25 سنة"


@pytest.fixture
def ui(drive: Callable[..., Any]) -> Any:
    interview = ScriptedInterview([screen for screen in EVERY_KIND if screen.questions][6:7])
    driver = drive(ScriptedPorts(interview))
    driver.tap(next(driver.all("ListRow", text="Household registration")))
    driver.tap(driver.one("Field"))
    return driver


def test_arabic_is_typed_from_the_right_with_its_numbers_in_order(ui: Any) -> None:
    field = ui.one("Field")
    ui.type(ARABIC)
    assert field.text == ARABIC
    assert field.base_direction == "rtl"
    _, line = field._laid(0)
    drawn = [piece.text for piece in line.pieces]
    assert drawn[-1].startswith("عمر")
    assert "25" in drawn  # One run, left to right.
    left = field.right - field.padding[2] - line.width_px
    assert abs(field.cursor_pos[0] - left) < 2  # The text ends, and the caret stands, at the left.


def test_the_caret_walks_every_place_and_comes_back(ui: Any) -> None:
    field = ui.one("Field")
    ui.type("ab " + ARABIC + " cd")
    seen = []
    for column in range(len(field.text) + 1):
        field.cursor = (column, 0)
        seen.append(field.cursor_offset())
        found, row = field.get_cursor_from_xy(
            field.x + field.padding[0] + seen[-1], field.top - field.padding[1] - 5
        )
        field.cursor = (found, row)
        assert abs(field.cursor_offset() - seen[-1]) <= 1
    assert len(set(seen)) > len(field.text) * 0.8


def test_backspace_takes_the_character_before_the_caret_in_reading_order(ui: Any) -> None:
    field = ui.one("Field")
    ui.type(ARABIC)
    ui.key(8, "\b")
    assert field.text == ARABIC[:-1]


def test_long_text_wraps_within_the_field_in_every_script(ui: Any) -> None:
    field = ui.one("Field")
    for text in (
        "the quick brown fox jumps over the lazy dog again and again",
        "ما هو المصدر الرئيسي لمياه الشرب لأسرتكم في هذا الموقع",
        "သင့်အိမ်ထောင်စု၏အဓိကသောက်သုံးရေအရင်းအမြစ်ကဘာလဲသင့်အိမ်ထောင်စု",
        "x" * 90,
    ):
        field.text = text
        ui.frames(2)
        room = field.width - field.padding[0] - field.padding[2]
        assert len(field._lines) > 1
        assert "".join(field._lines) == text
        assert all(field._laid(row)[1].width_px <= room for row in range(len(field._lines)))
        ui.shot(f"field_{len(text)}")


def test_new_lines_survive(ui: Any) -> None:
    field = ui.one("Field")
    ui.type("one\ntwo\n\nthree")
    assert field.text == "one\ntwo\n\nthree"
    field.text = "a\n"
    ui.frames(2)
    assert field.text == "a\n"
    field.text = ""
    ui.frames(2)
    assert field.text == ""


def test_a_selection_in_mixed_text_is_drawn_in_pieces(ui: Any) -> None:
    field = ui.one("Field")
    ui.type("ab " + ARABIC)
    field.select_text(1, 8)
    ui.frames(2)
    assert field.selection_text == ("ab " + ARABIC)[1:8]
    ui.shot("field_selection")


def test_a_secret_is_neither_copied_nor_drawn(drive: Callable[..., Any]) -> None:
    ui = drive(ScriptedPorts(ScriptedInterview([]), unlocked=False))
    ui.tap(ui.one("ChoiceRow", text="Amina"))
    field = ui.one("Field")
    ui.tap(field)
    ui.type("my secret")
    assert field._drawn_line(field.text) == "•" * 9
    field.select_all()
    field.copy()
    field.password = False
    assert ui.clipboard() != "my secret"
    ui.tap(ui.one("IconButton", text="Show"))
    assert field.password  # It was shown; the eye hides it again.
