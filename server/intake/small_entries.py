"""Entries that are no revision: tallies, withdrawal codes, device statuses, and what is carried."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.intake.opening import Carried, Opened, OpenStatus, OpenTally, OpenWithdrawal
from server.intake.taken import Taken
from server.queries import lists, records, withdrawals
from server.tables.records import DeviceStatus
from shared.records.list_letter import WANTED_FACT
from shared.sealing.withdrawal import code_hash


def take_small(session: Session, opened: Sequence[Opened], out: Taken, now: datetime) -> None:
    """Take in what is no revision, and note what is only carried."""
    tallies: list[dict[str, Any]] = []
    codes: list[bytes] = []
    statuses: list[DeviceStatus] = []
    wishes: list[tuple[bytes, list[str]]] = []
    for one in opened:
        match one:
            case OpenTally(entry, tally):
                tallies.append(
                    {
                        "entry_hash": entry.hash,
                        "author": entry.header.author,
                        "form_id": tally.form_id,
                        "round_id": tally.round_id,
                        "area": tally.area,
                        "day": tally.day,
                        "outcome": tally.outcome.value,
                        "count": tally.count,
                    }
                )
            case OpenWithdrawal(_, withdrawal):
                codes.append(code_hash(withdrawal.code))
            case OpenStatus(entry, status):
                wanted = status.facts.get(WANTED_FACT)
                if isinstance(wanted, str):
                    wishes.append((entry.header.author, wanted.split("\n")))
                facts = json.dumps(dict(status.facts), ensure_ascii=False, sort_keys=True)
                statuses.append(
                    DeviceStatus(
                        author=entry.header.author,
                        entry_id=entry.id,
                        status=facts,
                        received_at=entry.received_at,
                    )
                )
            case Carried(entry):
                out.keep.append(entry.id)
                continue
            case _:
                continue
        out.taken.append(one.entry.id)
    records.add_tallies(session, tallies)
    records.add_statuses(session, statuses)
    for author, names in wishes:
        lists.note_wishes(session, author, names)
    withdrawals.hand_in(session, codes, now)
    out.count("tallies", len(tallies))
    out.count("withdrawals", len(codes))
