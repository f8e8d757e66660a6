"""A machine that answers TLS with a certificate of its own and notes what it is told."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from shared.sealing.tls import make_certificate


@dataclass
class Impostor:
    """What happened to it: connections, and the bytes that came after the handshake."""

    port: int
    connections: int = 0
    told: bytearray = field(default_factory=bytearray)


@contextmanager
def impostor(folder: Path) -> Iterator[Impostor]:
    """Listen on loopback until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    tls = make_certificate(["127.0.0.1"], datetime(2026, 1, 1, tzinfo=UTC), b"pw")
    (folder / "i.pem").write_bytes(tls.certificate_pem)
    (folder / "i.key").write_bytes(tls.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "i.pem", folder / "i.key", "pw")
    listening = socket.create_server(("127.0.0.1", 0))
    state = Impostor(listening.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return  # the block has ended
            state.connections += 1
            line.settimeout(5)
            try:
                with context.wrap_socket(line, server_side=True) as secured:
                    while piece := secured.recv(65_536):
                        state.told += piece
            except OSError:
                continue  # the caller broke off, as it should

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)
