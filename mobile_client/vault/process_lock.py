"""One process at a time on a client's home: two would fork the device's log."""

import importlib
import os
from pathlib import Path
from typing import Final

from shared.errors import StoreBusy

_POSIX: Final = os.name == "posix"
_WINDOWS_BYTE: Final = 1024


class ProcessLock:
    """Holds the lock file of a home until closed, or until the process ends in any way."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            StoreBusy: another process works on this home.
        """
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._handle)
        except OSError as error:
            holder = os.read(self._handle, 32).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise StoreBusy(
                f"another Cairn works on {path.parent} (process {holder or 'unknown'}); "
                "close it, or give this one another --home"
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._handle)


def _lock(handle: int) -> None:
    """Take a lock that the system releases when the process ends, however it ends."""
    if _POSIX:
        fcntl = importlib.import_module("fcntl")
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        # Windows, not run here: one byte far behind the process number is locked.
        msvcrt = importlib.import_module("msvcrt")
        os.lseek(handle, _WINDOWS_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
