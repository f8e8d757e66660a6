"""A lock that one process holds on a folder, so that two never write one log."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.errors import StoreBusy

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class HomeLock:
    """Held while the `with` block runs; the system frees it when the process dies."""

    def __init__(self, home: Path) -> None:
        self._path = home / ".lock"
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StoreBusy: another process holds it.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(self._file)
        except OSError as error:
            os.close(self._file)
            self._file = None
            raise StoreBusy(
                f"another program is using {self._path.parent}; close it and try again"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
