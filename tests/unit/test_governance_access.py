"""Export, lookup, identity: who gets at what, for which purpose, and what is written down."""

import csv
import json
from pathlib import Path

import pytest
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import ANSWERS, CANARY, MEMBER, SealedDevice

from server.governance.actions import Role
from server.governance.audit import read_line
from server.governance.decide import Actor
from server.intake.exporting import MANIFEST, export_rows
from server.intake.identity import identity_asked, open_identity, request_identity
from server.intake.lookup import access_report, look_up
from server.intake.pipeline import Intake
from shared.errors import (
    NoKeyMatches,
    NotFound,
    PassphraseWrong,
    PolicyDenied,
    PurposeNotPermitted,
    TagMismatch,
    UsageError,
)

ANALYST = Actor("ann", frozenset({Role.ANALYST}))
STEWARD = Actor("sam", frozenset({Role.STEWARD}))
CUSTODIAN = Actor("cus", frozenset({Role.CUSTODIAN}))
ADMINISTRATOR = Actor("root", frozenset({Role.ADMINISTRATOR}))


def test_an_export_holds_de_identified_rows_and_says_whose_they_are(
    kit: MissionKit, device: SealedDevice, intake: Intake, tmp_path: Path
) -> None:
    """GOV-090, GOV-091: gate (a), the mission's CSV."""
    device.interview()
    device.interview()
    intake.drain()
    folder = tmp_path / "export"
    written = export_rows(kit.mission, ANALYST, "household", "statistics", folder)
    assert {one.path.name: one.rows for one in written} == {
        "household.csv": 2,
        "household__interview_member.csv": 2,
    }
    with (folder / "household.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["interview_size"] for row in rows} == {"4"}
    assert len({row["_record"] for row in rows}) == 2
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["controller"] == "IOM"
    assert (manifest["purpose"], manifest["taken_by"]) == ("statistics", "ann")
    for path in folder.iterdir():
        assert CANARY.encode() not in path.read_bytes()


def test_an_export_is_for_its_purpose_and_who_may(
    kit: MissionKit, device: SealedDevice, intake: Intake, tmp_path: Path
) -> None:
    """GOV-092."""
    with pytest.raises(UsageError, match="no record of form"):
        export_rows(kit.mission, ANALYST, "household", "statistics", tmp_path / "x")
    device.interview()
    intake.drain()
    with pytest.raises(PurposeNotPermitted):
        export_rows(kit.mission, ANALYST, "household", "contact", tmp_path / "x")
    with pytest.raises(PolicyDenied, match="administrator reads none"):
        export_rows(kit.mission, ADMINISTRATOR, "household", "statistics", tmp_path / "x")
    with pytest.raises(UsageError, match="new folder"):
        export_rows(kit.mission, ANALYST, "household", "statistics", tmp_path)
    assert not (tmp_path / "x").exists()


def test_a_code_finds_its_record_and_reports_what_is_held(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """GOV-093: all of theirs and nobody else's."""
    filled, other = device.interview(), device.interview()
    intake.drain()
    (found,) = look_up(kit.mission, STEWARD, filled.code, "statistics")
    assert (found.record, found.state, found.respondent) == (filled.record_id.hex(), "live", "")
    (report,) = access_report(kit.mission, STEWARD, filled.code, "statistics")
    assert report["answers"]["/data/interview/size"] == str(ANSWERS["/data/interview/size"])
    assert report["consent"]["statistics"] == "granted"
    assert report["kept_by_the_custodian"] == [
        "/data/interview/head_name",
        f"{MEMBER}/member_name",
    ]
    text = json.dumps(report)
    assert CANARY not in text
    assert other.record_id.hex() not in text
    with pytest.raises(NotFound):
        look_up(kit.mission, STEWARD, bytes(13), "statistics")
    with pytest.raises(PolicyDenied):
        look_up(kit.mission, ANALYST, filled.code, "statistics")
    with pytest.raises(PolicyDenied):
        access_report(kit.mission, STEWARD, filled.code, "contact")


def test_identity_opens_at_the_station_alone_and_is_written_down_twice(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """GOV-028, GOV-029, P5."""
    filled = device.interview()
    intake.drain()
    record = filled.record_id.hex()
    value = request_identity(kit.mission, CUSTODIAN, record, "statistics", "family tracing")
    assert CANARY.encode() not in repr(value).encode()
    assert identity_asked(value) == ("cus", "statistics", "family tracing")
    opened = open_identity(kit.station, value, PASSPHRASE)
    assert opened["identity"]["/data/interview/head_name"].startswith(CANARY)
    assert opened["identity"][f"{MEMBER}/member_name"] == f"{CANARY} member"
    _, _, _, event = read_line(kit.station.audit_lines()[-1].data)
    assert (event.action, event.detail["why"]) == ("identity.open", "family tracing")
    for path in kit.mission.settings.home.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()


def test_identity_is_refused_without_role_reason_or_record(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    intake.drain()
    record = filled.record_id.hex()
    with pytest.raises(UsageError, match="--why"):
        request_identity(kit.mission, CUSTODIAN, record, "statistics", " ")
    with pytest.raises(PolicyDenied):
        request_identity(kit.mission, STEWARD, record, "statistics", "x")
    with pytest.raises(PolicyDenied):
        request_identity(kit.mission, CUSTODIAN, record, "contact", "x")
    with pytest.raises(NotFound):
        request_identity(kit.mission, CUSTODIAN, "00" * 16, "statistics", "x")


def test_the_station_opens_only_what_is_its_own_and_unchanged(
    kit: MissionKit, device: SealedDevice, intake: Intake, tmp_path: Path
) -> None:
    filled = device.interview()
    intake.drain()
    record = filled.record_id.hex()
    value = request_identity(kit.mission, CUSTODIAN, record, "statistics", "x")
    with pytest.raises(PassphraseWrong):
        open_identity(kit.station, value, "wrong")
    with pytest.raises(UsageError, match="malformed"):
        open_identity(kit.station, [1], PASSPHRASE)
    with pytest.raises(UsageError, match="another project"):
        open_identity(kit.station, [1, b"otherone", *value[2:]], PASSPHRASE)
    with pytest.raises(UsageError, match="another record"):
        open_identity(kit.station, [*value[:2], bytes(16), *value[3:]], PASSPHRASE)
    item = value[6][0]
    changed = [*item[:3], item[3][:-1] + bytes([item[3][-1] ^ 1]), *item[4:]]
    with pytest.raises(TagMismatch):
        open_identity(kit.station, [*value[:6], [changed], *value[7:]], PASSPHRASE)
    stranger = make_mission(tmp_path / "other")
    stranger.station.register["deployment"] = value[1].hex()
    stranger.station.register["root"] = kit.station.register["root"]
    with pytest.raises(NoKeyMatches):
        open_identity(stranger.station, value, PASSPHRASE)
    stranger.close()


def test_a_withdrawn_record_is_found_as_withdrawn_and_nothing_is_held(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    device.withdraw(filled.code)
    intake.drain()
    (found,) = look_up(kit.mission, STEWARD, filled.code, "statistics")
    assert found.state == "erased"
    (report,) = access_report(kit.mission, STEWARD, filled.code, "statistics")
    assert "answers" not in report
    with pytest.raises(NotFound):
        request_identity(kit.mission, CUSTODIAN, filled.record_id.hex(), "statistics", "too late")
