"""One SQLite file in write-ahead mode, flushed at every commit: opened, locked, committed.

What `transaction()` has left is on the disk: synchronous=FULL.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

from shared.clock import Clock
from shared.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull
from sync.stores.formats import bring_up, refuse_newer
from sync.stores.schema import LOG_FORMAT, PRAGMAS, STEPS

_WHAT: Final = "the sealed log"


class SqliteFile:
    """The file under the store; safe for the threads of one process."""

    def __init__(self, path: Path, clock: Clock, *, read_only: bool = False) -> None:
        self._clock = clock
        self._lock = RLock()
        self._depth = 0
        refuse_newer_log(path)
        with _explained():
            if read_only:
                uri = f"{path.absolute().as_uri()}?mode=ro"
                self._db = sqlite3.connect(uri, isolation_level=None, uri=True)
                self._db.execute("SELECT count(*) FROM logs")
                return
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                for pragma in PRAGMAS:
                    self._db.execute(pragma)
                bring_up(self._db, STEPS, _WHAT)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open or join a transaction; an error undoes it, leaving the outermost makes it durable.

        Raises:
            StoreFull, StoreBusy: nothing of it was kept.
        """
        with self._lock, _explained():
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._roll_back()
                raise
            self._depth -= 1
            if self._depth == 0:
                try:
                    self._db.execute("COMMIT")
                except sqlite3.Error:
                    self._roll_back()
                    raise

    def _roll_back(self) -> None:
        # A full disk may already have undone the transaction.
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock, _explained():
            return self._db.execute(sql, values).fetchall()

    def _row(self, sql: str, *values: object) -> Any:
        rows = self._rows(sql, *values)
        return rows[0] if rows else None


def refuse_newer_log(path: Path) -> None:
    """Refuse a log that a newer program wrote, before anything is written (SYNC-141).

    Raises:
        StoreTooNew: it is newer.
    """
    with _explained():
        refuse_newer(path, LOG_FORMAT, _WHAT)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn SQLite's errors into ours, each saying what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        if "full" in said or "disk I/O" in said:
            raise StoreFull(
                "the disk is full: free some space and go on; nothing is lost"
            ) from error
        if "locked" in said or "busy" in said:
            raise StoreBusy("another program uses the store; close it and try again") from error
        if "unable to open" in said:
            raise StoreBusy(
                "the store cannot be opened; check that its file and folder may be read"
            ) from error
        if "no such table" in said:
            raise StoreCorrupt("this is not a log of Cairn's") from error
        if "unable to open" in said or "readonly" in said:
            raise StoreError("the store cannot be opened or written: check its rights") from error
        raise
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError):
            raise
        raise StoreCorrupt(
            "the store's file is damaged: restore it from a backup, or enrol again and keep the "
            "file; what was handed over is safe"
        ) from error
