"""What every route gets: the mission, who asks, and policy's yes.

A route names its action with `Permitted`; without one it does not get in, and a test walks all
routes to see. Bodies are read with a bound before they are held.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from server.governance.actions import Action, Role
from server.governance.decide import Actor, Resource
from server.governance.users import session_actor
from server.intake.exchange import MissionExchange
from server.mission import Mission
from shared.errors import LimitExceeded, TokenInvalid

ANYONE: Final = Actor("anyone", frozenset({Role.ANYONE}))
_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class AppState:
    """What one application serves from."""

    mission: Mission
    exchange: MissionExchange


def get_state(request: Request) -> AppState:
    """Return the application's state."""
    state: AppState = request.app.state.cairn
    return state


def get_mission(state: Annotated[AppState, Depends(get_state)]) -> Mission:
    """Return the mission."""
    return state.mission


def bearer(request: Request) -> str | None:
    """Return the session token a request carries, or None."""
    header = request.headers.get("authorization", "")
    return header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else None


def get_actor(request: Request, mission: Annotated[Mission, Depends(get_mission)]) -> Actor:
    """Return who asks: the session's user, or anyone.

    Raises:
        TokenInvalid: a token is given and is not good.
    """
    token = bearer(request)
    if token is None:
        return ANYONE
    actor = session_actor(mission, token)
    return Actor(actor.name, actor.roles | {Role.ANYONE})


class Permitted:
    """A dependency that asks policy before the route runs, and yields who asked.

    Args:
        action: what the route does.
        decided_inside: the route's own function asks policy with what only it knows (the record,
            the purpose); here only a session is required.
    """

    def __init__(self, action: Action, *, decided_inside: bool = False) -> None:
        self.action = action
        self.decided_inside = decided_inside

    def __call__(
        self,
        actor: Annotated[Actor, Depends(get_actor)],
        mission: Annotated[Mission, Depends(get_mission)],
    ) -> Actor:
        """Return the actor.

        Raises:
            PolicyDenied: policy says no; it is in the audit chain.
            TokenInvalid: nobody is logged in where somebody must be.
        """
        if self.decided_inside:
            if actor.roles <= {Role.ANYONE}:
                raise TokenInvalid("log in first")
            return actor
        mission.permit(actor, self.action, Resource(self.action.value.partition(".")[0]))
        return actor


async def read_body(request: Request, bytes_max: int) -> bytes:
    """Read a request's body, refusing one that is too large before it is held.

    Raises:
        LimitExceeded: it is.
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > bytes_max:
            raise LimitExceeded(f"the request is larger than {bytes_max} bytes")
    return bytes(data)


MissionDep = Annotated[Mission, Depends(get_mission)]
StateDep = Annotated[AppState, Depends(get_state)]
