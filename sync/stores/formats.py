"""The format of a SQLite file: read from it, brought up step by step, refused where it is newer.

The number stands in the file itself (`user_version`), so a step and its number are one transaction:
a step that a kill or a full disk cut short has not happened, and the next start does it again.
Rule SYNC-141.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from shared.errors import StoreTooNew

Step = Callable[[sqlite3.Connection], None]
"""Brings a file of one format to the next; it may not commit (so no `executescript`)."""


def refuse_newer(path: Path, known: int, what: str) -> int:
    """Return a file's format, looked up without writing to it; a missing or empty one has 0.

    Args:
        path: the SQLite file.
        known: the newest format this program reads.
        what: what the file is, for the message.

    Raises:
        StoreTooNew: a newer program wrote it.
        sqlite3.Error: it cannot be read.
    """
    if not path.exists() or path.stat().st_size == 0:
        return 0
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        return _checked(db, known, what)


def bring_up(db: sqlite3.Connection, steps: Sequence[Step], what: str) -> None:
    """Bring an open file to the format that the last step makes.

    Raises:
        StoreTooNew: it is newer; nothing was written.
        sqlite3.Error: a step failed; the file is as it was before that step.
    """
    while _checked(db, len(steps), what) < len(steps):
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done the step while this one waited for its turn.
            at = _checked(db, len(steps), what)
            if at < len(steps):
                steps[at](db)
                db.execute(f"PRAGMA user_version = {at + 1}")
            db.execute("COMMIT")
        except BaseException:
            # A full disk may already have undone the transaction.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _checked(db: sqlite3.Connection, known: int, what: str) -> int:
    (at,) = db.execute("PRAGMA user_version").fetchone()
    if at > known:
        raise StoreTooNew(
            f"{what} was written by a newer version of Cairn (format {at}, this one reads up to "
            f"{known}): install that version again; nothing was touched and nothing is lost"
        )
    return int(at)
