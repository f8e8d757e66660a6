"""Restore a mission server from a backup, into a new home.

Rules SYNC-042, GOV-054..056. Order: the copy is checked, the erasure ledgers (the backup's, and a
newer one where the old home or a saved ledger has it) are applied before anything can be opened,
and the server's incarnation grows, so that devices and hubs push again whatever the backup did not
hold yet.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from server.db import open_store, reading, writing
from server.intake.kept_files import erase_attachments
from server.jobs.backup import FORMAT, KEYCHAIN, MANIFEST, ORDER, file_hash
from server.jobs.postgres_tools import load_dumps
from server.migrations import migrate
from server.mission import Mission
from server.queries import devices, documents, outbox, packages
from server.queries import project as projects
from server.settings import FILE_NAME, load_settings, save_settings
from server.tables.attachments import Attachment
from server.tables.documents import ListVersion
from server.tables.keys import Erasure, RecordKey
from server.tables.lists import CaseListReader
from server.tables.log import LogBranch, MailSent
from server.tables.project import AcceptThrough, Project
from server.tables.records import (
    AnalyticsDue,
    MailDue,
    Record,
    RecordState,
    Revision,
    RevisionState,
)
from shared.canonical import encode
from shared.clock import Clock
from shared.errors import StoreCorrupt, UsageError
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import Kind
from shared.sealing.receipts import Signed
from sync.core.attest import (
    Attestation,
    Enrolled,
    PackageWithdrawn,
    Revoked,
    Withdrawn,
    encode_attestations,
)
from sync.core.certificate import PeerRole
from sync.core.have import LogName, Point

_LEDGER_FIELDS = ("record_id", "respondent", "whole", "cause", "withdrawal_hash", "erased_at")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to."""

    home: Path
    incarnation: int
    erased_again: int


def restore(
    backup: Path, home: Path, clock: Clock, ledger: Path | None = None, *, postgres: str = ""
) -> Restored:
    """Make a home from a backup.

    Args:
        backup: the folder that `cairn server backup` made.
        home: where the server is to live; must not exist.
        clock: for what is written meanwhile.
        ledger: a newer key store (`keys.db`) whose erasures are applied as well.
        postgres: URL of an empty database, with the right to make schemas and roles in it; for a
            backup of PostgreSQL stores.

    Raises:
        UsageError: not a backup, a home that exists, or stores of the other kind of database.
        StoreCorrupt: a file is not what the manifest says, or does not read back.
    """
    manifest = check_backup(backup)
    if home.exists():
        raise UsageError(f"{home} exists; a restore is written into a new folder")
    dumped = _is_dumped(backup)
    if dumped != bool(postgres):
        raise UsageError(
            f"{backup} holds dumps of PostgreSQL; name an empty database to restore them into"
            if dumped
            else f"{backup} holds SQLite stores; restore them without a database"
        )
    (home / "stores").mkdir(parents=True, mode=0o700)
    shutil.copytree(backup / KEYCHAIN, home / "keys")
    (home / "releases").mkdir(mode=0o700)
    shutil.copy2(backup / FILE_NAME, home / FILE_NAME)
    settings = load_settings(home)
    if postgres:
        dumps = {store: backup / place / f"{store}.dump" for store, place in ORDER}
        settings = replace(settings, stores=load_dumps(dumps, postgres))
        save_settings(settings)
    else:
        for store, place in ORDER:
            shutil.copy2(backup / place / f"{store}.db", home / "stores" / f"{store}.db")
    mission = Mission.attach(settings, clock)
    try:
        migrate(mission.stores)
        erased = apply_ledger(mission, _read_ledger(ledger) if ledger is not None else [])
        incarnation = reincarnate(mission, int(manifest["incarnation"]))
    finally:
        mission.close()
    return Restored(home, incarnation, erased)


def _is_dumped(backup: Path) -> bool:
    """Tell which kind of database a backup is of.

    Raises:
        UsageError: some stores are of one kind and some of the other.
    """
    kinds = {(backup / place / f"{store}.dump").is_file() for store, place in ORDER}
    if len(kinds) > 1:
        raise UsageError(f"{backup} is of SQLite and of PostgreSQL stores: restore it by hand")
    return kinds.pop()


def check_backup(folder: Path) -> dict[str, Any]:
    """Return a backup's manifest once every file is what it says.

    Raises:
        UsageError: not a backup.
        StoreCorrupt: a file is missing or changed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{folder} is not a backup (no {MANIFEST})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UsageError(f"{folder} is a backup of another version")
    files = manifest.get("files")
    if not isinstance(files, dict) or type(manifest.get("incarnation")) is not int:
        raise StoreCorrupt(f"{MANIFEST} of the backup is damaged; use another one")
    for name, digest in files.items():
        inside = PurePath(name)
        path = folder / inside
        if inside.is_absolute() or ".." in inside.parts or "\0" in name or not path.is_file():
            raise StoreCorrupt(f"{name} of the backup is missing or was changed; use another one")
        if file_hash(path) != digest:
            raise StoreCorrupt(f"{name} of the backup is missing or was changed; use another one")
    return manifest


def reincarnate(mission: Mission, at_least: int) -> int:
    """Open the server's next incarnation: receipts of before count for pruning no more.

    Its new broadcast log says again what is in force: what the last one said after the backup was
    made is lost to those who had not heard it.
    """
    with writing(mission.stores.inbox) as session:
        project = session.get(Project, 1)
        if project is None:
            raise UsageError("the backup holds no project")
        project.incarnation = max(project.incarnation, at_least) + 1
        incarnation = project.incarnation
        session.add(project)
        nothing = {"backed_up_sequence": 0, "backed_up_hash": None}
        session.execute(update(LogBranch).values(copied_sequence=0, copied_hash=None, **nothing))
        session.execute(delete(MailSent))
        rings = projects.rings(session)
        revoked = [
            Revoked(LogName(AuthorId(d.author), r.incarnation), _point(r), d.revoked_reason)
            for d in devices.all_devices(session)
            for r in devices.accept_through(session, AuthorId(d.author))
        ]
        hubs = [
            Enrolled(Signed(d.certificate, d.certificate_signature))
            for d in devices.all_devices(session)
            if d.kind == PeerRole.HUB.value
        ]
        apps = packages.all_packages(session)
        announced = [app.payload for app in apps]
        gone = [PackageWithdrawn(app.hash, app.reason) for app in apps if app.withdrawn_at]
    with reading(mission.stores.keys) as session:
        codes = sorted({row.withdrawal_hash for row in keys_ledger(session) if row.withdrawal_hash})
    said: list[Attestation] = [*revoked, *(Withdrawn(code) for code in codes), *gone]
    with writing(mission.stores.records) as session:
        session.execute(delete(MailDue))
        # The new mailboxes say nothing of case lists yet: the next version goes whole.
        session.execute(update(CaseListReader).values(wanted=True, letters=b"", stale=b""))
        for ring in rings[-1:]:
            outbox.add_broadcast(session, Kind.KEYS, encode([ring.data, ring.signature]))
        for policy in documents.policies(session)[-1:]:
            outbox.add_broadcast(session, Kind.POLICY, policy.payload)
        for held in session.exec(select(ListVersion).order_by(col(ListVersion.published_at))):
            held.step = None
            session.add(held)
            outbox.add_broadcast(session, Kind.LIST, held.payload)
        for form in documents.forms(session):
            outbox.add_broadcast(session, Kind.FORM, form.payload)
        for package in announced:
            outbox.add_broadcast(session, Kind.PACKAGE, package)
        for hub in hubs:
            outbox.add_broadcast(session, Kind.ATTESTATION, encode_attestations([hub]))
        if said:
            outbox.add_broadcast(session, Kind.ATTESTATION, encode_attestations(said))
    return incarnation


def keys_ledger(session: Session) -> list[Erasure]:
    """Return every line of the erasure ledger."""
    return list(session.exec(select(Erasure).order_by(col(Erasure.id))))


def _point(row: AcceptThrough) -> Point:
    return Point(row.sequence, EntryHash(row.hash))


def apply_ledger(mission: Mission, newer: Iterable[Erasure]) -> int:
    """Erase again all that any ledger names; return how many records that took."""
    with writing(mission.stores.keys) as session:
        known = {(row.record_id, row.respondent) for row in session.exec(select(Erasure))}
        for row in newer:
            if (row.record_id, row.respondent) not in known:
                session.add(Erasure(**{name: getattr(row, name) for name in _LEDGER_FIELDS}))
        session.flush()
        closed = set(session.exec(select(Erasure.record_id).where(col(Erasure.whole).is_(True))))
        for record_id in closed:
            key = session.get(RecordKey, record_id)
            if key is not None:
                session.delete(key)
    with writing(mission.stores.records) as session:
        # The inbox was copied first: bytes that went from it since are in the copy again.
        session.execute(update(Attachment).values(dropped=False))
        return sum(_erase_row(session, record_id) for record_id in sorted(closed))


def _erase_row(session: Session, record_id: bytes) -> int:
    row = session.get(Record, record_id)
    if row is None or row.state == RecordState.ERASED.value:
        return 0
    row.state = RecordState.ERASED.value
    row.held = row.conflicts_open = 0
    row.version += 1
    session.add(row)
    erase_attachments(session, record_id)
    session.merge(AnalyticsDue(record_id=record_id, version=row.version))
    session.execute(
        update(Revision)
        .where(col(Revision.record_id) == record_id)
        .values(body=None, identity=None, state=RevisionState.ERASED.value)
    )
    return 1


def _read_ledger(path: Path) -> list[Erasure]:
    """Return the erasures of a key store kept apart."""
    if not path.is_file():
        raise UsageError(f"there is no key store {path}")
    engine = open_store(f"sqlite:///{path}")
    try:
        with reading(engine) as session:
            rows = list(session.exec(select(Erasure)))
            for row in rows:
                session.expunge(row)
            return rows
    finally:
        engine.dispose()
