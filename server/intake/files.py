"""A record's files: what there are and how far, and writing them out for one who may. GOV-094, 095.

Files of a direct field open at the custodian's station alone: what is written out of those is still
sealed, and goes there beside the identity request.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor
from server.intake.correcting import load_record, permit_record
from server.intake.forms import FormShelf
from server.intake.held import master_key
from server.intake.kept_files import kept_file
from server.mission import Mission
from server.queries import attachments, detached, recordkeys
from server.tables.attachments import Attachment, AttachmentState
from shared.errors import NotFound, UsageError
from shared.ids import RecordId
from shared.sealing.envelope import Compartment
from sync.core.store import Held
from sync.core.withheld import HOLDS_MS

MANIFEST: Final = "files.json"
SEALED_SUFFIX: Final = ".sealed"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of a record.

    Attributes:
        file: the first digits of its entry's hash.
        field: its address in the record; "" where identity alone tells.
        state: wanted, arriving, whole, kept, missing, quarantined or erased.
        arrived, size_bytes: bytes of the sealed file.
    """

    file: str
    field: str
    kind: str
    state: str
    arrived: int
    size_bytes: int
    thumbnail: bool


def list_files(mission: Mission, actor: Actor, record: str, purpose: str) -> list[FileRow]:
    """Return a record's files and how far each is.

    Raises:
        PolicyDenied: the actor may not read this record for this purpose.
        NotFound: no such record.
    """
    rows, _ = _permitted(mission, actor, record, purpose)
    with reading(mission.stores.inbox) as session:
        here = detached.progress(session, {row.payload_hash for row in rows})
    return [_file_row(mission, row, here.get(row.payload_hash)) for row in rows]


def export_files(  # noqa: PLR0913, PLR0917 - who, which, what for, why, where
    mission: Mission, actor: Actor, record: str, purpose: str, why: str, folder: Path
) -> list[dict[str, Any]]:
    """Write the files of one record that the mission server may open into a new folder.

    Raises:
        PolicyDenied: the actor may not read this record for this purpose.
        NotFound: no such record, or nothing of it to write.
        UsageError: the folder exists, or no reason given.
        TagMismatch: a kept file was changed; what was written before it stays.
    """
    if not why.strip():
        raise UsageError("say why the files are taken out (--why); it is written down")
    if folder.exists():
        raise UsageError(f"{folder} exists; files are written into a new folder")
    rows, record_id = _permitted(mission, actor, record, purpose)
    kept = [row for row in rows if row.state == AttachmentState.KEPT.value]
    wanted = [row for row in kept if row.compartment == Compartment.ATTACHMENT]
    if not wanted:
        raise NotFound("this record has no file here that the mission server can open")
    folder.mkdir(parents=True, mode=0o700)
    written = _write_all(mission, record_id, wanted, folder)
    policy, project = mission.policy(), mission.project()
    content = {
        "project": project.label,
        "controller": policy.controller or project.controller,
        "record": record,
        "purpose": purpose,
        "why": why.strip(),
        "policy": policy.serial,
        "taken_by": actor.name,
        "taken_at": mission.clock.now().isoformat(timespec="seconds"),
        "files": written,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    return written


def write_sealed(mission: Mission, record_id: RecordId, folder: Path) -> list[Attachment]:
    """Write the files of direct fields as they are sealed to the custodian; return their rows.

    The caller has asked policy for the identity of this record.
    """
    with reading(mission.stores.records) as session:
        rows = [
            row
            for row in attachments.of_record(session, bytes(record_id))
            if row.state == AttachmentState.KEPT.value
            and row.compartment == Compartment.DIRECT_ATTACHMENT
        ]
        session.expunge_all()
    if rows:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = _record_key(mission, record_id)
        for row in rows:
            name = row.payload_hash.hex() + SEALED_SUFFIX
            write_blocks(folder / name, kept_file(mission, row, key))
    return rows


def write_blocks(path: Path, blocks: Iterable[bytes]) -> tuple[int, str]:
    """Write a file whole or not at all, for its owner alone; return its size and SHA-256."""
    part = path.with_name(f".{path.name}.part")
    digest, size_bytes = sha256(), 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in blocks:
                digest.update(block)
                size_bytes += file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)
    return size_bytes, digest.hexdigest()


def _permitted(
    mission: Mission, actor: Actor, record: str, purpose: str
) -> tuple[list[Attachment], RecordId]:
    merged = load_record(mission, FormShelf(mission), record)
    permit_record(mission, actor, Action.RECORD_FILES, merged, purpose)
    with reading(mission.stores.records) as session:
        rows = attachments.of_record(session, bytes(merged.record_id))
        session.expunge_all()
    return rows, merged.record_id


def _record_key(mission: Mission, record_id: RecordId) -> bytes:
    with reading(mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, [record_id], master_key(mission))
    if record_id not in keys:
        raise NotFound("this record was erased")
    return keys[record_id]


def _write_all(
    mission: Mission, record_id: RecordId, rows: list[Attachment], folder: Path
) -> list[dict[str, Any]]:
    key = _record_key(mission, record_id)
    written: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        field = row.address.rpartition("/")[2] or "file"
        thumbnail = "-thumbnail" if row.thumbnail else ""
        suffix = f".{row.suffix}" if row.suffix else ""
        path = folder / f"{number}-{field}{thumbnail}{suffix}"
        size_bytes, digest = write_blocks(path, kept_file(mission, row, key))
        written.append(
            {"name": path.name, "field": row.address, "bytes": size_bytes, "sha256": digest}
        )
    return written


def _file_row(mission: Mission, row: Attachment, here: Held | None) -> FileRow:
    arrived = row.length if row.state == AttachmentState.KEPT.value else 0
    if here is not None and here.received:
        arrived = here.received
    direct = row.compartment == Compartment.DIRECT_ATTACHMENT
    return FileRow(
        row.entry_hash.hex()[:16],
        row.address,
        "direct" if direct else "open",
        _state(mission, row, here),
        arrived,
        row.length,
        row.thumbnail,
    )


def _state(mission: Mission, row: Attachment, here: Held | None) -> str:
    if row.state == AttachmentState.ASIDE.value:
        return "quarantined"
    if row.state != AttachmentState.LINKED.value or here is None:
        return row.state
    if here.whole:
        return "whole"
    if row.named_at.timestamp() * 1000 + HOLDS_MS < mission.now_ms():
        return "missing"
    return "arriving" if here.received else "wanted"
