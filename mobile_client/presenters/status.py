"""How the work on this device stands: counts, the banner, where to hand over and how far it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Finalized work by where it is; told also while locked."""

    on_device: int = 0
    handed_over: int = 0
    received: int = 0

    @property
    def waiting(self) -> int:
        """What only this device holds."""
        return self.on_device


@dataclass(frozen=True, slots=True)
class Banner:
    """The line on top of every screen.

    Attributes:
        online: None until the first try tells.
        free_bytes, battery_percent: None where the device does not say.
        training: the project is one for training, by its name: no real people's answers.
    """

    online: bool | None = None
    last_sync_ms: int | None = None
    free_bytes: int | None = None
    battery_percent: int | None = None
    training: bool = False
    low_space: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """Where sealed records can go: kind is mission, hub or bundle.

    Attributes:
        taken_ms: of a hub that took records before, when it last signed for some.
    """

    kind: str
    label: str
    address: str = ""
    taken_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A hand-over under way. Numbers never go back within one transfer.

    Attributes:
        loaded_bytes: of a new version of the app that came in this hand-over.
        files: attachments that the other side lacked when this began.
        file_bytes, file_bytes_total: what it has of them by now, and how much they are.
    """

    entries_sent: int = 0
    entries_total: int = 0
    entries_taken: int = 0
    bytes_sent: int = 0
    bytes_total: int = 0
    elapsed_s: float = 0.0
    loaded_bytes: int = 0
    files: int = 0
    file_bytes: int = 0
    file_bytes_total: int = 0

    @property
    def bytes_per_s(self) -> float:
        """Mean speed so far."""
        return self.bytes_sent / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds to go at the pace so far; None while unknown."""
        if self.file_bytes_total and self.entries_sent >= self.entries_total:
            left = self.file_bytes_total - self.file_bytes
            return left / self.bytes_per_s if self.bytes_sent else None
        if not self.entries_sent or self.elapsed_s <= 0:
            return None
        return (self.entries_total - self.entries_sent) * self.elapsed_s / self.entries_sent
