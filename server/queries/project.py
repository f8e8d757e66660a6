"""The project row and its key rings."""

from datetime import datetime

from sqlmodel import Session, col, select

from server.tables.project import Project, RingVersion
from shared.errors import UsageError
from shared.sealing.ring import SignedRing


def find(session: Session) -> Project | None:
    """Return the project, or None before `cairn server project create`."""
    return session.get(Project, 1)


def get(session: Session) -> Project:
    """Return the project.

    Raises:
        UsageError: there is none yet.
    """
    project = find(session)
    if project is None:
        raise UsageError("there is no project yet; run `cairn server project create --name NAME`")
    return project


def newest_ring(session: Session) -> SignedRing | None:
    """Return the ring in force, or None."""
    row = session.exec(
        select(RingVersion).order_by(col(RingVersion.serial).desc()).limit(1)
    ).first()
    return None if row is None else SignedRing(row.data, row.signature)


def rings(session: Session) -> list[SignedRing]:
    """Return every ring, oldest first: what signed an old receipt may stand in an old ring."""
    rows = session.exec(select(RingVersion).order_by(col(RingVersion.serial)))
    return [SignedRing(row.data, row.signature) for row in rows]


def add_ring(session: Session, serial: int, ring: SignedRing, now: datetime) -> None:
    """Keep a ring that was checked."""
    session.add(
        RingVersion(serial=serial, data=ring.data, signature=ring.signature, imported_at=now)
    )
    session.flush()
