"""Record keys and the erasure ledger (key store): without its key a record is never read again."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, func, select

from server.bulk import insert_missing, select_among
from server.tables.keys import Erasure, ErasureCause, RecordKey
from shared.clock import RandomBytes
from shared.sealing.keys import KEY_BYTES
from shared.sealing.wrap import unwrap, wrap


def keys_of(session: Session, record_ids: Collection[bytes], master: bytes) -> dict[bytes, bytes]:
    """Return the keys there are, unwrapped."""
    rows = select_among(session, RecordKey, ("record_id", "wrapped"), "record_id", record_ids)
    return {record_id: unwrap(master, wrapped, record_id) for record_id, wrapped in rows}


def keys_for(
    session: Session, record_ids: Collection[bytes], master: bytes, random_bytes: RandomBytes
) -> Mapping[bytes, bytes | None]:
    """Return each record's key, made where there is none; None where the record was erased."""
    known: dict[bytes, bytes | None] = {}
    known.update(keys_of(session, record_ids, master))
    missing = sorted(set(record_ids) - known.keys())
    gone = erased(session, missing)
    new: list[dict[str, bytes]] = []
    for record_id in missing:
        if record_id in gone:
            known[record_id] = None
            continue
        key = random_bytes(KEY_BYTES)
        new.append({"record_id": record_id, "wrapped": wrap(master, key, record_id, random_bytes)})
        known[record_id] = key
    if insert_missing(session, RecordKey, new) < len(new):
        # Another worker was first with some; then its key is the record's.
        known.update(keys_of(session, [row["record_id"] for row in new], master))
    return known


def erased(session: Session, record_ids: Collection[bytes]) -> set[bytes]:
    """Return those records that were erased for good."""
    rows = select_among(session, Erasure, ("record_id", "whole"), "record_id", record_ids)
    return {record_id for record_id, whole in rows if whole}


def shred(
    session: Session,
    record_id: bytes,
    cause: ErasureCause,
    now: datetime,
    withdrawal_hash: bytes | None,
) -> None:
    """Destroy a record's key and close its id for ever; again changes nothing."""
    row = session.get(RecordKey, record_id)
    if row is not None:
        session.delete(row)
    if not erased(session, [record_id]):
        session.add(
            Erasure(
                record_id=record_id,
                respondent="",
                whole=True,
                cause=cause.value,
                withdrawal_hash=withdrawal_hash,
                erased_at=now,
            )
        )
    session.flush()


def count_erased(session: Session) -> int:
    """Return how many records the ledger closed."""
    query = select(func.count()).select_from(Erasure).where(col(Erasure.whole).is_(True))
    return session.exec(query).one()
