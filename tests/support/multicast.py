"""Whether this machine carries multicast on loopback, which mDNS between two processes needs."""

import socket
from functools import cache

import pytest

_GROUP = "224.0.0.251"


@cache
def multicast_on_loopback() -> bool:
    """Send one datagram to the mDNS group on loopback and see whether it comes back."""
    lo = socket.inet_aton("127.0.0.1")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hearing,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as saying,
    ):
        try:
            hearing.bind(("", 0))
            hearing.settimeout(2)
            member = socket.inet_aton(_GROUP) + lo
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            saying.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, lo)
            saying.sendto(b"here", (_GROUP, hearing.getsockname()[1]))
            return hearing.recv(16) == b"here"
        except OSError:
            return False


needs_multicast = pytest.mark.skipif(
    not multicast_on_loopback(), reason="this machine carries no multicast on loopback"
)
