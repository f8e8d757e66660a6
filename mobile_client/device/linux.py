"""A Linux laptop or tablet: sysfs for the battery, files a person picks for pictures."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mobile_client.device.files import write_private
from mobile_client.device.gpsd import GpsdReceiver
from mobile_client.device.installing import CommandInstaller
from mobile_client.device.nmea import NmeaReceiver
from mobile_client.device.pictures import PICTURE_BYTES_MAX, prepare_picture
from mobile_client.device.services import DeviceFault, DeviceServices, Position, Taken, Wish
from shared.clock import Clock
from shared.limits import ATTACHMENT_BYTES_MAX, CHUNK_BYTES
from shared.records.files import suffix_of

_SECRET_BYTES: Final = 32
_POWER: Final = Path("/sys/class/power_supply")


class SysfsBattery:
    """Reads the first battery that tells its capacity."""

    def __init__(self, root: Path = _POWER) -> None:
        self._root = root

    def percent(self) -> int | None:
        """Return 0 to 100; None where there is no battery."""
        for capacity in sorted(self._root.glob("*/capacity")):
            try:
                return max(0, min(100, int(capacity.read_text().strip())))
            except (OSError, ValueError):
                continue
        return None


class HomeStorage:
    """The medium the client's home lies on."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def free_bytes(self) -> int:
        """Return what can still be written."""
        return shutil.disk_usage(self._home).free


class FileKeystore:
    """A random secret in a file of its own: no hardware, so passphrases must be long.

    It still keeps a copied vault database closed to one who did not copy this file too.
    """

    hardware = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def secret(self) -> bytes:
        """Return the secret, made at the first call."""
        if not self._path.exists():
            write_private(self._path, os.urandom(_SECRET_BYTES))
        secret = self._path.read_bytes()
        if len(secret) != _SECRET_BYTES:
            raise DeviceFault(f"{self._path.name} was damaged; restore it from a copy of this home")
        return secret


class FilePicker:
    """Takes in a file a person chose; pictures lose their metadata."""

    def take(self, source: Path, wish: Wish) -> Taken:
        """Return the file as the form wants it, within the attachment limit."""
        try:
            size_bytes = source.stat().st_size
            if not source.is_file() or size_bytes == 0:
                raise DeviceFault(f"{source.name} is not a file with content; choose another")
            if size_bytes > ATTACHMENT_BYTES_MAX:
                raise DeviceFault(f"{source.name} is larger than 2 GiB; choose a smaller file")
            suffix = suffix_of(source.name)
            if wish.kind != "image":
                return Taken(suffix, partial(_blocks_of, source))
            if size_bytes > PICTURE_BYTES_MAX:
                raise DeviceFault(f"{source.name} is larger than 64 MiB; take a smaller picture")
            picture = prepare_picture(source.read_bytes(), suffix, wish)
        except OSError as error:
            raise DeviceFault(f"{source.name} cannot be read: {error.strerror}") from error
        return Taken(picture.suffix, partial(_cut, picture.data), picture.thumbnail)


def _blocks_of(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            yield from iter(partial(file.read, CHUNK_BYTES), b"")
    except OSError as error:
        raise DeviceFault(f"{source.name} cannot be read: {error.strerror}") from error


def _cut(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]


def position_from(source: str, clock: Clock) -> Position | None:
    """Return the receiver a preference names; None where positions are typed or tapped."""
    if source in ("", "typed"):
        return None
    if source == "gpsd":
        return GpsdReceiver(clock)
    return NmeaReceiver(Path(source), clock)


def linux_services(home: Path, clock: Clock, position_source: str = "typed") -> DeviceServices:
    """Return what a Linux machine offers."""
    return DeviceServices(
        battery=SysfsBattery(),
        storage=HomeStorage(home),
        keystore=FileKeystore(home / "device.secret"),
        picker=FilePicker(),
        installer=CommandInstaller(),
        position=position_from(position_source, clock),
    )
