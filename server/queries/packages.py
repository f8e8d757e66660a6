"""App packages that were published here."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from server.tables.packages import AppPackage
from shared.sealing.packages import Manifest


def all_packages(session: Session) -> list[AppPackage]:
    """Return every package, in the order of publishing."""
    return list(session.exec(select(AppPackage).order_by(col(AppPackage.number))))


def find(session: Session, title: str) -> AppPackage | None:
    """Return a package by name, version and platform."""
    return session.exec(select(AppPackage).where(AppPackage.title == title)).first()


def add(session: Session, manifest: Manifest, payload: bytes, now: datetime) -> AppPackage:
    """List a package."""
    number = session.exec(select(func.max(AppPackage.number))).one() or 0
    row = AppPackage(
        hash=manifest.hash,
        number=number + 1,
        title=manifest.title,
        payload=payload,
        published_at=now,
    )
    session.add(row)
    session.flush()
    return row
