"""The app's own version as screens show it: installed, needed, offered, and how far it is here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UpgradeView:
    """The app's version on this device, and the package that would replace it.

    Attributes:
        minimum: what policy asks for, "" where it asks for nothing.
        needed: this device is below it: no new interview begins.
        version: of the package on offer, "" where none is above the installed one.
        changes: what is new, in the language of the screens where the package has it.
        asked: it is being loaded, by wish of the enumerator or by policy.
        barred: why it cannot be installed here although it is offered, "" where it can.
    """

    installed: str
    minimum: str = ""
    needed: bool = False
    version: str = ""
    file_name: str = ""
    size: int = 0
    received: int = 0
    whole: bool = False
    asked: bool = False
    changes: str = ""
    barred: str = ""

    @property
    def offered(self) -> bool:
        """Whether there is something newer."""
        return bool(self.version)

    @property
    def share(self) -> float:
        """How much of it is here, 0 to 1."""
        return self.received / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True)
class Installation:
    """What installing came to.

    Attributes:
        path: the verified file.
        command: what to type to install it, "" where the system asks by itself.
    """

    path: Path
    command: str = ""
