"""Handing over: one sync with a mission server or hub, or a bundle file; the vault may be locked.

Interrupting is safe at any moment: what the other side answered is in both stores, and the next
hand-over goes on from there.
"""

from collections.abc import Callable

from mobile_client.presenters.status import Transfer
from shared.clock import Clock
from shared.errors import CairnError
from sync.core.messages import Answer, Message
from sync.driver import Progress, SyncReport, sync_once
from sync.peer import Peer
from sync.transports.base import Transport

OnTransfer = Callable[[Transfer], None]


class HandOverStopped(CairnError):
    """The enumerator stopped it; what was sent stays sent."""

    code = "DEV-002"
    retryable = True


class HandOverIncomplete(CairnError):
    """The other side refused or quarantined some entries; the message says how many and why."""

    code = "DEV-003"


class _Counted:
    """A transport that counts what it carries and stops when asked."""

    def __init__(self, inner: Transport, stopped: Callable[[], bool]) -> None:
        self._inner = inner
        self._stopped = stopped
        self.bytes_sent = 0
        self.bytes_loaded = 0

    def is_known(self) -> bool:
        """Ask whether the other side knows this device."""
        return self._inner.is_known()

    def exchange(self, message: Message) -> Answer:
        """Send a message, unless the hand-over was stopped meanwhile."""
        if self._stopped():
            raise HandOverStopped("stopped; what was sent stays sent, go on any time")
        answer = self._inner.exchange(message)
        chunks = sum(len(chunk.data) for chunk in message.chunks)
        self.bytes_sent += chunks + len(message.batch or b"")
        self.bytes_loaded += sum(len(chunk.data) for chunk in answer.chunks)
        return answer


def exchange(
    peer: Peer,
    transport: Transport,
    clock: Clock,
    on_progress: OnTransfer,
    stopped: Callable[[], bool],
) -> tuple[Transfer, SyncReport]:
    """Run one sync to its end and tell how far it is after each answer.

    Raises:
        HandOverStopped: `stopped` said so between two messages.
        TransportError: the line broke; call again.
        ProtocolError: the other side refused this device.
    """
    counted = _Counted(transport, stopped)
    began_s = clock.monotonic_s()

    def transfer(sent: int, total: int, taken: int) -> Transfer:
        elapsed_s = clock.monotonic_s() - began_s
        loaded = counted.bytes_loaded
        return Transfer(sent, total, taken, counted.bytes_sent, 0, elapsed_s, loaded)

    def show(progress: Progress) -> None:
        on_progress(transfer(progress.sent, progress.to_send, progress.received))

    report = sync_once(peer, counted, show)
    return transfer(report.sent, report.sent, report.received), report


def check_report(report: SyncReport) -> None:
    """Say what the other side did not take.

    Raises:
        HandOverIncomplete: it refused or quarantined some; they stay on this device too.
    """
    if report.troubles:
        reasons = sorted({trouble.reason for trouble in report.troubles if trouble.reason})
        raise HandOverIncomplete(
            f"the other side set {len(report.troubles)} part(s) of the log aside: "
            f"{'; '.join(reasons) or 'no reason given'}. They stay on this device; "
            "tell the coordinator"
        )
