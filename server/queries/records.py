"""Records and their revisions: where they stand, and their bodies as wrapped."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col, func, select, text

from server.bulk import (
    delete_rows,
    insert_missing,
    insert_or_update,
    insert_rows,
    select_among,
)
from server.db import is_sqlite
from server.tables.records import (
    AnalyticsDue,
    Assignment,
    DeviceStatus,
    Record,
    RecordState,
    Resealed,
    Respondent,
    Revision,
    RevisionState,
    Tally,
)

_IDS_AT_ONCE: Final = 500
_RECORD_LOCK: Final = 0x6361_7265


def lock(session: Session, record_ids: Iterable[bytes]) -> None:
    """Keep other workers from these records until the transaction ends.

    SQLite has one writer anyway. Locks are taken in one order, so two workers never wait for each
    other.
    """
    if is_sqlite(session.connection()):
        return
    keys = sorted({int.from_bytes(one[:4], "big", signed=True) for one in record_ids})
    session.execute(
        text("SELECT pg_advisory_xact_lock(:room, one) FROM unnest(CAST(:keys AS int[])) AS one"),
        {"room": _RECORD_LOCK, "keys": keys},
    )


def find_many(session: Session, record_ids: Collection[bytes]) -> dict[bytes, Record]:
    """Return those records that are known."""
    found: dict[bytes, Record] = {}
    here = select_among(session, Record, ("record_id",), "record_id", record_ids)
    # Nearly all of a batch's records are new: looked up the plain way before the mapper is asked.
    for some in _parts(sorted(record_id for (record_id,) in here)):
        for row in session.exec(select(Record).where(col(Record.record_id).in_(some))):
            found[row.record_id] = row
    return found


def known_revisions(session: Session, revision_ids: Collection[bytes]) -> dict[bytes, bytes]:
    """Return revision id -> hash of the entry it came in, for those that are here."""
    columns = ("revision_id", "entry_hash")
    return dict(select_among(session, Revision, columns, "revision_id", revision_ids))


def revisions_of(session: Session, record_ids: Collection[bytes]) -> dict[bytes, list[Revision]]:
    """Return the revisions of records, in order of arrival."""
    found: dict[bytes, list[Revision]] = {}
    for some in _parts(sorted(record_ids)):
        query = (
            select(Revision)
            .where(col(Revision.record_id).in_(some))
            .order_by(col(Revision.entry_id))
        )
        for row in session.exec(query):
            found.setdefault(row.record_id, []).append(row)
    return found


def add_revisions(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add revisions, in bulk."""
    insert_rows(session, Revision, rows)


def add_records(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add records or bring them up to date, in bulk."""
    changed = ["state", "version", "revisions", "held", "conflicts_open", "updated_at", "form_id"]
    insert_or_update(session, Record, rows, ["record_id"], changed)


def add_resealed(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note further entries that carried known revisions."""
    insert_missing(session, Resealed, rows)


def add_respondents(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Note where withdrawal codes lead."""
    insert_missing(session, Respondent, rows)


def add_tallies(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add tallies; each entry counts once."""
    insert_missing(session, Tally, rows)


def add_statuses(session: Session, rows: Iterable[DeviceStatus]) -> None:
    """Keep each device's newest status."""
    for row in rows:
        known = session.get(DeviceStatus, row.author)
        if known is None or known.entry_id < row.entry_id:
            session.merge(row)


def set_state(session: Session, revision_ids: Collection[bytes], state: RevisionState) -> None:
    """Set the state of revisions."""
    for some in _parts(sorted(revision_ids)):
        session.execute(
            update(Revision).where(col(Revision.revision_id).in_(some)).values(state=state.value)
        )


def mark_due(session: Session, rows: Sequence[tuple[bytes, int]]) -> None:
    """Have the analytic rows of records made again."""
    values = [{"record_id": record_id, "version": version} for record_id, version in rows]
    insert_or_update(session, AnalyticsDue, values, ["record_id"], ["version"])


def mark_all_due(session: Session) -> None:
    """Have the analytic rows of every record made again, as after a change of policy or areas."""
    rows = session.execute(select(Record.record_id, Record.version)).all()
    mark_due(session, [(record_id, version) for record_id, version in rows])


def due(session: Session, limit: int) -> dict[bytes, int]:
    """Return record -> version where analytic rows lag."""
    query = (
        select(AnalyticsDue.record_id, AnalyticsDue.version)
        .order_by(col(AnalyticsDue.record_id))
        .limit(limit)
    )
    return dict(session.exec(query).all())


def due_among(session: Session, record_ids: Collection[bytes]) -> dict[bytes, int]:
    """Return record -> version for those of these records whose analytic rows lag."""
    columns = ("record_id", "version")
    return dict(select_among(session, AnalyticsDue, columns, "record_id", record_ids))


def done(session: Session, versions: Mapping[bytes, int]) -> None:
    """Forget that the analytic rows of these records lagged, unless they changed again since."""
    rows = [{"record_id": one, "version": version} for one, version in versions.items()]
    delete_rows(session, AnalyticsDue, rows)


def count_due(session: Session) -> int:
    """Return how many records' analytic rows lag."""
    return session.exec(select(func.count()).select_from(AnalyticsDue)).one()


def erase(session: Session, record: Record) -> list[tuple[bytes, int, int, bytes]]:
    """Drop what is left of a record's bodies; return the entries that carried them.

    Each is (author, incarnation, sequence, entry hash).
    """
    entries: list[tuple[bytes, int, int, bytes]] = []
    for kind in (Revision, Resealed):
        query = select(kind.author, kind.incarnation, kind.sequence, kind.entry_hash).where(
            kind.record_id == record.record_id
        )
        entries += [(a, i, s, digest) for a, i, s, digest in session.exec(query)]
    session.execute(
        update(Revision)
        .where(col(Revision.record_id) == record.record_id)
        .values(state=RevisionState.ERASED.value, body=None, identity=None)
    )
    record.state = RecordState.ERASED.value
    record.held = record.conflicts_open = 0
    record.version += 1
    session.add(record)
    session.flush()
    return sorted(entries)


def followers_of(session: Session, record_id: bytes) -> set[bytes]:
    """Return the devices a record is assigned to."""
    return set(session.exec(select(Assignment.device).where(Assignment.record_id == record_id)))


def count_by_state(session: Session) -> dict[str, int]:
    """Return the number of records by state."""
    query = select(Record.state, func.count()).group_by(col(Record.state))
    return dict(session.exec(query).all())


def count_revisions(session: Session) -> dict[str, int]:
    """Return the number of revisions by state."""
    query = select(Revision.state, func.count()).group_by(col(Revision.state))
    return dict(session.exec(query).all())


def count_resealed(session: Session) -> int:
    """Return how many entries carried a revision again."""
    return session.exec(select(func.count()).select_from(Resealed)).one()


def tallies(session: Session) -> dict[str, int]:
    """Return the tallied visits by outcome."""
    query = select(Tally.outcome, func.sum(Tally.count)).group_by(col(Tally.outcome))
    return {outcome: int(number) for outcome, number in session.exec(query)}


def _parts(ids: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (ids[at : at + _IDS_AT_ONCE] for at in range(0, len(ids), _IDS_AT_ONCE))
