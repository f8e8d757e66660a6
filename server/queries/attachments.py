"""Attachments in the records store: found, linked, leased, wrapped, erased, counted."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, func, select

from server.bulk import delete_among, insert_missing, insert_rows
from server.tables.attachments import (
    Attachment,
    AttachmentChunk,
    AttachmentClaim,
    AttachmentState,
)

_AT_ONCE: Final = 500
_GONE: Final = (AttachmentState.KEPT.value, AttachmentState.ERASED.value)


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note attachment entries; known ones are passed over."""
    insert_missing(session, Attachment, rows)


def add_claims(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note revisions that wait to be linked to their attachments."""
    insert_missing(session, AttachmentClaim, rows)


def claims(session: Session, limit: int, after: bytes = b"") -> list[AttachmentClaim]:
    """Return revisions that are not linked yet, behind one."""
    query = (
        select(AttachmentClaim)
        .where(AttachmentClaim.entry_hash > after)
        .order_by(col(AttachmentClaim.entry_hash))
        .limit(limit)
    )
    return list(session.exec(query))


def drop_claim(session: Session, entry_hash: bytes) -> None:
    """Forget a revision that was linked."""
    session.execute(delete(AttachmentClaim).where(col(AttachmentClaim.entry_hash) == entry_hash))


def of_entries(session: Session, hashes: Collection[bytes]) -> dict[bytes, Attachment]:
    """Return attachments by the hashes of their entries."""
    found: dict[bytes, Attachment] = {}
    for some in _parts(sorted(hashes)):
        query = select(Attachment).where(col(Attachment.entry_hash).in_(some))
        found.update((row.entry_hash, row) for row in session.exec(query))
    return found


def of_record(session: Session, record_id: bytes) -> list[Attachment]:
    """Return a record's attachments in the order of their fields."""
    query = (
        select(Attachment)
        .where(Attachment.record_id == record_id)
        .order_by(
            col(Attachment.address), col(Attachment.author), col(Attachment.incarnation),
            col(Attachment.sequence),
        )
    )  # fmt: skip
    return list(session.exec(query))


def linked(session: Session, limit: int, after: bytes = b"") -> list[Attachment]:
    """Return attachments that belong to a record and are not kept yet, behind one."""
    query = (
        select(Attachment)
        .where(Attachment.state == AttachmentState.LINKED.value, Attachment.entry_hash > after)
        .order_by(col(Attachment.entry_hash))
        .limit(limit)
    )
    return list(session.exec(query))


def lease(session: Session, entry_hash: bytes, worker: str, now: datetime, until: datetime) -> bool:
    """Lease an attachment to be kept, or go on with one's lease; False where another has it."""
    done: Any = session.execute(
        update(Attachment)
        .where(
            col(Attachment.entry_hash) == entry_hash,
            col(Attachment.state) == AttachmentState.LINKED.value,
            or_(
                col(Attachment.leased_until).is_(None),
                col(Attachment.leased_until) < now,
                col(Attachment.worker) == worker,
            ),
        )
        .values(worker=worker, leased_until=until)
    )
    return int(done.rowcount) == 1


def add_chunks(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Keep wrapped chunks."""
    insert_rows(session, AttachmentChunk, rows)


def drop_chunks(session: Session, hashes: Collection[bytes]) -> None:
    """Delete the wrapped chunks of attachments."""
    delete_among(session, AttachmentChunk, "entry_hash", hashes)


def chunk(session: Session, entry_hash: bytes, number: int) -> bytes | None:
    """Return one wrapped chunk, None behind the last."""
    row = session.get(AttachmentChunk, (entry_hash, number))
    return None if row is None else row.data


def erase(session: Session, rows: Sequence[Attachment]) -> None:
    """Delete what is kept of attachments; what the inbox holds is dropped by `undropped`."""
    drop_chunks(session, {row.entry_hash for row in rows})
    for row in rows:
        row.state = AttachmentState.ERASED.value
        row.dropped = False
        row.worker = row.leased_until = None
        session.add(row)
    session.flush()


def undropped(session: Session, limit: int) -> list[Attachment]:
    """Return attachments whose received bytes must go from the inbox."""
    query = (
        select(Attachment)
        .where(col(Attachment.dropped).is_(False), col(Attachment.state).in_(_GONE))
        .limit(limit)
    )
    return list(session.exec(query))


def needed_by_others(session: Session, payload_hashes: Collection[bytes]) -> set[bytes]:
    """Return those payloads that an attachment not kept or erased still needs from the inbox."""
    found: set[bytes] = set()
    for some in _parts(sorted(payload_hashes)):
        query = select(Attachment.payload_hash).where(
            col(Attachment.payload_hash).in_(some), col(Attachment.state).not_in(_GONE)
        )
        found.update(session.exec(query))
    return found


def set_dropped(session: Session, hashes: Collection[bytes]) -> None:
    """Note that nothing of attachments is left in the inbox."""
    for some in _parts(sorted(hashes)):
        session.execute(
            update(Attachment).where(col(Attachment.entry_hash).in_(some)).values(dropped=True)
        )


def retry(session: Session, hashes: Collection[bytes]) -> None:
    """Put attachments that stand aside back into the line."""
    for some in _parts(sorted(hashes)):
        session.execute(
            update(Attachment)
            .where(
                col(Attachment.entry_hash).in_(some),
                col(Attachment.state) == AttachmentState.ASIDE.value,
                col(Attachment.record_id).is_not(None),
            )
            .values(state=AttachmentState.LINKED.value, worker=None, leased_until=None)
        )


def count_by_state(session: Session) -> dict[str, int]:
    """Return the number of attachments by state."""
    query = select(Attachment.state, func.count()).group_by(col(Attachment.state))
    return dict(session.exec(query).all())


def payloads_under_way(session: Session) -> Iterator[tuple[bytes, datetime]]:
    """Yield payload hash and time of those that belong to a record and are not kept yet."""
    query = select(Attachment.payload_hash, Attachment.named_at).where(
        Attachment.state == AttachmentState.LINKED.value
    )
    yield from session.exec(query)


def _parts(hashes: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (hashes[at : at + _AT_ONCE] for at in range(0, len(hashes), _AT_ONCE))
