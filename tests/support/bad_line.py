"""A TCP proxy that misbehaves: cuts after so many bytes, delays, flips bits, withholds."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Mischief:
    """What happens to one connection.

    Attributes:
        cut_after: bytes in both directions together until the line is cut; None for never.
        delay_s: before each piece is passed on.
        flip_at: position of a byte whose lowest bit is flipped on the way up; None for none.
        withhold: take everything and pass nothing on.
    """

    cut_after: int | None = None
    delay_s: float = 0.0
    flip_at: int | None = None
    withhold: bool = False


@dataclass
class BadLine:
    """A proxy in front of one address."""

    port: int
    upward_bytes: int = 0
    downward_bytes: int = 0
    connections: int = 0
    next_mischief: Callable[[], Mischief] = Mischief
    open_sockets: list[socket.socket] = field(default_factory=list)


@contextmanager
def bad_line(upstream_port: int) -> Iterator[BadLine]:
    """Run a proxy to a port of this machine."""
    server = socket.create_server(("127.0.0.1", 0))
    line = BadLine(server.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            line.connections += 1
            try:
                far = socket.create_connection(("127.0.0.1", upstream_port))
            except OSError:
                near.close()
                continue
            line.open_sockets += [near, far]
            mischief = line.next_mischief()
            budget = [mischief.cut_after]
            for source, target, upward in ((near, far, True), (far, near, False)):
                arguments = (line, source, target, mischief, budget, upward)
                threading.Thread(target=_pump, args=arguments, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield line
    finally:
        server.close()
        for one in line.open_sockets:
            one.close()


def _pump(  # noqa: PLR0913, PLR0917 - a thread's arguments
    line: BadLine,
    source: socket.socket,
    target: socket.socket,
    mischief: Mischief,
    budget: list[int | None],
    upward: bool,  # noqa: FBT001
) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(16_384):
            if mischief.delay_s:
                time.sleep(mischief.delay_s)
            if upward and mischief.flip_at is not None:
                offset = mischief.flip_at - passed
                if 0 <= offset < len(data):
                    data = data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]
            if mischief.withhold:
                continue
            if budget[0] is not None:
                data = data[: max(0, budget[0])]
                budget[0] -= len(data)
            target.sendall(data)
            passed += len(data)
            if upward:
                line.upward_bytes += len(data)
            else:
                line.downward_bytes += len(data)
            if budget[0] is not None and budget[0] <= 0:
                break
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
