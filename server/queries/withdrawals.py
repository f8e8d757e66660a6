"""Withdrawal codes that were handed in, and the records they lead to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from server.bulk import insert_missing, select_among
from server.tables.quarantine import Quarantined, QuarantineState
from server.tables.records import (
    Record,
    RecordState,
    Respondent,
    Withdrawal,
    WithdrawalState,
)


class Reached(NamedTuple):
    """A record that a handed-in code leads to and that is not erased yet."""

    withdrawal_hash: bytes
    record_id: bytes
    address: str


def hand_in(session: Session, hashes: Collection[bytes], now: datetime) -> None:
    """Keep codes; one that was handed in before changes nothing."""
    rows = [
        {"withdrawal_hash": h, "state": WithdrawalState.WAITING.value, "received_at": now}
        for h in sorted(set(hashes))
    ]
    insert_missing(session, Withdrawal, rows)


def reached(session: Session) -> list[Reached]:
    """Return what is yet to be done: whole records, and respondents within one."""
    query = (
        select(Respondent.withdrawal_hash, Respondent.record_id, Respondent.address)
        .join(Withdrawal, col(Withdrawal.withdrawal_hash) == col(Respondent.withdrawal_hash))
        .join(Record, col(Record.record_id) == col(Respondent.record_id))
        .where(
            Record.state != RecordState.ERASED.value,
            (col(Respondent.address) == "")
            | (col(Withdrawal.state) == WithdrawalState.WAITING.value),
        )
        .order_by(col(Respondent.record_id), col(Respondent.address))
    )
    return [Reached(*row) for row in session.exec(query)]


def left_by_all(session: Session, record_ids: Collection[bytes]) -> set[bytes]:
    """Return those records whose respondents have all handed in their codes."""
    columns = ("withdrawal_hash", "record_id")
    codes: dict[bytes, set[bytes]] = {}
    for code, record_id in select_among(session, Respondent, columns, "record_id", record_ids):
        codes.setdefault(record_id, set()).add(code)
    handed_in = withdrawn_among(session, {code for some in codes.values() for code in some})
    return {record_id for record_id, some in codes.items() if some <= handed_in}


def in_quarantine(session: Session) -> list[tuple[bytes, bytes]]:
    """Return (code hash, record) of handed-in codes whose record is in quarantine alone."""
    query = (
        select(Respondent.withdrawal_hash, Respondent.record_id)
        .join(Withdrawal, col(Withdrawal.withdrawal_hash) == col(Respondent.withdrawal_hash))
        .join(Quarantined, col(Quarantined.record_id) == col(Respondent.record_id))
        .where(Quarantined.state == QuarantineState.OPEN.value)
        .distinct()
    )
    return [(code, record_id) for code, record_id in session.exec(query)]


def executed(session: Session, hashes: Sequence[bytes], now: datetime) -> None:
    """Note that codes met their records."""
    session.execute(
        update(Withdrawal)
        .where(
            col(Withdrawal.withdrawal_hash).in_(list(hashes)),
            col(Withdrawal.state) == WithdrawalState.WAITING.value,
        )
        .values(state=WithdrawalState.EXECUTED.value, executed_at=now)
    )


def withdrawn_among(session: Session, hashes: Collection[bytes]) -> frozenset[bytes]:
    """Return which of these codes were handed in."""
    columns = ("withdrawal_hash",)
    rows = select_among(session, Withdrawal, columns, "withdrawal_hash", hashes)
    return frozenset(found for (found,) in rows)


def counts(session: Session) -> dict[str, int]:
    """Return the number of codes by state."""
    query = select(Withdrawal.state, func.count()).group_by(col(Withdrawal.state))
    return dict(session.exec(query).all())
