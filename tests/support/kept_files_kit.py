"""What tests of attachments at the mission server look at: rows, states, counts, chunks."""

from intake_kit import STEWARD, counts
from mission import MissionKit
from sqlmodel import select

from server.db import reading
from server.intake.files import list_files
from server.intake.held import master_key
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine
from server.mission import Mission
from server.queries import recordkeys
from server.tables.attachments import Attachment, AttachmentChunk
from server.tables.log import DetachedChunk


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


def state_of(kit: MissionKit, record: str) -> tuple[str, int]:
    (row,) = list_files(kit.mission, STEWARD, record, "statistics")
    return row.state, row.arrived


def house_length(file: object) -> int:
    return sum(map(len, file.ciphertext))  # type: ignore[attr-defined]


def aside(kit: MissionKit) -> list[str]:
    return [row["reason"] for row in list_quarantine(kit.mission, STEWARD)]
