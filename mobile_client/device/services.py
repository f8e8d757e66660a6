"""The services a device offers, as Protocols; `DeviceServices` bundles what one device has."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from shared.errors import CairnError

_LATITUDE_MAX: Final = 90
_LONGITUDE_MAX: Final = 180
_ALTITUDE_MAX_M: Final = 100_000
_ACCURACY_MAX_M: Final = 10_000_000


class DeviceFault(CairnError):
    """A receiver, camera or file on this device did not give what was asked for."""

    code = "DEV-001"


@dataclass(frozen=True, slots=True)
class Fix:
    """One position. Degrees (WGS 84), metres; accuracy 0 where unknown."""

    latitude: float
    longitude: float
    altitude_m: float = 0.0
    accuracy_m: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not on Earth."""
        if not (abs(self.latitude) <= _LATITUDE_MAX and abs(self.longitude) <= _LONGITUDE_MAX):
            raise DeviceFault(
                "a latitude lies between -90 and 90, a longitude between -180 and 180"
            )
        if not (abs(self.altitude_m) < _ALTITUDE_MAX_M and 0 <= self.accuracy_m < _ACCURACY_MAX_M):
            raise DeviceFault("the altitude or accuracy is out of range")

    def text(self) -> str:
        """Return it as a form's geopoint: `lat lon alt accuracy`."""
        return (
            f"{self.latitude:.7f} {self.longitude:.7f} {self.altitude_m:.1f} {self.accuracy_m:.1f}"
        )


class Position(Protocol):
    """Where we are."""

    def fix(self, accuracy_m: float, timeout_s: float) -> Fix:
        """Return the first fix at least as accurate as asked, else the best one in the time given.

        Raises:
            DeviceFault: no fix at all; the message says what to try.
        """
        ...


class Battery(Protocol):
    """What is left of the charge."""

    def percent(self) -> int | None:
        """Return 0 to 100; None where there is no battery."""
        ...


class Storage(Protocol):
    """The medium under the client's home."""

    def free_bytes(self) -> int:
        """Return what can still be written."""
        ...


class Keystore(Protocol):
    """A secret of this device that goes into every vault key beside the passphrase."""

    @property
    def hardware(self) -> bool:
        """Whether the secret is bound to hardware: only then may a passphrase be short."""
        ...

    def secret(self) -> bytes:
        """Return the secret, made at the first call; b"" where the device has none."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form wants of a file.

    Attributes:
        kind: image, audio, video or file.
        max_pixels: the longer side of a picture at most; 0 for as it is.
        keeps_metadata: the form asks for what the camera wrote beside the picture.
    """

    kind: str = "file"
    max_pixels: int = 0
    keeps_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it may be kept.

    Attributes:
        suffix: of its name, lower-case, "" for none; nothing else of a name is kept.
        blocks: its content, each time from the beginning; never as a whole in memory.
        thumbnail: a small JPEG of a picture, b"" for none.
    """

    suffix: str
    blocks: Callable[[], Iterator[bytes]] = field(repr=False)
    thumbnail: bytes = field(default=b"", repr=False)


class Picker(Protocol):
    """Lets a person choose a file where there is no camera or microphone."""

    def take(self, source: Path, wish: Wish) -> Taken:
        """Return the file as the form wants it, within the attachment limit.

        Raises:
            DeviceFault: missing, unreadable, empty, too large, or no picture where one is wanted.
        """
        ...


class Installer(Protocol):
    """Hands a new version of the app to the system."""

    platform: str
    """What packages call this device: android-arm64, linux-x86_64 ... (SEAL-091)."""

    def install(self, path: Path) -> str:
        """Start installing a verified file; return the command to type, "" where none is needed.

        Raises:
            DeviceFault: the system does not take it.
        """
        ...


class Multicast(Protocol):
    """Whether the device hears what is said to all on a local network."""

    def heard(self) -> AbstractContextManager[None]:
        """Let multicast through while the context lasts, and no longer: it costs battery.

        Raises:
            DeviceFault: the system does not allow it; the message says what to try.
        """
        ...


class PlainMulticast:
    """A system that lets multicast through by itself."""

    def heard(self) -> AbstractContextManager[None]:
        """Change nothing."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class DeviceServices:
    """What one device has. `position` is None where positions are typed or tapped."""

    battery: Battery
    storage: Storage
    keystore: Keystore
    picker: Picker
    installer: Installer
    position: Position | None = None
    multicast: Multicast = field(default_factory=PlainMulticast)
