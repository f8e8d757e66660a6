"""What a transport offers a session: one exchange at a time with one responder.

The contract suite tests/contract/test_transport_contract.py runs on every implementation.
"""

from typing import Protocol

from sync.core.messages import Answer, Message


class Transport(Protocol):
    """A way to a responder."""

    def is_known(self) -> bool:
        """Reach the responder and ask whether it knows us; if not, we send our certificate.

        Raises:
            TransportError: it cannot be reached.
        """
        ...

    def exchange(self, message: Message) -> Answer:
        """Send a message and return the answer.

        Raises:
            TransportError: no whole answer came; the message may or may not have been taken in.
            ProtocolError: the responder refused it, saying why.
        """
        ...
