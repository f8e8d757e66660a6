"""Rows of the records store and its quarantine, made of what came in. Pure but for the wrapping."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from server.intake.held import wrap_body, wrap_identity
from server.intake.opening import OpenRevision, Refused
from server.intake.reasons import Reason
from server.queries.quarantine import DETAIL_MAX
from server.tables.quarantine import QuarantineSource, QuarantineState
from server.tables.records import Record, RevisionState
from server.tables.records import RecordState as Standing
from shared.clock import RandomBytes
from shared.ids import RecordId


def revision_row(one: OpenRevision, key: bytes | None, random_bytes: RandomBytes) -> dict[str, Any]:
    """Return a revision's row, wrapped under the record's key; without one, nothing it says."""
    header = one.entry.header
    body = identity = None
    state = RevisionState.ERASED
    if key is not None:
        state = RevisionState.RESOLVED
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


def erased_row(
    record_id: RecordId, arrivals: Sequence[OpenRevision], row: Record | None, now: datetime
) -> dict[str, Any]:
    """Return the row of an erased record for which something came."""
    return {
        "record_id": record_id,
        "form_id": arrivals[0].form.codebook.form_id,
        "state": Standing.ERASED.value,
        "version": 1 if row is None else row.version + 1,
        "accepted": arrivals[0].entry.id,
        "revisions": len(arrivals),
        "held": 0,
        "conflicts_open": 0,
        "updated_at": now,
    }


def quarantine_row(one: Refused, now: datetime, deadline: datetime) -> dict[str, Any]:
    """Return the row of what is set aside; without consent it is shredded at the deadline."""
    header, entry = one.entry.header, one.entry
    shred = deadline if one.reason is Reason.CONSENT_MISSING else None
    return {
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
        "detail": one.detail[:DETAIL_MAX],
        "state": QuarantineState.OPEN.value,
        "opened_at": now,
        "shred_after": shred,
        "closed_at": None,
        "closed_by": "",
    }


def fingerprint(unit: str, candidates: Sequence[Any]) -> bytes:
    """Name a conflict by what disagrees, so that the same question is one row for ever."""
    revisions = sorted({r for candidate in candidates for r in candidate.revisions})
    return sha256(unit.encode() + b"\0" + b"".join(revisions)).digest()[:16]


def resealed_row(one: OpenRevision) -> dict[str, Any]:
    """Return the row of a known revision that came in another envelope."""
    header = one.entry.header
    return {
        "entry_hash": one.entry.hash,
        "revision_id": one.id,
        "record_id": one.body.record_id,
        "author": header.author,
        "incarnation": header.incarnation,
        "sequence": header.sequence,
    }


def respondent_rows(kept: Sequence[OpenRevision]) -> list[dict[str, Any]]:
    """Return the rows by which a withdrawal code finds its record."""
    return [
        {
            "withdrawal_hash": consent.withdrawal_hash,
            "record_id": one.body.record_id,
            "address": consent.respondent,
        }
        for one in kept
        for consent in one.body.consents
    ]
