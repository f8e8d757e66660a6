"""A respondent asks what is held of them: their code finds the record. Rules GOV-093, IOM 7.

The report shows that respondent's own answers and decisions, and what was done with them; another
respondent of the same record is not in it. Direct identifiers stay with the custodian.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.intake.analytics import load_merged
from server.intake.correcting import permit_record
from server.intake.forms import FormShelf
from server.intake.taken import Merged
from server.mission import Mission
from server.tables.records import Record, RecordState, Respondent, Withdrawal
from shared.errors import NotFound
from shared.records.address import enclosing_instances, is_instance
from shared.records.values import text_from_value
from shared.sealing.withdrawal import code_hash


@dataclass(frozen=True, slots=True)
class Found:
    """Where a code leads."""

    record: str
    form_id: str
    state: str
    respondent: str


def look_up(mission: Mission, actor: Actor, code: bytes, purpose: str) -> list[Found]:
    """Return the records a respondent's code leads to; withdrawn ones say so.

    Raises:
        PolicyDenied: the actor may not look.
        NotFound: the code leads nowhere.
    """
    mission.permit(actor, Action.RECORD_LOOKUP, Resource("record"), purpose)
    digest = code_hash(code)
    with reading(mission.stores.records) as session:
        query = (
            select(Respondent.record_id, Respondent.address, Record.form_id, Record.state)
            .join(Record, Record.record_id == Respondent.record_id)  # type: ignore[arg-type]
            .where(Respondent.withdrawal_hash == digest)
        )
        found = [
            Found(record_id.hex(), form_id, state, address)
            for record_id, address, form_id, state in session.exec(query)
        ]
        withdrew = session.get(Withdrawal, digest) is not None
    if not found and not withdrew:
        raise NotFound("the code leads to no record here")
    return found


def access_report(
    mission: Mission, actor: Actor, code: bytes, purpose: str
) -> list[dict[str, Any]]:
    """Return what is held of the respondent whose code this is, in each record it leads to.

    Raises:
        PolicyDenied: the actor may not read the record for this purpose.
        NotFound: the code leads nowhere.
    """
    reports: list[dict[str, Any]] = []
    forms = FormShelf(mission)
    for found in look_up(mission, actor, code, purpose):
        report: dict[str, Any] = {
            "record": found.record,
            "form": found.form_id,
            "state": found.state,
        }
        if found.state != RecordState.ERASED.value:
            with reading(mission.stores.records) as session:
                row = session.get(Record, bytes.fromhex(found.record))
                merged = load_merged(mission, session, forms, [row] if row is not None else [])
            for one in merged:
                permit_record(mission, actor, Action.RECORD_READ, one, purpose)
                report |= _held(one, found.respondent)
        reports.append(report)
    return reports


def _held(merged: Merged, respondent: str) -> dict[str, Any]:
    """Return one respondent's answers, decisions, and where identifiers are kept apart."""
    state = merged.state
    others = frozenset(state.consents) - {respondent, ""}
    consent = state.consents.get(respondent)
    return {
        "collected_ms": min(one.body.at_ms for one in merged.revisions),
        "changes": len(merged.revisions) - 1,
        "consent": {}
        if consent is None
        else {purpose: decision.value for purpose, decision in consent.decisions.items()},
        "notice": "" if consent is None else consent.notice_hash.hex(),
        "answers": {
            address: text_from_value(value)
            for address, value in state.values.items()
            if not is_instance(address) and _is_theirs(address, respondent, others)
        },
        "kept_by_the_custodian": sorted(
            address for address in state.identity_sources if _is_theirs(address, respondent, others)
        ),
    }


def _is_theirs(address: str, respondent: str, others: frozenset[str]) -> bool:
    """Tell whether an address is about a respondent: in their instance, or in no other's."""
    instances = set(enclosing_instances(address))
    if respondent:
        return respondent in instances
    return not instances & others
