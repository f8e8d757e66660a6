"""Running a hub: its web side over TLS, and the forwarder beside it."""

import os
import socket
from typing import Final

import uvicorn

from server.hub.app import create_app
from server.hub.forward import Forwarder
from server.hub.home import Hub

_SHUT_DOWN_S: Final = 5


def run_hub(hub: Hub) -> None:
    """Serve until the process is told to stop."""
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
        uvicorn.Server(config).run()
    finally:
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
