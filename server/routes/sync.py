"""/v1/enrol and /v1/sync: devices and hubs. Rules SYNC-030 to SYNC-033, SEAL-086.

Bodies are CBOR and signed; who sends is proved by a signature over a challenge, not by a session.
An answer leaves after the commit it speaks of (SYNC-024).
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from server.deps import Permitted, StateDep, read_body
from server.governance.actions import Action
from server.governance.decide import Actor
from server.governance.enrolment import enrol
from shared.errors import EncodingInvalid
from shared.ids import AUTHOR_ID_BYTES, AuthorId
from shared.sealing.keys import SIGNATURE_BYTES
from shared.shapes import octets
from sync.core.challenges import CHALLENGE_BYTES
from sync.core.messages import MESSAGE_BYTES_MAX

MEDIA_TYPE: Final = "application/cairn+cbor"
SMALL_BODY_BYTES_MAX: Final = 64 << 10

router = APIRouter(tags=["sync"])


@router.post("/v1/enrol")
async def post_enrol(
    request: Request,
    state: StateDep,
    _actor: Annotated[Actor, Depends(Permitted(Action.DEVICE_ENROL))],
) -> Response:
    """Enrol whoever holds an invitation's token."""
    body = await read_body(request, SMALL_BODY_BYTES_MAX)
    data = await run_in_threadpool(enrol, state.mission, body)
    return Response(data, media_type=MEDIA_TYPE)


@router.post("/v1/sync/challenge")
async def post_challenge(
    request: Request,
    state: StateDep,
    _actor: Annotated[Actor, Depends(Permitted(Action.SYNC_CHALLENGE))],
) -> Response:
    """Give a sender a challenge to sign, and tell whether its key is known here."""
    body = await read_body(request, SMALL_BODY_BYTES_MAX)
    data = await run_in_threadpool(state.exchange.challenge, body)
    return Response(data, media_type=MEDIA_TYPE)


@router.post("/v1/sync/exchange")
async def post_exchange(
    request: Request,
    state: StateDep,
    _actor: Annotated[Actor, Depends(Permitted(Action.SYNC_CHALLENGE))],
) -> Response:
    """Take a signed message in and answer it; policy is asked once the sender is proved."""
    author = AuthorId(_header(request, "Cairn-Author", AUTHOR_ID_BYTES))
    challenge = _header(request, "Cairn-Challenge", CHALLENGE_BYTES)
    signature = _header(request, "Cairn-Signature", SIGNATURE_BYTES)
    body = await read_body(request, MESSAGE_BYTES_MAX)
    data, following = await run_in_threadpool(
        state.exchange.exchange, author, challenge, signature, body
    )
    return Response(data, media_type=MEDIA_TYPE, headers={"Cairn-Challenge": following.hex()})


def _header(request: Request, name: str, size_bytes: int) -> bytes:
    try:
        data = bytes.fromhex(request.headers.get(name, ""))
    except ValueError:
        raise EncodingInvalid(f"the header {name} is not hexadecimal") from None
    return octets(data, f"the header {name}", size_bytes)
