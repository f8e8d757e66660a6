"""Putting a verified package on a computer: the system does it, a person types or taps the word."""

import platform
import shlex
from pathlib import Path
from typing import Final

_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
_COMMANDS: Final = {
    ".deb": "sudo apt install {file}",
    ".whl": "python3 -m pip install --upgrade {file}",
    ".msi": "msiexec /i {file}",
    ".exe": "{file}",
}


def platform_word(system: str, machine: str) -> str:
    """Return what packages call this platform: linux-x86_64, windows-x86_64 ... (SEAL-091)."""
    kind = machine.lower().replace(" ", "_")
    return f"{system.lower() or 'unknown'}-{_MACHINES.get(kind, kind) or 'unknown'}"


class CommandInstaller:
    """A laptop: says the command that installs a file."""

    def __init__(self) -> None:
        self.platform = platform_word(platform.system(), platform.machine())

    def install(self, path: Path) -> str:
        """Return the command; "" where there is none for such a file, and its folder is enough."""
        command = _COMMANDS.get(path.suffix.lower(), "")
        # apt takes a file for one only where its path says so.
        return command.format(file=shlex.quote(str(path.absolute())))
