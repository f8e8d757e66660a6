"""Detached payloads: attachments that come by chunk and are whole when their hash matches."""

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from sqlalchemy import Delete, delete, insert
from sqlmodel import Session, col, func, select

from server.tables.log import Detached, DetachedChunk, LogEntry
from shared.ids import AuthorId
from shared.sealing.envelope import DETACHED, Header, Kind, PayloadRef
from sync.core.store import Chunk, Held, Want, chunk_from

_AT_ONCE: Final = 500
_RUN_PAGE: Final = 64


def expect(session: Session, author: AuthorId, payload_hash: bytes, length: int) -> None:
    """Note a detached payload that an entry names, unless it is known."""
    if session.get(Detached, payload_hash) is None:
        number = session.exec(select(func.max(Detached.number))).one() or 0
        session.add(
            Detached(payload_hash=payload_hash, author=author, number=number + 1, length=length)
        )
        session.flush()


def missing(session: Session, limit: int, author: AuthorId | None) -> list[Want]:
    """Return what is not whole, oldest first."""
    query = (
        select(Detached.payload_hash, Detached.received)
        .where(col(Detached.whole).is_(False))
        .order_by(col(Detached.number))
        .limit(limit)
    )
    if author is not None:
        query = query.where(Detached.author == bytes(author))
    return [Want(payload_hash, received) for payload_hash, received in session.exec(query)]


def take(session: Session, chunk: Chunk) -> bool:
    """Keep a chunk if it is the next one wanted (SYNC-082)."""
    row = session.get(Detached, chunk.payload_hash, with_for_update=True)
    if row is None or row.whole or chunk.offset != row.received or not chunk.data:
        return False
    session.execute(
        insert(DetachedChunk),
        [{"payload_hash": chunk.payload_hash, "offset": chunk.offset, "data": chunk.data}],
    )
    row.received += len(chunk.data)
    if row.received >= row.length:
        row.whole = row.received == row.length and _digest(session, row) == row.payload_hash
        if not row.whole:
            row.received = 0
            session.execute(_chunks_of(row.payload_hash))
    session.add(row)
    session.flush()
    return True


def piece(session: Session, payload_hash: bytes, offset: int) -> Chunk | None:
    """Return what is here from an offset to the end of that piece, None for nothing."""
    query = (
        select(DetachedChunk.offset, DetachedChunk.data)
        .where(DetachedChunk.payload_hash == payload_hash, col(DetachedChunk.offset) <= offset)
        .order_by(col(DetachedChunk.offset).desc())
        .limit(1)
    )
    found = session.exec(query).first()
    return None if found is None else chunk_from(payload_hash, offset, *found)


def find(session: Session, payload_hash: bytes) -> Held | None:
    """Return how much of a payload is here, None where nobody expects it."""
    row = session.get(Detached, payload_hash)
    return None if row is None else Held(row.received, row.length, row.whole)


def forget(session: Session, payload_hash: bytes) -> None:
    """Delete a payload and expect it no more, as if it had never been named."""
    session.execute(_chunks_of(payload_hash))
    session.execute(delete(Detached).where(col(Detached.payload_hash) == payload_hash))
    session.flush()


def progress(session: Session, hashes: Collection[bytes]) -> dict[bytes, Held]:
    """Return how far payloads are, by hash."""
    found: dict[bytes, Held] = {}
    wanted = sorted(hashes)
    for at in range(0, len(wanted), _AT_ONCE):
        query = select(
            Detached.payload_hash, Detached.received, Detached.length, Detached.whole
        ).where(col(Detached.payload_hash).in_(wanted[at : at + _AT_ONCE]))
        for digest, received, length, whole in session.exec(query):
            found[digest] = Held(received, length, whole)
    return found


def pieces(session: Session, payload_hash: bytes, first: int, limit: int) -> list[Chunk]:
    """Return the pieces of a payload from an offset on, at most `limit`."""
    query = (
        select(DetachedChunk.offset, DetachedChunk.data)
        .where(DetachedChunk.payload_hash == payload_hash, col(DetachedChunk.offset) >= first)
        .order_by(col(DetachedChunk.offset))
        .limit(limit)
    )
    return [Chunk(payload_hash, offset, data) for offset, data in session.exec(query)]


def file_of(header: Header) -> PayloadRef | None:
    """Return the one payload of an attachment entry; None where it is not made as one is."""
    refs = header.payloads
    if len(refs) != 1 or refs[0].compartment not in DETACHED:
        return None
    return refs[0]


def entries_before(session: Session, entry_id: int) -> list[LogEntry]:
    """Return the attachment entries directly before an entry in its log, nearest first."""
    entry = session.get(LogEntry, entry_id)
    found: list[LogEntry] = []
    while entry is not None:
        query = (
            select(LogEntry)
            .where(
                LogEntry.author == entry.author,
                LogEntry.incarnation == entry.incarnation,
                LogEntry.branch == entry.branch,
                LogEntry.sequence < entry.sequence,
            )
            .order_by(col(LogEntry.sequence).desc())
            .limit(_RUN_PAGE)
        )
        entry = None
        for row in session.exec(query):
            if row.kind != Kind.ATTACHMENT:
                return found
            found.append(row)
            entry = row
    return found


def totals(session: Session) -> tuple[int, int]:
    """Return how many bytes of payloads under way are here, and how many are wanted."""
    query = select(func.sum(Detached.received), func.sum(Detached.length)).where(
        col(Detached.whole).is_(False)
    )
    received, length = session.exec(query).one()
    return int(received or 0), int(length or 0) - int(received or 0)


def prune(session: Session, payload_hash: bytes) -> int:
    """Delete a payload's pieces and want it no more; return 1 where there was one."""
    row = session.get(Detached, payload_hash)
    if row is None:
        return 0
    dropped = int(row.whole and row.received > 0)
    session.execute(_chunks_of(payload_hash))
    row.whole, row.received = True, 0
    session.add(row)
    session.flush()
    return dropped


def _digest(session: Session, row: Detached) -> bytes:
    digest = sha256()
    query = (
        select(DetachedChunk.data)
        .where(DetachedChunk.payload_hash == row.payload_hash)
        .order_by(col(DetachedChunk.offset))
    )
    for data in session.exec(query.execution_options(yield_per=8)):
        digest.update(data)
    return digest.digest()


def _chunks_of(payload_hash: bytes) -> Delete:
    return delete(DetachedChunk).where(col(DetachedChunk.payload_hash) == payload_hash)
