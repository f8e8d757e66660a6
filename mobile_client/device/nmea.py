"""Positions from an NMEA 0183 receiver: a serial or USB device node, a pipe, or a recorded file.

Only GGA sentences carry what a form wants (position, altitude, dilution); RMC is the fallback.
A sentence with a wrong checksum is skipped, as the line noise it is.
Source: NMEA 0183 field order as in gpsd's "NMEA Revealed".
"""

import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mobile_client.device.services import DeviceFault, Fix
from shared.clock import Clock

_METRES_PER_HDOP: Final = 5.0
"""Rough user range error of a civilian receiver, so that dilution can be shown as metres."""
_LINE_MAX: Final = 120


def parse_sentence(line: str) -> Fix | None:
    """Return the fix a sentence carries; None for other sentences, no fix, or a bad checksum."""
    body, star, checksum = line.strip().removeprefix("$").partition("*")
    if not star or not _checks(body, checksum):
        return None
    fields = body.split(",")
    try:
        if fields[0].endswith("GGA") and fields[6] not in ("", "0"):
            return Fix(
                _angle(fields[2], fields[3]),
                _angle(fields[4], fields[5]),
                float(fields[9] or 0),
                float(fields[8] or 0) * _METRES_PER_HDOP,
            )
        if fields[0].endswith("RMC") and fields[2] == "A":
            return Fix(_angle(fields[3], fields[4]), _angle(fields[5], fields[6]))
    except (ValueError, IndexError, DeviceFault):
        return None
    return None


def _checks(body: str, checksum: str) -> bool:
    total = 0
    for character in body:
        total ^= ord(character)
    return checksum[:2].upper() == f"{total:02X}"


def _angle(text: str, side: str) -> float:
    """Read `ddmm.mmmm` or `dddmm.mmmm` with its hemisphere."""
    point = text.index(".") if "." in text else len(text)
    value = float(text[: point - 2]) + float(text[point - 2 :]) / 60
    return -value if side in ("S", "W") else value


class NmeaReceiver:
    """Reads sentences from a path until one is good enough."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def fix(self, accuracy_m: float, timeout_s: float) -> Fix:
        """Return the first fix at least as accurate as asked, else the best in the time given."""
        best: Fix | None = None
        for line in self._lines(timeout_s):
            found = parse_sentence(line)
            if found is None:
                continue
            if best is None or _accuracy(found) < _accuracy(best):
                best = found
            if _accuracy(best) <= accuracy_m:
                return best
        if best is None:
            raise DeviceFault(
                f"the receiver at {self._path} gave no position; go under open sky or type it"
            )
        return best

    def _lines(self, timeout_s: float) -> Iterator[str]:
        """Yield lines until the time is over or the file ends."""
        end_s = self._clock.monotonic_s() + timeout_s
        try:
            handle = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise DeviceFault(
                f"there is no receiver at {self._path}; plug it in, or choose another position "
                "source in the settings"
            ) from error
        buffer = b""
        try:
            while (left_s := end_s - self._clock.monotonic_s()) > 0:
                ready, _, _ = select.select([handle], [], [], left_s)
                data = os.read(handle, 4096) if ready else b""
                if not data:
                    break
                *lines, buffer = (buffer + data).split(b"\n")
                buffer = buffer[-_LINE_MAX:]
                yield from (line.decode("ascii", "replace") for line in lines)
        finally:
            os.close(handle)
        if buffer:
            yield buffer.decode("ascii", "replace")


def _accuracy(fix: Fix) -> float:
    return fix.accuracy_m or float("inf")
