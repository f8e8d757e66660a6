"""A hub announces itself on the local network, so that tablets find its address (SYNC-090).

Tablets that cannot hear it scan the hub's code, as before: no failure here stops the hub.
"""

import logging
import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

import ifaddr
from zeroconf import Error, ServiceInfo, Zeroconf

from server.hub.home import Hub
from sync.core.announcement import SERVICE_TYPE, is_local, sign_announcement

LOOK_AGAIN_S: Final = 30.0
"""Between two looks whether the laptop's networks are still the same ones."""
_ALL: Final = "0.0.0.0"  # noqa: S104 - compared with, not listened on
_GROUP: Final = "224.0.0.251"
_PORT: Final = 5353
_NAME_DIGITS: Final = 16
_LOG = logging.getLogger("cairn.hub")


class Announcer(threading.Thread):
    """Announces the hub until it is stopped, on whatever networks the laptop joins meanwhile."""

    def __init__(self, hub: Hub, look_again_s: float = LOOK_AGAIN_S) -> None:
        super().__init__(name="announcer", daemon=True)
        self._hub = hub
        self._look_again_s = look_again_s
        self._ended = threading.Event()
        self._line: Zeroconf | None = None
        self._announced: tuple[str, ...] = ()
        self._said = ""

    def stop(self) -> None:
        """Withdraw the announcement and end."""
        self._ended.set()

    def run(self) -> None:
        """Announce, and look again from time to time."""
        while not self._ended.is_set():
            self._look()
            self._ended.wait(self._look_again_s)
        self._withdraw()

    def _look(self) -> None:
        try:
            addresses = announced_addresses(self._hub.settings.host, own_addresses())
        except OSError as error:
            self._warn(f"this machine's networks cannot be listed: {error}")
            return
        if self._line is not None and addresses == self._announced:
            return
        self._withdraw()
        if not addresses:
            self._warn("it listens on no IPv4 address of a local network")
            return
        try:
            self._announce(addresses)
        except (OSError, Error) as error:
            self._withdraw()
            self._warn(str(error) or type(error).__name__)
        else:
            self._announced, self._said = addresses, ""
            _LOG.info("announced on the local network at %s", ", ".join(addresses))

    def _announce(self, addresses: tuple[str, ...]) -> None:
        carried = [address for address in addresses if takes_multicast(address)]
        if not carried:
            raise OSError("no network here takes multicast")
        # Only on the interfaces of these addresses: a hub on loopback is nobody else's business.
        self._line = Zeroconf(interfaces=carried)
        info = service_info(self._hub, addresses)
        self._line.register_service(info, allow_name_change=True)

    def _withdraw(self) -> None:
        if self._line is None:
            return
        try:
            self._line.unregister_all_services()
        except (OSError, Error) as error:
            _LOG.info("the announcement was not withdrawn, it runs out by itself: %s", error)
        self._line.close()
        self._line = None

    def _warn(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            _LOG.warning(
                "this hub is not announced on the local network (%s); it serves all the same: "
                "show tablets its code",
                reason,
            )


def takes_multicast(address: str, port: int = _PORT) -> bool:
    """Tell whether the network of an address takes multicast (a VPN often does not).

    Asked with a socket of our own, as the library leaves its sockets open when it fails.

    Raises:
        OSError: another program keeps the port to itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        probe.bind(("", port))
        member = socket.inet_aton(_GROUP) + IPv4Address(address).packed
        try:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError:
            return False
    return True


def service_info(hub: Hub, addresses: Iterable[str]) -> ServiceInfo:
    """Return what is announced: named after the hub's key, never after a machine or a person."""
    said = sign_announcement(
        hub.keys.signing, hub.peer.directory.deployment, hub.keys.tls_pin, hub.settings.label
    )
    return ServiceInfo(
        SERVICE_TYPE,
        f"{said.hub.hex()}.{SERVICE_TYPE}",
        addresses=[IPv4Address(address).packed for address in addresses],
        port=hub.settings.port,
        properties=said.text(),
        server=f"cairn-{said.hub.hex()[:_NAME_DIGITS]}.local.",
    )


def announced_addresses(host: str, own: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses to announce for a hub that listens on `host`.

    Args:
        host: as in hub.json.
        own: the IPv4 addresses of this machine's networks.
    """
    if host == _ALL:
        return tuple(
            sorted(each for each in own if is_local(each) and not IPv4Address(each).is_loopback)
        )
    try:
        rows = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return ()
    found = {str(row[4][0]) for row in rows}
    return tuple(sorted(each for each in found if is_local(each)))


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's networks, as they are now."""
    addresses = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    return [each for each in addresses if isinstance(each, str)]
