"""The vault's one SQLite file: sealed values under random names, no plaintext of any answer.

Rows tell apart whose they are and what kind of thing they hold, nothing else. Every commit is on
the medium before it returns (WAL with synchronous=FULL); freed pages are zeroed.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from shared.errors import CairnError, StoreBusy, StoreCorrupt, StoreFull
from sync.stores.formats import Step, bring_up, refuse_newer

Row = Mapping[str, Any]

_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "journal_size_limit = 4194304",
)
_WHAT: Final = "the vault"
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, name TEXT, sealed BLOB,"
    " mailbox_public BLOB, mailbox_sealed BLOB, wrong_tries INTEGER, wait_from_ms INTEGER)",
    "CREATE TABLE IF NOT EXISTS drafts"
    " (id TEXT PRIMARY KEY, owner TEXT, slot INTEGER, sealed BLOB)",
    "CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, owner TEXT, kind TEXT, sealed BLOB)",
)


def _name_the_format(db: sqlite3.Connection) -> None:
    """Format 0 to 1: the tables as they always were, and from now on the number with them."""
    for statement in _TABLES:
        db.execute(statement)


STEPS: Final[tuple[Step, ...]] = (_name_the_format,)
"""STEPS[n] brings format n to n + 1. What is sealed in a row is opened by whoever reads it: a step
is also made where drafts or items get a shape that the version before would not read."""
VAULT_FORMAT: Final = len(STEPS)
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""On a full disk the index of the write-ahead log cannot grow, which SQLite calls IOERR."""
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is its primary code."""


class VaultDatabase:
    """Tables `people`, `drafts` and `items`; one writer at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        refuse_newer_vault(path)
        with translated():
            self._connection = sqlite3.connect(path, check_same_thread=False)
            try:
                self._db = self._prepared()
            except BaseException:
                self._connection.close()
                raise

    def _prepared(self) -> Database:
        db = Database(self._connection, execute_plugins=False)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        bring_up(self._connection, STEPS, _WHAT)
        return db

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def scrub(self) -> None:
        """Write freed and replaced values over on the medium: key files leave no old copy."""
        with self._lock, translated():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside together, durable on return, or nothing; may be nested.

        Raises:
            StoreFull, StoreBusy: nothing of it was kept.
        """
        with self._lock, translated():
            if self._connection.in_transaction:
                yield
                return
            # Begun here: where nothing is open, sqlite-utils commits each of its own statements.
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                yield

    def put(self, table: str, row: Row) -> None:
        """Insert a row or replace the one of the same id; inside a transaction of the caller."""
        self._db.table(table).insert(dict(row), replace=True)

    def change(self, table: str, row_id: str, changes: Row) -> None:
        """Change some columns of a row; inside a transaction of the caller."""
        self._db.table(table).update(row_id, dict(changes))

    def drop(self, table: str, row_id: str) -> None:
        """Remove a row if it is there; inside a transaction of the caller."""
        self._db.table(table).delete_where("id = ?", [row_id])

    def find(self, table: str, row_id: str) -> Row | None:
        """Return a row, or None."""
        return next(iter(self.rows(table, id=row_id)), None)

    def rows(self, table: str, **where: str) -> list[Row]:
        """Return the rows whose columns equal `where`, in the order they were written."""
        condition = " and ".join(f"{column} = ?" for column in where) or "1"
        with self._lock, translated():
            return list(
                self._db.table(table).rows_where(condition, list(where.values()), order_by="rowid")
            )


def refuse_newer_vault(path: Path) -> None:
    """Refuse a vault that a newer program wrote, before anything is written (SYNC-141).

    Raises:
        StoreTooNew: it is newer.
    """
    with translated():
        refuse_newer(path, VAULT_FORMAT, _WHAT)


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLite's errors into ours, so that a full disk is told as one."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error) from error


def store_error(error: sqlite3.Error) -> CairnError:
    """Return the store error that says what to do about a database error."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _FULL:
        return StoreFull("there is no space left on this device; free some and go on")
    if code in _BUSY:
        return StoreBusy("the vault is in use by another process; try again")
    return StoreCorrupt(f"the vault cannot be read: {error}")
