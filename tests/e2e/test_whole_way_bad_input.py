"""Bad input, each by the real commands against a real server: a clear error or quarantine.

Nothing is lost by any of it: after each refusal the true thing goes through. What other tests hold
in more depth is not repeated here:

| Bad input | Here | In depth |
|---|---|---|
| malformed XLSForm | `forms propose` tells sheet, row, remedy | test_forms_walk, _commands |
| unclassified field | server and station refuse it | test_forms_codebook |
| wrong passphrase | tablet, station, server keys | test_client_vault, test_client_services |
| used or expired code | tablet tells; a new code works | test_client_services, test_server_routes |
| tampered entry | a stick with one byte changed | test_sync_line, test_intake_quarantine |
| unknown device | one whom the server forgot | test_sync_https, test_intake_quarantine |
| clear-text record | signed by its tablet, not sealed | test_intake_quarantine (changed later) |
| clear-text submission | what ODK would send | test_server_routes (malformed requests) |
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from intake_kit import COORDINATOR, counts
from mission import MissionKit, make_mission
from openpyxl import Workbook  # type: ignore[import-untyped]
from sealed_device import ANSWERS, SealedDevice, codebook, publish_form
from whole_way import DEVICE_PASSPHRASE, STATION_PASSPHRASE, WholeWay

from server.demo.office import call
from server.demo.processes import DemoFailed
from server.intake.inbox import InboxStore
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine
from server.settings import StoreUrls
from shared.records.codec import encode_body
from shared.sealing import log_writer
from shared.sealing.enrol import parse_enrolment_code
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.log_writer import Appended

FORMS = Path(__file__).parents[2] / "forms"
INTERVIEW = {"form": "household_registration", "seed": 7, "outcome": "finalize"}


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeWay]:
    """Return a mission with a form, that answers over HTTPS."""
    made = WholeWay(tmp_path_factory.mktemp("mission"))
    made.found()
    made.publish(FORMS / "household_registration.xlsx")
    with made.serving():
        yield made


@pytest.fixture(scope="module")
def tablet(way: WholeWay) -> Path:
    """Return the home of an enrolled tablet."""
    return way.enrol("tablet-1")


def interview(way: WholeWay, tablet: Path) -> dict[str, Any]:
    """Seal one interview and return what the tablet counts then."""
    with way.device(tablet) as device:
        assert device.request("fill", **INTERVIEW)["outcome"] == "finalized"
        counted: dict[str, Any] = device.request("status")["counts"]
    return counted


# --- forms ------------------------------------------------------------------------------------

HEAD = ["type", "name", "label", "relevant", "bind::cairn:disclosure"]
SETTINGS = ["form_id", "form_title", "version", "cairn_basis", "cairn_purposes"]


def workbook(path: Path, *rows: list[str]) -> Path:
    """Write an XLSForm with these survey rows, from row 2 on."""
    book = Workbook()
    survey = book.active
    survey.title = "survey"
    settings = book.create_sheet("settings")
    for row in (HEAD, *rows):
        survey.append(row)
    choices = book.create_sheet("choices")
    for row in (["list_name", "name", "label"], ["shelter", "tent", "Tent"]):
        choices.append(row)
    settings.append(SETTINGS)
    settings.append(["camp", "Camp", "1", "observation", "statistics"])
    book.save(path)
    return path


GOOD = ["integer", "people", "How many people?", "", "open"]
MALFORMED = {
    "unknown type": (["intger", "rooms", "How many?", "", "open"], "intger"),
    "unknown list": (["select_one shelters", "shelter", "Shelter?", "", "open"], "shelters"),
    "unknown question": (["text", "why", "Why?", "${peple} > 3", "direct"], "peple"),
    "no class": (["text", "head", "Head of household?", "", ""], "disclosure class"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_form_is_told_by_sheet_and_row(
    way: WholeWay, tmp_path: Path, fault: str
) -> None:
    """Nothing is proposed, and once mended it goes through."""
    row, says = MALFORMED[fault]
    request = tmp_path / "request"
    words = ("server", "forms", "propose", "FILE", "-o", str(request), *way.home)
    bad = workbook(tmp_path / "bad.xlsx", GOOD, row)
    with pytest.raises(DemoFailed, match=says) as refused:
        call(way.log, *(str(bad) if word == "FILE" else word for word in words))
    assert "survey row 3" in str(refused.value)
    assert not request.exists()
    mended = workbook(tmp_path / "mended.xlsx", GOOD)
    call(way.log, *(str(mended) if word == "FILE" else word for word in words))
    assert request.is_file()


def test_the_station_refuses_what_no_server_should_have_proposed(
    way: WholeWay, tmp_path: Path
) -> None:
    """A form changed on its way to the station is checked there by itself."""
    request, signed = tmp_path / "request", tmp_path / "signed"
    good = workbook(tmp_path / "good.xlsx", GOOD)
    call(way.log, "server", "forms", "propose", str(good), "-o", str(request), *way.home)
    data = request.read_bytes()
    stripped = data.replace(b'cairn:disclosure="open"', b'cairn:disclosurx="open"')
    assert stripped != data
    request.write_bytes(stripped)
    with pytest.raises(DemoFailed):
        way.steward("approve-form", str(way.station), str(request), "-o", str(signed), "--yes")
    assert not signed.exists()


# --- secrets ----------------------------------------------------------------------------------


def test_a_wrong_passphrase_opens_nothing_and_costs_nothing(
    way: WholeWay, tablet: Path, tmp_path: Path
) -> None:
    """At the tablet, at the station and at the server; the right one still opens."""
    with pytest.raises(DemoFailed, match="SEAL-006"):
        way.client(tablet, "unlock", passphrase="six other words that open nothing")
    assert way.client(tablet, "unlock", passphrase=DEVICE_PASSPHRASE)["on_device"] == 0
    policy, signed = way.papers / "policy.toml", tmp_path / "signed"
    words = ("steward", "approve-policy", str(way.station), str(policy), "-o", str(signed), "--yes")
    with pytest.raises(DemoFailed, match="SEAL-006"):
        call(way.log, *words, passphrase="six other words that open nothing")
    assert not signed.exists()
    call(way.log, *words, passphrase=STATION_PASSPHRASE)
    with pytest.raises(DemoFailed, match="SEAL-006"):
        call(way.log, "server", "work", str(way.server), "--once", passphrase="wrong")
    way.work()


def test_a_used_or_expired_code_is_told_and_a_new_one_works(way: WholeWay) -> None:
    used = way.invite("tablet-2")
    way.enrol("tablet-2", used)
    late = replace(parse_enrolment_code(way.invite("tablet-3")), expires_ms=1_700_000_000_000)
    for code, says in ((used, "used"), (late.text(), "ended on 2023-11-14")):
        with pytest.raises(DemoFailed, match=says):
            way.enrol("tablet-3", code)
    home = way.enrol("tablet-3")
    assert "household_registration" in way.client(home, "status")["forms"]


# --- what comes in ----------------------------------------------------------------------------


def test_a_stick_with_one_byte_changed_is_refused_whole(
    way: WholeWay, tablet: Path, tmp_path: Path
) -> None:
    """The true stick is taken in afterwards, and only once."""
    before = way.work()
    interview(way, tablet)
    stick, bad = tmp_path / "stick.cairn", tmp_path / "bad.cairn"
    way.client(tablet, "sync", "--bundle", str(stick))
    data = bytearray(stick.read_bytes())
    data[len(data) // 2] ^= 1
    bad.write_bytes(bytes(data))
    take = ("server", "take-bundle")
    with pytest.raises(DemoFailed):
        call(way.log, *take, str(bad), *way.unlocked)
    assert way.work()["received"] == before["received"]
    for _ in range(2):
        call(way.log, *take, str(stick), *way.unlocked)
    after = way.work()
    assert after["live_records"] - before["live_records"] == 1
    assert after["quarantined"] == 0


def test_a_device_that_the_server_forgot_brings_its_certificate(way: WholeWay) -> None:
    """As after the server was restored from a backup of the day before."""
    home = way.enrol("tablet-4")
    before = way.work()
    interview(way, home)
    forget(way, "tablet-4")
    counted = way.client(home, "sync")["counts"]
    assert counted["on_device"] == 0
    after = way.work()
    assert after["live_records"] - before["live_records"] == 1
    assert after["quarantined"] == 0


def forget(way: WholeWay, label: str) -> None:
    """Remove a device from the server's list, as an old backup would."""
    with closing(sqlite3.connect(way.server / "stores" / "inbox.db")) as store, store:
        assert store.execute("DELETE FROM device WHERE label = ?", (label,)).rowcount == 1


def test_a_submission_in_the_clear_finds_no_door(way: WholeWay) -> None:
    """What ODK would send; no address takes it, nothing is kept and nothing is echoed."""
    before = way.work()
    submission = b"<data id='household_registration'><name>Qzavx Zubaida</name></data>"
    doors = ("/submission", "/v1/sync/exchange", "/v1/enrol", "/v1/sync/challenge", "/v1/records")
    with httpx.Client(base_url=way.url, verify=False) as line:
        for door in doors:
            answered = line.post(door, content=submission)
            assert 400 <= answered.status_code < 500, door
            assert "Qzavx" not in answered.text
    assert way.work() == before
    assert b"Qzavx" not in way.kept_bytes()


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[MissionKit]:
    """Return a mission in this process, on SQLite alone."""
    made = make_mission(tmp_path, StoreUrls())
    yield made
    made.close()


def in_the_clear(tablet: SealedDevice, body: bytes) -> Appended:
    """Write what no part of Cairn writes: a revision whose payload is its plain text."""
    assert tablet.epoch is not None
    header = log_writer._next(tablet.tip, Kind.REVISION, tablet.epoch.sequence, os.urandom(16))
    return log_writer._append(tablet.key, header, {Compartment.BODY: body}, tablet.day)


def test_a_record_that_its_own_tablet_signed_in_the_clear_stands_aside(kit: MissionKit) -> None:
    """Its signature and hashes are right; it is not sealed, and that is enough to refuse it."""
    publish_form(kit)
    tablet = SealedDevice(kit, "tablet 1")
    sound = tablet.interview()
    body, _ = tablet.halves(sound, ANSWERS, (), (tablet.consent(sound.code),), "1", "")
    clear = in_the_clear(tablet, encode_body(body, codebook()))
    with closing(Intake(kit.mission)) as intake:
        InboxStore(kit.mission.stores.inbox, kit.clock).append_own(clear)
        intake.drain()
    (row,) = list_quarantine(kit.mission, COORDINATOR)
    assert row["reason"] in ("undecryptable", "tampered")
    found = counts(kit)
    assert (found["live_records"], found["quarantined"]) == (1, 1)
