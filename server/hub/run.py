"""Running a hub: its web side over TLS, and the forwarder beside it."""

import os
import socket
from typing import Final

import uvicorn

from server.hub.announce import Announcer
from server.hub.app import create_app
from server.hub.forward import Forwarder
from server.hub.home import Hub

_SHUT_DOWN_S: Final = 5


class _Server(uvicorn.Server):
    """Announces the hub once it listens, not before."""

    def __init__(self, config: uvicorn.Config, announcer: Announcer | None) -> None:
        super().__init__(config)
        self._announcer = announcer

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._announcer is not None and self.started:
            self._announcer.start()


def run_hub(hub: Hub, *, announce: bool = True) -> None:
    """Serve until the process is told to stop.

    Args:
        hub: which.
        announce: whether to tell the local network that it is here (SYNC-090).
    """
    announcer = Announcer(hub) if announce else None
    forwarder = Forwarder(hub, os.urandom)
    config = uvicorn.Config(
        create_app(hub, os.urandom, forwarder.something_new),
        host=hub.settings.host,
        port=hub.settings.port,
        ssl_certfile=str(hub.keys.certificate_file),
        ssl_keyfile=str(hub.keys.tls_key_file),
        ssl_keyfile_password=hub.keys.tls_password,
        log_level="warning",
        timeout_graceful_shutdown=_SHUT_DOWN_S,
        server_header=False,
    )
    forwarder.start()
    try:
        _Server(config, announcer).run()
    finally:
        if announcer is not None and announcer.is_alive():
            announcer.stop()
            announcer.join(_SHUT_DOWN_S)
        forwarder.stop()
        forwarder.join(_SHUT_DOWN_S)


def local_addresses(host: str, port: int) -> list[str]:
    """Return the URLs under which this machine can be reached on its networks."""
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 - asks whether all interfaces are meant
        shown = f"[{host}]" if ":" in host else host
        return [f"https://{shown}:{port}"]
    found: list[str] = []
    try:
        rows = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        found = [str(row[4][0]) for row in rows]
    except OSError:
        found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it tells which address would be used.
            probe.connect(("192.0.2.1", 9))
            found.insert(0, str(probe.getsockname()[0]))
        except OSError:
            found.append("127.0.0.1")
    return [f"https://{address}:{port}" for address in dict.fromkeys(found)]
