"""Take opened entries in: one transaction on the records store. Rules INTK-001 to INTK-005.

Everything is keyed by what came in (entry hash, revision id, code hash), so a batch that was taken
in and not yet finished in the inbox is taken in again without a trace. Merging is `resolve`; what
is written is where each record then stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from server.governance.actions import Action
from server.governance.decide import Deny, Resource
from server.governance.policy import Policy
from server.intake.actor import INTAKE
from server.intake.admission import refuse
from server.intake.attached import take_attachments
from server.intake.forms import FormShelf
from server.intake.held import read_revision, state_of
from server.intake.judging import judge_arrivals
from server.intake.opening import Opened, OpenRevision, Refused
from server.intake.reasons import Reason
from server.intake.rows import (
    erased_row,
    fingerprint,
    quarantine_row,
    resealed_row,
    respondent_rows,
    revision_row,
)
from server.intake.small_entries import take_small
from server.intake.taken import Merged, Taken
from server.mission import Mission, ask
from server.queries import conflicts, outbox, quarantine, records, withdrawals
from server.tables.quarantine import QuarantineState
from server.tables.records import Record, RevisionState
from server.tables.records import RecordState as Standing
from server.tables.records import Revision as RevisionRow
from shared.clock import RandomBytes
from shared.errors import PolicyDenied
from shared.ids import AuthorId, RecordId
from shared.sealing.envelope import Kind
from sync.core.merge import RecordState, Revision


class Sealed:
    """A batch's revisions under their records' keys: made before any lock is taken."""

    def __init__(
        self,
        opened: Iterable[Opened],
        keys: Mapping[bytes, bytes | None],
        random_bytes: RandomBytes,
    ) -> None:
        self.keys = keys
        self._rows = {
            one.entry.id: revision_row(one, keys[one.body.record_id], random_bytes)
            for one in opened
            if isinstance(one, OpenRevision)
        }

    def row(self, one: OpenRevision, *, held: bool) -> dict[str, Any]:
        """Return the row of a revision that counts, or waits for a parent."""
        row = self._rows[one.entry.id]
        return {**row, "state": RevisionState.HELD.value} if held else row


class Taking:
    """One batch on its way into the records store, in the caller's transaction."""

    def __init__(
        self,
        mission: Mission,
        session: Session,
        forms: FormShelf,
        policy: Policy,
        sealed: Sealed,
    ) -> None:
        self._mission = mission
        self._session = session
        self._forms = forms
        self._policy = policy
        self._sealed = sealed
        self._now: datetime = mission.clock.now()
        self._out = Taken()
        self._refused: list[Refused] = []
        self._rows: list[dict[str, Any]] = []
        self._records: list[dict[str, Any]] = []
        self._respondents: list[dict[str, Any]] = []

    def run(self, opened: Sequence[Opened]) -> Taken:
        """Take everything in and return what became of it.

        Raises:
            PolicyDenied: policy does not let intake work at all; nothing was changed.
        """
        take_small(self._session, opened, self._out, self._now)
        self._refused += [one for one in opened if isinstance(one, Refused)]
        self._revisions([one for one in opened if isinstance(one, OpenRevision)])
        records.add_records(self._session, self._records)
        records.add_revisions(self._session, self._rows)
        records.add_respondents(self._session, self._respondents)
        take_attachments(
            self._session, opened, {row["entry_hash"] for row in self._rows}, self._now
        )
        records.mark_due(
            self._session, [(row["record_id"], row["version"]) for row in self._records]
        )
        self._set_aside()
        self._close([*self._out.taken, *self._out.keep], opened)
        self._audit()
        return self._out

    # --- revisions -----------------------------------------------------------------------------

    def _revisions(self, opened: Sequence[OpenRevision]) -> None:
        """Sort out what is new, by record, and merge each record."""
        if not opened:
            return
        records.lock(self._session, {one.body.record_id for one in opened})
        known = records.known_revisions(self._session, {one.id for one in opened})
        by_record: dict[bytes, list[OpenRevision]] = {}
        again: list[dict[str, Any]] = []
        for one in opened:
            if one.id not in known:
                known[one.id] = one.entry.hash
                by_record.setdefault(one.body.record_id, []).append(one)
                continue
            self._out.taken.append(one.entry.id)
            if known[one.id] != one.entry.hash:
                again.append(resealed_row(one))
        records.add_resealed(self._session, again)
        rows = records.find_many(self._session, by_record.keys())
        held = records.revisions_of(self._session, rows.keys())
        codes = {c.withdrawal_hash for one in opened for c in one.body.consents}
        withdrawn = withdrawals.withdrawn_among(self._session, codes)
        for record_id, arrivals in by_record.items():
            row = rows.get(record_id)
            self._record(RecordId(record_id), arrivals, row, held.get(record_id, []), withdrawn)

    def _record(
        self,
        record_id: RecordId,
        arrivals: list[OpenRevision],
        row: Record | None,
        held: Sequence[RevisionRow],
        withdrawn: frozenset[bytes],
    ) -> None:
        key = self._sealed.keys[record_id]
        if key is None or (row is not None and row.state == Standing.ERASED.value):
            self._refuse_erased(record_id, arrivals, row)
            return
        form_id = arrivals[0].form.codebook.form_id if row is None else row.form_id
        fitting = [one for one in arrivals if one.form.codebook.form_id == form_id]
        self._refused += [
            refuse(one, Reason.OTHER_FORM, f"the record belongs to form {form_id}")
            for one in arrivals
            if one not in fitting
        ]
        before = [one for r in held if (one := read_revision(key, r, self._forms)) is not None]
        kept, refused = judge_arrivals(self._session, before, fitting, self._mission.random_bytes)
        self._refused += refused
        if not kept:
            return
        revisions = (*before, *(Revision(one.id, one.body) for one in kept))
        if before:
            codes = {c.withdrawal_hash for one in revisions for c in one.body.consents}
            withdrawn = withdrawals.withdrawn_among(self._session, codes)
        state = state_of(revisions, self._forms, withdrawn)
        self._write(record_id, kept, row, held, revisions, state)

    def _write(  # noqa: PLR0913, PLR0917 - one record before and after
        self,
        record_id: RecordId,
        kept: Sequence[OpenRevision],
        row: Record | None,
        held: Sequence[RevisionRow],
        revisions: tuple[Revision, ...],
        state: RecordState,
    ) -> None:
        waiting = set(state.held)
        self._rows += [self._sealed.row(one, held=one.id in waiting) for one in kept]
        was_held = {r.revision_id for r in held if r.state == RevisionState.HELD.value}
        records.set_state(self._session, was_held - waiting, RevisionState.RESOLVED)
        form = self._forms.newest({one.body.form_hash for one in revisions})
        version = 1 if row is None else row.version + 1
        accepted = kept[0].entry.id if row is None else row.accepted
        found = {fingerprint(unit, c): unit for unit, c in state.conflicts.items()}
        new: set[bytes] = set()
        if row is not None or found:
            new = conflicts.keep(self._session, record_id, found, self._now)
        self._records.append(
            {
                "record_id": record_id,
                "form_id": form.codebook.form_id,
                "state": (Standing.DELETED if state.deleted else Standing.LIVE).value,
                "version": version,
                "accepted": accepted,
                "revisions": len(revisions),
                "held": len(waiting),
                "conflicts_open": len(found),
                "updated_at": self._now,
            }
        )
        self._respondents += respondent_rows(kept)
        self._tell(record_id, version, {r.author for r in held}, kept, conflict=bool(new))
        self._out.taken += [one.entry.id for one in kept]
        self._out.count("revisions", len(kept))
        self._out.count("conflicts", len(new))
        self._out.merged.append(Merged(record_id, version, accepted, form, state, revisions))

    def _tell(
        self,
        record_id: RecordId,
        version: int,
        authors: set[bytes],
        kept: Sequence[OpenRevision],
        *,
        conflict: bool,
    ) -> None:
        """Have the devices that know this record told of it (INTK-042)."""
        wrote = {bytes(one.entry.header.author) for one in kept}
        if not authors and len(wrote) == 1:
            return
        followers = records.followers_of(self._session, record_id)
        # The state first: it closes the questions the device knew, the conflict opens them anew.
        for device in sorted(followers):
            if wrote != {device}:
                outbox.add_mail(self._session, AuthorId(device), Kind.STATE, record_id, version)
        for device in sorted(followers | authors | wrote) if conflict else ():
            outbox.add_mail(self._session, AuthorId(device), Kind.CONFLICT, record_id, version)

    def _refuse_erased(
        self, record_id: RecordId, arrivals: Sequence[OpenRevision], row: Record | None
    ) -> None:
        """Note that something came for an erased record, and nothing of what it says."""
        random_bytes = self._mission.random_bytes
        self._rows += [revision_row(one, None, random_bytes) for one in arrivals]
        self._out.taken += [one.entry.id for one in arrivals]
        self._out.count("refused_erased", len(arrivals))
        if row is None or row.state != Standing.ERASED.value:
            self._records.append(erased_row(record_id, arrivals, row, self._now))

    # --- quarantine, audit ---------------------------------------------------------------------

    def _set_aside(self) -> None:
        deadline = self._now + timedelta(days=self._policy.intake.refused_shred_days)
        rows: list[dict[str, Any]] = []
        for one in self._refused:
            rows.append(quarantine_row(one, self._now, deadline))
            self._out.aside.append(one.entry.id)
            self._respondents += [
                {"withdrawal_hash": code, "record_id": one.record_id, "address": respondent}
                for code, respondent in one.codes
            ]
            self._out.count("quarantined")
        quarantine.set_aside(self._session, rows)
        records.add_respondents(self._session, [r for r in self._respondents if r["record_id"]])

    def _close(self, done: Iterable[int], opened: Sequence[Opened]) -> None:
        """Take entries that were replayed off the list."""
        finished = set(done)
        hashes = [one.entry.hash for one in opened if one.entry.id in finished]
        quarantine.close(self._session, hashes, QuarantineState.REPLAYED, self._now, INTAKE.name)

    def _audit(self) -> None:
        detail = {name: number for name, number in sorted(self._out.counts.items()) if number}
        answer = ask(
            self._session,
            self._mission,
            INTAKE,
            Action.INTAKE_ACCEPT,
            Resource("entry"),
            detail=detail,
        )
        if isinstance(answer, Deny):
            raise PolicyDenied(answer.reason)
