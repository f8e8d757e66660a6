"""The ways between the screens, touched in a real window over scripted ports."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from ui_forms import EVERY_KIND
from ui_ports import HUBS, NOW_MS, ScriptedInterview, ScriptedPorts, consent_notice

from mobile_client.presenters.ports import Preferences
from mobile_client.presenters.rows import HubsFound
from mobile_client.presenters.status import Banner, Counts, Destination
from mobile_client.presenters.views import ScreenKind, ScreenView

pytestmark = pytest.mark.window

Drive = Callable[..., Any]
CONSENT = ScreenView(ScreenKind.CONSENT)


def scripted(*screens: ScreenView, **ports: Any) -> ScriptedPorts:
    return ScriptedPorts(ScriptedInterview(list(screens), consent_notice()), **ports)


def test_a_wrong_code_says_what_to_do_and_a_right_one_leads_to_the_vault(drive: Drive) -> None:
    ports = scripted(enrolled=False, unlocked=False)
    ui = drive(ports)
    ui.tap(ui.one("Field"))
    ui.type("nonsense")
    ui.tap(ui.one("PushButton", text="Read the code"))
    assert ui.says("This is not an enrolment code; copy all of it")
    assert ui.one("Field").text == "nonsense"  # What was pasted can be mended.
    ui.one("Field").text = "CAIRN1:abc"
    ui.tap(ui.one("PushButton", text="Read the code"))
    assert ui.says("a1b2 c3d4 e5f6 0718")
    device, name, first, second = ui.all("Field")
    for field, text in ((device, "Tablet 7"), (name, "Amina")):
        ui.tap(field)
        ui.type(text)
    ui.tap(first)
    ui.type("short")
    assert ui.says("Too easy to guess")
    ui.type(" but then it grows long")
    assert ui.says("Strong enough.")
    assert first.password
    ui.tap(second)
    ui.type("something else")
    ui.tap(ui.one("PushButton", text="Join"))
    assert ui.says("The two passphrases differ")
    second = list(ui.all("Field"))[3]
    second.text = list(ui.all("Field"))[2].text
    ui.tap(ui.one("PushButton", text="Join"))
    assert ports.log == ["join Tablet 7 Amina"]
    assert ui.says("Forms to fill")


def test_a_wrong_passphrase_waits_and_leaves_nothing_in_the_field(drive: Drive) -> None:
    ports = scripted(unlocked=False, wrong="wrong")
    ui = drive(ports)
    unlock = ui.one("PushButton", text="Unlock")
    assert unlock.disabled
    ui.tap(ui.one("ChoiceRow", text="Yusuf"))
    ui.tap(ui.one("Field"))
    ui.type("wrong")
    ui.key(13)
    assert ui.says("Try again in 4 seconds")
    assert ui.one("Field").text == ""
    assert ui.one("PushButton", text="Unlock").disabled
    ports.wait = 0.0
    ui.app._client.tick()
    ui.frames(2)
    ui.tap(ui.one("Field"))
    ui.type("right")
    ui.tap(ui.one("PushButton", text="Unlock"))
    assert ports.log == ["unlock e2"]
    assert ui.says("Forms to fill")


def test_sealed_records_are_handed_over_while_locked(drive: Drive) -> None:
    ui = drive(scripted(unlocked=False, state_counts=Counts(14, 3, 122)))
    ui.tap(ui.one("PushButton", text="Hand over 14 sealed records"))
    assert [tile.count for tile in ui.all("CountTile")] == [14, 3, 122]
    ui.tap(ui.one("ListRow", text="Mission server"))
    assert ui.says("14 entries sent, 2 taken in.")
    ui.tap(ui.one("IconButton", text="Back"))
    assert ui.says("Who are you?")


def test_a_hub_that_does_not_answer_is_explained(drive: Drive) -> None:
    ui = drive(scripted())
    ui.tap(ui.one("PushButton", text="Hand over"))
    ui.tap(ui.one("ListRow", text="A hub by its code"))
    ui.tap(ui.one("Field"))
    ui.type("hub code")
    ui.tap(next(button for button in ui.all("PushButton", text="Hand over")))
    assert ui.says("Are both on the same network?")
    assert ui.says("Nothing is lost.")


def test_sync_096_hubs_are_looked_for_listed_and_chosen(drive: Drive) -> None:
    """SYNC-096: those that can be used lead to a hand-over; the others say why not."""
    ports = scripted(hubs=HUBS)
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Hand over"))
    ui.tap(ui.one("ListRow", text="Look for hubs nearby"))
    assert ports.log == ["looked"]
    rows = {row.text: row for row in ui.all("ListRow", icon="hub")}
    assert list(rows) == ["Goma", "Beni north", "Free Wi-Fi", "غوما"]
    assert "Known by its code. Took records: today" in rows["Goma"].detail
    assert "It has taken nothing from this device yet." in rows["Beni north"].detail
    assert rows["Free Wi-Fi"].state_shown[0] == "Unknown"
    assert "does not know this hub" in rows["Free Wi-Fi"].detail
    assert rows["غوما"].state_shown[0] == "Not usable"
    ui.shot("hand_over/hubs_en")
    ui.tap(rows["Free Wi-Fi"])
    assert ui.app.screen.presenter.state.phase == "idle", "it leads nowhere"
    ui.tap(rows["Goma"])
    destination = ui.app.screen.presenter.state.destination
    assert (destination.kind, destination.address) == ("hub", "CAIRNHUB1.goma")
    assert ui.says("Are both on the same network?")
    ui.tap(ui.one("ListRow", text="Look again"))
    assert ports.log == ["looked", "looked"]


def test_sync_096_where_none_answers_it_says_what_to_do(drive: Drive) -> None:
    ports = scripted(hubs=HUBS[2:3], hubs_notice="no network here takes multicast (19)")
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Hand over"))
    ui.tap(ui.one("ListRow", text="Look for hubs nearby"))
    assert ui.says("No hub that this device can use answers here")
    assert ui.says("Join the hotspot of the coordinator's laptop")
    assert ui.says("This device cannot look for hubs here.")
    assert ui.has("ListRow", text="A hub by its code")
    ui.shot("hand_over/none_en")


def test_sync_096_a_search_shows_what_it_finds_and_can_be_stopped(drive: Drive) -> None:
    """The real threads: the window goes on drawing while a search waits."""
    from mobile_client.screens.work import ThreadWork  # noqa: PLC0415 - Kivy is up by now

    waiting, go_on = Event(), Event()

    class Slow(ScriptedPorts):
        def look_for_hubs(
            self, on_seen: Callable[[HubsFound], None], stopped: Callable[[], bool]
        ) -> HubsFound:
            on_seen(HubsFound(HUBS[:1], 0.4))
            waiting.set()
            assert go_on.wait(20)
            ports.log.append(f"stopped {stopped()}")
            return HubsFound(HUBS, 1.0)

    ports = Slow(ScriptedInterview([], consent_notice()))
    work = ThreadWork()
    ui = drive(ports, client_work=work)
    ui.tap(ui.one("PushButton", text="Hand over"))
    ui.tap(ui.one("ListRow", text="Look for hubs nearby"))
    ui.until(lambda: ui.has("ListRow", text="Goma"), "the first one shows while it looks")
    assert waiting.is_set()
    assert ui.says("Looking for hubs...")
    assert ui.one("ProgressMeter").share == 0.4
    ui.shot("hand_over/looking_en")
    ui.tap(ui.one("PushButton", text="Stop"))
    assert ui.says("Hubs nearby")
    go_on.set()
    ui.until(lambda: not work.busy, "its thread ends")
    ui.frames(3)
    assert ports.log == ["stopped True"]
    assert [row.text for row in ui.all("ListRow", icon="hub")] == ["Goma"], "what was found stays"


def test_sync_097_the_last_hub_is_offered_first(drive: Drive) -> None:
    ports = scripted(last_hub=Destination("hub", "Goma", "CAIRNHUB1.goma", NOW_MS - 60_000))
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Hand over"))
    row = ui.one("ListRow", text="Goma")
    assert "The hub used last." in row.detail
    assert "CAIRNHUB1" not in row.detail
    ui.tap(row)
    assert ui.app.screen.presenter.state.destination.address == "CAIRNHUB1.goma"


def test_hubs_are_listed_right_to_left_in_arabic(drive: Drive) -> None:
    ports = scripted(
        hubs=HUBS,
        kept=Preferences("ar"),
        last_hub=Destination("hub", "Goma", "CAIRNHUB1.goma", NOW_MS - 60_000),
    )
    ui = drive(ports)
    ui.app._client.show_hand_over()
    ui.app.screen.presenter.look_for_hubs()
    ui.frames(3)
    assert ui.app.screen.rtl
    assert ui.says("نقاط التجميع القريبة")
    assert ui.says("هذا الجهاز لا يعرف نقطة التجميع هذه")
    ui.shot("hand_over/hubs_ar")


def test_a_bundle_is_written_to_a_folder_and_taken_back(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "back.bundle").write_bytes(b"x")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Hand over"))
    ui.tap(ui.one("ListRow", text="A stick or card"))
    assert not ui.has("ListRow", text="back.bundle")
    ui.tap(ui.one("ListRow", text="stick"))
    ui.tap(ui.one("PushButton", text="Write it here"))
    destination = ui.app.screen.presenter.state.destination
    assert Path(destination.address).parent == tmp_path / "stick"
    ui.tap(ui.one("ListRow", text="Take in a file that came back"))
    ui.tap(ui.one("ListRow", text="back.bundle"))
    assert ports.log == ["take back.bundle"]
    assert ui.says("3 taken in")


def test_consent_asks_for_every_purpose_and_carries_on(drive: Drive) -> None:
    ports = scripted(CONSENT, EVERY_KIND[0])
    ui = drive(ports)
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.tap(ui.one("PushButton", text="Goes on"))
    assert ui.says("Ask for every decision first.")
    cells = list(ui.all("ChoiceCell"))
    assert not any(cell.selected for cell in cells)  # Nothing is chosen for the respondent.
    sizes = {(round(cell.width), round(cell.height)) for cell in cells}
    assert len(sizes) == 1  # And no answer is larger than the other.
    for nth in (0, 3, 4):
        ui.tap(cells[nth])
    ui.tap(ui.one("ChoiceRow", text="By signature"))
    ui.tap(ui.one("PushButton", text="Goes on"))
    assert ports.interview.log == ["consent ['assistance', 'research'] signature"]
    assert ui.says("What is the main source of")


def test_a_guardian_needs_the_childs_assent_too(drive: Drive) -> None:
    ports = scripted(CONSENT, EVERY_KIND[0])
    ui = drive(ports)
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    for nth in (0, 2, 4):
        ui.tap(list(ui.all("ChoiceCell"))[nth])
    ui.tap(ui.one("ChoiceRow", text="By a guardian"))
    assert [cell.selected for cell in ui.all("ChoiceCell")][:2] == [True, False]
    ui.tap(ui.one("PushButton", text="Goes on"))
    assert ports.interview.log == []
    ui.tap(list(ui.all("ChoiceCell"))[-2])
    ui.tap(ui.one("PushButton", text="Goes on"))
    assert len(ports.interview.log) == 1


def test_a_refusal_ends_in_the_tally_after_a_question(drive: Drive) -> None:
    ports = scripted(CONSENT)
    ui = drive(ports)
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.tap(ui.one("PushButton", text="Refuses"))
    assert ports.interview.log == []
    ui.tap(ui.one("PushButton", text="Yes, end here"))
    assert ports.interview.log == ["decline refused"]
    assert ui.says("Forms to fill")


def test_a_refusal_midway_destroys_the_draft(drive: Drive) -> None:
    ports = scripted(*EVERY_KIND[:2])
    ui = drive(ports)
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.tap(ui.one("IconButton", text="More"))
    ui.tap(ui.one("ListRow", text="The respondent stops here"))
    ui.tap(ui.one("PushButton", text="Yes, end here"))
    assert ports.log[-1] == "abandon draft-1 refused"


def test_review_leads_to_what_is_open_then_seals_and_gives_the_slip(drive: Drive) -> None:
    ports = scripted(*EVERY_KIND[:1])
    ui = drive(ports)
    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.tap(ui.one("IconButton", text="More"))
    ui.tap(ui.one("ListRow", text="Go to the review"))
    assert ui.says("1 question must be settled first")
    assert ui.one("PushButton", text="Seal").disabled
    ui.key(13)  # Enter never seals.
    ui.tap(next(row for row in ui.all("ListRow") if row.text.startswith("What is the main")))
    ui.tap(ui.one("ChoiceRow", text="Borehole"))
    ui.tap(ui.one("PushButton", text="Next"))
    assert ui.says("Every answer that must be there is there.")
    assert ui.says("nobody can read these answers")
    ui.tap(ui.one("PushButton", text="Seal"))
    assert ui.one("QrImage").content == "K7QX4-2MNPA-9TRWE-HC3VD"
    assert ui.says("K7QX4  2MNPA")
    ui.tap(ui.one("PushButton", text="They have it"))
    assert ports.log[-2:] == ["finalize draft-1", f"given {'0' * 32}"]


def test_home_destroys_a_draft_only_after_asking(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(next(ui.all("IconButton", text="Destroy draft")))
    ui.tap(ui.one("PushButton", text="Keep it"))
    assert ports.log == []
    ui.tap(next(ui.all("IconButton", text="Destroy draft")))
    ui.tap(ui.one("PushButton", text="It will not be finished"))
    assert ports.log == ["abandon d1 abandoned"]


def test_home_seals_all_ready_counts_the_absent_and_takes_a_withdrawal(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Seal 1 ready interview"))
    ui.tap(ui.one("IconButton", text="More"))
    ui.tap(ui.one("ListRow", text="Nobody was there"))
    ui.tap(next(ui.all("PushButton", text="Nobody at home")))
    assert ui.says("Counted.")
    ui.tap(ui.one("IconButton", text="More"))
    ui.tap(ui.one("ListRow", text="A respondent withdraws"))
    ui.tap(ui.one("Field"))
    ui.type("K7QX4-2MNPA")
    ui.tap(ui.one("PushButton", text="Withdraw the record"))
    assert ports.log == ["finalize d2", "tally f1 absent", "withdraw K7QX4-2MNPA"]
    assert ui.says("The withdrawal is kept")


def test_a_slip_put_off_is_found_again(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("ListRow", text="For the respondent"))
    assert ui.one("QrImage").content == "K7QX4-2MNPA-9TRWE-HC3VD"
    ui.tap(ui.one("PushButton", text="Later"))
    assert ports.log == []
    assert ui.says("1 withdrawal slip is not yet given")


def test_home_lists_the_records_of_each_state(drive: Drive) -> None:
    ui = drive(scripted())
    ui.tap(list(ui.all("CountTile"))[2])
    rows = [row for row in ui.one("Sheet").walk() if type(row).__name__ == "ListRow"]
    assert len(rows) == 4
    assert all(row.state_shown[0] == "Received" for row in rows)
    ui.key(27)
    assert not ui.has("Sheet")


def test_little_space_is_said_first(drive: Drive) -> None:
    banner = Banner(online=True, low_space=True, free_bytes=12_000_000)
    ui = drive(scripted(shown_banner=banner))
    assert ui.says("Little space left: 12 MB.")


def test_settings_change_language_look_and_size_at_once(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("IconButton", text="Settings"))
    ui.tap(ui.one("ChoiceCell", text="Bright sun"))
    ui.tap(ui.one("ChoiceCell", text="150 %"))
    ui.tap(ui.one("ChoiceRow", text="العربية"))
    assert ports.kept == Preferences("ar", "sun", 150)
    assert ui.app.screen.rtl
    assert not ui.says("Language of the screens")  # It speaks Arabic now.
    ui.tap(ui.one("ChoiceRow", text="English"))
    assert ui.says("Language of the screens")


def test_the_vault_is_destroyed_only_after_saying_what_is_lost(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("IconButton", text="Settings"))
    ui.tap(ui.one("PushButton", text="Destroy the vault"))
    assert ui.says("This destroys your drafts on this device.")
    ui.tap(ui.one("PushButton", text="Destroy it now"))
    assert ports.log == ["destroy"]
    assert ui.says("Who are you?")


def test_the_passphrase_is_changed(drive: Drive) -> None:
    ports = scripted()
    ui = drive(ports)
    ui.tap(ui.one("IconButton", text="Settings"))
    ui.tap(ui.one("PushButton", text="Change the passphrase"))
    for field, text in zip(ui.all("Field"), ("old", "new words", "new words"), strict=True):
        field.text = text
    ui.tap(ui.one("PushButton", text="Change"))
    assert ports.log == ["passphrase"]
    assert ui.says("The passphrase is changed.")


def test_cases_are_searched_while_typing_and_opened(drive: Drive) -> None:
    ports = scripted(*EVERY_KIND[:1])
    ui = drive(ports)
    ui.tap(ui.one("PushButton", text="Cases"))
    assert ui.says("1 conflict")
    ui.tap(ui.one("Field"))
    ui.type("hold 17")
    assert [row.text for row in ui.all("ListRow")] == ["Household 17"]
    assert ui.one("Field").focus
    ui.tap(ui.one("ListRow"))
    assert ports.log == ["case c17"]


def test_it_locks_when_idle_in_the_background_by_key_and_by_three_fingers(drive: Drive) -> None:
    ports = scripted(*EVERY_KIND[5:6])
    ui = drive(ports)

    def unlock() -> None:
        assert not ports.unlocked
        assert ui.says("Who are you?")
        ports.unlocked = True
        ui.app._client.show_home()
        ui.frames(2)

    ui.tap(next(ui.all("ListRow", text="Household registration")))
    ui.tap(ui.one("Field"))
    ui.type("Amina")
    ports.clock_s += ports.kept.idle_lock_s + 1
    ui.app._tick(1.0)
    ui.frames(2)
    assert ports.interview.answers == {"/data/text": "Amina"}  # Typed, told, then locked.
    unlock()
    assert ui.app.on_pause()
    ui.frames(2)
    unlock()
    ui.key(ord("l"), "l", ("ctrl",))
    unlock()
    ui.fingers(3)
    assert not ports.unlocked
