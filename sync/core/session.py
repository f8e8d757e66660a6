"""The legal steps of an exchange, as tables; a missing row is a protocol error. Rule SYNC-023.

docs/spec/sync.md draws the same tables, and a test compares them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.errors import LocalProtocolError


class State(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    GREETING = "greeting"
    GREETED = "greeted"
    EXCHANGING = "exchanging"
    DONE = "done"


class Event(StrEnum):
    """What happens to a session."""

    START = "start"
    MORE = "more"
    NOTHING_MORE = "nothing_more"
    LOST = "lost"
    GREETING = "greeting"
    BATCH = "batch"


Table = Mapping[tuple[State, Event], State]

INITIATOR: Final[Table] = {
    (State.IDLE, Event.START): State.GREETING,
    (State.GREETING, Event.MORE): State.EXCHANGING,
    (State.GREETING, Event.NOTHING_MORE): State.DONE,
    (State.GREETING, Event.LOST): State.IDLE,
    (State.EXCHANGING, Event.MORE): State.EXCHANGING,
    (State.EXCHANGING, Event.NOTHING_MORE): State.DONE,
    (State.EXCHANGING, Event.LOST): State.IDLE,
}

RESPONDER: Final[Table] = {
    (State.IDLE, Event.GREETING): State.GREETED,
    (State.IDLE, Event.BATCH): State.GREETED,
    (State.GREETED, Event.GREETING): State.GREETED,
    (State.GREETED, Event.BATCH): State.GREETED,
}


class Session:
    """One session's place in its table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.state = State.IDLE

    def step(self, event: Event) -> State:
        """Take a step.

        Raises:
            LocalProtocolError: the table has no such row.
        """
        try:
            self.state = self._table[self.state, event]
        except KeyError:
            raise LocalProtocolError(f"{event} cannot happen while {self.state}") from None
        return self.state
