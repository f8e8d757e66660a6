"""Back up a mission server, and tell devices what they may forget.

Rules SYNC-041, SYNC-083, GOV-053. What is safe is noted first, then copied; devices are told once
two backups have it, so that the older of them loses nothing. Inbox goes before records, so that an
entry taken over meanwhile is in both and never in neither; keys last, so that every record in the
copy has its key. The keys lie in a folder of their own that policy deletes early: a backup then
cannot bring back what was erased.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from server.db import reading, writing
from server.governance.actions import Action
from server.governance.auditing import checkpoint
from server.governance.decide import Actor, Resource
from server.jobs.postgres_tools import dump
from server.mission import CONSOLE, Mission
from server.queries import logs
from server.settings import FILE_NAME
from server.tables.log import Detached, LogBranch, LogEntry
from shared.errors import StoreCorrupt, StoreError, StoreFull, UsageError, is_disk_full
from shared.sealing.envelope import DETACHED, parse_header

MANIFEST: Final = "backup.json"
FORMAT: Final = "cairn-backup-1"
LONG: Final = "stores"
SHORT: Final = "keys-short-lived"
KEYS: Final = "keys"
KEYCHAIN: Final = f"{SHORT}/keychain"
"""The sealed keys go early too: an old one would open what a destroyed period's key sealed."""
ORDER: Final = (("inbox", LONG), ("records", LONG), ("analytics", LONG), (KEYS, SHORT))
_PAGES: Final = 2_000
_Safe = dict[tuple[bytes, int], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup came to."""

    folder: Path
    logs: int
    entries: int
    size_bytes: int


def back_up(mission: Mission, folder: Path, actor: Actor = CONSOLE) -> BackedUp:
    """Copy every store and the sealed keys into a new folder, then tell devices what is safe.

    Raises:
        UsageError: the folder exists, or a PostgreSQL store and no pg_dump.
        StoreFull: no space there; nothing is left of it, and devices are told nothing.
        StoreCorrupt: a copy does not read back; devices are told nothing.
        PolicyDenied: the actor may not.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists; a backup is written into a new folder")
    mission.permit(actor, Action.BACKUP_MAKE, Resource("backup", folder.name))
    checkpoint(mission)
    part = folder.with_name(f".{folder.name}.part")
    with _whole_or_nothing(part, folder):
        with reading(mission.stores.inbox) as session:
            safe = _safe(session)
        for store, place in ORDER:
            _copy(mission.settings.store_url(store), part / place / store)
        for file in mission.settings.keys_folder.iterdir():
            shutil.copy2(file, part / KEYCHAIN / file.name)
        shutil.copy2(mission.settings.home / FILE_NAME, part / FILE_NAME)
        size_bytes = _describe(mission, part, safe)
    with writing(mission.stores.inbox) as session:
        _tell(session, safe)
    return BackedUp(folder, len(safe), sum(sequence for sequence, _ in safe.values()), size_bytes)


@contextmanager
def _whole_or_nothing(part: Path, folder: Path) -> Iterator[None]:
    """Lend a folder to copy into, which gets its name when all of it is on the medium.

    Raises:
        StoreFull, StoreError: it cannot be written there; what was written is removed.
    """
    shutil.rmtree(part, ignore_errors=True)
    try:
        for name in (LONG, SHORT, KEYCHAIN):
            (part / name).mkdir(parents=True, mode=0o700)
        yield
        os.sync()
        part.rename(folder)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, sqlite3.Error | OSError):
            raise _explained(error, folder) from error
        raise


def _explained(error: sqlite3.Error | OSError, folder: Path) -> StoreError:
    """Return what the keeper is told where a copy could not be made."""
    name = getattr(error, "sqlite_errorname", "")
    full = name == "SQLITE_FULL" or (isinstance(error, OSError) and is_disk_full(error))
    if full:
        return StoreFull(
            f"there is no space for a backup in {folder.parent}: free some space or name another "
            "place; no device was told that it may forget anything"
        )
    return StoreError(f"a backup cannot be written to {folder.parent}: {name or error}")


def _safe(session: Session) -> _Safe:
    """Return how far each log is here whole: an attachment still on its way holds its log back."""
    missing: dict[bytes, set[bytes]] = {}
    for row in session.exec(select(Detached).where(col(Detached.whole).is_(False))):
        missing.setdefault(row.author, set()).add(row.payload_hash)
    safe: _Safe = {}
    for branch in session.exec(select(LogBranch).where(LogBranch.number == 0)):
        sequence, digest = branch.head_sequence, branch.head_hash
        if branch.author in missing:
            sequence, digest = _before_missing(session, branch, missing[branch.author])
        if sequence:
            safe[branch.author, branch.incarnation] = (sequence, digest)
    return safe


def _before_missing(session: Session, branch: LogBranch, missing: set[bytes]) -> tuple[int, bytes]:
    """Return the last entry before the first that names a payload which is not whole."""
    query = (
        select(LogEntry.sequence, LogEntry.hash, LogEntry.header)
        .where(
            LogEntry.author == branch.author,
            LogEntry.incarnation == branch.incarnation,
            LogEntry.branch == 0,
        )
        .order_by(col(LogEntry.sequence))
    )
    last = (0, b"")
    for sequence, digest, header in session.exec(query.execution_options(yield_per=500)):
        named = {r.hash for r in parse_header(header).payloads if r.compartment in DETACHED}
        if named & missing:
            break
        last = (sequence, digest)
    return last


def _copy(url: str, target: Path) -> None:
    if url.startswith("sqlite:///"):
        _copy_sqlite(Path(url.removeprefix("sqlite:///")), target.with_suffix(".db"))
    else:
        dump(url, target.with_suffix(".dump"))


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a live SQLite file page by page and read it back.

    Raises:
        StoreCorrupt: the copy is damaged, so the original may be.
    """
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=_PAGES)
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise StoreCorrupt(f"the copy of {source.name} is damaged: {verdict}")
    target.chmod(0o600)


def _describe(mission: Mission, part: Path, safe: _Safe) -> int:
    """Write the manifest: what is here, its hashes, and how far each log reaches."""
    files = sorted(path for path in part.rglob("*") if path.is_file())
    known = mission.project()
    content: dict[str, Any] = {
        "format": FORMAT,
        "deployment": known.deployment.hex(),
        "incarnation": known.incarnation,
        "made_at": mission.clock.now().isoformat(timespec="seconds"),
        "logs": [[a.hex(), i, n, digest.hex()] for (a, i), (n, digest) in sorted(safe.items())],
        "files": {str(path.relative_to(part)): file_hash(path) for path in files},
    }
    (part / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return sum(path.stat().st_size for path in files)


def file_hash(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _tell(session: Session, safe: _Safe) -> None:
    """Note what the backup holds: the next receipts name what the one before it holds too.

    Disks fail: where only the older of two backups can be read, it still has what devices forgot.
    """
    points = [
        (branch, *safe[branch.author, branch.incarnation])
        for branch in logs.all_branches(session)
        if branch.number == 0 and (branch.author, branch.incarnation) in safe
    ]
    logs.mark_backed_up(session, points)
