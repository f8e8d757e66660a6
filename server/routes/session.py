"""/v1/session: people log in and out. Failures slow a name down, and all look alike (GOV-046)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from server.deps import MissionDep, Permitted, bearer
from server.governance.actions import Action
from server.governance.decide import Actor
from server.governance.users import authenticate, close_session, open_session
from shared.errors import TokenInvalid

router = APIRouter(prefix="/v1/session", tags=["session"])


class Login(BaseModel):
    """A name and its password."""

    name: str = Field(max_length=120)
    password: str = Field(max_length=1024)


class Session(BaseModel):
    """A session's token and its end, UTC."""

    token: str
    expires_at: str
    roles: list[str]


@router.post("")
def log_in(
    login: Login,
    mission: MissionDep,
    _actor: Annotated[Actor, Depends(Permitted(Action.SESSION_OPEN))],
) -> Session:
    """Open a session.

    Raises:
        PassphraseWrong, Throttled: 401, 429.
    """
    actor = authenticate(mission, login.name, login.password)
    token, expires_at = open_session(mission, actor)
    return Session(token=token, expires_at=expires_at.isoformat(), roles=sorted(actor.roles))


@router.delete("")
def log_out(
    request: Request,
    mission: MissionDep,
    _actor: Annotated[Actor, Depends(Permitted(Action.SESSION_CLOSE))],
) -> dict[str, bool]:
    """End the session whose token is sent."""
    token = bearer(request)
    if token is None:
        raise TokenInvalid("no session token was sent")
    close_session(mission, token)
    return {"closed": True}
