"""The audit chain in the records store: append one line in the caller's transaction, read all."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select, text

from server.db import is_sqlite
from server.governance.audit import AuditEvent, Checkpoint, Line, next_line
from server.tables.people import AuditCheckpoint, AuditLine

_LOCK: Final = 0x6361_6175
"""PostgreSQL advisory lock: two writers must not both follow one line."""


def append(session: Session, now: datetime, event: AuditEvent) -> Line:
    """Append one line; it is durable with the change it stands beside, or neither is."""
    if not is_sqlite(session.connection()):
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    line = next_line(last(session), int(now.timestamp() * 1000), event)
    session.add(AuditLine(sequence=line.sequence, line=line.data, hash=line.hash))
    session.flush()
    return line


def last(session: Session) -> Line | None:
    """Return the chain's head, or None while it is empty."""
    row = session.exec(select(AuditLine).order_by(col(AuditLine.sequence).desc()).limit(1)).first()
    return None if row is None else Line(row.sequence, row.line, row.hash)


def lines(session: Session, from_sequence: int = 1) -> Iterator[Line]:
    """Yield the lines in order."""
    query = (
        select(AuditLine.sequence, AuditLine.line, AuditLine.hash)
        .where(col(AuditLine.sequence) >= from_sequence)
        .order_by(col(AuditLine.sequence))
    )
    for sequence, data, digest in session.exec(query.execution_options(yield_per=1000)):
        yield Line(sequence, data, digest)


def add_checkpoint(session: Session, sequence: int, checkpoint: Checkpoint) -> None:
    """Keep a signed statement of the head, once per head."""
    if session.get(AuditCheckpoint, sequence) is None:
        session.add(
            AuditCheckpoint(sequence=sequence, data=checkpoint.data, signature=checkpoint.signature)
        )


def checkpoints(session: Session) -> list[Checkpoint]:
    """Return all checkpoints in order."""
    rows = session.exec(select(AuditCheckpoint).order_by(col(AuditCheckpoint.sequence)))
    return [Checkpoint(row.data, row.signature) for row in rows]
