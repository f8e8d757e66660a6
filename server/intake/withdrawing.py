"""Withdrawal: the code meets its record, the key is destroyed, everybody is told. INTK-060..064.

Key first: once it is gone the record is unreadable, whatever happens next. Each step leaves what
the next start needs to go on, and doing a step twice changes nothing.
"""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.db import reading, writing
from server.governance.actions import Action
from server.governance.audit import AuditEvent
from server.governance.decide import Actor, Resource
from server.intake.actor import INTAKE
from server.intake.kept_files import (
    erase_attachments,
    erase_waiting,
    order_erasure,
    waiting_files,
)
from server.mission import Mission, policy_of
from server.queries import (
    audit,
    conflicts,
    logs,
    outbox,
    quarantine,
    recordkeys,
    records,
    withdrawals,
    work,
)
from server.queries.withdrawals import Reached
from server.tables.keys import ErasureCause
from server.tables.quarantine import Quarantined, QuarantineState
from server.tables.records import Record
from shared.canonical import encode
from shared.sealing.envelope import Kind
from shared.sealing.withdrawal import code_hash

WITHDREW: Final = 5
"""Attestation item: a respondent withdrew (SYNC-074)."""


def execute_withdrawals(mission: Mission) -> int:
    """Carry out every withdrawal that can be; return how many records they reached."""
    with reading(mission.stores.records) as session:
        waiting = withdrawals.reached(session)
        aside = withdrawals.in_quarantine(session)
        left = withdrawals.left_by_all(session, {one.record_id for one in waiting if one.address})
    whole: dict[bytes, bytes] = {}
    partial: list[Reached] = []
    for one in waiting:
        if one.address and one.record_id not in left:
            partial.append(one)
        else:
            whole.setdefault(one.record_id, one.withdrawal_hash)
    for record_id, code in whole.items():
        erase_record(mission, record_id, ErasureCause.WITHDRAWAL, code)
    for one in partial:
        if one.record_id not in whole:
            _leave(mission, one)
    for code, record_id in aside:
        if record_id not in whole:
            erase_record(mission, record_id, ErasureCause.WITHDRAWAL, code)
    return len({*whole, *(one.record_id for one in partial), *(record for _, record in aside)})


def withdraw_by_code(mission: Mission, actor: Actor, code: bytes) -> int:
    """Carry out a withdrawal handed in at the server; return how many records it reached.

    Zero means that the code waits for its record.

    Raises:
        PolicyDenied: the actor may not.
    """
    digest = code_hash(code)
    mission.permit(actor, Action.RECORD_WITHDRAW, Resource("withdrawal", digest.hex()))
    with writing(mission.stores.records) as session:
        withdrawals.hand_in(session, [digest], mission.clock.now())
    return execute_withdrawals(mission)


def erase_record(
    mission: Mission, record_id: bytes, cause: ErasureCause, code: bytes | None
) -> None:
    """Destroy a record's key and have every copy of it destroyed."""
    now = mission.clock.now()
    with writing(mission.stores.keys) as session:
        recordkeys.shred(session, record_id, cause, now, code)
    with reading(mission.stores.records) as session:
        aside = [row.entry_id for row in quarantine.of_record(session, record_id)]
    waiting = waiting_files(mission, [number for number in aside if number is not None])
    entries: list[int] = []
    with writing(mission.stores.records) as session:
        records.lock(session, [record_id])
        row = session.get(Record, record_id)
        places = [] if row is None else records.erase(session, row)
        places += [*erase_attachments(session, record_id), *erase_waiting(session, waiting)]
        for set_aside in quarantine.of_record(session, record_id):
            places.append(
                (set_aside.author, set_aside.incarnation, set_aside.sequence, set_aside.digest)
            )
            entries += [] if set_aside.entry_id is None else [set_aside.entry_id]
            _shred(set_aside, now)
            session.add(set_aside)
        conflicts.keep(session, record_id, {}, now)
        if row is not None:
            records.mark_due(session, [(record_id, row.version)])
        if code is not None:
            withdrawals.executed(session, [code], now)
            outbox.add_broadcast(session, Kind.ATTESTATION, encode([1, [[WITHDREW, code]]]))
        places = sorted(set(places))
        order_erasure(session, places)
        _write_down(session, record_id, cause, now, len(places))
    shred_payloads(mission, entries)


def _leave(mission: Mission, one: Reached) -> None:
    """Take one respondent of several out of the analytic rows; the record stays."""
    now = mission.clock.now()
    with writing(mission.stores.records) as session:
        records.lock(session, [one.record_id])
        row = session.get_one(Record, one.record_id)
        row.version += 1
        row.updated_at = now
        session.add(row)
        session.flush()
        records.mark_due(session, [(one.record_id, row.version)])
        withdrawals.executed(session, [one.withdrawal_hash], now)
        outbox.add_broadcast(
            session, Kind.ATTESTATION, encode([1, [[WITHDREW, one.withdrawal_hash]]])
        )
        _write_down(session, one.record_id, ErasureCause.WITHDRAWAL, now, 0)


def shred_overdue(mission: Mission) -> int:
    """Shred what was refused for want of consent, after policy's deadline (CONS-007)."""
    now = mission.clock.now()
    with reading(mission.stores.records) as session:
        digests = quarantine.digests(quarantine.past_deadline(session, now))
    return shred_quarantined(mission, digests, INTAKE.name) if digests else 0


def shred_quarantined(mission: Mission, digests: list[bytes], by: str) -> int:
    """Shred entries in quarantine: their payloads go, a count remains."""
    now = mission.clock.now()
    entries: list[int] = []
    waiting: dict[bytes, list[bytes]] = {}
    with reading(mission.stores.records) as session:
        found = [quarantine.find(session, digest) for digest in digests]
        numbers = {r.digest: r.entry_id for r in found if r is not None and r.entry_id is not None}
    for digest, number in numbers.items():
        waiting[digest] = waiting_files(mission, [number])
    with writing(mission.stores.records) as session:
        for digest in digests:
            row = quarantine.find(session, digest)
            if row is None or row.state != QuarantineState.OPEN.value:
                continue
            _shred(row, now, by)
            session.add(row)
            entries += [] if row.entry_id is None else [row.entry_id]
            places = [(row.author, row.incarnation, row.sequence, row.digest)]
            places += erase_waiting(session, waiting.get(digest, []))
            order_erasure(session, places)
            event = AuditEvent(
                by, "quarantine.shred", f"entry:{digest.hex()}", "", "permit", row.reason,
                policy_of(session).serial,
            )  # fmt: skip
            audit.append(session, now, event)
    shred_payloads(mission, entries)
    return len(entries)


def shred_payloads(mission: Mission, entry_ids: list[int]) -> None:
    """Drop received payloads and their work for good."""
    if entry_ids:
        with writing(mission.stores.inbox) as session:
            work.finish(session, taken=entry_ids, keep=(), aside=())


def finish_shredding(mission: Mission) -> None:
    """Drop payloads that a crash between the two stores left behind."""
    with reading(mission.stores.records) as session:
        ids = [row.entry_id for row in quarantine.shredded(session) if row.entry_id is not None]
    with reading(mission.stores.inbox) as session:
        left = sorted(logs.payloads_of(session, ids))
    shred_payloads(mission, left)


def _shred(row: Quarantined, now: datetime, by: str = INTAKE.name) -> None:
    row.state = QuarantineState.SHREDDED.value
    row.closed_at, row.closed_by = now, by


def _write_down(
    session: Session,
    record_id: bytes,
    cause: ErasureCause,
    now: datetime,
    entries: int,
) -> None:
    event = AuditEvent(
        INTAKE.name,
        "record.erase",
        f"record:{record_id.hex()}",
        "",
        "permit",
        f"cairn.{cause.value}",
        policy_of(session).serial,
        {"entries": entries},
    )
    audit.append(session, now, event)
