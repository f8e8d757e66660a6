"""Open the analytic database, SQLite or PostgreSQL, to write or only to read. Rule DEID-016."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from shared.errors import UsageError

BUSY_TIMEOUT_MS = 30_000
"""How long one process waits for another to finish its transaction."""


def connect_url(url: str, *, readonly: bool) -> Engine:
    """Return an engine for `sqlite:///PATH`, a bare path, or `postgresql://...`.

    Raises:
        UsageError: another kind of database, or nothing there to read.
    """
    if url.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        return _postgres("postgresql+psycopg://" + url.split("://", 1)[1], readonly=readonly)
    if "://" in url and not url.startswith("sqlite:///"):
        kind = make_url(url).drivername
        raise UsageError(f"the analytics store is sqlite:///PATH or postgresql://..., not {kind}")
    return _sqlite(Path(url.removeprefix("sqlite:///")), readonly=readonly)


def is_sqlite(engine: Engine) -> bool:
    """Tell which of the two engines this is."""
    return engine.dialect.name == "sqlite"


def _postgres(url: str, *, readonly: bool) -> Engine:
    """Open PostgreSQL; a reader's transactions are read-only at the server."""
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if readonly else {}
    engine = create_engine(make_url(url), pool_pre_ping=True, **options)
    if readonly:

        @event.listens_for(engine, "begin")
        def read_only(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine


def _sqlite(path: Path, *, readonly: bool) -> Engine:
    """Open a SQLite file in WAL mode, so that tabulation reads while the server writes."""
    if readonly and not path.exists():
        raise UsageError(f"there is no analytics store at {path}; start the mission server first")
    if not readonly:
        path.parent.mkdir(parents=True, exist_ok=True)
    mode = "ro" if readonly else "rwc"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_MS / 1000,
            check_same_thread=False,
            isolation_level=None,
        )
        if not readonly:
            connection.execute("PRAGMA journal_mode=WAL")
            # FULL: the server forgets that a record awaits its rows once they are committed here.
            connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: upgrading a read lock later can deadlock with another.
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine
