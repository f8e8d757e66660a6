"""INTK-080..087, GOV-094, GOV-095, SEAL-048: attachments from their entries to their records."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from filing_device import HOUSE, JPEG, FilingDevice
from intake_kit import STEWARD, counts, store_bytes
from kept_files_kit import (
    aside,
    chunk_rows,
    drain,
    files,
    house_length,
    inbox_chunks,
    key_of,
    rows,
    state_of,
    states,
)
from mission import MissionKit, make_mission
from sealed_device import CANARY, WITH_FILES, publish_form

from server.db import writing
from server.governance.actions import Role
from server.governance.decide import Actor
from server.intake import attaching
from server.intake.attaching import Attaching
from server.intake.file_types import agrees
from server.intake.inbox import InboxStore
from server.intake.kept_files import kept_file
from server.intake.pipeline import Intake
from server.intake.review import replay
from server.tables.attachments import Attachment, AttachmentChunk
from shared.errors import StoreFull, TagMismatch
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import SEALED_CHUNK_BYTES
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.log_writer import append_attachment, begin_attachment

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
