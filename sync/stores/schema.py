"""Tables of the SQLite log store, and the steps that bring older files up to them (SYNC-141).

A row of `logs` is a branch; an entry belongs to the branch that it arrived on, and a branch's path
goes on through its parent below `forked_at`. `payloads` is the CBOR array of `[compartment,
ciphertext]`, NULL once pruned. A signature stands where the author's head was signed.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from shared.sealing.envelope import DETACHED, parse_header
from sync.stores.formats import Step

PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA foreign_keys = ON",
)

_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS logs (
        id INTEGER PRIMARY KEY,
        author BLOB NOT NULL CHECK (length(author) = 16),
        incarnation INTEGER NOT NULL CHECK (incarnation >= 0),
        branch INTEGER NOT NULL CHECK (branch >= 0),
        parent INTEGER,
        forked_at INTEGER NOT NULL,
        head_sequence INTEGER NOT NULL,
        head_hash BLOB NOT NULL CHECK (length(head_hash) = 32),
        UNIQUE (author, incarnation, branch)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS entries (
        log INTEGER NOT NULL REFERENCES logs (id),
        sequence INTEGER NOT NULL CHECK (sequence >= 1),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        header BLOB NOT NULL,
        payloads BLOB,
        signed_on INTEGER,
        signature BLOB,
        taken_ms INTEGER NOT NULL,
        PRIMARY KEY (log, sequence)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS aside (
        hash BLOB PRIMARY KEY,
        data BLOB NOT NULL,
        reason TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS detached (
        hash BLOB PRIMARY KEY,
        author BLOB NOT NULL,
        length INTEGER NOT NULL,
        received INTEGER NOT NULL,
        state INTEGER NOT NULL
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS detached_wanted ON detached (author) WHERE state = 0
    """,
    """
    CREATE TABLE IF NOT EXISTS chunks (
        hash BLOB NOT NULL,
        "offset" INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (hash, "offset")
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS papers (
        kind TEXT NOT NULL,
        name BLOB NOT NULL,
        data BLOB NOT NULL,
        signature BLOB NOT NULL,
        PRIMARY KEY (kind, name)
    )
    """,
)


def _name_the_format(db: sqlite3.Connection) -> None:
    """Format 0 to 1: make what is missing, and say from now on which format it is.

    Files of before had no number. The oldest did not note whose a detached payload is; the entry
    that names it tells.
    """
    columns = [row[1] for row in db.execute("PRAGMA table_info(detached)")]
    if columns and "author" not in columns:
        db.execute("ALTER TABLE detached ADD COLUMN author BLOB NOT NULL DEFAULT x''")
        db.execute("DROP INDEX IF EXISTS detached_wanted")
        db.executemany("UPDATE detached SET author = ? WHERE hash = ?", _authors_of_payloads(db))
    for statement in _TABLES:
        db.execute(statement)


def _authors_of_payloads(db: sqlite3.Connection) -> Iterator[tuple[bytes, Any]]:
    for (header_bytes,) in db.execute("SELECT header FROM entries").fetchall():
        header = parse_header(header_bytes)
        for ref in header.payloads:
            if ref.compartment in DETACHED:
                yield header.author, ref.hash


STEPS: Final[tuple[Step, ...]] = (_name_the_format,)
"""STEPS[n] brings format n to n + 1. A step that was released is never changed."""
LOG_FORMAT: Final = len(STEPS)
