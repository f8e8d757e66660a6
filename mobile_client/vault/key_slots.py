"""The draft keys: one small file of slots, overwritten in place (protocol.md, "Drafts").

A slot is a page of its own, so a power cut while one is written cannot touch its neighbours. It
holds one draft's key, wrapped by the enumerator's vault key. Destroying a draft overwrites its slot
and waits for the medium: from then on every remnant of the draft, in SQLite's free pages, its
write-ahead log or a backup of the database, stays closed even to one who has the passphrase.

What this cannot reach: flash translation layers and copy-on-write file systems write an overwritten
page elsewhere and may keep the old one for a while. Reading it takes opening the chip, and then the
passphrase too. docs/guides/enumerator.md says so.
"""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from shared.clock import RandomBytes
from shared.errors import StoreCorrupt, StoreError, StoreFull, TagMismatch, is_disk_full
from shared.sealing.wrap import unwrap, wrap

PAGE_BYTES: Final = 4096
SLOTS_MAX: Final = 4096
KEY_BYTES: Final = 32
_WRAPPED_BYTES: Final = 12 + KEY_BYTES + 16
_FREE: Final = bytes(_WRAPPED_BYTES)


class KeySlots:
    """Takes, reads and destroys draft keys."""

    def __init__(self, path: Path, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._handle = os.open(path, flags, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def take(self, vault_key: bytes, draft_id: str) -> tuple[int, bytes]:
        """Draw a key for a draft, store it in a free slot, and return both; durable on return.

        Raises:
            StoreFull: more drafts than slots, or no space left.
        """
        count = self._count()
        slot = next((s for s in range(count) if self._read(s) == _FREE), count)
        if slot >= SLOTS_MAX:
            raise StoreFull(f"there are {SLOTS_MAX} drafts; finalize or abandon some first")
        key = self._random_bytes(KEY_BYTES)
        self._write(slot, wrap(vault_key, key, _place(draft_id), self._random_bytes))
        return slot, key

    def key(self, slot: int, vault_key: bytes, draft_id: str) -> bytes:
        """Return the key of a draft.

        Raises:
            StoreCorrupt: the slot was destroyed, damaged, or is another draft's.
        """
        try:
            return unwrap(vault_key, self._read(slot), _place(draft_id))
        except TagMismatch as error:
            raise StoreCorrupt(
                f"the key of draft {draft_id} is gone; it cannot be opened"
            ) from error

    def destroy(self, slot: int) -> None:
        """Overwrite a slot; durable on return. Destroying twice is harmless."""
        if slot < self._count():
            self._write(slot, self._random_bytes(_WRAPPED_BYTES))
            self._write(slot, _FREE)

    def sweep(self, used: Collection[int]) -> int:
        """Destroy every slot that no draft names: what a crash left; return how many."""
        orphans = [
            slot for slot in range(self._count()) if slot not in used and self._read(slot) != _FREE
        ]
        for slot in orphans:
            self.destroy(slot)
        return len(orphans)

    def _count(self) -> int:
        return -(-os.fstat(self._handle).st_size // PAGE_BYTES)

    def _read(self, slot: int) -> bytes:
        os.lseek(self._handle, slot * PAGE_BYTES, os.SEEK_SET)
        return os.read(self._handle, _WRAPPED_BYTES).ljust(_WRAPPED_BYTES, b"\0")

    def _write(self, slot: int, data: bytes) -> None:
        os.lseek(self._handle, slot * PAGE_BYTES, os.SEEK_SET)
        page = data.ljust(PAGE_BYTES, b"\0")
        try:
            while page:
                page = page[os.write(self._handle, page) :]
            os.fsync(self._handle)
        except OSError as error:
            if is_disk_full(error):
                raise StoreFull(
                    "there is no space left on this device; free some and go on"
                ) from error
            raise StoreError(
                f"the draft keys cannot be written ({error.strerror}); start this device again"
            ) from error


def _place(draft_id: str) -> bytes:
    return b"draft key " + draft_id.encode()
