"""Hubs that signed for records which never came on: shown to the coordinator. Rule SYNC-045."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, select

from server.db import reading
from server.mission import Mission
from server.queries import devices, logs
from server.tables.log import Paper
from server.tables.project import Device, DeviceKind
from shared.errors import CairnError
from shared.sealing.receipts import Note, open_note
from sync.core.have import LogName, Point
from sync.core.withheld import Withheld, withheld
from sync.hub_notes import NOTE


def withheld_by_hubs(mission: Mission) -> list[dict[str, Any]]:
    """Return what hubs signed for longer ago than the deadline and the server still lacks.

    One row a hub and log: hub, device, incarnation, through (sequence), signed (ISO time).
    """
    with reading(mission.stores.inbox) as session:
        known = {device.author: device for device in devices.all_devices(session)}
        notes = [note for paper in _notes(session) if (note := _opened(paper, known)) is not None]
        missing = withheld(notes, lambda log, point: _holds(session, log, point), mission.now_ms())
        return [_row(one, known) for one in missing]


def _row(one: Withheld, known: dict[bytes, Device]) -> dict[str, Any]:
    writer = known.get(one.log.author)
    return {
        "hub": known[one.hub].label,
        "device": writer.label if writer is not None else "",
        "author": one.log.author.hex(),
        "incarnation": one.log.incarnation,
        "through": one.through,
        "signed": datetime.fromtimestamp(one.signed_ms / 1000, tz=UTC).isoformat(),
    }


def _notes(session: Session) -> list[Paper]:
    return list(session.exec(select(Paper).where(Paper.kind == NOTE)))


def _opened(paper: Paper, known: dict[bytes, Device]) -> Note | None:
    """Return the note if a hub enrolled here signed it; its time is at latest when it came."""
    for device in known.values():
        if device.kind != DeviceKind.HUB.value:
            continue
        try:
            note = open_note(paper.data, paper.signature, device.signing_key)
        except CairnError:
            continue
        arrived_ms = int(paper.received_at.timestamp() * 1000)
        # A hub's clock may stand years ahead; its note would never come due.
        return Note(note.deployment, note.hub, min(note.issued_ms, arrived_ms), note.have)
    return None


def _holds(session: Session, log: LogName, point: Point) -> bool:
    return any(
        logs.hash_at(session, branch, point.sequence) == point.hash
        for branch in logs.branches(session, log)
    )
