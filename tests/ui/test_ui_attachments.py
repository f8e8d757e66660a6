"""Files in the window: a thumbnail beside the answer and in the review, progress while they go."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from camera import camera_jpeg
from ui_day import day, press, settle, walk_to_review
from ui_forms import EVERY_KIND
from ui_ports import ScriptedInterview, ScriptedPorts

pytestmark = pytest.mark.window

Drive = Callable[..., Any]


@pytest.fixture
def tablet(window: None, tmp_path: Path) -> Iterator[Any]:
    """A tablet of a project whose server has published a form with a photo."""
    del window
    from client_kit import HOUSEHOLD  # noqa: PLC0415 - Kivy comes up with the display
    from client_project import TestProject  # noqa: PLC0415
    from ui_real import RealWindow  # noqa: PLC0415

    project = TestProject()
    project.publish(HOUSEHOLD, 1)
    tablet = RealWindow(project, tmp_path / "home")
    yield tablet
    if tablet.ui is not None:
        tablet.kill()


def test_a_photo_is_shown_beside_its_question_and_in_the_review_and_is_gone_after(
    tablet: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FRM-038, FRM-039, with the real vault and log behind the window."""
    pictures = tmp_path / "DCIM"
    pictures.mkdir()
    (pictures / "roof of Omar.jpg").write_bytes(camera_jpeg(640, 480))
    ui = tablet.start()
    day(ui, tablet.project.code(), "files")
    monkeypatch.setattr(Path, "home", lambda: pictures)
    walk_to_review(ui)
    assert not ui.has("Picture")
    ui.app.screen.presenter.go_to("/data/interview/photo")
    ui.frames(3)
    ui.tap(ui.one("PushButton", text="Pick a picture"))
    ui.tap(ui.one("ListRow", text="roof of Omar.jpg"))
    ui.frames(3)
    assert ui.says("In the vault")
    assert not ui.says("Omar.jpg"), "a name may name a person"
    (picture,) = ui.all("Picture")
    assert not picture.missing
    ui.shot("real/files_question")
    walk_to_review(ui)
    assert ui.says("Pictures")
    (picture,) = ui.all("Picture")
    assert not picture.missing
    assert picture.height > 0
    ui.shot("real/files_review")
    files = tmp_path / "home" / "vault" / "files"
    assert len(list(files.iterdir())) == 2
    press(ui, "lock")
    settle(ui, "ReceiptScreen")
    assert list(files.iterdir()) == []


def test_a_line_of_the_review_leads_to_its_picture(drive: Drive) -> None:
    interview = ScriptedInterview(list(EVERY_KIND))
    interview.answers["/data/image"] = "ab12.jpg"
    interview.thumbnails["/data/image"] = camera_jpeg(80, 60)
    ui = drive(ScriptedPorts(interview))
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.app._client.show_review(interview)
    ui.frames(3)
    label = next(q.label for s in EVERY_KIND for q in s.questions if q.path == "/data/image")
    assert [row.label for row in ui.app.screen.presenter.state.pictures] == [label]
    ui.tap(next(ui.all("ListRow", text=label)))
    ui.frames(3)
    assert ui.app.screen.presenter.state.screen.questions[0].path == "/data/image"
    assert len(list(ui.all("Picture"))) == 1


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("en", "3 files: "),
        ("fr", "3 fichiers"),
        ("es", "3 archivos: "),
        ("uk", "3 файли: "),
        ("ar", "3 ملفات: "),
    ],
)
def test_the_hand_over_tells_how_far_the_files_are(drive: Drive, tag: str, words: str) -> None:
    from mobile_client.presenters.status import Transfer  # noqa: PLC0415
    from mobile_client.text.speech import use_language  # noqa: PLC0415

    use_language(tag)
    ui = drive(ScriptedPorts(ScriptedInterview([])))
    use_language(tag)
    ui.app._client.show_hand_over()
    ui.frames(2)
    presenter = ui.app.screen.presenter
    moving = Transfer(
        *(14, 14, 0, 12_000_000, 0, 6.0),
        files=3,
        file_bytes=12_000_000,
        file_bytes_total=50_000_000,
    )
    presenter._change(phase="running", destination=presenter.state.destinations[0])
    ui.frames(2)
    presenter._change(transfer=moving)
    ui.frames(2)
    (meter,) = ui.all("ProgressMeter")
    assert meter.share == pytest.approx(0.24)
    assert ui.says(words)
    assert ui.says("12")
    assert ui.says("50")
    assert moving.remaining_s == pytest.approx(19.0)
