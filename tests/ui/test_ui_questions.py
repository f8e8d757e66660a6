"""Every kind of question, answered by touch in a real window; the presenter gets what was meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ui_forms import EVERY_KIND
from ui_ports import ScriptedInterview, ScriptedPorts

pytestmark = pytest.mark.window

Drive = Callable[..., Any]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a7300000010494441"
    "54789c63504848002206080500178e0381d43ba1ac0000000049454e44ae426082"
)
"""A picture two pixels square."""


@pytest.fixture
def interview() -> ScriptedInterview:
    return ScriptedInterview(list(EVERY_KIND))


@pytest.fixture
def ui(drive: Drive, interview: ScriptedInterview) -> Any:
    driver = drive(ScriptedPorts(interview))
    driver.tap(next(driver.all("ListRow", text="Household registration")))
    return driver


def show(ui: Any, interview: ScriptedInterview, path: str) -> None:
    """Put the screen of a question on the window."""
    interview.jump(path)
    ui.app.screen.presenter._show()
    ui.frames(3)


def test_one_answer_replaces_another_and_required_bars_the_way(
    ui: Any, interview: ScriptedInterview
) -> None:
    ui.tap(ui.one("PushButton", text="Next"))
    assert interview.place == 0
    assert ui.has("Banner", text="This question needs an answer.")
    ui.tap(ui.one("ChoiceRow", text="Borehole"))
    ui.tap(ui.one("ChoiceRow", text="Other"))
    assert interview.answers["/data/select_one"] == "other"
    assert [row.text for row in ui.all("ChoiceRow", selected=True)] == ["Other"]
    assert not ui.has("Banner", text="This question needs an answer.")
    ui.tap(ui.one("PushButton", text="Next"))
    assert interview.place == 1


def test_a_quick_answer_goes_on_by_itself(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/select_one_quick")
    ui.tap(ui.one("ChoiceRow", text="Public tap"))
    assert interview.answers["/data/select_one_quick"] == "public"
    assert interview.place == 2


def test_a_scale_is_answered_by_its_cell_and_taken_back(
    ui: Any, interview: ScriptedInterview
) -> None:
    show(ui, interview, "/data/select_one_likert")
    ui.tap(ui.one("ChoiceCell", text="Agree"))
    assert interview.answers["/data/select_one_likert"] == "agree"
    ui.tap(ui.one("PushButton", text="Take the answer back"))
    assert interview.answers["/data/select_one_likert"] == ""
    assert not ui.has("ChoiceCell", selected=True)


def test_a_long_list_is_searched_by_words_in_any_order(
    ui: Any, interview: ScriptedInterview
) -> None:
    show(ui, interview, "/data/select_one_minimal")
    ui.tap(ui.one("ListRow", text="Choose…"))
    assert len(list(ui.all("ChoiceRow"))) < 40  # Only the rows in sight are made.
    ui.tap(ui.one("Field"))
    ui.type("region 417")
    assert [row.text for row in ui.all("ChoiceRow")] == ["District 417 of the region"]
    ui.tap(ui.one("ChoiceRow"))
    assert interview.answers["/data/select_one_minimal"] == "d417"
    assert ui.has("ListRow", text="District 417 of the region")


def test_many_answers_keep_the_order_of_the_form(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/select_multiple")
    for label in ("Health", "Food", "Shelter", "Shelter"):
        ui.tap(ui.one("ChoiceRow", text=label))
    assert interview.answers["/data/select_multiple"] == "food health"


def test_text_is_told_before_the_next_screen_and_guidance_opens(
    ui: Any, interview: ScriptedInterview
) -> None:
    show(ui, interview, "/data/text")
    assert ui.has("Chip", text="Kept apart as identity")
    ui.tap(ui.one("PushButton", text="More help"))
    assert ui.says("Write it as they spell it themselves.")
    ui.tap(ui.one("Field"))
    ui.type("آمنة 2")
    ui.tap(ui.one("PushButton", text="Next"))
    assert interview.answers["/data/text"] == "آمنة 2"


def test_typing_is_told_after_a_pause(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/text_multiline")
    ui.tap(ui.one("Field"))
    ui.type("two words")
    ui.until(lambda: interview.answers.get("/data/text_multiline") == "two words", "told")
    assert ui.one("Field").focus  # Being told does not take the keyboard away.


def test_numbers_take_digits_only_and_step(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/integer")
    ui.tap(ui.one("Field"))
    ui.type("1x2.")
    assert ui.one("Field").text == "12"
    ui.tap(ui.one("PushButton", icon="plus"))
    ui.tap(ui.one("PushButton", icon="minus"))
    ui.tap(ui.one("PushButton", icon="plus"))
    ui.tap(ui.one("PushButton", text="Next"))
    assert interview.answers["/data/integer"] == "13"
    assert ui.says("How many kilometres")
    ui.tap(ui.one("Field"))
    ui.type("-1.5.0")
    ui.tap(ui.one("PushButton", text="Next"))
    assert interview.answers["/data/decimal"] == "-1.50"


def test_a_date_is_touched_and_the_month_turned(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/date")
    assert ui.says("No date chosen yet")
    ui.tap(ui.one("IconButton", text="Month -"))
    ui.tap(ui.one("DayCell", text="31"))
    assert interview.answers["/data/date"] == "2026-10-31"
    assert ui.says("31 October 2026")
    show(ui, interview, "/data/date_month-year")
    ui.tap(ui.one("IconButton", text="Year -"))
    assert interview.answers["/data/date_month-year"] == "2025-11-01"


def test_a_time_is_no_answer_until_it_is_touched(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/time")
    assert "/data/time" not in interview.answers
    ui.tap(ui.one("PushButton", text="Choose a time"))
    before = interview.answers["/data/time"]
    ui.tap(ui.one("PushButton", label="Minute +"))
    after = interview.answers["/data/time"]
    assert before[:5] == "11:11"
    assert after[:5] == "11:16"
    show(ui, interview, "/data/datetime")
    ui.tap(ui.one("DayCell", text="3"))
    assert interview.answers["/data/datetime"].startswith("2026-11-03T11:11:00.000")


def test_a_position_is_received_tapped_or_typed(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/geopoint")
    ui.tap(ui.one("PushButton", text="Take my position"))
    assert interview.answers["/data/geopoint"].startswith("15.5518")
    assert ui.says("± 5 m")
    view = ui.one("MapView")
    ui.tap(view)
    latitude, longitude = map(float, interview.answers["/data/geopoint"].split()[:2])
    assert abs(latitude - view.latitude) < 0.02
    assert abs(longitude - view.longitude) < 0.02
    fields = list(ui.all("Field"))
    for field, text in zip(fields, ("95", "32.5"), strict=True):
        ui.tap(field)
        ui.type(text)
    ui.tap(ui.one("IconButton", text="Use this position"))
    assert ui.says("A latitude lies between")
    fields[0].text = "9.5"
    ui.tap(ui.one("IconButton", text="Use this position"))
    assert interview.answers["/data/geopoint"].startswith("9.5000000 32.5000000")


def test_an_area_closes_itself_from_three_corners_on(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/geoshape")
    view = ui.one("MapView")
    ui.reveal(view)
    for dx, dy in ((-60, -60), (60, -60), (0, 60)):
        ui.touch(*view.to_window(view.center_x + dx, view.center_y + dy))
    corners = interview.answers["/data/geoshape"].split("; ")
    assert len(corners) == 4
    assert corners[0] == corners[3]
    ui.tap(ui.one("PushButton", text="Undo last"))
    assert len(interview.answers["/data/geoshape"].split("; ")) == 2


def test_a_range_starts_empty_and_follows_the_finger(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/range")
    line = ui.one("RangeLine")
    assert line.value is None
    ui.tap(line)
    assert interview.answers["/data/range"] == "15"


def test_an_order_is_changed_by_arrows_and_confirmed(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/rank")
    ui.tap(ui.one("PushButton", text="This order is right"))
    assert interview.answers["/data/rank"] == "food water shelter"
    ui.tap([button for button in ui.all("IconButton", text="Up") if not button.disabled][1])
    assert interview.answers["/data/rank"] == "food shelter water"


def test_a_picture_is_picked_from_the_files(
    ui: Any, interview: ScriptedInterview, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "DCIM").mkdir()
    (tmp_path / "DCIM" / "shelter.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "DCIM" / "notes.txt").write_bytes(b"no picture")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    show(ui, interview, "/data/image")
    ui.tap(ui.one("PushButton", text="Pick a picture"))
    ui.tap(ui.one("ListRow", text="DCIM"))
    assert not ui.has("ListRow", text="notes.txt")
    ui.tap(ui.one("ListRow", text="shelter.jpg"))
    assert interview.answers["/data/image"] == "shelter.jpg"
    assert ui.says("In the vault")


def test_a_picture_of_the_form_is_shown_and_a_missing_one_leaves_no_hole(
    drive: Drive, tmp_path: Path
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from mobile_client.presenters.views import Media  # noqa: PLC0415
    from mobile_client.widgets.theme import dp  # noqa: PLC0415

    shown = replace(EVERY_KIND[5].questions[0], media=Media(image="tent.png"))
    gone = replace(EVERY_KIND[7].questions[0], media=Media(image="gone.png"))
    interview = ScriptedInterview([replace(EVERY_KIND[5], questions=(shown, gone))])
    interview.folder = tmp_path
    (tmp_path / "tent.png").write_bytes(PNG)
    ui = drive(ScriptedPorts(interview))
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    assert [picture.height > dp(8) for picture in ui.all("Picture")] == [True]


def test_a_confirmation_is_ticked_and_unticked(ui: Any, interview: ScriptedInterview) -> None:
    show(ui, interview, "/data/acknowledge")
    ui.tap(ui.one("ChoiceRow", text="Confirmed"))
    assert interview.answers["/data/acknowledge"] == "OK"
    ui.tap(ui.one("ChoiceRow", text="Confirmed"))
    assert interview.answers["/data/acknowledge"] == ""


def test_members_are_added_opened_and_removed_after_a_question(
    ui: Any, interview: ScriptedInterview
) -> None:
    interview.place = next(
        place for place, screen in enumerate(EVERY_KIND) if screen.repeat is not None
    )
    ui.app.screen.presenter._show()
    ui.frames(3)
    ui.tap(ui.one("PushButton", text="Add one more"))
    ui.tap(list(ui.all("IconButton", text="Remove"))[1])
    assert ui.says("Yusuf")
    assert interview.log == ["add /data/member"]
    ui.tap(ui.one("PushButton", text="Remove"))
    assert interview.log == ["add /data/member", "remove /data/member[2]"]


def test_a_field_list_shows_its_messages_beside_the_question_that_bars(
    ui: Any, interview: ScriptedInterview
) -> None:
    show(ui, interview, "/data/m/name")
    ui.tap(ui.one("PushButton", text="Next"))
    message = ui.one("Banner", text="This question needs an answer.")
    card = ui.one("NumberQuestion")
    assert card in list(_parents(message))


def test_the_jump_list_goes_to_any_question(ui: Any, interview: ScriptedInterview) -> None:
    ui.tap(ui.one("IconButton", text="All questions"))
    ui.tap(ui.one("ListRow", text="Which needs are most urgent?"))
    assert interview.screen().questions[0].path == "/data/select_multiple"
    assert not ui.has("OutlineSheet")


def test_the_language_of_the_form_mirrors_the_questions(
    ui: Any, interview: ScriptedInterview
) -> None:
    ui.tap(ui.one("IconButton", text="Language of the form"))
    ui.tap(ui.one("ChoiceRow", text="العربية"))
    assert interview.language.right_to_left
    assert ui.one("ChoiceRow", text="Borehole").rtl
    assert not ui.one("PushButton", text="Next").rtl  # The buttons speak the enumerator's tongue.


def _parents(widget: Any) -> Any:
    while widget.parent is not None and widget.parent is not widget:
        widget = widget.parent
        yield widget
        if widget.parent is widget:
            return
