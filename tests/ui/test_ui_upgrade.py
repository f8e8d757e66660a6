"""A new version of the app, seen and touched in a real window over scripted ports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ui_ports import ScriptedInterview, ScriptedPorts

from mobile_client.presenters.ports import Preferences
from mobile_client.presenters.upgrades import UpgradeView
from shared.errors import UpgradeNeeded

pytestmark = pytest.mark.window

Drive = Callable[..., Any]
ON_OFFER = UpgradeView(
    "0.1.0", version="1.4.0", file_name="cairn.deb", size=90_000_000, changes="Quicker lists."
)
NEEDED = UpgradeView("0.1.0", minimum="1.4.0", needed=True)


class TooOld(ScriptedPorts):
    """A device below the version that policy asks for."""

    def begin(self, form_id: str) -> ScriptedInterview:
        raise UpgradeNeeded(f"not {form_id}")


def ports(view: UpgradeView, **more: Any) -> ScriptedPorts:
    return TooOld(ScriptedInterview([]), shown_upgrade=view, **more)


def test_nothing_is_said_where_the_newest_version_runs(drive: Drive) -> None:
    ui = drive(ports(UpgradeView("0.1.0")))
    assert not ui.has("Banner", tone="primary")
    ui.tap(ui.one("IconButton", text="Settings"))
    assert not ui.says("New version of the app")


def test_a_version_that_is_too_old_says_so_and_begins_nothing(drive: Drive) -> None:
    """SYNC-138."""
    told = ports(NEEDED)
    ui = drive(told)
    assert ui.says("Version 1.4.0 of the app is needed before new interviews begin.")
    ui.tap(ui.one("ListRow", text="Household registration", icon="form"))
    assert ui.says("New interviews need version 1.4.0 of the app; this is 0.1.0.")
    assert ui.says("Forms to fill"), "nothing was opened"
    ui.tap(ui.one("IconButton", text="Settings"))
    assert ui.says("It comes with a hand-over once it is published.")
    assert not ui.has("PushButton", text="Install")


def test_the_new_version_is_loaded_when_asked_for(drive: Drive) -> None:
    """SYNC-133."""
    told = ports(ON_OFFER)
    ui = drive(told)
    ui.tap(ui.one("IconButton", text="Settings"))
    assert ui.says("Quicker lists.")
    ui.tap(ui.one("PushButton", text="Load it with the next hand-over"))
    assert told.log == ["fetch"]
    assert ui.says("40 MB of 90 MB are here.")
    assert not ui.has("PushButton", text="Load it with the next hand-over")
    assert ui.says("It comes with the next hand-overs, after all records.")


def test_it_is_taken_from_a_file_only_if_it_is_the_right_one(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SYNC-136."""
    for name in ("cairn.deb", "other.deb", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    told = ports(ON_OFFER)
    ui = drive(told)
    ui.tap(ui.one("IconButton", text="Settings"))
    ui.tap(ui.one("ListRow", text="Take it from a file"))
    assert not ui.has("ListRow", text="notes.txt")
    ui.tap(ui.one("ListRow", text="other.deb"))
    assert ui.says("the file is not the package that was announced")
    ui.tap(ui.one("ListRow", text="Take it from a file"))
    ui.tap(ui.one("ListRow", text="cairn.deb"))
    assert told.log == ["take cairn.deb"]
    assert ui.says("It is the right file.")
    assert ui.has("PushButton", text="Install")


def test_it_is_installed_or_saved_where_it_is_here(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SYNC-137."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    here = UpgradeView(**{**{n: getattr(ON_OFFER, n) for n in ON_OFFER.__slots__}, "whole": True})
    told = ports(here)
    ui = drive(told)
    assert ui.says("Version 1.4.0 of the app is here. Install it in the settings.")
    ui.tap(ui.one("IconButton", text="Settings"))
    ui.tap(ui.one("PushButton", text="Install"))
    assert ui.says("Verified. To install it, run: sudo apt install /tmp/cairn.deb")
    ui.tap(ui.one("PushButton", text="Save it as a file"))
    ui.tap(ui.one("PushButton", text="Write it here"))
    assert told.log == ["install", f"save {tmp_path.name}"]
    assert ui.says("Verified and saved:")


def test_what_cannot_be_installed_here_says_why(drive: Drive) -> None:
    """SYNC-137."""
    barred = UpgradeView("0.1.0", version="9.0", size=9, changes="New.", barred="too old a log")
    ui = drive(ports(barred))
    ui.tap(ui.one("IconButton", text="Settings"))
    assert ui.says("It cannot be installed over version 0.1.0: install one between the two first.")
    assert not ui.has("PushButton", text="Load it with the next hand-over")


@pytest.mark.parametrize("language", ["fr", "es", "ar", "uk"])
def test_it_is_said_in_every_language(drive: Drive, language: str) -> None:
    ui = drive(ports(NEEDED, kept=Preferences(language=language)))
    assert not ui.says("is needed before new interviews")
    ui.app._client.show_settings()
    ui.frames()
    assert not ui.says("New version of the app")
    assert not ui.says("It comes with a hand-over")


def test_a_home_that_cannot_be_opened_says_why(drive: Drive) -> None:
    """SYNC-141: the window does not just stay away."""
    drive(ports(NEEDED))  # there is a window
    from mobile_client.screens.refused import RefusedApp  # noqa: PLC0415 - needs the window

    words = "the vault was written by a newer version of Cairn"
    page = RefusedApp(words).build()
    said = [getattr(widget, "text", "") for widget in page.walk()]
    assert words in said
