"""Positions from gpsd on this machine: JSON lines over a local socket.

Source: gpsd's client protocol (`?WATCH`, TPV reports with lat, lon, altMSL, eph).
"""

import json
import socket
from collections.abc import Iterator
from typing import Final

from mobile_client.device.services import DeviceFault, Fix
from shared.clock import Clock

_WATCH: Final = b'?WATCH={"enable":true,"json":true};\n'
_LINE_MAX: Final = 64 << 10
_MODE_2D: Final = 2
_UNKNOWN_M: Final = 1e9


class GpsdReceiver:
    """Asks gpsd until a report is good enough."""

    def __init__(self, clock: Clock, host: str = "127.0.0.1", port: int = 2947) -> None:
        self._clock = clock
        self._address = (host, port)

    def fix(self, accuracy_m: float, timeout_s: float) -> Fix:
        """Return the first fix at least as accurate as asked, else the best in the time given."""
        best: Fix | None = None
        try:
            for line in self._lines(timeout_s):
                found = parse_report(line)
                if found is None:
                    continue
                if best is None or _accuracy(found) < _accuracy(best):
                    best = found
                if 0 < best.accuracy_m <= accuracy_m:
                    return best
        except OSError as error:
            if best is None:
                raise DeviceFault(
                    "gpsd does not answer on this machine; start it, or type the position"
                ) from error
        if best is None:
            raise DeviceFault("gpsd has no position yet; go under open sky or type it")
        return best

    def _lines(self, timeout_s: float) -> Iterator[bytes]:
        end_s = self._clock.monotonic_s() + timeout_s
        with socket.create_connection(self._address, timeout=timeout_s) as connection:
            connection.sendall(_WATCH)
            buffer = b""
            while (left_s := end_s - self._clock.monotonic_s()) > 0:
                connection.settimeout(left_s)
                try:
                    data = connection.recv(4096)
                except TimeoutError:
                    return
                if not data:
                    return
                *lines, buffer = (buffer + data).split(b"\n")
                if len(buffer) > _LINE_MAX:
                    raise DeviceFault("what answers on gpsd's port is not gpsd")
                yield from lines


def _accuracy(fix: Fix) -> float:
    return fix.accuracy_m or _UNKNOWN_M


def parse_report(line: bytes) -> Fix | None:
    """Return the fix of a TPV report; None for other reports and for one without a fix."""
    try:
        report = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(report, dict) or report.get("class") != "TPV":
        return None
    numbers = [report.get(name, 0) for name in ("mode", "lat", "lon", "altMSL", "eph")]
    if not all(isinstance(number, int | float) for number in numbers):
        return None
    try:
        mode, latitude, longitude, altitude, accuracy = (float(number) for number in numbers)
    except OverflowError:
        return None
    return Fix(latitude, longitude, altitude, accuracy) if mode >= _MODE_2D else None
