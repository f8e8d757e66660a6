"""Devices and hubs: invitations, enrolled authors, revocation, challenges."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from server.tables.project import (
    AcceptThrough,
    Challenge,
    Device,
    DeviceState,
    Invitation,
)
from shared.ids import AuthorId


def find(session: Session, author: AuthorId) -> Device | None:
    """Return an enrolled device or hub, or None."""
    return session.get(Device, bytes(author))


def all_devices(session: Session) -> list[Device]:
    """Return every enrolled device and hub in order of enrolment."""
    return list(session.exec(select(Device).order_by(col(Device.number))))


def enrolled_after(session: Session, number: int) -> list[Device]:
    """Return who enrolled since, for a directory kept in memory."""
    query = select(Device).where(col(Device.number) > number).order_by(col(Device.number))
    return list(session.exec(query))


def next_number(session: Session) -> int:
    """Return the number the next device gets."""
    return (session.exec(select(func.max(Device.number))).one() or 0) + 1


def by_token(session: Session, token_hash: bytes) -> Device | None:
    """Return the device that used an invitation, or None."""
    return session.exec(select(Device).where(Device.token_hash == token_hash)).first()


def invitation(session: Session, token_hash: bytes) -> Invitation | None:
    """Return an invitation, locked until the transaction ends."""
    return session.get(Invitation, token_hash, with_for_update=True)


def revoke(session: Session, device: Device, reason: str, now: datetime) -> None:
    """Mark a device as revoked."""
    device.state, device.revoked_at, device.revoked_reason = (
        DeviceState.REVOKED.value,
        now,
        reason,
    )
    session.add(device)


def set_accept_through(session: Session, rows: Iterable[AcceptThrough]) -> None:
    """Note how far each of a revoked author's logs is still taken."""
    for row in rows:
        session.merge(row)


def accept_through(session: Session, author: AuthorId) -> list[AcceptThrough]:
    """Return how far a revoked author's logs are taken."""
    return list(session.exec(select(AcceptThrough).where(AcceptThrough.author == bytes(author))))


def seen(session: Session, author: AuthorId, now: datetime) -> None:
    """Note that a device was here."""
    session.execute(update(Device).where(col(Device.author) == bytes(author)).values(seen_at=now))


def add_challenge(
    session: Session, challenge: bytes, author: AuthorId, expires_at: datetime
) -> None:
    """Keep a challenge until it is answered."""
    session.add(Challenge(challenge=challenge, author=author, expires_at=expires_at))


def use_challenge(session: Session, challenge: bytes, author: AuthorId, now: datetime) -> bool:
    """Take a challenge away; return whether it was that author's and in time (SYNC-030)."""
    row = session.get(Challenge, challenge, with_for_update=True)
    if row is None or row.author != author:
        return False
    session.delete(row)
    return row.expires_at > now


def drop_old_challenges(session: Session, now: datetime) -> None:
    """Forget challenges that nobody answered."""
    session.execute(delete(Challenge).where(col(Challenge.expires_at) <= now))


def keep_newest_challenges(session: Session, author: AuthorId, at_most: int) -> None:
    """Let an author's oldest challenges give way, so that nobody fills the table."""
    query = (
        select(Challenge)
        .where(Challenge.author == bytes(author))
        .order_by(col(Challenge.expires_at).desc())
        .offset(at_most)
    )
    for row in session.exec(query):
        session.delete(row)
