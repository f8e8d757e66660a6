"""The numbers of intake: each from its own rows, so that they can contradict each other.

received = resolved + held + quarantined, in revisions (INTK-070): received is counted in the
inbox, the others in the records store.
"""

from typing import Any

from sqlmodel import Session, col, func, select

from server.db import reading
from server.deident.store import AnalyticsStore
from server.mission import Mission
from server.queries import (
    attachments,
    conflicts,
    detached,
    quarantine,
    records,
    withdrawals,
    work,
)
from server.tables.attachments import AttachmentState
from server.tables.records import ConflictState, Record, RecordState, RevisionState
from shared.sealing.envelope import Kind
from sync.core.withheld import HOLDS_MS


def intake_counts(mission: Mission) -> dict[str, Any]:
    """Return what came in and what became of it; consistent once intake is idle."""
    with reading(mission.stores.inbox) as session:
        entries = work.count_entries(session)
        waiting = work.waiting_revisions(session)
        waiting_entries = work.waiting(session)
    with reading(mission.stores.records) as session:
        found = _records_counts(session)
        arrived = sum(entries.get(kind, 0) for kind in work.REVISION_KINDS)
        shelved = quarantine.count_shelved(session)
        resealed = records.count_resealed(session)
    with_names = {Kind(k).name.lower(): n for k, n in sorted(entries.items()) if k in set(Kind)}
    return {
        "received": arrived + shelved - resealed - waiting,
        **found,
        "resealed": resealed,
        "waiting_entries": waiting_entries,
        "entries": with_names,
        "attachments": attachment_counts(mission),
        "analytic_rows": _root_rows(mission),
    }


def attachment_counts(mission: Mission) -> dict[str, int]:
    """Return what came of attachments (INTK-086).

    received = without_record + on_the_way + kept + quarantined + erased once intake is idle.
    """
    late = mission.now_ms() - HOLDS_MS
    with reading(mission.stores.records) as session:
        states = attachments.count_by_state(session)
        quarantined = quarantine.count_files(session)
        old = [
            digest
            for digest, named_at in attachments.payloads_under_way(session)
            if named_at.timestamp() * 1000 < late
        ]
    with reading(mission.stores.inbox) as session:
        here, wanted = detached.totals(session)
        progress = detached.progress(session, old)
        received = work.count_entries(session).get(Kind.ATTACHMENT, 0)
    return {
        "received": received,
        "without_record": states.get(AttachmentState.NAMED, 0),
        "on_the_way": states.get(AttachmentState.LINKED, 0),
        "kept": states.get(AttachmentState.KEPT, 0),
        "quarantined": quarantined,
        "erased": states.get(AttachmentState.ERASED, 0),
        "missing": sum(1 for one in progress.values() if not one.whole),
        "bytes_arrived": here,
        "bytes_wanted": wanted,
    }


def _records_counts(session: Session) -> dict[str, Any]:
    revisions = records.count_revisions(session)
    states = records.count_by_state(session)
    queue = conflicts.counts(session)
    codes = withdrawals.counts(session)
    empty = (
        select(func.count())
        .select_from(Record)
        .where(Record.state == RecordState.LIVE.value, col(Record.revisions) <= col(Record.held))
    )
    return {
        "resolved": revisions.get(RevisionState.RESOLVED, 0)
        + revisions.get(RevisionState.ERASED, 0),
        "held": revisions.get(RevisionState.HELD, 0),
        "quarantined": quarantine.count_revisions(session),
        "quarantine_by_reason": quarantine.by_reason(session),
        "conflicts_open": queue.get(ConflictState.OPEN, 0),
        "conflicts_settled": queue.get(ConflictState.SETTLED, 0),
        "live_records": states.get(RecordState.LIVE, 0) - session.exec(empty).one(),
        "deleted_records": states.get(RecordState.DELETED, 0),
        "withdrawn_records": states.get(RecordState.ERASED, 0),
        "withdrawals": codes,
        "tallies": records.tallies(session),
        "rows_due": records.count_due(session),
    }


def _root_rows(mission: Mission) -> int:
    store = AnalyticsStore(mission.settings.store_url("analytics"))
    try:
        return store.root_count()
    finally:
        store.close()
