"""Take opened entries in: one transaction on the records store. Rules INTK-001 to INTK-005.

Everything is keyed by what came in (entry hash, revision id, code hash), so a batch that was taken
in and not yet finished in the inbox is taken in again without a trace. Merging is `resolve`; what
is written is where each record then stands.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlmodel import Session

from server.governance.actions import Action, Role
from server.governance.decide import Actor, Deny, Resource
from server.governance.policy import Policy
from server.intake.admission import check_answers, refuse
from server.intake.forms import FormAtHand, FormShelf
from server.intake.held import merge_of, read_revision, wrap_body, wrap_identity
from server.intake.opening import (
    Carried,
    Opened,
    OpenRevision,
    OpenStatus,
    OpenTally,
    OpenWithdrawal,
    Refused,
)
from server.intake.reasons import Reason
from server.mission import Mission, ask
from server.queries import conflicts, outbox, quarantine, records, withdrawals
from server.tables.quarantine import QuarantineSource, QuarantineState
from server.tables.records import DeviceStatus, Record, RevisionState
from server.tables.records import RecordState as Standing
from server.tables.records import Revision as RevisionRow
from shared.errors import PolicyDenied
from shared.ids import AuthorId, RecordId, RevisionId
from shared.sealing.envelope import Kind
from shared.sealing.withdrawal import code_hash
from sync.core.merge import Attestations, RecordState, Revision, resolve

INTAKE: Final = Actor("intake", frozenset({Role.ADMINISTRATOR}))
"""The program itself: it takes in, and answers nobody."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A record as it stands after this batch: what its analytic rows are made of."""

    record_id: RecordId
    version: int
    accepted: int
    form: FormAtHand
    state: RecordState
    revisions: tuple[Revision, ...]


@dataclass
class Taken:
    """What became of a batch, by inbox row number."""

    taken: list[int] = field(default_factory=list)
    keep: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count of the audit line."""
        self.counts[name] = self.counts.get(name, 0) + number


class Taking:
    """One batch on its way into the records store, in the caller's transaction."""

    def __init__(
        self,
        mission: Mission,
        session: Session,
        forms: FormShelf,
        policy: Policy,
        keys: Mapping[bytes, bytes | None],
    ) -> None:
        self._mission = mission
        self._session = session
        self._forms = forms
        self._policy = policy
        self._keys = keys
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
        self._small(opened)
        self._refused += [one for one in opened if isinstance(one, Refused)]
        self._revisions([one for one in opened if isinstance(one, OpenRevision)])
        records.add_records(self._session, self._records)
        records.add_revisions(self._session, self._rows)
        records.add_respondents(self._session, self._respondents)
        records.mark_due(
            self._session, [(row["record_id"], row["version"]) for row in self._records]
        )
        self._set_aside()
        self._close([*self._out.taken, *self._out.keep], opened)
        self._audit()
        return self._out

    # --- what is no revision -------------------------------------------------------------------

    def _small(self, opened: Sequence[Opened]) -> None:
        tallies: list[dict[str, Any]] = []
        codes: list[bytes] = []
        statuses: list[DeviceStatus] = []
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
                    self._out.keep.append(entry.id)
                    continue
                case _:
                    continue
            self._out.taken.append(one.entry.id)
        records.add_tallies(self._session, tallies)
        records.add_statuses(self._session, statuses)
        withdrawals.hand_in(self._session, codes, self._now)
        self._out.count("tallies", len(tallies))
        self._out.count("withdrawals", len(codes))

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
                again.append(_resealed(one))
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
        key = self._keys[record_id]
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
        kept = self._judged(before, fitting)
        if not kept:
            return
        revisions = (*before, *(Revision(one.id, one.body) for one in kept))
        if before:
            codes = {c.withdrawal_hash for one in revisions for c in one.body.consents}
            withdrawn = withdrawals.withdrawn_among(self._session, codes)
        state = merge_of(revisions, self._forms).state(Attestations(withdrawn=withdrawn))
        self._write(record_id, key, kept, row, held, revisions, state)

    def _judged(
        self, before: Sequence[Revision], arrivals: Sequence[OpenRevision]
    ) -> list[OpenRevision]:
        """Return the arrivals that may stay, each judged with what its author knew.

        One whose parents are missing is held unjudged: what it changes cannot be seen yet.
        """
        applied = _applied(before)
        known = {one.id: one for one in before}
        kept: list[OpenRevision] = []
        pending = list(arrivals)
        while ready := [one for one in pending if applied.issuperset(one.body.parents)]:
            for one in ready:
                pending.remove(one)
                if one.body.parents and (found := self._judge(one, known)) is not None:
                    self._refused.append(found)
                    continue
                known[one.id] = Revision(one.id, one.body)
                applied.add(one.id)
                kept.append(one)
            applied |= _applied(list(known.values()))
        return kept + pending

    def _judge(self, one: OpenRevision, known: Mapping[RevisionId, Revision]) -> Refused | None:
        """Judge a correction or resolution by the whole answers as its author saw them."""
        history = _history(one.body.parents, known)
        seen = resolve([*history, Revision(one.id, one.body)], one.form.rules)
        if seen.deleted:
            return None
        consents = tuple(seen.consents.values())
        whole = replace(one.body, patch=seen.values, consents=consents)
        found = check_answers(one, whole, self._mission.random_bytes)
        released = quarantine.released(self._session, [one.entry.hash]) if found else ()
        return None if one.entry.hash in released else found

    def _write(  # noqa: PLR0913, PLR0917 - one record before and after
        self,
        record_id: RecordId,
        key: bytes,
        kept: Sequence[OpenRevision],
        row: Record | None,
        held: Sequence[RevisionRow],
        revisions: tuple[Revision, ...],
        state: RecordState,
    ) -> None:
        waiting = set(state.held)
        self._rows += [self._revision_row(one, key, held=one.id in waiting) for one in kept]
        was_held = {r.revision_id for r in held if r.state == RevisionState.HELD.value}
        records.set_state(self._session, was_held - waiting, RevisionState.RESOLVED)
        form = self._forms.newest({one.body.form_hash for one in revisions})
        version = 1 if row is None else row.version + 1
        accepted = kept[0].entry.id if row is None else row.accepted
        found = {_fingerprint(unit, c): unit for unit, c in state.conflicts.items()}
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
        self._respondents += _respondent_rows(kept)
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

    def _revision_row(
        self, one: OpenRevision, key: bytes | None, *, held: bool = False
    ) -> dict[str, Any]:
        header, random_bytes = one.entry.header, self._mission.random_bytes
        body = identity = None
        state = RevisionState.ERASED
        if key is not None:
            state = RevisionState.HELD if held else RevisionState.RESOLVED
            body = wrap_body(key, one.id, one.plaintext, random_bytes)
            if one.identity is not None:
                identity = wrap_identity(key, one.id, one.identity, random_bytes)
        return {
            "revision_id": one.id,
            "record_id": one.body.record_id,
            "form_hash": one.body.form_hash,
            "state": state.value,
            "author": header.author,
            "incarnation": header.incarnation,
            "sequence": header.sequence,
            "entry_id": one.entry.id,
            "entry_hash": one.entry.hash,
            "body": body,
            "identity": identity,
        }

    def _refuse_erased(
        self, record_id: RecordId, arrivals: Sequence[OpenRevision], row: Record | None
    ) -> None:
        """Note that something came for an erased record, and nothing of what it says."""
        self._rows += [self._revision_row(one, None) for one in arrivals]
        self._out.taken += [one.entry.id for one in arrivals]
        self._out.count("refused_erased", len(arrivals))
        if row is None or row.state != Standing.ERASED.value:
            self._records.append(
                {
                    "record_id": record_id,
                    "form_id": arrivals[0].form.codebook.form_id,
                    "state": Standing.ERASED.value,
                    "version": 1 if row is None else row.version + 1,
                    "accepted": arrivals[0].entry.id,
                    "revisions": len(arrivals),
                    "held": 0,
                    "conflicts_open": 0,
                    "updated_at": self._now,
                }
            )

    # --- quarantine, audit ---------------------------------------------------------------------

    def _set_aside(self) -> None:
        deadline = self._now + timedelta(days=self._policy.intake.refused_shred_days)
        rows: list[dict[str, Any]] = []
        for one in self._refused:
            header, entry = one.entry.header, one.entry
            shred = deadline if one.reason is Reason.CONSENT_MISSING else None
            rows.append(
                {
                    "digest": entry.hash,
                    "source": QuarantineSource.ENTRY.value,
                    "author": header.author,
                    "incarnation": header.incarnation,
                    "sequence": header.sequence,
                    "kind": header.kind,
                    "entry_id": entry.id,
                    "record_id": one.record_id,
                    "entries": 1,
                    "reason": one.reason.value,
                    "detail": one.detail[: quarantine.DETAIL_MAX],
                    "state": QuarantineState.OPEN.value,
                    "opened_at": self._now,
                    "shred_after": shred,
                    "closed_at": None,
                    "closed_by": "",
                }
            )
            self._out.aside.append(entry.id)
            self._respondents += [
                {"withdrawal_hash": code, "record_id": one.record_id, "address": ""}
                for code in one.codes
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


def _applied(revisions: Sequence[Revision]) -> set[RevisionId]:
    """Return the revisions whose whole history is here."""
    applied: set[RevisionId] = set()
    pending = list(revisions)
    while ready := [one for one in pending if applied.issuperset(one.body.parents)]:
        applied.update(one.id for one in ready)
        pending = [one for one in pending if one.id not in applied]
    return applied


def _history(heads: Iterable[RevisionId], known: Mapping[RevisionId, Revision]) -> list[Revision]:
    """Return everything that whoever knew these heads knew."""
    found: dict[RevisionId, Revision] = {}
    pending = list(heads)
    while pending:
        one = known[pending.pop()]
        if one.id not in found:
            found[one.id] = one
            pending += one.body.parents
    return list(found.values())


def _fingerprint(unit: str, candidates: Sequence[Any]) -> bytes:
    """Name a conflict by what disagrees, so that the same question is one row for ever."""
    revisions = sorted({r for candidate in candidates for r in candidate.revisions})
    return sha256(unit.encode() + b"\0" + b"".join(revisions)).digest()[:16]


def _resealed(one: OpenRevision) -> dict[str, Any]:
    header = one.entry.header
    return {
        "entry_hash": one.entry.hash,
        "revision_id": one.id,
        "record_id": one.body.record_id,
        "author": header.author,
        "incarnation": header.incarnation,
        "sequence": header.sequence,
    }


def _respondent_rows(kept: Sequence[OpenRevision]) -> list[dict[str, Any]]:
    return [
        {
            "withdrawal_hash": consent.withdrawal_hash,
            "record_id": one.body.record_id,
            "address": consent.respondent,
        }
        for one in kept
        for consent in one.body.consents
    ]
