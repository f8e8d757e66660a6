"""INTK-080 to INTK-087 on SQLite and on PostgreSQL: the whole way of files of one record."""

import pytest
from filing_device import JPEG, FilingDevice
from intake_kit import STEWARD
from mission import MissionKit
from sealed_device import WITH_FILES, publish_form
from sqlmodel import select

from server.db import reading
from server.intake import attaching
from server.intake.held import master_key
from server.intake.inbox import InboxStore
from server.intake.kept_files import kept_file
from server.intake.pipeline import Intake
from server.intake.review import replay
from server.intake.withdrawing import withdraw_by_code
from server.queries import recordkeys
from server.queries.counts import attachment_counts
from server.tables.attachments import Attachment, AttachmentChunk
from server.tables.log import DetachedChunk
from shared.sealing.withdrawal import new_code

BIG = bytes(range(256)) * 3000


def drain(kit: MissionKit) -> dict[str, int]:
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    return {name: number for name, number in attachment_counts(kit.mission).items() if number}


def test_files_arrive_are_kept_set_aside_and_erased(
    kit: MissionKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attaching, "CHUNKS_A_STEP", 1)
    publish_form(kit, WITH_FILES)
    device = FilingDevice(kit, "tablet 1")
    code = new_code(kit.mission.random_bytes)
    small, house = device.file(JPEG), device.file(BIG, "bin", send=False)
    voice = device.file(BIG, "wav", direct=True)
    made = device.photographed(house, voice, thumbnail=small, code=code)
    device.photographed(device.file(b"MZ a program", "jpg"))
    wanted = sum(map(len, house.ciphertext))
    first = {"received": 4, "on_the_way": 1, "kept": 2, "quarantined": 1}
    assert drain(kit) == first | {"bytes_wanted": wanted}
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    for chunk in house.chunks:
        assert store.take_chunk(chunk)
        assert store.chunk(chunk.payload_hash, chunk.offset + 1) is not None
    assert drain(kit) == {"received": 4, "kept": 3, "quarantined": 1}
    with reading(kit.mission.stores.records) as session:
        (row,) = session.exec(select(Attachment).where(Attachment.payload_hash == house.hash))
        session.expunge_all()
    with reading(kit.mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, [made.record_id], master_key(kit.mission))
    assert b"".join(kept_file(kit.mission, row, keys[made.record_id])) == BIG
    assert replay(kit.mission, STEWARD).still_aside == 1
    withdraw_by_code(kit.mission, STEWARD, code)
    assert drain(kit) == {"received": 4, "erased": 3, "quarantined": 1}
    with reading(kit.mission.stores.records) as session:
        assert list(session.exec(select(AttachmentChunk.number))) == []
    with reading(kit.mission.stores.inbox) as session:
        assert len(list(session.exec(select(DetachedChunk.offset)))) == 1
