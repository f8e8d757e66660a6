"""Engines and transactions: three stores, each SQLite or PostgreSQL, opened the same way.

A write transaction takes its lock when it begins (SQLite: BEGIN IMMEDIATE), because a read lock
that is upgraded later can deadlock with another. A commit is on disk when it returns
(`synchronous=FULL`): a receipt may be given for it (SYNC-024).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from server.tables.stores import Store
from shared.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, UsageError

BUSY_TIMEOUT_MS: Final = 30_000
"""How long one process waits for another to finish its transaction."""
_BEGIN: Final = "cairn_begin"
_POSTGRES: Final = ("postgresql://", "postgresql+psycopg://", "postgres://")
_FULL_CODES: Final = frozenset({"53100"})
_FULL_NAMES: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})
"""SQLite's own word, and that the index of the write-ahead log cannot grow."""
_BUSY_CODES: Final = frozenset({"40001", "40P01", "55P03", "57P03"})
_CORRUPT_CODES: Final = frozenset({"XX001", "XX002"})


@dataclass(frozen=True, slots=True)
class Stores:
    """The open stores of a mission server."""

    inbox: Engine
    records: Engine
    keys: Engine

    def engine(self, store: Store) -> Engine:
        """Return the engine of one store."""
        return {Store.INBOX: self.inbox, Store.RECORDS: self.records, Store.KEYS: self.keys}[store]

    def close(self) -> None:
        """Close every connection."""
        for store in Store:
            self.engine(store).dispose()


def open_store(url: str) -> Engine:
    """Return the engine of a store at `sqlite:///PATH` or `postgresql://...`.

    Raises:
        UsageError: another kind of database.
    """
    if url.startswith(_POSTGRES):
        return create_engine(
            make_url("postgresql+psycopg://" + url.split("://", 1)[1]), pool_pre_ping=True
        )
    if not url.startswith("sqlite:///"):
        kind = url.split(":", 1)[0]
        raise UsageError(f"a store is sqlite:///PATH or postgresql://..., not {kind}")
    return _sqlite(Path(url.removeprefix("sqlite:///")))


def _sqlite(path: Path) -> Engine:
    """Open a SQLite file in WAL mode."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False, isolation_level=None
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        # What is deleted is overwritten: a received form that was re-wrapped, a destroyed key.
        connection.execute("PRAGMA secure_delete=ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=40)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get(_BEGIN, "")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def is_sqlite(engine: Engine | Connection) -> bool:
    """Tell which of the two kinds of database this is."""
    return engine.dialect.name == "sqlite"


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a transaction that only reads."""
    with translated(), Session(engine) as session, session.begin():
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open a transaction that writes; it is durable when the block ends without an error.

    Raises:
        StoreFull, StoreBusy, StoreCorrupt: nothing was changed.
    """
    bound = engine.execution_options(**{_BEGIN: "IMMEDIATE"}) if is_sqlite(engine) else engine
    with translated(), Session(bound) as session, session.begin():
        yield session


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's own errors into ours, so that a full disk is told as one."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error) from error


def _translate(error: DBAPIError) -> Exception:
    """Return our error for a database error, or the same where it is a bug of ours."""
    code = str(getattr(error.orig, "sqlstate", "") or "")
    name = str(getattr(error.orig, "sqlite_errorname", "") or "")
    if code in _FULL_CODES or name in _FULL_NAMES:
        return StoreFull("the disk of the mission server is full; free some space, then go on")
    if code in _BUSY_CODES or name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy("the store is busy; try again in a moment")
    if code in _CORRUPT_CODES or name in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
        return StoreCorrupt("the store is damaged; stop the server and restore a backup")
    if name.startswith("SQLITE_IOERR") or name in {"SQLITE_CANTOPEN", "SQLITE_READONLY"}:
        return StoreError(f"the store cannot be read or written ({name}); check disk and rights")
    if isinstance(error, OperationalError) and not name:
        return StoreError(f"the database does not answer: {type(error.orig).__name__}")
    return error


def rowcount(result: Any) -> int:
    """Return how many rows a statement touched."""
    return int(result.rowcount)
