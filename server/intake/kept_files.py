"""Attachments that lie in the records store: read chunk by chunk, and erased. INTK-085.

Each chunk is wrapped under the record's key, bound to its file, its place and whether it is the
last: so none can be swapped, and a file that was cut short does not read as a whole one.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlmodel import Session

from server.db import reading
from server.mission import Mission
from server.queries import attachments, detached, outbox
from server.tables.attachments import Attachment, AttachmentState
from shared.canonical import encode
from shared.errors import TagMismatch
from shared.sealing.attachments import chunk_count
from shared.sealing.envelope import Kind
from shared.sealing.wrap import unwrap

ENTRIES_AN_ORDER_MAX: Final = 1000
Place = tuple[bytes, int, int, bytes]
"""Author, incarnation, sequence, entry hash: how an erasure order names an entry."""


def place_of(entry_hash: bytes, number: int, *, last: bool) -> bytes:
    """Return what a wrapped chunk is bound to: its file, its number, and whether it is the last."""
    return b"attachment" + entry_hash + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def kept_file(mission: Mission, row: Attachment, key: bytes) -> Iterator[bytes]:
    """Yield a kept attachment's content: plaintext, or what is sealed to the custodian.

    Raises:
        TagMismatch: a chunk was changed, moved or is missing.
    """
    count = chunk_count(row.length)
    for number in range(count):
        with reading(mission.stores.records) as session:
            wrapped = attachments.chunk(session, row.entry_hash, number)
        if wrapped is None:
            raise TagMismatch(f"chunk {number} of a kept attachment is missing")
        yield unwrap(key, wrapped, place_of(row.entry_hash, number, last=number == count - 1))


def erase_attachments(session: Session, record_id: bytes) -> list[Place]:
    """Erase a record's attachments in the caller's transaction; return the entries that named them.

    Each is (author, incarnation, sequence, entry hash), as an erasure order names it.
    """
    return erase_rows(session, attachments.of_record(session, record_id))


def waiting_files(mission: Mission, entry_ids: list[int]) -> list[bytes]:
    """Return the attachment entries that belong to revisions in quarantine."""
    with reading(mission.stores.inbox) as session:
        return [row.hash for n in entry_ids for row in detached.entries_before(session, n)]


def erase_waiting(session: Session, hashes: list[bytes]) -> list[Place]:
    """Erase attachments whose revision was never taken in; return the entries that named them."""
    found = attachments.of_entries(session, hashes).values()
    return erase_rows(session, [r for r in found if r.state == AttachmentState.NAMED.value])


def erase_rows(session: Session, rows: Sequence[Attachment]) -> list[Place]:
    """Erase attachments; return the entries that named them."""
    attachments.erase(session, rows)
    return sorted((r.author, r.incarnation, r.sequence, r.entry_hash) for r in rows)


def order_erasure(session: Session, places: Sequence[Place]) -> None:
    """Have every copy of entries' payloads destroyed, by orders of a bounded size."""
    for at in range(0, len(places), ENTRIES_AN_ORDER_MAX):
        order = [list(place) for place in places[at : at + ENTRIES_AN_ORDER_MAX]]
        outbox.add_broadcast(session, Kind.ERASURE, encode([1, order]))
