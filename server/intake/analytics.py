"""Analytic rows follow the merged state. Rules INTK-050, INTK-051, DEID-018.

What lags is marked in the transaction that changed the record, and the mark goes once the rows are
in: a crash in between writes the same rows again. Marks are read under the analytic store's own
writer lock, so an older state can never overwrite a newer one, and the records store is not kept
from other workers meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from server.db import reading, writing
from server.deident.plan import Plan
from server.deident.pseudonym import keyed_pseudonyms
from server.deident.rows import AnalyticRecord, Subject
from server.deident.store import AnalyticsStore
from server.governance.audit import AuditEvent
from server.governance.policy import Policy
from server.intake.actor import INTAKE
from server.intake.admission import interview_day
from server.intake.forms import FormShelf
from server.intake.held import master_key, read_revision, state_of
from server.intake.taken import Merged
from server.mission import Mission, policy_of
from server.queries import audit, recordkeys, records, withdrawals
from server.tables.records import Record, RecordState
from shared.errors import DisclosureRisk
from shared.ids import RecordId
from shared.records.codebook import Basis

DRAINED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Made:
    version: int
    policy: Policy
    plan: Plan
    record: AnalyticRecord


class RowWriter:
    """Writes the analytic rows of records that changed."""

    def __init__(self, mission: Mission, forms: FormShelf) -> None:
        self._mission = mission
        self._forms = forms
        self._store = AnalyticsStore(mission.settings.store_url("analytics"))
        self._made: dict[bytes, _Made] = {}

    def close(self) -> None:
        """Close the analytics store."""
        self._store.close()

    def remember(self, merged: Sequence[Merged], policy: Policy) -> None:
        """Make rows of records just merged, so that they need not be opened again.

        Only a shortcut: what is forgotten, or changed since, `drain` makes anew.
        """
        for one in merged:
            if one.state.deleted or not one.state.heads:
                continue  # it must lose the rows it has: that is for `drain`
            # One that must not have rows is made again by `drain`, which writes down why not.
            with suppress(DisclosureRisk):
                self._made[one.record_id] = self._make(one, policy)

    def write_remembered(self) -> int:
        """Write the rows of what was just merged; return of how many records.

        Where another worker changed a record meanwhile, the rows are that worker's.
        """
        made, self._made = self._made, {}
        if not made:
            return 0
        with self._store.transaction():
            with reading(self._mission.stores.records) as session:
                marks = records.due_among(session, made)
                policy = policy_of(session)
            current = {
                record_id: one
                for record_id, one in made.items()
                if marks.get(record_id) == one.version and one.policy is policy
            }
            self._write(current.values())
        done = {record_id: one.version for record_id, one in current.items()}
        with writing(self._mission.stores.records) as session:
            records.done(session, done)
        return len(done)

    def drain(self) -> int:
        """Write whatever lags, made anew of what the store holds; return of how many records."""
        written = 0
        while count := self._drain_some():
            written += count
        return written

    def _drain_some(self) -> int:
        refused: list[tuple[Merged, DisclosureRisk]] = []
        with self._store.transaction():
            with reading(self._mission.stores.records) as session:
                marks = records.due(session, DRAINED_AT_ONCE)
                if not marks:
                    return 0
                policy = policy_of(session)
                rows = list(records.find_many(session, marks).values())
                live = [row for row in rows if _has_rows(row)]
                merged = load_merged(self._mission, session, self._forms, live)
                gone = {row.record_id: row.form_id for row in rows}
            made: list[_Made] = []
            for one in merged:
                try:
                    made.append(self._make(one, policy))
                    del gone[one.record_id]
                except DisclosureRisk as risk:
                    refused.append((one, risk))
            self._write(made)
            self._remove(gone, policy)
        with writing(self._mission.stores.records) as session:
            for one, why in refused:
                self._refuse(session, one, why, policy)
            records.done(session, marks)
        return len(marks)

    def _write(self, made: Iterable[_Made]) -> None:
        by_plan: dict[int, tuple[Plan, list[AnalyticRecord]]] = {}
        for one in made:
            by_plan.setdefault(id(one.plan), (one.plan, []))[1].append(one.record)
        for plan, listed in by_plan.values():
            self._store.replace_records(plan, listed)

    def _remove(self, gone: Mapping[bytes, str], policy: Policy) -> None:
        """Remove the rows of records (by form) that are to have none."""
        pseudonymise = keyed_pseudonyms(self._mission.keychain.pseudonym)
        by_form: dict[str, list[str]] = {}
        for record_id, form_id in gone.items():
            name = pseudonymise(policy.deident.purpose, "record", record_id)
            by_form.setdefault(form_id, []).append(name)
        for form_id, names in by_form.items():
            self._store.delete_records(form_id, names)

    def _make(self, merged: Merged, policy: Policy) -> _Made:
        deidentifier = self._forms.deidentifier(merged.form, policy.deident)
        subject = subject_of(merged, policy.deident.purpose)
        rows = deidentifier.rows(subject, merged.state.values)
        return _Made(merged.version, policy, deidentifier.plan, rows)

    def _refuse(
        self, session: Session, merged: Merged, risk: DisclosureRisk, policy: Policy
    ) -> None:
        """Write down that a record got no rows, and the rule."""
        event = AuditEvent(
            INTAKE.name,
            "record.deidentify",
            f"record:{merged.record_id.hex()}",
            policy.deident.purpose,
            "deny",
            risk.code,
            policy.serial,
        )
        audit.append(session, self._mission.clock.now(), event)


def subject_of(merged: Merged, purpose: str) -> Subject:
    """Return what de-identification needs beside the answers."""
    bodies = {one.id: one.body for one in merged.revisions}
    first = next((b for b in bodies.values() if not b.parents), next(iter(bodies.values())))
    heads = [bodies[head] for head in merged.state.heads]
    consents = merged.state.consents
    purposes: frozenset[str] | None = None
    if merged.form.codebook.basis is Basis.CONSENT:
        own = consents.get("")
        granted = [own] if own is not None else list(consents.values())
        purposes = frozenset[str]().union(*(one.granted() for one in granted))
    return Subject(
        record_id=merged.record_id,
        round_id=next((b.round_id for b in heads if b.round_id), first.round_id),
        location=next((b.location for b in heads if b.location), first.location),
        day=interview_day(first),
        accepted=merged.accepted,
        purposes=purposes,
        excluded=frozenset(
            address
            for address, consent in consents.items()
            if address and purpose not in consent.granted()
        ),
    )


def load_merged(
    mission: Mission, session: Session, forms: FormShelf, rows: Sequence[Record]
) -> list[Merged]:
    """Open and merge records; those whose key is gone are passed over."""
    if not rows:
        return []
    ids = [row.record_id for row in rows]
    with reading(mission.stores.keys) as keys_session:
        keys = recordkeys.keys_of(keys_session, ids, master_key(mission))
    held = records.revisions_of(session, ids)
    found: list[Merged] = []
    for row in rows:
        key = keys.get(row.record_id)
        if key is None:
            continue
        revisions = tuple(
            one
            for kept in held.get(row.record_id, [])
            if (one := read_revision(key, kept, forms)) is not None
        )
        if not revisions:
            continue
        codes = {c.withdrawal_hash for one in revisions for c in one.body.consents}
        withdrawn = withdrawals.withdrawn_among(session, codes)
        form = forms.newest({one.body.form_hash for one in revisions})
        state = state_of(revisions, forms, withdrawn)
        found.append(
            Merged(RecordId(row.record_id), row.version, row.accepted, form, state, revisions)
        )
    return found


def _has_rows(row: Record) -> bool:
    return row.state == RecordState.LIVE.value and row.revisions > row.held
