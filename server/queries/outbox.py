"""What the server has yet to say in its own logs, and what it has said."""

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from sqlmodel import Session, col, func, select

from server.tables.log import MailSent
from server.tables.records import MailDue
from shared.ids import AuthorId, RecordId
from shared.records.parts import payloads_of
from shared.sealing.envelope import SALT_BYTES, Kind

_SALTS_AT_ONCE: Final = 500


def add_broadcast(session: Session, kind: Kind, content: bytes) -> None:
    """Have a broadcast sent; the same content is sent once, however often it is asked for."""
    for payload in payloads_of(content):
        salt = broadcast_salt(kind, payload)
        _add(session, MailDue(salt=salt, kind=int(kind), content=payload))


def broadcast_salt(kind: Kind, payload: bytes) -> bytes:
    """Return the salt under which a broadcast's payload is said, once."""
    return sha256(bytes((kind,)) + payload).digest()[:SALT_BYTES]


def add_letter(session: Session, device: AuthorId, kind: Kind, salt: bytes, sealed: bytes) -> None:
    """Have a device sent a letter that is written already, and lies here wrapped."""
    _add(session, MailDue(salt=salt, device=device, kind=int(kind), content=sealed))


def add_mail(
    session: Session, device: AuthorId, kind: Kind, record_id: RecordId, version: int
) -> None:
    """Have a device told of a record as of a version; the content is put together when sent."""
    salt = mail_salt(device, kind, record_id, version)
    _add(
        session,
        MailDue(salt=salt, device=device, kind=int(kind), record_id=record_id, content=b""),
    )


def mail_salt(device: AuthorId, kind: Kind, record_id: RecordId, version: int) -> bytes:
    """Return the salt under which a device is told of a record's version, once."""
    name = bytes((kind,)) + device + record_id + version.to_bytes(8, "big")
    return sha256(name).digest()[:SALT_BYTES]


def _add(session: Session, row: MailDue) -> None:
    if session.exec(select(MailDue.id).where(MailDue.salt == row.salt)).first() is None:
        session.add(row)
        session.flush()


def due(session: Session, limit: int) -> list[MailDue]:
    """Return what waits, in order."""
    return list(session.exec(select(MailDue).order_by(col(MailDue.id)).limit(limit)))


def done(session: Session, row_id: int) -> None:
    """Forget what was said."""
    row = session.get(MailDue, row_id)
    if row is not None:
        session.delete(row)


def waiting(session: Session) -> int:
    """Return how many wait."""
    return session.exec(select(func.count()).select_from(MailDue)).one()


def is_sent(session: Session, salt: bytes) -> bool:
    """Tell whether an entry was appended for this salt."""
    return session.get(MailSent, salt) is not None


def places(session: Session, salts: Collection[bytes]) -> dict[bytes, tuple[AuthorId, int]]:
    """Return where in which log each of these salts was said; those not said yet are left out."""
    found = {}
    for at in range(0, len(wanted := sorted(salts)), _SALTS_AT_ONCE):
        some = wanted[at : at + _SALTS_AT_ONCE]
        for row in session.exec(select(MailSent).where(col(MailSent.salt).in_(some))):
            found[row.salt] = AuthorId(row.author), row.sequence
    return found


def mark_sent(session: Session, salt: bytes, author: AuthorId, sequence: int) -> None:
    """Note, in the transaction that appends it, that the entry is there."""
    session.add(MailSent(salt=salt, author=author, sequence=sequence))
    session.flush()
