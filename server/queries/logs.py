"""Logs in the inbox store: branches, entries, signatures, papers. What InboxStore is made of."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select, text

from server.bulk import delete_among, insert_rows, new_row_numbers, select_among
from server.db import is_sqlite
from server.tables.log import (
    LogBranch,
    LogEntry,
    LogPayload,
    LogSignature,
    Paper,
    ShelvedRun,
    Work,
)
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import Compartment, is_device_kind, parse_header
from shared.sealing.receipts import Signed
from sync.core.batch import SealedEntry
from sync.core.have import HaveVector, LogName, Point
from sync.core.store import Branch

_SIGNED: Final = (1 << 64, 1 << 63)
_IDS_AT_ONCE: Final = 500
"""SQLite takes 32,766 bound values; lists are cut well below."""


class Stored(NamedTuple):
    """An entry with its row number and its signature, where one was kept there."""

    id: int
    entry: SealedEntry
    signed_on: int | None
    signature: bytes | None


def lock_log(session: Session, log: LogName) -> None:
    """Keep others from writing to a log until the transaction ends, also one not begun yet."""
    if is_sqlite(session.connection()):
        return  # BEGIN IMMEDIATE holds the whole store
    whole, half = _SIGNED
    key = (int.from_bytes(log.author[:8], "big") ^ log.incarnation) % whole
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": key - whole * (key >= half)}
    )


def have(session: Session) -> HaveVector:
    """Return the heads of all branches."""
    points: dict[LogName, list[Point]] = {}
    query = select(
        LogBranch.author, LogBranch.incarnation, LogBranch.head_sequence, LogBranch.head_hash
    )
    for author, incarnation, sequence, digest in session.exec(query):
        log = LogName(AuthorId(author), incarnation)
        points.setdefault(log, []).append(Point(sequence, EntryHash(digest)))
    return HaveVector({log: tuple(sorted(held)) for log, held in points.items()})


def branches(session: Session, log: LogName) -> tuple[Branch, ...]:
    """Return a log's branches by number."""
    query = select(LogBranch).where(*_of_log(log)).order_by(col(LogBranch.number))
    return tuple(to_branch(row) for row in session.exec(query))


def to_branch(row: LogBranch) -> Branch:
    """Return a row as the port's value."""
    return Branch(
        LogName(AuthorId(row.author), row.incarnation),
        row.number,
        row.parent,
        row.forked_at,
        Point(row.head_sequence, EntryHash(row.head_hash)),
    )


def path(session: Session, branch: Branch) -> list[tuple[int, int, int]]:
    """Return which branch holds which sequences of a branch's path: (number, first, last)."""
    spans: list[tuple[int, int, int]] = []
    number, parent, forked_at, last = (
        branch.number,
        branch.parent,
        branch.forked_at,
        branch.head.sequence,
    )
    while True:
        spans.append((number, forked_at + 1, last))
        if parent is None:
            return spans[::-1]
        row = session.get(LogBranch, (*branch.log, parent))
        if row is None:
            raise LookupError("a branch's parent is gone")
        number, parent, forked_at, last = row.number, row.parent, row.forked_at, forked_at


def hash_at(session: Session, branch: Branch, sequence: int) -> EntryHash | None:
    """Return the hash at a sequence on a branch, through its parents."""
    if sequence == branch.head.sequence:
        return branch.head.hash
    for number, first, last in path(session, branch):
        if first <= sequence <= last:
            found = session.exec(
                select(LogEntry.hash).where(
                    LogEntry.author == branch.log.author,
                    LogEntry.incarnation == branch.log.incarnation,
                    LogEntry.branch == number,
                    LogEntry.sequence == sequence,
                )
            ).first()
            return None if found is None else EntryHash(found)
    return None


def add_branch(session: Session, branch: Branch, *, admitted: bool) -> None:
    """Add an empty branch."""
    session.add(
        LogBranch(
            author=branch.log.author,
            incarnation=branch.log.incarnation,
            number=branch.number,
            parent=branch.parent,
            forked_at=branch.forked_at,
            head_sequence=branch.head.sequence,
            head_hash=branch.head.hash,
            admitted=admitted,
        )
    )
    session.flush()


def add_entries(
    session: Session,
    branch: Branch,
    entries: Sequence[SealedEntry],
    carrier: AuthorId | None,
    now: datetime,
) -> list[int]:
    """Store entries with their payloads and the work they make; return their row numbers."""
    numbers = new_row_numbers(session, LogEntry, len(entries))
    rows = [
        {
            "id": number,
            "author": branch.log.author,
            "incarnation": branch.log.incarnation,
            "branch": branch.number,
            "sequence": entry.header.sequence,
            "kind": entry.header.kind,
            "hash": entry.hash,
            "header": entry.header_bytes,
            "carrier": carrier,
            "received_at": now,
        }
        for number, entry in zip(numbers, entries, strict=True)
    ]
    insert_rows(session, LogEntry, rows)
    payloads = [
        {"entry_id": number, "compartment": int(compartment), "data": data}
        for number, entry in zip(numbers, entries, strict=True)
        for compartment, data in entry.payloads.items()
    ]
    insert_rows(session, LogPayload, payloads)
    work = [
        {"entry_id": number}
        for number, entry in zip(numbers, entries, strict=True)
        if is_device_kind(entry.header.kind)
    ]
    insert_rows(session, Work, work)
    last = entries[-1]
    session.execute(
        update(LogBranch)
        .where(*_of_log(branch.log), col(LogBranch.number) == branch.number)
        .values(head_sequence=last.header.sequence, head_hash=last.hash)
    )
    return list(numbers)


def add_signature(session: Session, entry_id: int, signed_on: int, signature: bytes) -> None:
    """Keep the signature of the head that an entry makes."""
    row = {"entry_id": entry_id, "signed_on": signed_on, "signature": signature}
    insert_rows(session, LogSignature, [row])


def stored(session: Session, branch: Branch, first: int, last: int) -> Iterator[Stored]:
    """Yield a branch's entries from `first` to `last`, through its parents, in pages."""
    for number, begins, ends in path(session, branch):
        low, high = max(first, begins), min(last, ends)
        while low <= high:
            page = _page(session, branch.log, number, low, high)
            yield from page
            low += _IDS_AT_ONCE


def _page(session: Session, log: LogName, number: int, low: int, high: int) -> list[Stored]:
    query = (
        select(LogEntry.id, LogEntry.header, LogEntry.hash, LogSignature)
        .join(LogSignature, col(LogSignature.entry_id) == col(LogEntry.id), isouter=True)
        .where(
            LogEntry.author == log.author,
            LogEntry.incarnation == log.incarnation,
            LogEntry.branch == number,
            col(LogEntry.sequence).between(low, min(high, low + _IDS_AT_ONCE - 1)),
        )
        .order_by(col(LogEntry.sequence))
    )
    rows = session.exec(query).all()
    payloads = payloads_of(session, [int(row[0] or 0) for row in rows])
    return [_stored(row, payloads) for row in rows]


def _stored(row: Any, payloads: dict[int, dict[Compartment, bytes]]) -> Stored:
    entry_id, header, digest, signature = row
    entry = SealedEntry(parse_header(header), header, EntryHash(digest), payloads.get(entry_id, {}))
    if signature is None:
        return Stored(entry_id, entry, None, None)
    return Stored(entry_id, entry, signature.signed_on, signature.signature)


def payloads_of(session: Session, entry_ids: Sequence[int]) -> dict[int, dict[Compartment, bytes]]:
    """Return the payloads at hand of entries, by row number."""
    found: dict[int, dict[Compartment, bytes]] = {}
    columns = ("entry_id", "compartment", "data")
    rows = select_among(session, LogPayload, columns, "entry_id", entry_ids)
    for entry_id, compartment, data in rows:
        found.setdefault(entry_id, {})[Compartment(compartment)] = data
    return found


def entry_ids(
    session: Session, incarnation: int, places: Iterable[tuple[AuthorId, int]]
) -> list[int]:
    """Return the row numbers of entries, each by author and sequence, on their first branches."""
    by_author: dict[AuthorId, list[int]] = {}
    for author, sequence in places:
        by_author.setdefault(author, []).append(sequence)
    found: list[int] = []
    for author, sequences in by_author.items():
        for at in range(0, len(sequences), _IDS_AT_ONCE):
            query = select(LogEntry.id).where(
                LogEntry.author == author,
                LogEntry.incarnation == incarnation,
                LogEntry.branch == 0,
                col(LogEntry.sequence).in_(sequences[at : at + _IDS_AT_ONCE]),
            )
            found += [number or 0 for number in session.exec(query)]
    return found


def drop_payloads(session: Session, entry_ids: Sequence[int]) -> int:
    """Delete the payloads of entries; return how many."""
    return delete_among(session, LogPayload, "entry_id", entry_ids)


def shelve(session: Session, row: ShelvedRun) -> None:
    """Keep a run aside, once per content."""
    if session.get(ShelvedRun, row.digest) is None:
        session.add(row)
        session.flush()


def shelf(session: Session) -> list[tuple[bytes, str]]:
    """Return the bytes of every shelved run and why it lies there, in order of arrival."""
    query = select(ShelvedRun.data, ShelvedRun.reason).order_by(
        col(ShelvedRun.received_at), col(ShelvedRun.digest)
    )
    return [(data, reason) for data, reason in session.exec(query)]


def save_paper(session: Session, kind: str, name: bytes, paper: Signed, now: datetime) -> None:
    """Keep a paper in place of an earlier one of that name."""
    session.merge(
        Paper(kind=kind, name=name, data=paper.data, signature=paper.signature, received_at=now)
    )
    session.flush()


def drop_paper(session: Session, kind: str, name: bytes) -> None:
    """Forget a paper, if it is here."""
    row = session.get(Paper, (kind, name))
    if row is not None:
        session.delete(row)
        session.flush()


def papers(session: Session, kind: str) -> list[tuple[bytes, Signed]]:
    """Return the papers of a kind by name."""
    query = select(Paper).where(Paper.kind == kind).order_by(col(Paper.name))
    return [(row.name, Signed(row.data, row.signature)) for row in session.exec(query)]


def mark_backed_up(session: Session, points: Iterable[tuple[LogBranch, int, bytes]]) -> None:
    """Note how far each branch is in a new backup: the one before holds what was noted last."""
    for row, sequence, digest in points:
        if row.copied_sequence > row.backed_up_sequence:
            row.backed_up_sequence, row.backed_up_hash = row.copied_sequence, row.copied_hash
        row.copied_sequence, row.copied_hash = sequence, digest
        session.add(row)


def backed_up_branches(session: Session) -> list[LogBranch]:
    """Return the branches of which the two newest backups hold something."""
    return list(session.exec(select(LogBranch).where(LogBranch.backed_up_sequence > 0)))


def all_branches(session: Session) -> list[LogBranch]:
    """Return every branch of every log."""
    return list(session.exec(select(LogBranch)))


def _of_log(log: LogName) -> tuple[Any, ...]:
    return (
        col(LogBranch.author) == bytes(log.author),
        col(LogBranch.incarnation) == log.incarnation,
    )
