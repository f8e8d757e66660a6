"""Looking for hubs on the local network. Rules SYNC-092 to SYNC-094.

What is heard is a hint of an address: sync/found_hubs.py says which hub a device may trust, and a
call by its pinned certificate says whether it is really there, before anything is sent.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, Final

from mobile_client.device.services import DeviceFault, Multicast, PlainMulticast
from mobile_client.services.lines import https
from shared.errors import CairnError, KeyNotTrusted, Offline
from sync.core.announcement import SERVICE_TYPE, Announcement, local_urls, parse_announcement
from sync.core.hub_code import ADDRESSES_MAX
from sync.found_hubs import KnownBy, TrustedHub, check_not_revoked, known_by, trusted_hub
from sync.peer import Peer

WAIT_S: Final = 3.0
"""How long to listen: a hub answers a question within a fraction of a second."""
HEARD_MAX: Final = 64
CALLS_MAX: Final = 16
"""Addresses tried in one search: whoever repeats a hub's words may add any number of them."""
_RESOLVE_MS: Final = 1000
_TICK_S: Final = 0.2
"""How often a search looks whether it was stopped."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An announcement as it was heard: its TXT record, addresses and port."""

    text: bytes
    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class FoundHub:
    """A hub that announces itself here.

    Attributes:
        hub: its author, in hexadecimal.
        known_by: code, certificate, or "" where this device does not know it.
        why_not: why it cannot be used; "" where it can.
        code: what a hand-over takes as destination; "" where it cannot be used.
    """

    hub: str
    label: str
    addresses: tuple[str, ...]
    known_by: str
    why_not: str = ""
    code: str = ""

    @property
    def usable(self) -> bool:
        """Tell whether this device may hand over to it."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class FoundHubs:
    """What a search found.

    Attributes:
        ignored: why announcements were passed over, one line each.
        notice: why nothing could be heard at all; "" where the search worked.
    """

    hubs: tuple[FoundHub, ...] = ()
    ignored: tuple[str, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A search under way: the hubs so far, usable ones first, and the share of its time."""

    hubs: tuple[FoundHub, ...]
    share: float


Listen = Callable[[float], Generator[Heard | None, None, None]]
"""Yields what is heard; None from time to time, so that who waits can stop."""
Call = Callable[[str, bytes], None]
OnSeen = Callable[[Seen], None]
Stopped = Callable[[], bool]


def listen(wait_s: float) -> Generator[Heard | None, None, None]:
    """Yield what hubs on this network announce, as it is heard, for some seconds.

    Raises:
        DeviceFault: the library is not installed, or no network takes multicast.
    """
    try:
        zeroconf: Any = import_module("zeroconf")
    except ImportError as error:
        raise DeviceFault("this device has no mDNS (the zeroconf package)") from error
    names: SimpleQueue[str] = SimpleQueue()

    def changed(*, name: str, state_change: Any, **_: Any) -> None:
        if state_change is not zeroconf.ServiceStateChange.Removed:
            names.put(name)

    try:
        line = zeroconf.Zeroconf()
    except (OSError, RuntimeError) as error:
        raise DeviceFault(f"no network here takes multicast ({error})") from error
    try:
        zeroconf.ServiceBrowser(line, SERVICE_TYPE, handlers=[changed])
        yield from _resolved(zeroconf, line, names, time.monotonic() + wait_s)
    finally:
        line.close()


def _resolved(
    zeroconf: Any, line: Any, names: "SimpleQueue[str]", until_s: float
) -> Generator[Heard | None, None, None]:
    """Yield each announced name with its record, once; a flood of names ends the search early."""
    seen: set[str] = set()
    while len(seen) < HEARD_MAX:
        left_s = until_s - time.monotonic()
        try:
            # What was heard while the caller looked at the one before is not lost.
            name = names.get(timeout=max(0.0, min(_TICK_S, left_s)))
        except Empty:
            if left_s <= 0:
                return
            yield None
            continue
        if name in seen:
            continue
        seen.add(name)
        try:
            info = line.get_service_info(SERVICE_TYPE, name, _RESOLVE_MS)
        except (OSError, zeroconf.Error):
            continue  # a name that no hub gives itself
        if info is not None and info.port is not None:
            yield Heard(bytes(info.text), tuple(info.parsed_addresses()), int(info.port))


def call_hub(url: str, tls_pin: bytes) -> None:
    """Ask whether the hub of that certificate answers at an address.

    Raises:
        TransportError, RemoteProtocolError: it does not, or another machine does.
    """
    https().check_hub(url, tls_pin)


class HubSearch:
    """Looks for the hubs that one device may use."""

    def __init__(
        self,
        peer: Peer,
        *,
        listen: Listen = listen,
        call: Call = call_hub,
        multicast: Multicast | None = None,
    ) -> None:
        self._peer = peer
        self._listen = listen
        self._call = call
        self._multicast = multicast or PlainMulticast()
        self._calls = 0

    def all(
        self,
        wait_s: float = WAIT_S,
        on_seen: OnSeen = lambda _: None,
        stopped: Stopped = lambda: False,
    ) -> FoundHubs:
        """Return every hub heard within some seconds, usable ones first.

        Hubs whose codes were shown and that are not heard are asked at their codes' addresses.

        Args:
            wait_s: how long to listen.
            on_seen: told of the search as it goes.
            stopped: asked often; once it is true nothing more is called (SYNC-096).
        """
        began_s = time.monotonic()
        found: dict[tuple[str, tuple[str, ...]], FoundHub] = {}
        ignored: list[str] = []
        notice = ""

        def tell() -> None:
            share = (time.monotonic() - began_s) / wait_s
            on_seen(Seen(_ordered(found.values()), min(1.0, share)))

        try:
            for heard in self._heard(wait_s, stopped):
                if heard is not None:
                    try:
                        hub = self._judge(heard)
                        found[hub.hub, hub.addresses] = hub
                    except CairnError as error:
                        ignored.append(error.message)
                tell()
        except DeviceFault as error:
            notice = f"{error.message}; scan or paste the hub's code instead"
        for code in self._peer.hubs():
            if not stopped() and all(code.hub.hex() != hub.hub for hub in found.values()):
                silent = self._at_its_addresses(TrustedHub(code, KnownBy.CODE))
                found[silent.hub, silent.addresses] = silent
                tell()
        return FoundHubs(_ordered(found.values()), tuple(sorted(set(ignored))), notice)

    def _heard(self, wait_s: float, stopped: Stopped) -> Iterator[Heard | None]:
        """Yield what is heard, with multicast let through, until the search is stopped."""
        with self._multicast.heard(), closing(self._listen(wait_s)) as announcements:
            for heard in announcements:
                if stopped():
                    return
                yield heard

    def first(self, wait_s: float = WAIT_S) -> FoundHub:
        """Return the first usable hub: one that is heard, else one at the addresses of its code.

        Raises:
            Offline: there is none; the message says what was found instead.
        """
        reasons: list[str] = []
        for hub in self._candidates(wait_s, reasons):
            if hub.usable:
                return hub
            reasons.append(f"{hub.label}: {hub.why_not}")
        why = "; ".join(dict.fromkeys(reasons)) or "none announces itself"
        raise Offline(
            f"no hub that this device can use answers here ({why}). "
            "Scan or paste the hub's code, or take a stick"
        )

    def _candidates(self, wait_s: float, reasons: list[str]) -> Iterator[FoundHub]:
        """Yield the hubs that are heard, then those whose codes were shown, at their addresses."""
        try:
            for heard in self._heard(wait_s, lambda: False):
                if heard is None:
                    continue
                try:
                    yield self._judge(heard)
                except CairnError:
                    continue  # no hub of this project: `all` tells about it
        except DeviceFault as error:
            reasons.append(error.message)
        for code in self._peer.hubs():
            yield self._at_its_addresses(TrustedHub(code, KnownBy.CODE))

    def _judge(self, heard: Heard) -> FoundHub:
        """Return the hub that was heard, and whether it may be used.

        Raises:
            CairnError: this is no hub's announcement, or of another project: not even listed.
        """
        said = parse_announcement(heard.text)
        if said.deployment != self._peer.directory.deployment:
            raise Offline("a hub of another project")
        urls = local_urls(heard.addresses, heard.port)
        if not urls:
            raise Offline("a hub without an address of a local network")
        try:
            trusted = trusted_hub(self._peer, said, urls)
        except CairnError as error:
            return self._unusable(said, urls, error.message)
        return self._at_its_addresses(trusted)

    def _unusable(self, said: Announcement, urls: tuple[str, ...], why: str) -> FoundHub:
        known = known_by(self._peer, said.hub)
        return FoundHub(said.hub.hex(), said.label, urls, str(known), why)

    def _at_its_addresses(self, trusted: TrustedHub) -> FoundHub:
        """Return a hub with the addresses at which it shows its certificate (SYNC-094)."""
        code = trusted.code
        answering: list[str] = []
        why = "it does not answer"
        try:
            check_not_revoked(self._peer, code.hub)
            for url in code.addresses[:ADDRESSES_MAX]:
                why = self._trouble_at(url, code.tls_pin)
                if not why:
                    answering.append(url)
        except KeyNotTrusted as error:
            why = error.message
        found = FoundHub(code.hub.hex(), code.label, code.addresses, str(trusted.known_by), why)
        if not answering:
            return found
        # The addresses of its code come after: they may hold again on another network.
        shown = [
            each for known in self._peer.hubs() if known.hub == code.hub for each in known.addresses
        ]
        urls = tuple(dict.fromkeys([*answering, *shown]))[:ADDRESSES_MAX]
        kept = replace(code, addresses=urls)
        return replace(found, addresses=tuple(answering), why_not="", code=kept.text())

    def _trouble_at(self, url: str, tls_pin: bytes) -> str:
        """Return why a hub cannot be called at an address, "" where it answers there.

        Raises:
            KeyNotTrusted: so many addresses were tried that somebody invents them.
        """
        if self._calls >= CALLS_MAX:
            raise KeyNotTrusted("too many addresses are announced here; scan the hub's code")
        self._calls += 1
        try:
            self._call(url, tls_pin)
        except CairnError as error:
            return error.message
        return ""


def _ordered(hubs: Iterable[FoundHub]) -> tuple[FoundHub, ...]:
    return tuple(sorted(hubs, key=lambda hub: (not hub.usable, hub.label, hub.hub)))
