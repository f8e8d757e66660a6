"""INTK-080..087, GOV-094, GOV-095, SEAL-048: attachments from their entries to their records."""

import json
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from filing_device import HOUSE, JPEG, VOICE, FilingDevice
from intake_kit import STEWARD, counts, store_bytes
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import CANARY, WITH_FILES, publish_form
from sqlmodel import select

from server.db import reading, writing
from server.governance.actions import Role
from server.governance.decide import Actor
from server.intake import attaching
from server.intake.attaching import Attaching
from server.intake.file_types import agrees
from server.intake.files import MANIFEST, export_files, list_files
from server.intake.held import master_key
from server.intake.identity import open_identity, request_identity
from server.intake.identity_files import OpenFiles
from server.intake.inbox import InboxStore
from server.intake.kept_files import kept_file, place_of
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine, replay
from server.intake.withdrawing import withdraw_by_code
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.queries import detached, logs, recordkeys
from server.tables.attachments import Attachment, AttachmentChunk
from server.tables.log import DetachedChunk, LogEntry
from server.tables.people import AuditLine
from shared.canonical import decode
from shared.errors import NotFound, PolicyDenied, StoreFull, TagMismatch, UsageError
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import SEALED_CHUNK_BYTES, open_chunks
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.log_writer import append_attachment, begin_attachment
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


def drain(kit: MissionKit | Mission) -> None:
    intake = Intake(kit if isinstance(kit, Mission) else kit.mission)
    intake.drain()
    intake.close()


def rows(kit: MissionKit) -> list[Attachment]:
    with reading(kit.mission.stores.records) as session:
        found = list(session.exec(select(Attachment).order_by(Attachment.sequence)))  # type: ignore[arg-type]
        session.expunge_all()
    return found


def states(kit: MissionKit) -> list[str]:
    return [row.state for row in rows(kit)]


def files(kit: MissionKit) -> dict[str, int]:
    """The counts, with the sum that must hold once intake is idle (INTK-086)."""
    found = counts(kit)["attachments"]
    parts = ("without_record", "on_the_way", "kept", "quarantined", "erased")
    assert found["received"] == sum(found[name] for name in parts), found
    return {name: number for name, number in found.items() if number}


def key_of(kit: MissionKit, record_id: bytes) -> bytes:
    with reading(kit.mission.stores.keys) as session:
        return recordkeys.keys_of(session, [record_id], master_key(kit.mission))[record_id]


def inbox_chunks(kit: MissionKit) -> int:
    with reading(kit.mission.stores.inbox) as session:
        return len(list(session.exec(select(DetachedChunk.offset))))


def chunk_rows(kit: MissionKit) -> list[AttachmentChunk]:
    with reading(kit.mission.stores.records) as session:
        found = list(session.exec(select(AttachmentChunk)))
        session.expunge_all()
    return found


# --- linking, opening, keeping


def test_files_find_their_record_field_and_thumbnail(kit: MissionKit, device: FilingDevice) -> None:
    """INTK-080, INTK-081, INTK-083."""
    small = device.file(JPEG)
    house = device.file(BIG, "bin")
    voice = device.file(b"RIFF....WAVE" + BIG, "wav", direct=True)
    made = device.photographed(house, voice, thumbnail=small)
    drain(kit)
    found = {row.payload_hash: row for row in rows(kit)}
    assert {row.record_id for row in found.values()} == {made.record_id}
    assert {row.revision_id for row in found.values()} == {made.revision}
    assert states(kit) == ["kept"] * 3
    kept = found[house.hash]
    assert (kept.address, kept.suffix, kept.thumbnail) == (HOUSE, "bin", False)
    thumb = found[small.hash]
    assert (thumb.address, thumb.suffix, thumb.thumbnail) == (HOUSE, "jpg", True)
    spoken = found[voice.hash]
    assert (spoken.address, spoken.thumbnail) == ("", False), "only identity names it"
    key = key_of(kit, made.record_id)
    assert b"".join(kept_file(kit.mission, kept, key)) == BIG
    assert b"".join(kept_file(kit.mission, spoken, key)) == b"".join(voice.ciphertext)
    assert files(kit) == {"received": 3, "kept": 3}


def test_nothing_of_a_file_lies_open_and_the_received_bytes_go(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-083, P2: neither plaintext nor the ciphertext as it was received."""
    house = device.file(JPEG)
    voice = device.file(JPEG, direct=True)
    device.photographed(house, voice)
    drain(kit)
    assert inbox_chunks(kit) == 0
    with kit.mission.inbox() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
    held = store_bytes(kit)
    assert CANARY.encode() not in held
    assert all(house.ciphertext[0] != row.data for row in chunk_rows(kit))


def test_a_chunk_in_another_place_or_a_file_cut_short_does_not_read(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-083."""
    house = device.file(BIG, "bin")
    made = device.photographed(house)
    drain(kit)
    key = key_of(kit, made.record_id)
    (row,) = rows(kit)
    with writing(kit.mission.stores.records) as session:
        first = session.get_one(AttachmentChunk, (row.entry_hash, 0))
        second = session.get_one(AttachmentChunk, (row.entry_hash, 1))
        first.data, second.data = second.data, first.data
        session.add_all([first, second])
    with pytest.raises(TagMismatch):
        list(kept_file(kit.mission, row, key))
    with writing(kit.mission.stores.records) as session:
        first = session.get_one(AttachmentChunk, (row.entry_hash, 0))
        second = session.get_one(AttachmentChunk, (row.entry_hash, 1))
        first.data, second.data = second.data, first.data
        session.add_all([first, second])
        session.delete(session.get_one(AttachmentChunk, (row.entry_hash, 2)))
    with pytest.raises(TagMismatch):
        list(kept_file(kit.mission, row, key))
    with pytest.raises(TagMismatch):
        list(kept_file(kit.mission, replace_length(row, len(BIG) // 3 * 2), key))


def replace_length(row: Attachment, length: int) -> Attachment:
    return Attachment(**{**row.model_dump(), "length": length})


def test_records_never_wait_for_their_files(kit: MissionKit, device: FilingDevice) -> None:
    """INTK-082: wanted, arriving, whole, kept; the record is taken in from the beginning."""
    house = device.file(BIG, "bin", send=False)
    made = device.photographed(house)
    drain(kit)
    assert counts(kit)["live_records"] == 1
    assert state_of(kit, made.record_id.hex()) == ("wanted", 0)
    assert files(kit) == {"received": 1, "on_the_way": 1, "bytes_wanted": house_length(house)}
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    first, *others = house.chunks
    store.take_chunk(first)
    drain(kit)
    assert state_of(kit, made.record_id.hex()) == ("arriving", SEALED_CHUNK_BYTES)
    assert files(kit)["bytes_arrived"] == SEALED_CHUNK_BYTES
    for chunk in others:
        store.take_chunk(chunk)
    assert state_of(kit, made.record_id.hex()) == ("whole", house_length(house))
    drain(kit)
    assert state_of(kit, made.record_id.hex()) == ("kept", house_length(house))


def house_length(file: object) -> int:
    return sum(map(len, file.ciphertext))  # type: ignore[attr-defined]


def state_of(kit: MissionKit, record: str) -> tuple[str, int]:
    (row,) = list_files(kit.mission, STEWARD, record, "statistics")
    return row.state, row.arrived


def test_a_file_that_does_not_come_is_missing_after_the_deadline(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-082."""
    made = device.photographed(device.file(JPEG, send=False))
    drain(kit)
    kit.clock.advance(days=6)
    assert "missing" not in files(kit)
    kit.clock.advance(days=2)
    assert files(kit)["missing"] == 1
    assert state_of(kit, made.record_id.hex())[0] == "missing"


def test_a_large_file_is_worked_on_a_few_chunks_a_step_between_records(
    kit: MissionKit, device: FilingDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTK-087: bounded work and bounded memory; a record goes in between."""
    monkeypatch.setattr(attaching, "CHUNKS_A_STEP", 4)
    content = 48 * CHUNK_BYTES
    house = device.file((bytes(CHUNK_BYTES) for _ in range(48)), "bin")
    made = device.photographed(house)
    intake = Intake(kit.mission)
    intake.step()
    before = counts(kit)["live_records"]
    tracemalloc.start()
    steps = 0
    while states(kit) != ["kept"]:
        if steps == 3:
            device.interview(version=WITH_FILES)
        steps += 1
        intake.step()
        if steps == 5:
            assert counts(kit)["live_records"] == before + 1
            assert states(kit) == ["linked"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    intake.close()
    assert steps >= 10
    assert peak < content * 2 // 3, "a file is never in memory as a whole"
    (row,) = rows(kit)
    assert row.kept_bytes == content
    blocks = kept_file(kit.mission, row, key_of(kit, made.record_id))
    assert sum(map(len, blocks)) == content


def test_a_worker_that_was_killed_in_a_file_leaves_it_to_another(
    kit: MissionKit, device: FilingDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTK-087: the lease runs out, the next begins the file anew; nothing is kept twice."""
    monkeypatch.setattr(attaching, "CHUNKS_A_STEP", 1)
    made = device.photographed(device.file(BIG, "bin"))
    first = Intake(kit.mission)
    for _ in range(4):
        first.step()
    assert states(kit) == ["linked"]
    assert len(chunk_rows(kit)) in (1, 2)
    other = Attaching(kit.mission, "other")
    assert other.step() == 0, "the first one's lease holds"
    kit.clock.advance(seconds=kit.mission.settings.intake.lease_s + 1)
    while states(kit) != ["kept"]:
        assert other.step()
    first.drain()
    first.close()
    assert len(chunk_rows(kit)) == 3
    (row,) = rows(kit)
    assert b"".join(kept_file(kit.mission, row, key_of(kit, made.record_id))) == BIG


def test_a_full_disk_in_the_midst_of_a_file_loses_nothing(
    kit: MissionKit, device: FilingDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INTK-087, INTK-004."""
    made = device.photographed(device.file(BIG, "bin"))

    def full(*_: object) -> None:
        raise StoreFull("the disk of the mission server is full; free some space, then go on")

    intake = Intake(kit.mission)
    with monkeypatch.context() as patch:
        patch.setattr("server.queries.attachments.add_chunks", full)
        with pytest.raises(StoreFull):
            intake.drain()
    intake.close()
    assert inbox_chunks(kit) == 3
    kit.clock.advance(seconds=kit.mission.settings.intake.lease_s + 1)
    drain(kit)
    (row,) = rows(kit)
    assert b"".join(kept_file(kit.mission, row, key_of(kit, made.record_id))) == BIG
    assert inbox_chunks(kit) == 0


def test_two_answers_may_name_one_file(kit: MissionKit, device: FilingDevice) -> None:
    """SEAL-064: equal content of one revision is sealed once and named twice."""
    house = device.file(BIG, "bin")
    text = house.name.text()
    paper = HOUSE.replace("house", "paper")
    device.interview({HOUSE: text, paper: text}, version=WITH_FILES)
    drain(kit)
    assert len(chunk_rows(kit)) == 3
    assert files(kit) == {"received": 1, "kept": 1}


# --- what is set aside


def aside(kit: MissionKit) -> list[str]:
    return [row["reason"] for row in list_quarantine(kit.mission, STEWARD)]


def test_a_file_that_no_answer_names_is_set_aside(kit: MissionKit, device: FilingDevice) -> None:
    """INTK-081, INTK-084."""
    device.file(JPEG)
    named = device.file(BIG, "bin")
    device.photographed(named)
    drain(kit)
    assert aside(kit) == ["unclaimed"]
    assert files(kit) == {"received": 2, "kept": 1, "quarantined": 1}
    assert replay(kit.mission, STEWARD).still_aside == 1


def test_files_followed_by_no_revision_belong_to_nothing(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-080: another entry between them parts a file from what follows."""
    house = device.file(JPEG)
    device.status(version="1")
    device.photographed(house)
    drain(kit)
    assert states(kit) == ["named"]
    assert files(kit) == {"received": 1, "without_record": 1}


def test_a_program_under_the_name_of_a_picture_is_set_aside(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-084: the type."""
    device.photographed(device.file(b"MZ\x90\x00" + bytes(1000), "jpg"))
    drain(kit)
    assert aside(kit) == ["wrong_type"]
    assert chunk_rows(kit) == []
    assert inbox_chunks(kit) == 1, "its sealed bytes stay"


@pytest.mark.parametrize(
    ("suffix", "head", "good"),
    [
        ("jpg", b"\xff\xd8\xff\xe1", True),
        ("jpg", b"\x89PNG\r\n\x1a\n", False),
        ("webp", b"RIFF\0\0\0\0WEBP", True),
        ("wav", b"RIFF\0\0\0\0WEBP", False),
        ("mp4", b"\0\0\0\x18ftypmp42", True),
        ("pdf", b"", False),
        ("xyz", b"anything", True),
        ("", b"anything", True),
    ],
)
def test_a_suffix_is_a_promise(suffix: str, head: bytes, good: bool) -> None:  # noqa: FBT001
    """INTK-084."""
    assert agrees(suffix, head) is good


def test_a_length_other_than_the_header_says_is_set_aside(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-084: the length. Another entry had named the same bytes with their true length."""
    other = FilingDevice(kit, "tablet 2")
    true = other.file(JPEG)
    other.photographed(true)
    assert device.epoch is None
    device.unlock()
    assert device.epoch is not None
    seal = begin_attachment(device.epoch, Compartment.ATTACHMENT, kit.mission.random_bytes)
    lying = append_attachment(
        device.key, device.tip, seal, hash=true.hash, length=len(JPEG), day=device.day
    )
    device._store(lying)
    device.photographed(true)
    drain(kit)
    assert aside(kit) == ["tampered"]
    assert sorted(states(kit)) == ["aside", "kept"]


def test_a_file_of_another_device_does_not_open_under_ones_own_entry(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-084: naming another's ciphertext gives nobody its content, and takes none away."""
    other = FilingDevice(kit, "tablet 2")
    true = other.file(JPEG)
    device.unlock()
    assert device.epoch is not None
    seal = begin_attachment(device.epoch, Compartment.ATTACHMENT, kit.mission.random_bytes)
    stolen = append_attachment(
        device.key,
        device.tip,
        seal,
        hash=true.hash,
        length=house_length(true),
        day=device.day,
    )
    device._store(stolen)
    device.photographed(true)
    drain(kit)
    assert aside(kit) == ["tampered"]
    other.photographed(true)
    drain(kit)
    assert sorted(states(kit)) == ["aside", "kept"]


def test_a_file_sealed_to_a_key_that_is_gone_waits_for_it(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-084: undecryptable; replayed once the key is back."""
    made = device.photographed(device.file(JPEG, send=False))
    drain(kit)
    house = rows(kit)[0]
    keys = kit.mission.keychain
    kit.mission.keys = replace(keys, intake=())
    device.send(device.made[house.payload_hash])
    drain(kit)
    assert aside(kit) == ["undecryptable"]
    kit.mission.keys = keys
    assert replay(kit.mission, STEWARD).taken_in == 1
    assert state_of(kit, made.record_id.hex())[0] == "kept"
    assert aside(kit) == []


def test_an_attachment_entry_without_a_file_is_refused(
    kit: MissionKit, device: FilingDevice
) -> None:
    """INTK-084."""
    device.append(Kind.ATTACHMENT, {Compartment.BODY: b"no file"})
    drain(kit)
    assert aside(kit) == ["unreadable"]
    assert files(kit) == {"received": 1, "quarantined": 1}


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
