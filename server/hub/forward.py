"""Forwarding: a hub gives what it holds to the mission server whenever there is a line."""

import logging
import threading

from server.hub.enrol import enrol_hub
from server.hub.home import Hub
from shared.clock import RandomBytes
from shared.errors import CairnError, Offline, Throttled, TransportError, UsageError
from sync.core.backoff import Backoff
from sync.driver import OnProgress, SyncReport, sync_once
from sync.transports.https import HttpTransport

PAUSE_S = 60.0
"""Between two looks for something new, once a sync was complete."""
_LOG = logging.getLogger("cairn.hub")


def forward_once(hub: Hub, on_progress: OnProgress | None = None) -> SyncReport:
    """Sync with the mission server, at the first of its addresses that answers.

    Raises:
        UsageError: this hub knows no address of its mission server.
        TransportError: none answers.
        ProtocolError: the server refused.
    """
    if not hub.settings.mission_addresses:
        raise UsageError("this hub knows no mission server; use bundles: cairn hub export")
    pin = bytes.fromhex(hub.settings.mission_pin) or None
    last: TransportError | None = None
    for address in hub.settings.mission_addresses:
        with HttpTransport(address, hub.keys.author, hub.keys.signing, tls_pin=pin) as transport:
            try:
                return sync_once(hub.peer, transport, on_progress)
            except (Offline, TransportError) as error:
                last = error
    assert last is not None
    raise last


class Forwarder(threading.Thread):
    """Forwards in the background until it is stopped."""

    def __init__(self, hub: Hub, random_bytes: RandomBytes) -> None:
        super().__init__(name="forwarder", daemon=True)
        self._hub = hub
        self._backoff = Backoff(random_bytes)
        self._wake = threading.Event()
        self._stopped = False

    def something_new(self) -> None:
        """Say that entries came in, so that they need not wait for the next look."""
        self._backoff.restart()
        self._wake.set()

    def stop(self) -> None:
        """End after the exchange that is under way."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Forward, pause, and again."""
        while not self._stopped:
            wait_s = self._attempt()
            self._wake.wait(wait_s)
            self._wake.clear()

    def _attempt(self) -> float:
        try:
            if not self._hub.is_enrolled:
                enrol_hub(self._hub)
            report = forward_once(self._hub)
        except Throttled as error:
            return self._backoff.next_wait_s(error.retry_after_s)
        except UsageError:
            return PAUSE_S  # no address or no code yet: a person must act, and another may have
        except CairnError as error:
            _LOG.info("not forwarded: %s", error.message)
            return self._backoff.next_wait_s()
        self._backoff.restart()
        if report.sent or report.received:
            _LOG.info("forwarded %d entries, took %d", report.sent, report.received)
        for trouble in report.troubles:
            _LOG.warning("the mission server: %s %s", trouble.log.author.hex()[:8], trouble.reason)
        return PAUSE_S
