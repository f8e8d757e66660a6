"""The queue of conflicts: what a coordinator has to look at, by record and unit."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from server.bulk import insert_missing
from server.tables.records import Conflict, ConflictState, Record


def keep(
    session: Session, record_id: bytes, found: Mapping[bytes, str], now: datetime
) -> set[bytes]:
    """Make the queue hold exactly these open conflicts of a record; return the new ones."""
    query = select(Conflict.fingerprint).where(
        Conflict.record_id == record_id, Conflict.state == ConflictState.OPEN.value
    )
    was_open = set(session.exec(query))
    settle(session, record_id, was_open - found.keys(), now)
    new = found.keys() - was_open
    insert_missing(
        session,
        Conflict,
        [
            {
                "record_id": record_id,
                "fingerprint": fingerprint,
                "address": found[fingerprint],
                "state": ConflictState.OPEN.value,
                "opened_at": now,
            }
            for fingerprint in sorted(new)
        ],
    )
    return set(new)


def settle(
    session: Session, record_id: bytes, fingerprints: Collection[bytes], now: datetime
) -> None:
    """Take conflicts off the queue."""
    if fingerprints:
        session.execute(
            update(Conflict)
            .where(
                col(Conflict.record_id) == record_id,
                col(Conflict.fingerprint).in_(sorted(fingerprints)),
            )
            .values(state=ConflictState.SETTLED.value, settled_at=now)
        )


def open_conflicts(session: Session) -> list[tuple[Conflict, str]]:
    """Return open conflicts with the form they belong to, oldest first."""
    query = (
        select(Conflict, Record.form_id)
        .join(Record, col(Record.record_id) == col(Conflict.record_id))
        .where(Conflict.state == ConflictState.OPEN.value)
        .order_by(col(Conflict.opened_at), col(Conflict.record_id), col(Conflict.address))
    )
    return [(conflict, form_id) for conflict, form_id in session.exec(query)]


def open_of(session: Session, record_id: bytes) -> list[Conflict]:
    """Return a record's open conflicts by unit."""
    query = (
        select(Conflict)
        .where(Conflict.record_id == record_id, Conflict.state == ConflictState.OPEN.value)
        .order_by(col(Conflict.address))
    )
    return list(session.exec(query))


def counts(session: Session) -> dict[str, int]:
    """Return the number of conflicts by state."""
    query = select(Conflict.state, func.count()).group_by(col(Conflict.state))
    return dict(session.exec(query).all())
