"""Files that survive a power cut: written whole or not at all, readable by their owner only."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import StoreError, StoreFull, is_disk_full


def write_private(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file only its owner can read, whole or not at all; durable on return.

    Data may come in blocks; an error while they come leaves what stood there before.

    Raises:
        StoreFull: no space left; what stood under that name before stands there still.
        StoreError: the medium does not take it.
    """
    temporary = path.with_name(f".{path.name}.new")
    with _explained(temporary):
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            for block in (data,) if isinstance(data, bytes) else data:
                view = memoryview(block)
                while view:
                    view = view[os.write(handle, view) :]
            os.fsync(handle)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def _explained(temporary: Path) -> Iterator[None]:
    """Turn the system's refusal into ours, and leave nothing half written to fill the disk."""
    try:
        yield
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if is_disk_full(error):
            raise StoreFull("there is no space left on this device; free some and go on") from error
        raise StoreError(
            f"this device does not take files at present ({error.strerror}); start it again"
        ) from error


def remove(path: Path) -> None:
    """Remove a file if it is there; durable on return."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in a folder durable, where the platform can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> Path:
    """Make a folder only its owner can enter, and return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
