"""The quarantine list (records store): one row per entry or run that was set aside."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from server.bulk import insert_or_update, select_among
from server.queries.work import REVISION_KINDS
from server.tables.quarantine import Quarantined, QuarantineSource, QuarantineState
from shared.sealing.envelope import Kind

DETAIL_MAX: Final = 2000
_AT_ONCE: Final = 500
_OPEN: Final = QuarantineState.OPEN.value


def set_aside(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """List entries or runs; one listed before gets its newest reason and is open again."""
    changed = ["reason", "detail", "state", "record_id", "shred_after", "closed_at", "closed_by"]
    insert_or_update(session, Quarantined, rows, ["digest"], changed)


def find(session: Session, digest: bytes) -> Quarantined | None:
    """Return one by the hash of its entry or run."""
    return session.get(Quarantined, digest)


def listed(
    session: Session,
    *,
    state: QuarantineState | None = QuarantineState.OPEN,
    reason: str | None = None,
) -> list[Quarantined]:
    """Return what stands in quarantine, oldest first."""
    query = select(Quarantined).order_by(col(Quarantined.opened_at), col(Quarantined.digest))
    if state is not None:
        query = query.where(Quarantined.state == state.value)
    if reason is not None:
        query = query.where(Quarantined.reason == reason)
    return list(session.exec(query))


def by_prefix(session: Session, prefix: bytes) -> list[Quarantined]:
    """Return what a person may mean by the first digits of a hash."""
    top = prefix + b"\xff" * (32 - len(prefix))
    low = prefix + bytes(32 - len(prefix))
    query = select(Quarantined).where(col(Quarantined.digest).between(low, top))
    return list(session.exec(query))


def released(session: Session, digests: Collection[bytes]) -> set[bytes]:
    """Return which entries a coordinator accepted as they are."""
    rows = select_among(session, Quarantined, ("digest", "state"), "digest", digests)
    return {digest for digest, state in rows if state == QuarantineState.RELEASED.value}


def close(
    session: Session,
    digests: Collection[bytes],
    state: QuarantineState,
    now: datetime,
    by: str,
) -> None:
    """Close open rows."""
    rows = select_among(session, Quarantined, ("digest", "state"), "digest", digests)
    wanted = [digest for digest, standing in rows if standing == _OPEN]
    for at in range(0, len(wanted), _AT_ONCE):
        session.execute(
            update(Quarantined)
            .where(col(Quarantined.digest).in_(wanted[at : at + _AT_ONCE]))
            .values(state=state.value, closed_at=now, closed_by=by)
        )


def note(session: Session, digests: Collection[bytes], why: str) -> None:
    """Add a person's reason to the detail of rows."""
    for digest in digests:
        row = session.get(Quarantined, digest)
        if row is not None:
            row.detail = f"{row.detail}; released: {why}"[:DETAIL_MAX]
            session.add(row)


def of_record(session: Session, record_id: bytes) -> list[Quarantined]:
    """Return the open rows whose entries say something of a record."""
    query = select(Quarantined).where(
        Quarantined.record_id == record_id, Quarantined.state == _OPEN
    )
    return list(session.exec(query))


def past_deadline(session: Session, now: datetime) -> list[Quarantined]:
    """Return what must be shredded by now."""
    query = select(Quarantined).where(
        Quarantined.state == _OPEN,
        col(Quarantined.shred_after).is_not(None),
        col(Quarantined.shred_after) <= now,
    )
    return list(session.exec(query))


def shredded(session: Session) -> list[Quarantined]:
    """Return what was shredded, so that a crash between the stores leaves no payload behind."""
    return listed(session, state=QuarantineState.SHREDDED)


def count_revisions(session: Session) -> int:
    """Return how many revisions stand aside or were shredded there."""
    query = select(func.sum(Quarantined.entries)).where(
        col(Quarantined.state).in_([_OPEN, QuarantineState.SHREDDED.value]),
        (col(Quarantined.kind).in_(REVISION_KINDS))
        | (col(Quarantined.source) == QuarantineSource.SHELF.value),
    )
    return int(session.exec(query).one() or 0)


def count_files(session: Session) -> int:
    """Return how many attachments stand aside."""
    query = (
        select(func.count())
        .select_from(Quarantined)
        .where(Quarantined.state == _OPEN, Quarantined.kind == int(Kind.ATTACHMENT))
    )
    return session.exec(query).one()


def count_shelved(session: Session) -> int:
    """Return how many revisions lie in runs that never entered a log."""
    query = select(func.sum(Quarantined.entries)).where(
        col(Quarantined.state).in_([_OPEN, QuarantineState.SHREDDED.value]),
        Quarantined.source == QuarantineSource.SHELF.value,
    )
    return int(session.exec(query).one() or 0)


def by_reason(session: Session) -> dict[str, int]:
    """Return open rows by reason."""
    query = (
        select(Quarantined.reason, func.count())
        .where(Quarantined.state == _OPEN)
        .group_by(col(Quarantined.reason))
    )
    return dict(session.exec(query).all())


def digests(rows: Iterable[Quarantined]) -> list[bytes]:
    """Return the hashes of rows."""
    return [row.digest for row in rows]
