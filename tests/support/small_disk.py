"""A real small file system to run full: a tmpfs of its own size, filled by a ballast file."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.errors import StoreFull

PAGE_BYTES = 4096


@dataclass(frozen=True)
class SmallDisk:
    """One mounted file system.

    Attributes:
        root: where it is mounted; what is under test lives in folders here.
    """

    root: Path

    @property
    def free_bytes(self) -> int:
        """Return what is left."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int = 0) -> None:
        """Leave no more than so many bytes free; what is taken is given back by `empty`."""
        self.empty()
        size = self.free_bytes - leave_bytes
        if size > 0:
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"


@contextmanager
def told_in(messages: list[str]) -> Iterator[None]:
    """Collect what a full disk is told with; any other error goes on."""
    try:
        yield
    except StoreFull as error:
        messages.append(error.message)


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount a file system for the block; skip the test, saying so, where that is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command: a full disk needs a small file system of its own")
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()[:120]}")
    disk = SmallDisk(folder)
    try:
        yield disk
    finally:
        disk.empty()
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
