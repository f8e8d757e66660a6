"""/v1/devices, /v1/quarantine, /v1/conflicts, /v1/status: what a coordinator works with.

Each answer holds ids, reasons and counts. Answers of respondents come from conflicts alone, to whom
policy lets read that record for a purpose.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from server.deps import MissionDep, Permitted
from server.governance.actions import Action
from server.governance.decide import Actor
from server.governance.enrolment import HOURS_DEFAULT, invite, list_devices, revoke
from server.intake.correcting import Choice, list_conflicts, resolve_conflict, show_conflicts
from server.intake.hubs import withheld_by_hubs
from server.intake.review import list_quarantine, release, replay
from server.queries.counts import intake_counts
from server.tables.project import DeviceKind

router = APIRouter(prefix="/v1", tags=["field"])


class Invitation(BaseModel):
    """Whom to invite."""

    label: str = Field(max_length=120)
    kind: DeviceKind = DeviceKind.DEVICE
    hours: int = Field(default=HOURS_DEFAULT, ge=1, le=24 * 30)


class Revocation(BaseModel):
    """Why a device is revoked, and whether it is lost."""

    reason: str = Field(max_length=400)
    lost: bool = False


class Release(BaseModel):
    """Why something is let in as it is."""

    why: str = Field(max_length=1000)


class Resolution(BaseModel):
    """A coordinator's decision about one unit in conflict."""

    unit: str = Field(max_length=1000)
    purpose: str = Field(max_length=64)
    why: str = Field(max_length=1000)
    candidate: int | None = None
    values: dict[str, str] | None = None


@router.get("/devices")
def get_devices(
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.DEVICE_LIST, decided_inside=True))],
) -> list[dict[str, Any]]:
    """List devices and hubs."""
    return list_devices(mission, actor)


@router.post("/devices")
def post_device(
    wanted: Invitation,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.DEVICE_INVITE, decided_inside=True))],
) -> dict[str, Any]:
    """Make an enrolment code."""
    made = invite(mission, wanted.label, wanted.kind, hours=wanted.hours, actor=actor)
    return {"code": made.code.text(), "label": made.label, "expires_ms": made.code.expires_ms}


@router.post("/devices/{author}/revoke")
def post_revoke(
    author: str,
    wanted: Revocation,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.DEVICE_REVOKE, decided_inside=True))],
) -> dict[str, Any]:
    """Revoke a device, named by its author's first digits or its label."""
    accepted = revoke(mission, author, wanted.reason, lost=wanted.lost, actor=actor)
    return {"accepted_through": {str(name): number for name, number in accepted.items()}}


@router.get("/quarantine")
def get_quarantine(
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.QUARANTINE_LIST, decided_inside=True))],
    reason: str | None = None,
) -> list[dict[str, Any]]:
    """List what stands aside, with reason and remedy."""
    return list_quarantine(mission, actor, reason=reason)


@router.post("/quarantine/{which}/replay")
def post_replay(
    which: str,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.QUARANTINE_REPLAY, decided_inside=True))],
) -> dict[str, int]:
    """Try what stands aside again: `all`, a reason, or the first digits of an id."""
    done = replay(mission, actor, which)
    return {"tried": done.tried, "taken_in": done.taken_in, "still_aside": done.still_aside}


@router.post("/quarantine/{which}/release")
def post_release(
    which: str,
    wanted: Release,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.QUARANTINE_RELEASE))],
) -> dict[str, int]:
    """Let something in as it is, by a person's decision."""
    done = release(mission, actor, which, wanted.why)
    return {"tried": done.tried, "taken_in": done.taken_in, "still_aside": done.still_aside}


@router.get("/conflicts")
def get_conflicts(
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.CONFLICT_LIST, decided_inside=True))],
) -> list[dict[str, Any]]:
    """List open conflicts, without any answer."""
    return list_conflicts(mission, actor)


@router.get("/conflicts/{record}")
def get_conflict(
    record: str,
    purpose: str,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.CONFLICT_READ, decided_inside=True))],
) -> list[dict[str, Any]]:
    """Show a record's conflicts with their candidates, for a purpose."""
    return show_conflicts(mission, actor, record, purpose)


@router.post("/conflicts/{record}/resolve")
def post_resolution(
    record: str,
    wanted: Resolution,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.CONFLICT_RESOLVE, decided_inside=True))],
) -> dict[str, str]:
    """Settle one conflict."""
    choice = Choice(wanted.unit, wanted.candidate, wanted.values)
    made = resolve_conflict(mission, actor, record, choice, wanted.purpose, wanted.why)
    return {"resolution": made.hex()}


@router.get("/status")
def get_status(
    mission: MissionDep, _actor: Annotated[Actor, Depends(Permitted(Action.STATUS_READ))]
) -> dict[str, Any]:
    """Return the counts of intake, and the hubs that kept what they signed for."""
    return {**intake_counts(mission), "withheld_by_hubs": withheld_by_hubs(mission)}
