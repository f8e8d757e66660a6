"""A device for tests: says what it is told to say."""

from dataclasses import dataclass, field
from pathlib import Path

from mobile_client.device.linux import FilePicker
from mobile_client.device.services import DeviceFault, DeviceServices, Fix


@dataclass
class FakeBattery:
    """A battery with a set charge."""

    charge: int | None = 80

    def percent(self) -> int | None:
        """Return the charge."""
        return self.charge


@dataclass
class FakeStorage:
    """A medium with set space."""

    free: int = 10 << 30

    def free_bytes(self) -> int:
        """Return the space."""
        return self.free


@dataclass
class FakeKeystore:
    """A keystore with a set secret."""

    hardware: bool = False
    value: bytes = b""

    def secret(self) -> bytes:
        """Return the secret."""
        return self.value


@dataclass
class FakeInstaller:
    """A system that keeps what it was to install."""

    platform: str = "linux-x86_64"
    installed: list[Path] = field(default_factory=list)

    def install(self, path: Path) -> str:
        """Keep the path."""
        self.installed.append(path)
        return f"install {path.name}"


@dataclass
class FakePosition:
    """A receiver that gives its fixes one after the other."""

    fixes: list[Fix] = field(default_factory=list)

    def fix(self, accuracy_m: float, timeout_s: float) -> Fix:
        """Return the next fix."""
        del accuracy_m, timeout_s
        if not self.fixes:
            raise DeviceFault("no position")
        return self.fixes.pop(0)


def fake_services(**changes: object) -> DeviceServices:
    """Return a device that has everything; `changes` replace single services."""
    parts: dict[str, object] = {
        "battery": FakeBattery(),
        "storage": FakeStorage(),
        "keystore": FakeKeystore(),
        "picker": FilePicker(),
        "installer": FakeInstaller(),
        "position": FakePosition([Fix(15.5518, 32.5324, 380.0, 5.0)]),
    }
    return DeviceServices(**{**parts, **changes})  # type: ignore[arg-type]


def sample_file(folder: Path, name: str, data: bytes) -> Path:
    """Write a file that the picker can take."""
    path = folder / name
    path.write_bytes(data)
    return path
