"""A transport without a wire, for tests and simulation; bytes are made and read all the same."""

from collections.abc import Callable

from shared.ids import AuthorId
from sync.core.messages import Answer, Message, decode_answer, decode_message
from sync.responder import Responder

Fault = Callable[[str], None]
"""Called before and after the responder works, to raise a TransportError when it likes."""


class MemoryTransport:
    """A direct line to a responder."""

    def __init__(self, responder: Responder, caller: AuthorId, fault: Fault | None = None) -> None:
        self._responder = responder
        self._caller = caller
        self._fault = fault or (lambda _moment: None)

    def is_known(self) -> bool:
        """Ask whether the responder has the caller's key."""
        self._fault("before")
        return self._responder.peer.directory.caller_key(self._caller) is not None

    def exchange(self, message: Message) -> Answer:
        """Pass a message on and return the answer."""
        self._fault("before")
        answer = self._responder.respond(decode_message(message.encode()))
        self._fault("after")
        return decode_answer(answer.encode())
