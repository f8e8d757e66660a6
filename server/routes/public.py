"""/, /v1/health, /v1/ring, /v1/releases: what anyone may read. Signed, or nothing worth signing.

Releases come as the bytes that were signed (REL-020, REL-021); those for partners or the mission
itself need a session that policy allows. Raw counts have no route.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse

from server.deps import MissionDep, Permitted
from server.governance.actions import Action, Role
from server.governance.decide import Actor, Resource
from server.mission import Mission
from shared.canonical import encode
from shared.errors import NotFound

PUBLIC: Final = "public"
AUDIENCES: Final = (PUBLIC, "partner", "mission")
MEDIA_TYPE: Final = "application/cairn+cbor"
FRONT: Final = (
    "Cairn mission server.\n\nTablets and hubs hand over sealed records here. "
    "There are no pages: figures are read on the HQ site.\n"
)
_NAME: Final = re.compile(r"(public|partner|mission)-([0-9]{1,9})")
_SUFFIX: Final = ".release"

router = APIRouter(tags=["public"])


@router.get("/", response_class=PlainTextResponse)
def front(_actor: Annotated[Actor, Depends(Permitted(Action.HEALTH_READ))]) -> str:
    """Tell whoever opens the address in a browser what stands here, and nothing else."""
    return FRONT


@router.get("/v1/health")
def health(
    _actor: Annotated[Actor, Depends(Permitted(Action.HEALTH_READ))],
) -> dict[str, str]:
    """Say what this is (SYNC-033)."""
    return {"role": "mission", "version": "1"}


@router.get("/v1/ring")
def ring(
    mission: MissionDep, _actor: Annotated[Actor, Depends(Permitted(Action.RELEASE_LIST))]
) -> Response:
    """Return the key ring and the root's signature: what a reader checks releases by."""
    signed = mission.signed_ring()
    return Response(encode([signed.data, signed.signature]), media_type=MEDIA_TYPE)


@router.get("/v1/releases")
def releases(
    mission: MissionDep, actor: Annotated[Actor, Depends(Permitted(Action.RELEASE_LIST))]
) -> list[dict[str, Any]]:
    """List the releases the caller may read, by audience and number."""
    open_to = AUDIENCES if actor.roles - {Role.ANYONE} else (PUBLIC,)
    return [
        {"id": f"{audience}-{number:04d}", "audience": audience, "number": number, "bytes": size}
        for audience in open_to
        for number, size in _numbers(mission, audience)
    ]


@router.get("/v1/releases/{release_id}")
def release(
    release_id: str,
    mission: MissionDep,
    actor: Annotated[Actor, Depends(Permitted(Action.RELEASE_READ))],
) -> Response:
    """Return one release as it was signed.

    Raises:
        NotFound: there is none, or it is not for the caller; the two look alike.
    """
    match = _NAME.fullmatch(release_id)
    if match is None:
        raise NotFound("there is no such release")
    audience, number = match[1], int(match[2])
    if audience != PUBLIC:
        if not actor.roles - {Role.ANYONE}:
            raise NotFound("there is no such release")
        mission.permit(actor, Action.RELEASE_READ_CLOSED, Resource("release", release_id))
    path = _folder(mission, audience) / f"{number:04d}{_SUFFIX}"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFound("there is no such release") from None
    return Response(data, media_type=MEDIA_TYPE)


def _folder(mission: Mission, audience: str) -> Path:
    return mission.settings.releases_folder / audience


def _numbers(mission: Mission, audience: str) -> list[tuple[int, int]]:
    """Return the numbers and sizes of an audience's releases, oldest first."""
    folder = _folder(mission, audience)
    found = folder.glob(f"*{_SUFFIX}") if folder.is_dir() else ()
    return sorted((int(path.stem), path.stat().st_size) for path in found if path.stem.isdigit())
