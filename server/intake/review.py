"""What people do about quarantine: look, replay, release, discard. Rules INTK-020 to INTK-024."""

from dataclasses import dataclass
from typing import Any, Final

from server.db import reading, writing
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.intake.pipeline import Intake
from server.intake.reasons import RELEASABLE, Reason, remedy
from server.intake.shelf import list_shelved, retry_shelved
from server.intake.withdrawing import shred_quarantined
from server.mission import Mission
from server.queries import attachments, devices, outbox, quarantine, work
from server.tables.quarantine import Quarantined, QuarantineSource, QuarantineState
from shared.canonical import encode
from shared.errors import UsageError
from shared.sealing.envelope import Kind

ALL: Final = "all"
ADMITTED: Final = 4
"""Attestation item: a forked or late branch is admitted through an entry (SYNC-074)."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did."""

    tried: int
    taken_in: int
    still_aside: int


def list_quarantine(
    mission: Mission, actor: Actor, *, everything: bool = False, reason: str | None = None
) -> list[dict[str, Any]]:
    """Return what stands aside, with reason and remedy.

    Raises:
        PolicyDenied: the actor may not look.
    """
    mission.permit(actor, Action.QUARANTINE_LIST, Resource("quarantine"))
    list_shelved(mission)
    with reading(mission.stores.inbox) as session:
        names = {device.author: device.label for device in devices.all_devices(session)}
    with reading(mission.stores.records) as session:
        state = None if everything else QuarantineState.OPEN
        rows = quarantine.listed(session, state=state, reason=reason)
        return [_shown(row, names.get(row.author, "")) for row in rows]


def replay(mission: Mission, actor: Actor, which: str = ALL) -> Replayed:
    """Try what stands aside once more: `all`, a reason, or the first digits of an id.

    Raises:
        PolicyDenied: the actor may not.
        UsageError: nothing by that name.
    """
    mission.permit(actor, Action.QUARANTINE_REPLAY, Resource("quarantine", which))
    list_shelved(mission)
    rows = _chosen(mission, which)
    entries = [row.entry_id for row in rows if row.entry_id is not None]
    shelved = [row.digest for row in rows if row.source == QuarantineSource.SHELF.value]
    with writing(mission.stores.inbox) as session:
        work.retry(session, entries)
    with writing(mission.stores.records) as session:
        attachments.retry(session, quarantine.digests(rows))
    retry_shelved(mission, shelved, actor.name)
    _drain(mission)
    return Replayed(len(rows), *_settled(mission, rows))


def release(mission: Mission, actor: Actor, which: str, why: str) -> Replayed:
    """Accept entries as they are, by a coordinator's decision.

    Raises:
        PolicyDenied: the actor may not.
        UsageError: nothing by that name, no reason given, or one that nobody may release.
    """
    if not why.strip():
        raise UsageError("say why it is released; it is written down (--why)")
    rows = _chosen(mission, which)
    for row in rows:
        if row.reason not in RELEASABLE:
            raise UsageError(
                f"{row.digest.hex()[:12]} is aside for {row.reason}, which nobody may release: "
                f"{remedy(row.reason)}"
            )
    for row in rows:
        mission.permit(actor, Action.QUARANTINE_RELEASE, Resource("entry", row.digest.hex()))
    now = mission.clock.now()
    entries = [row.entry_id for row in rows if row.entry_id is not None]
    with writing(mission.stores.records) as session:
        quarantine.close(
            session, quarantine.digests(rows), QuarantineState.RELEASED, now, actor.name
        )
        quarantine.note(session, quarantine.digests(rows), why.strip())
        for row in rows:
            if row.reason in {Reason.FORK, Reason.REVOKED_DEVICE}:
                item = [ADMITTED, row.author, row.incarnation, row.sequence, row.digest]
                outbox.add_broadcast(session, Kind.ATTESTATION, encode([1, [item]]))
    with writing(mission.stores.inbox) as session:
        work.retry(session, entries)
    _drain(mission)
    return Replayed(len(rows), *_settled(mission, rows))


def discard(mission: Mission, actor: Actor, which: str) -> int:
    """Shred what was refused for want of consent, without waiting for the deadline.

    Raises:
        PolicyDenied: the actor may not.
        UsageError: nothing by that name, or aside for another reason: nothing else is thrown away.
    """
    rows = _chosen(mission, which)
    for row in rows:
        if row.reason != Reason.CONSENT_MISSING:
            raise UsageError(
                f"{row.digest.hex()[:12]} is aside for {row.reason}; only what has no consent is "
                "ever thrown away"
            )
    mission.permit(actor, Action.QUARANTINE_RELEASE, Resource("quarantine", which))
    return shred_quarantined(mission, quarantine.digests(rows), actor.name)


def _settled(mission: Mission, rows: list[Quarantined]) -> tuple[int, int]:
    """Return how many of these were taken in, and how many stand aside again."""
    with reading(mission.stores.records) as session:
        found = [quarantine.find(session, row.digest) for row in rows]
        still = sum(1 for r in found if r is not None and r.state == QuarantineState.OPEN.value)
    return len(rows) - still, still


def _chosen(mission: Mission, which: str) -> list[Quarantined]:
    """Return the open rows a person means."""
    with reading(mission.stores.records) as session:
        if which == ALL:
            rows = quarantine.listed(session)
        elif which in set(Reason):
            rows = quarantine.listed(session, reason=which)
        else:
            rows = [
                row
                for row in quarantine.by_prefix(session, _digits(which))
                if row.digest.hex().startswith(which) and row.state == QuarantineState.OPEN.value
            ]
            if not rows:
                raise UsageError(f"nothing in quarantine begins with {which}")
        for row in rows:
            session.expunge(row)
    return rows


def _digits(which: str) -> bytes:
    try:
        return bytes.fromhex(which[: len(which) // 2 * 2])
    except ValueError:
        raise UsageError(
            f"{which!r} is no id; give `{ALL}`, a reason, or the first digits of an id"
        ) from None


def _drain(mission: Mission) -> None:
    intake = Intake(mission)
    try:
        intake.drain()
    finally:
        intake.close()


def _shown(row: Quarantined, device: str) -> dict[str, Any]:
    return {
        "id": row.digest.hex()[:16],
        "reason": row.reason,
        "detail": row.detail,
        "remedy": remedy(row.reason),
        "state": row.state,
        "device": device or row.author.hex(),
        "sequence": row.sequence,
        "revisions": row.entries,
        "since": row.opened_at.isoformat(timespec="seconds"),
        "shred_after": row.shred_after.isoformat(timespec="seconds") if row.shred_after else None,
        "closed_by": row.closed_by,
    }
