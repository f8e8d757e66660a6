"""What every screen keeps to, in each palette, direction and size of text."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ui_forms import EVERY_KIND
from ui_ports import HUBS, ScriptedInterview, ScriptedPorts, consent_notice

from mobile_client.presenters.ports import Preferences
from mobile_client.presenters.upgrades import UpgradeView
from mobile_client.presenters.views import ScreenKind, ScreenView

pytestmark = pytest.mark.window

TOO_OLD = UpgradeView(
    "0.1.0",
    minimum="1.4.0",
    needed=True,
    version="1.10.0",
    file_name="cairn.apk",
    size=90_000_000,
    received=40_000_000,
    asked=True,
    changes="Lists of ten thousand households open at once, and the map shows roads.",
)
LOOKS = [
    ("light", 100, "en"),
    ("sun", 200, "ar"),
    *(
        pytest.param(*look, marks=pytest.mark.soak)
        for look in (("dark", 100, "ar"), ("sun", 150, "uk"), ("light", 200, "fr"))
    ),
]


def screens(drive: Callable[..., Any], kept: Preferences) -> Iterator[tuple[str, Any]]:
    """Lead a client through all its screens; yields a name and the driver at each."""
    locked = drive(ScriptedPorts(ScriptedInterview([]), kept=kept, enrolled=False, unlocked=False))
    yield "enrol", locked
    locked.app.screen.presenter.enter_code("CAIRN1")
    locked.frames(3)
    yield "enrol_person", locked
    locked.close()
    interview = ScriptedInterview([ScreenView(ScreenKind.CONSENT), *EVERY_KIND], consent_notice())
    ui = drive(ScriptedPorts(interview, kept=kept, shown_upgrade=TOO_OLD, hubs=HUBS))
    client = ui.app._client
    yield "home", ui
    client.start_form("f1")
    ui.frames(3)
    yield "consent", ui
    client.state.presenter.decide_all(agreed=True)
    client.state.presenter.proceed()
    ui.frames(3)
    for place in range(1, len(interview.screens)):
        interview.place = place
        client.state.presenter._show()
        ui.frames(3)
        question = interview.screens[place].questions
        yield f"q{place:02d}_{question[0].kind if question else 'repeat'}", ui
    client.state.presenter.open_outline()
    ui.frames(3)
    yield "outline", ui
    client.state.presenter.close_outline()

    def look() -> None:
        client.state.presenter.look_for_hubs()

    for name, lead in (
        ("review", lambda: client.show_review(interview)),
        ("hand_over", client.show_hand_over),
        ("hubs", look),
        ("cases", client.show_cases),
        ("settings", client.show_settings),
        ("unlock", client.lock),
    ):
        lead()
        ui.frames(3)
        yield name, ui


@pytest.mark.parametrize(("palette", "percent", "tag"), LOOKS)
def test_nothing_is_too_small_to_touch_or_runs_out_of_its_place(
    drive: Callable[..., Any], palette: str, percent: int, tag: str
) -> None:
    from kivy.core.window import Window  # noqa: PLC0415 - needs the display

    problems = []
    kept = Preferences(language=tag, palette=palette, text_percent=percent)
    for name, ui in screens(drive, kept):
        ui.shot(f"look/{palette}_{percent}_{tag}/{name}")
        problems += [f"{name}: {words}" for words in too_small(ui)]
        for widget in ui.all("Drawn"):
            left, _ = widget.to_window(widget.x, widget.y)
            if left < -1 or left + widget.width > Window.width + 1:
                problems.append(f"{name}: {widget} from {left:.0f}, {widget.width:.0f} wide")
        problems += [f"{name}: {words}" for words in cut_words(ui)]
    assert problems == []


DAYS = {str(day) for day in range(1, 32)}
"""Seven days must share a row; they keep the full height."""


def too_small(ui: Any) -> Iterator[str]:
    """Yield what is smaller than 48 dp."""
    from kivy.metrics import dp  # noqa: PLC0415

    for widget in ui.all("Tappable"):
        narrow = widget.width < dp(48) and widget.text not in DAYS
        if widget.tap is not None and (widget.height < dp(48) or narrow):
            yield f"{widget.text!r} is {widget.width:.0f}x{widget.height:.0f}"


def cut_words(ui: Any) -> Iterator[str]:
    """Yield what `Text` widgets say that is wider than they are."""
    for widget in ui.all("Text"):
        laid = widget._laid(None if widget._is_fit else widget.width)
        if any(line.width_px > widget.width + 1 for line in laid.block.lines):
            yield widget.text
