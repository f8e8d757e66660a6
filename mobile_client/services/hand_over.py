"""Handing over: one sync with a mission server or hub, or a bundle file; the vault may be locked.

Interrupting is safe at any moment: what the other side answered is in both stores, and the next
hand-over goes on from there.
"""

from collections.abc import Callable
from dataclasses import replace

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

    shown = Transfer()

    def show(progress: Progress) -> None:
        nonlocal shown
        shown = Transfer(
            entries_sent=progress.sent,
            entries_total=progress.to_send,
            entries_taken=progress.received,
            bytes_sent=counted.bytes_sent,
            elapsed_s=clock.monotonic_s() - began_s,
            loaded_bytes=counted.bytes_loaded,
            files=progress.files,
            file_bytes=progress.file_bytes,
            file_bytes_total=progress.file_bytes_total,
        )
        on_progress(shown)

    report = sync_once(peer, counted, show)
    ended = replace(shown, entries_sent=report.sent, entries_total=report.sent)
    return replace(ended, entries_taken=report.received), report


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
