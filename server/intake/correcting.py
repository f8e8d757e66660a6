"""Resolutions and corrections made at the server: revisions like any other. INTK-040, INTK-041.

The server writes them into a log of its own, of audience `mission`: sealed under an epoch to the
intake and custodian keys, chained and signed as a tablet's are, and taken in by the same intake.
So they are merged by the same function, travel in backups, and are never asked twice (SYNC-066).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.intake.analytics import load_merged
from server.intake.forms import FormShelf
from server.intake.inbox import InboxStore
from server.intake.pipeline import Intake
from server.intake.taken import Merged
from server.mission import Mission
from server.queries import conflicts
from server.tables.records import Record, RecordState
from shared.errors import LocalProtocolError, NotFound, UsageError
from shared.ids import AuthorId, DeploymentId, RecordId, RevisionId
from shared.records.address import form_path, is_instance
from shared.records.codec import encode_body
from shared.records.revision import DELETED, Deletion, RevisionBody, Value
from shared.records.values import text_from_value, value_from_text
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import AUDIENCE_MISSION, author_id
from shared.sealing.log_writer import append_sealed, begin_epoch
from sync.core.settle import Candidate


@dataclass(frozen=True, slots=True)
class Choice:
    """What a coordinator decided about one unit in conflict.

    Attributes:
        candidate: number of the candidate to keep, as shown.
        values: address -> text to write instead; empty where a candidate is kept.
    """

    unit: str
    candidate: int | None = None
    values: Mapping[str, str] | None = None


def own_author(mission: Mission) -> AuthorId:
    """Return the author under which the server itself writes revisions."""
    return author_id(mission.keychain.log.public_bytes, AUDIENCE_MISSION)


def list_conflicts(mission: Mission, actor: Actor) -> list[dict[str, Any]]:
    """Return the queue: record, form and unit, no answer.

    Raises:
        PolicyDenied: the actor may not look.
    """
    mission.permit(actor, Action.CONFLICT_LIST, Resource("conflict"))
    with reading(mission.stores.records) as session:
        return [
            {
                "record": conflict.record_id.hex(),
                "form": form_id,
                "unit": conflict.address,
                "since": conflict.opened_at.isoformat(timespec="seconds"),
            }
            for conflict, form_id in conflicts.open_conflicts(session)
        ]


def show_conflicts(
    mission: Mission, actor: Actor, record: str, purpose: str
) -> list[dict[str, Any]]:
    """Return a record's open conflicts with their candidates, the provisional one first.

    Raises:
        PolicyDenied: the actor may not read this record for this purpose.
        NotFound: no such record.
    """
    merged = load_record(mission, FormShelf(mission), record)
    permit_record(mission, actor, Action.CONFLICT_READ, merged, purpose)
    return [
        {
            "unit": unit,
            "candidates": [
                {
                    "candidate": number,
                    "values": {a: _text(v) for a, v in one.values.items()},
                    "direct_fields": sorted(one.tags),
                    "deleted": one.deleted,
                    "revisions": [r.hex() for r in one.revisions],
                    "by": sorted({_enumerator(merged, r) for r in one.revisions}),
                }
                for number, one in enumerate(candidates)
            ],
        }
        for unit, candidates in merged.state.conflicts.items()
    ]


def resolve_conflict(  # noqa: PLR0913, PLR0917 - who, which, what, what for, why
    mission: Mission, actor: Actor, record: str, choice: Choice, purpose: str, why: str
) -> RevisionId:
    """Settle one conflict and return the resolution's id.

    Raises:
        PolicyDenied: the actor may not.
        NotFound: no such record.
        UsageError: no such open conflict or candidate, or no reason given.
    """
    forms = FormShelf(mission)
    merged = load_record(mission, forms, record)
    permit_record(mission, actor, Action.CONFLICT_RESOLVE, merged, purpose)
    candidates = merged.state.conflicts.get(choice.unit)
    if candidates is None:
        raise UsageError(
            f"{choice.unit} is not in conflict (any more); see `cairn server conflicts list`"
        )
    patch: dict[str, Value | Deletion]
    tags: Mapping[str, bytes] = {}
    if choice.values:
        patch = _typed(merged, choice.values)
    else:
        number = choice.candidate
        if number is None or not 0 <= number < len(candidates):
            raise UsageError(f"choose a candidate from 0 to {len(candidates) - 1}")
        patch, tags = _kept(merged, choice.unit, candidates[number])
    return _append(mission, merged, actor, patch, tags, (choice.unit,), why)


def correct(  # noqa: PLR0913, PLR0917 - who, which, what, what for, why
    mission: Mission,
    actor: Actor,
    record: str,
    values: Mapping[str, str],
    purpose: str,
    why: str,
) -> RevisionId:
    """Change answers of a record and return the correction's id.

    Raises:
        PolicyDenied: the actor may not.
        NotFound: no such record.
        UsageError: no such field, a direct identifier, or no reason given.
    """
    merged = load_record(mission, FormShelf(mission), record)
    permit_record(mission, actor, Action.CONFLICT_RESOLVE, merged, purpose)
    return _append(mission, merged, actor, _typed(merged, values), {}, (), why)


def load_record(mission: Mission, forms: FormShelf, record: str) -> Merged:
    """Return a record by its id as it stands.

    Raises:
        UsageError: not an id.
        NotFound: no such record, or nothing of it can be read.
    """
    try:
        record_id = bytes.fromhex(record)
    except ValueError:
        raise UsageError(f"{record!r} is no record id; give its 32 digits") from None
    with reading(mission.stores.records) as session:
        row = session.get(Record, record_id)
        known = [] if row is None or row.state == RecordState.ERASED.value else [row]
        found = load_merged(mission, session, forms, known)
    if not found or not found[0].state.heads:
        raise NotFound("there is no such record")
    return found[0]


def permit_record(
    mission: Mission, actor: Actor, action: Action, merged: Merged, purpose: str
) -> None:
    """Ask policy for this record and the purposes its respondents agreed to.

    Raises:
        PolicyDenied: no.
    """
    granted: frozenset[str] | None = None
    if merged.state.consents:
        granted = frozenset[str]().union(*(c.granted() for c in merged.state.consents.values()))
    resource = Resource("record", merged.record_id.hex(), merged.form.codebook.form_id, granted)
    mission.permit(actor, action, resource, purpose)


def _typed(merged: Merged, values: Mapping[str, str]) -> dict[str, Value | Deletion]:
    """Read texts as the form's fields have them."""
    fields = merged.form.codebook.field_map()
    typed: dict[str, Value | Deletion] = {}
    for address, text in values.items():
        field = fields.get(form_path(address))
        if field is None or is_instance(address):
            raise UsageError(f"form {merged.form.codebook.form_id} has no field {address}")
        if field.path in merged.form.absent:
            raise UsageError(
                f"{address} is a direct identifier; only the device or the custodian writes it"
            )
        typed[address] = value_from_text(field, text)
    return typed


def _kept(
    merged: Merged, unit: str, candidate: Candidate
) -> tuple[dict[str, Value | Deletion], Mapping[str, bytes]]:
    """Return what writes a candidate again."""
    if candidate.deleted:
        return {unit: DELETED}, {}
    if unit == "/":
        # The record stays: naming it in `resolves` is all there is to say.
        return {}, {}
    if not candidate.values and not candidate.tags and unit in merged.state.values:
        return {unit: merged.state.values[unit]}, {}
    return dict(candidate.values), candidate.tags


def _append(  # noqa: PLR0913, PLR0917 - one revision
    mission: Mission,
    merged: Merged,
    actor: Actor,
    patch: Mapping[str, Value | Deletion],
    tags: Mapping[str, bytes],
    resolves: tuple[str, ...],
    why: str,
) -> RevisionId:
    """Seal a revision over all heads into the server's own log, and take it in."""
    if not why.strip():
        raise UsageError("say why; it stays with the record (--why)")
    codebook = merged.form.codebook
    first = merged.revisions[0].body
    body = RevisionBody(
        record_id=RecordId(merged.record_id),
        parents=merged.state.heads,
        form_id=codebook.form_id,
        form_hash=codebook.form_hash,
        at_ms=mission.now_ms(),
        offset_min=0,
        enumerator=actor.name,
        patch=patch,
        round_id=first.round_id,
        location=first.location,
        tags=tags,
        resolves=resolves,
        reason=why.strip(),
    )
    plaintext = encode_body(body, codebook)
    kind = Kind.RESOLUTION if resolves else Kind.REVISION
    _write_own(mission, kind, {Compartment.BODY: plaintext})
    intake = Intake(mission)
    try:
        intake.drain()
    finally:
        intake.close()
    after = load_record(mission, intake.forms, merged.record_id.hex())
    new = [one.id for one in after.revisions if one.body == body]
    if not new:
        raise UsageError(
            "it breaks the form's rules and stands aside; see `cairn server quarantine list`"
        )
    return new[0]


def _write_own(mission: Mission, kind: Kind, plaintexts: Mapping[Compartment, bytes]) -> None:
    """Append one sealed entry, with an epoch of its own, in one transaction."""
    project = mission.project()
    author, key = own_author(mission), mission.keychain.log
    store = InboxStore(mission.stores.inbox, mission.clock)
    ring, day = mission.ring(), mission.today
    with store.transaction():
        tip = store.own_tip(DeploymentId(project.deployment), author, project.incarnation)
        begun, epoch = begin_epoch(key, tip, ring, day, mission.random_bytes)
        store.append_own(begun)
        store.append_own(
            append_sealed(
                key,
                begun.tip,
                kind,
                plaintexts,
                epoch=epoch,
                day=day,
                random_bytes=mission.random_bytes,
            )
        )


def _enumerator(merged: Merged, revision: RevisionId) -> str:
    for one in merged.revisions:
        if one.id == revision:
            return one.body.enumerator
    raise LocalProtocolError("a candidate names a revision that is not in its record")


def _text(value: Value) -> str | None:
    return None if value is None else text_from_value(value)
