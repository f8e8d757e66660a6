"""Homes and logs of earlier versions, to be opened by today's (SYNC-141)."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from client_kit import HOUSEHOLD, START, MovingClock, form_of
from client_project import TestProject

from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.client import Client
from shared.sealing.keys import SecretKey, SigningKey, Suite
from sync.stores.sqlite import SqliteLogStore

SIGNING = ("root", "log_key", "receipt_key")
SEALING = ("intake", "custodian", "transport", "coordinator")
HOMES = Path(__file__).resolve().parents[1] / "fixtures" / "homes"


def unpacked(kept: Path, folder: Path) -> TestProject:
    """Unpack a kept home to `folder`/home; return the project it belongs to, with its server."""
    with zipfile.ZipFile(kept) as file:
        file.extractall(folder)
    held = json.loads((folder / "keys.json").read_text("utf-8"))
    keys = {name: bytes.fromhex(secret) for name, secret in held.items()}
    signing = {name: SigningKey.from_bytes(keys[name]) for name in SIGNING}
    sealing = {name: SecretKey.from_bytes(Suite.X25519, keys[name]) for name in SEALING}
    clock = MovingClock(START + timedelta(days=1))
    store = SqliteLogStore(folder / "server.db", clock)
    project = TestProject(clock=clock, store=store, **signing, **sealing)
    project.codebooks.add(form_of(HOUSEHOLD).codebook)
    return project


def stored(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of a SQLite file, by table."""
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: sorted(db.execute(f"SELECT * FROM {name}")) for (name,) in sorted(tables)}


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file with content, by name; lock files left out."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock" and not path.name.endswith(("-shm", "-wal"))
    }


def set_format(path: Path, number: int) -> None:
    """Write another format's number into a file."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {number}")
        db.commit()


def format_of(path: Path) -> int:
    """Return the number of a file's format."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def make_first_log(path: Path) -> None:
    """Turn a log into the oldest there was: no number, and no author beside a detached payload."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP INDEX IF EXISTS detached_wanted")
        db.execute("ALTER TABLE detached DROP COLUMN author")
        db.execute("CREATE INDEX detached_wanted ON detached (state) WHERE state = 0")
        db.execute("PRAGMA user_version = 0")


def copied(home: Path, to: Path) -> Path:
    """Copy a closed home."""
    shutil.copytree(home, to)
    return to


def finish_draft(client: Client) -> None:
    """Go on with the one open draft, whose respondent still agrees, and seal it."""
    (draft,) = client.drafts()
    interview = client.resume(draft.draft_id)
    assert interview.consent(ConsentGiven())
    interview.close()
    client.finalize(draft.draft_id)


def head_names(client: Client) -> list[str]:
    """Return whom the open drafts are about."""
    interviews = [client.resume(row.draft_id) for row in client.drafts()]
    names = []
    for interview in interviews:
        rows = {row.path: row.answer for row in interview.outline()}
        names += [answer for path, answer in rows.items() if path.endswith("head_name")]
        interview.close()
    return names
