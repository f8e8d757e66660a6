"""INTK-085, GOV-094, GOV-095: attachments are erased with their records, and who may have them."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from filing_device import HOUSE, JPEG, VOICE, FilingDevice
from intake_kit import STEWARD
from kept_files_kit import (
    aside,
    chunk_rows,
    drain,
    files,
    inbox_chunks,
    key_of,
    rows,
    states,
)
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import WITH_FILES, publish_form
from sqlmodel import select

from server.db import reading
from server.governance.actions import Role
from server.governance.decide import Actor
from server.intake.attaching import Attaching
from server.intake.files import MANIFEST, export_files
from server.intake.held import master_key
from server.intake.identity import open_identity, request_identity
from server.intake.identity_files import OpenFiles
from server.intake.inbox import InboxStore
from server.intake.kept_files import kept_file, place_of
from server.intake.withdrawing import withdraw_by_code
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.queries import detached, logs, recordkeys
from server.tables.attachments import Attachment, AttachmentChunk
from server.tables.log import LogEntry
from server.tables.people import AuditLine
from shared.canonical import decode
from shared.errors import NotFound, PolicyDenied, TagMismatch, UsageError
from shared.sealing.attachments import SEALED_CHUNK_BYTES, open_chunks
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.withdrawal import new_code
from shared.sealing.wrap import unwrap
from sync.core.store import Chunk

CUSTODIAN = Actor("custodian", frozenset({Role.CUSTODIAN}))
ADMINISTRATOR = Actor("admin", frozenset({Role.ADMINISTRATOR}))
BIG = b"".join(bytes([n % 251]) * 1000 for n in range(700))
"""Three chunks."""


@pytest.fixture
def kit(tmp_path: Path) -> MissionKit:
    made = make_mission(tmp_path)
    publish_form(made, WITH_FILES)
    return made


@pytest.fixture
def device(kit: MissionKit) -> FilingDevice:
    return FilingDevice(kit, "tablet 1")


# --- erasure


def test_a_withdrawn_record_takes_its_files_and_thumbnails_along(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-085: with yesterday's stores and all today's keys nothing of it opens."""
    small, house, voice = device.file(JPEG), device.file(BIG, "bin"), device.file(JPEG, direct=True)
    code = new_code(kit.mission.random_bytes)
    made = device.photographed(house, voice, thumbnail=small, code=code)
    neighbour = device.photographed(device.file(BIG, "bin"))
    drain(kit)
    yesterday = chunk_rows(kit)
    mine = {row.entry_hash for row in rows(kit) if row.record_id == made.record_id}
    assert withdraw_by_code(kit.mission, STEWARD, code) == 1
    drain(kit)
    assert states(kit) == ["erased"] * 3 + ["kept"]
    assert {row.entry_hash for row in chunk_rows(kit)} & mine == set()
    with reading(kit.mission.stores.keys) as session:
        left = recordkeys.keys_of(
            session, [made.record_id, neighbour.record_id], master_key(kit.mission)
        )
    assert set(left) == {neighbour.record_id}
    old = [row for row in yesterday if row.entry_hash in mine]
    assert len(old) == 5
    for row in old:
        for last in (False, True):
            place = place_of(row.entry_hash, row.number, last=last)
            with pytest.raises(TagMismatch):
                unwrap(left[neighbour.record_id], row.data, place)
    assert files(kit) == {"received": 4, "kept": 1, "erased": 3}
    orders = broadcast(kit, Kind.ERASURE)
    assert mine <= {bytes(item[3]) for order in orders for item in order[1]}


def broadcast(kit: MissionKit, kind: Kind) -> list[list[object]]:
    with reading(kit.mission.stores.inbox) as session:
        ids = list(session.exec(select(LogEntry.id).where(LogEntry.kind == int(kind))))
        held = logs.payloads_of(session, [n for n in ids if n is not None])
    return [decode(parts[Compartment.OPEN]) for parts in held.values()]


def test_a_file_still_arriving_for_an_erased_record_is_not_wanted(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-085."""
    code = new_code(kit.mission.random_bytes)
    house = device.file(BIG, "bin", send=False)
    device.photographed(house, code=code)
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    first, second, _ = house.chunks
    store.take_chunk(first)
    drain(kit)
    withdraw_by_code(kit.mission, STEWARD, code)
    drain(kit)
    assert store.missing_payloads(10) == []
    assert not store.take_chunk(second)
    assert inbox_chunks(kit) == 0
    assert files(kit) == {"received": 1, "erased": 1}


def test_files_that_come_after_the_withdrawal_are_dropped(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-085, INTK-063."""
    code = new_code(kit.mission.random_bytes)
    made = device.photographed(code=code)
    drain(kit)
    withdraw_by_code(kit.mission, STEWARD, code)
    house = device.file(JPEG)
    device.revise(made, {HOUSE: house.name.text()}, (made.revision,), version=WITH_FILES)
    drain(kit)
    assert states(kit) == ["erased"]
    assert inbox_chunks(kit) == 0
    assert {bytes(i[3]) for o in broadcast(kit, Kind.ERASURE) for i in o[1]} >= {
        house.appended.hash
    }


def test_files_of_an_entry_shredded_in_quarantine_go_with_it(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-085, INTK-021."""
    code = new_code(kit.mission.random_bytes)
    refused = (device.consent(code, granted=False),)
    device.photographed(device.file(JPEG), code=code, consents=refused)
    drain(kit)
    assert aside(kit) == ["consent_missing"]
    assert states(kit) == ["named"]
    kit.clock.instant += timedelta(days=8)
    drain(kit)
    assert states(kit) == ["erased"]
    assert inbox_chunks(kit) == 0


def test_a_withdrawal_reaches_the_files_of_an_entry_in_quarantine(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-085, INTK-061."""
    code = new_code(kit.mission.random_bytes)
    refused = (device.consent(code, granted=False),)
    device.photographed(device.file(JPEG, send=False), code=code, consents=refused)
    drain(kit)
    withdraw_by_code(kit.mission, STEWARD, code)
    drain(kit)
    assert states(kit) == ["erased"]
    assert InboxStore(kit.mission.stores.inbox, kit.clock).missing_payloads(5) == []


def test_a_restored_server_erases_files_that_a_newer_ledger_names(
    kit: MissionKit, device: FilingDevice, tmp_path: Path
) -> None:
    """INTK-085, GOV-055."""
    code = new_code(kit.mission.random_bytes)
    device.photographed(device.file(JPEG), code=code)
    drain(kit)
    backup = back_up(kit.mission, tmp_path / "backup").folder
    withdraw_by_code(kit.mission, STEWARD, code)
    ledger = kit.mission.settings.home / "stores" / "keys.db"
    restore(backup, tmp_path / "again", kit.clock, ledger)
    again = Mission.open(tmp_path / "again", kit.clock)
    again.unlock(PASSPHRASE)
    drain(again)
    with reading(again.stores.records) as session:
        assert list(session.exec(select(AttachmentChunk))) == []
        assert [row.state for row in session.exec(select(Attachment))] == ["erased"]
    again.close()


# --- who may have them


def test_the_files_of_one_record_are_written_out_for_one_who_may(
    kit: MissionKit, device: FilingDevice, tmp_path: Path
) -> None:
    """GOV-094: by policy, with a reason, on record; files of direct fields are not among them."""
    small, house, voice = device.file(JPEG), device.file(BIG, "bin"), device.file(JPEG, direct=True)
    made = device.photographed(house, voice, thumbnail=small)
    drain(kit)
    record, out = made.record_id.hex(), tmp_path / "out"
    with pytest.raises(PolicyDenied):
        export_files(kit.mission, CUSTODIAN, record, "statistics", "court", out)
    with pytest.raises(PolicyDenied):
        export_files(kit.mission, ADMINISTRATOR, record, "statistics", "court", out)
    with pytest.raises(PolicyDenied, match="not collected for"):
        export_files(kit.mission, STEWARD, record, "contact", "court", out)
    with pytest.raises(UsageError, match="--why"):
        export_files(kit.mission, STEWARD, record, "statistics", " ", out)
    assert not out.exists()
    written = export_files(kit.mission, STEWARD, record, "statistics", "court", out)
    contents = {(out / one["name"]).read_bytes() for one in written}
    assert contents == {BIG, JPEG}
    assert all((out / one["name"]).stat().st_mode & 0o077 == 0 for one in written)
    content = json.loads((out / MANIFEST).read_text())
    assert content["why"] == "court"
    assert {one["sha256"] for one in content["files"]} == {
        sha256(BIG).hexdigest(),
        sha256(JPEG).hexdigest(),
    }
    with pytest.raises(UsageError, match="exists"):
        export_files(kit.mission, STEWARD, record, "statistics", "court", out)
    lines = audit_actions(kit)
    assert lines.count(("record.files", "permit")) == 1
    assert lines.count(("record.files", "deny")) == 3


def audit_actions(kit: MissionKit) -> list[tuple[str, str]]:
    with reading(kit.mission.stores.records) as session:
        lines = [decode(row.line) for row in session.exec(select(AuditLine))]
    return [(line[5], line[8]) for line in lines]


def test_an_erased_record_has_no_file_to_write(
    kit: MissionKit, device: FilingDevice, tmp_path: Path
) -> None:
    """GOV-094."""
    made = device.photographed(voice=device.file(JPEG, direct=True))
    drain(kit)
    with pytest.raises(NotFound):
        export_files(
            kit.mission, STEWARD, made.record_id.hex(), "statistics", "x", tmp_path / "out"
        )


def test_a_voice_opens_at_the_custodians_station_alone(
    kit: MissionKit, device: FilingDevice, tmp_path: Path
) -> None:
    """GOV-095, P5: the mission server holds it and cannot open it."""
    voice = device.file(b"RIFF\0\0\0\0WAVE" + BIG, "wav", direct=True)
    made = device.photographed(device.file(JPEG), voice)
    drain(kit)
    (row,) = [r for r in rows(kit) if r.payload_hash == voice.hash]
    sealed = b"".join(kept_file(kit.mission, row, key_of(kit, made.record_id)))
    with pytest.raises(TagMismatch):
        list(open_chunks(key_of(kit, made.record_id), [sealed]))
    with pytest.raises(TagMismatch):
        list(open_chunks(Attaching(kit.mission, "x")._payload_key(row), [sealed]))
    request = request_identity(
        kit.mission, CUSTODIAN, made.record_id.hex(), "statistics", "tracing", tmp_path / "sealed"
    )
    (file,) = (tmp_path / "sealed").iterdir()
    assert file.read_bytes() == sealed
    opened = open_identity(
        kit.station, request, PASSPHRASE, OpenFiles(tmp_path / "sealed", tmp_path / "open")
    )
    (one,) = opened["files"]
    assert (one["field"], one["name"]) == (VOICE, "1-voice.wav")
    assert (tmp_path / "open" / one["name"]).read_bytes() == b"RIFF\0\0\0\0WAVE" + BIG
    last = decode(kit.station.audit_lines()[-1].data)
    assert (last[5], last[11]["files"]) == ("identity.open", 1)


def test_a_sealed_file_that_was_changed_or_not_brought_does_not_open(
    kit: MissionKit, device: FilingDevice, tmp_path: Path
) -> None:
    """GOV-095."""
    made = device.photographed(voice=device.file(BIG, "wav", direct=True))
    drain(kit)
    request = request_identity(
        kit.mission, CUSTODIAN, made.record_id.hex(), "statistics", "x", tmp_path / "sealed"
    )
    (file,) = (tmp_path / "sealed").iterdir()
    data = bytearray(file.read_bytes())
    data[300_000] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(TagMismatch):
        open_identity(
            kit.station, request, PASSPHRASE, OpenFiles(tmp_path / "sealed", tmp_path / "open")
        )
    assert list((tmp_path / "open").iterdir()) == []
    file.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        open_identity(
            kit.station, request, PASSPHRASE, OpenFiles(tmp_path / "sealed", tmp_path / "open2")
        )


def test_the_mission_server_says_how_much_is_here_and_how_much_is_wanted(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-086."""
    device.photographed(device.file(BIG, "bin", send=False))
    drain(kit)
    with reading(kit.mission.stores.inbox) as session:
        here, wanted = detached.totals(session)
    assert (here, wanted) == (0, len(BIG) + 3 * 16)


def test_a_corrupt_transfer_is_begun_anew(kit: MissionKit, device: FilingDevice) -> None:
    """SYNC-082 at the server: an altered chunk spoils the whole, which is wanted again."""
    house = device.file(BIG, "bin", send=False)
    device.photographed(house)
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    for chunk in house.chunks:
        data = chunk.data
        if chunk.offset == SEALED_CHUNK_BYTES:
            data = b"\0" + data[1:]
        store.take_chunk(Chunk(chunk.payload_hash, chunk.offset, data))
    assert [want.offset for want in store.missing_payloads(5)] == [0]
    assert inbox_chunks(kit) == 0
    device.send(house)
    drain(kit)
    assert states(kit) == ["kept"]
