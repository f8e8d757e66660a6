"""Entries that wait for intake: claimed by lease, finished in the transaction that drops them.

A worker that was killed leaves its lease behind; when that runs out the entry is anybody's again.
Working on an entry twice changes nothing (INTK-002).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, update
from sqlmodel import Session, col, func, select

from server.bulk import delete_among, select_among, table_of
from server.queries import logs
from server.tables.log import LogBranch, LogEntry, LogPayload, Work, WorkState
from shared.ids import EntryHash
from shared.sealing.envelope import Compartment, Header, Kind, parse_header

_IDS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """One entry to work on, with the payloads at hand."""

    id: int
    header: Header
    hash: EntryHash
    branch: int
    received_at: datetime
    payloads: Mapping[Compartment, bytes] = field(repr=False)

    @property
    def place(self) -> tuple[bytes, int, int]:
        """Author, incarnation, sequence: how an erasure order names it."""
        return self.header.author, self.header.incarnation, self.header.sequence


def claim(session: Session, worker: str, now: datetime, lease_s: int, limit: int) -> list[int]:
    """Lease the oldest entries that nobody works on; return their row numbers, oldest first.

    A lease that ends later than any made now was made while the clock was ahead: it is over too.
    """
    until = now + timedelta(seconds=lease_s)
    free = (
        select(Work.entry_id)
        .where(
            Work.state == WorkState.WAITING.value,
            or_(
                col(Work.leased_until).is_(None),
                col(Work.leased_until) < now,
                col(Work.leased_until) > until,
            ),
        )
        .order_by(col(Work.entry_id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.exec(free))
    for some in _parts(ids):
        session.execute(
            update(table_of(Work))
            .where(col(Work.entry_id).in_(some))
            .values(
                worker=worker,
                leased_until=until,
                attempts=col(Work.attempts) + 1,
            )
        )
    return ids


def load(session: Session, entry_ids: Sequence[int]) -> list[Claimed]:
    """Return entries by row number, in that order."""
    payloads = logs.payloads_of(session, entry_ids)
    columns = ("id", "header", "hash", "branch", "received_at")
    rows = sorted(select_among(session, LogEntry, columns, "id", entry_ids))
    return [
        Claimed(
            row_id,
            parse_header(header),
            EntryHash(digest),
            branch,
            datetime.fromisoformat(received_at),
            payloads.get(row_id, {}),
        )
        for row_id, header, digest, branch, received_at in rows
    ]


def finish(
    session: Session, *, taken: Collection[int], keep: Collection[int], aside: Collection[int]
) -> None:
    """Finish entries.

    Args:
        session: a write transaction on the inbox store.
        taken: taken over; their payloads go.
        keep: done, and their payloads stay (epochs, attachments, what is sealed to others).
        aside: in quarantine; they and their payloads stay until replayed or shredded.
    """
    logs.drop_payloads(session, list(taken))
    delete_among(session, Work, "entry_id", [*taken, *keep])
    for some in _parts(list(aside)):
        session.execute(
            update(Work)
            .where(col(Work.entry_id).in_(some))
            .values(state=WorkState.HELD.value, worker=None, leased_until=None)
        )


def retry(session: Session, entry_ids: Iterable[int]) -> None:
    """Put entries that were set aside back into the line."""
    for some in _parts(list(entry_ids)):
        session.execute(
            update(Work)
            .where(col(Work.entry_id).in_(some))
            .values(state=WorkState.WAITING.value, worker=None, leased_until=None)
        )


def waiting(session: Session) -> int:
    """Return how many entries intake has not looked at yet."""
    query = select(func.count()).select_from(Work).where(Work.state == WorkState.WAITING.value)
    return session.exec(query).one()


def waiting_revisions(session: Session) -> int:
    """Return how many of those are revisions."""
    query = (
        select(func.count())
        .select_from(Work)
        .join(LogEntry, col(LogEntry.id) == col(Work.entry_id))
        .where(Work.state == WorkState.WAITING.value, col(LogEntry.kind).in_(REVISION_KINDS))
    )
    return session.exec(query).one()


def count_entries(session: Session) -> dict[int, int]:
    """Return the number of entries received by kind."""
    query = select(LogEntry.kind, func.count()).group_by(col(LogEntry.kind))
    return dict(session.exec(query).all())


def epoch_payload(
    session: Session, entry: Claimed, compartment: Compartment
) -> tuple[int, bytes] | None:
    """Return row number and payload of the epoch entry that an entry names, on its own branch."""
    header = entry.header
    number: int | None = entry.branch
    while number is not None:
        row = session.get(LogBranch, (header.author, header.incarnation, number))
        if row is None:
            return None
        if header.epoch > row.forked_at:
            break
        number = row.parent
    query = (
        select(LogEntry.id, LogPayload.data)
        .join(LogPayload, col(LogPayload.entry_id) == col(LogEntry.id))
        .where(
            LogEntry.author == header.author,
            LogEntry.incarnation == header.incarnation,
            LogEntry.branch == number,
            LogEntry.sequence == header.epoch,
            LogEntry.kind == int(Kind.EPOCH),
            LogPayload.compartment == int(compartment),
        )
    )
    found = session.exec(query).first()
    return None if found is None else (found[0] or 0, found[1])


def admit(session: Session, entry: Claimed) -> LogBranch | None:
    """Mark the branch of a forked log as admitted by a coordinator; return it."""
    row = session.get(LogBranch, (entry.header.author, entry.header.incarnation, entry.branch))
    if row is not None:
        row.admitted = True
        session.add(row)
    return row


def unadmitted(session: Session) -> set[tuple[bytes, int, int]]:
    """Return the branches that wait for a coordinator: author, incarnation, number."""
    query = select(LogBranch.author, LogBranch.incarnation, LogBranch.number).where(
        col(LogBranch.admitted).is_(False)
    )
    return {(author, incarnation, number) for author, incarnation, number in session.exec(query)}


REVISION_KINDS: Final = (int(Kind.REVISION), int(Kind.RESOLUTION))
"""Entries that carry a revision of a record."""


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + _IDS_AT_ONCE] for at in range(0, len(ids), _IDS_AT_ONCE))
