"""Documents and letters too large for one entry: cut into parts and put together again (LIST-022).

The parts of a document are entries of their own, so they travel like any other, by every carrier,
and what arrived is never sent twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.ids import HASH_BYTES
from shared.limits import LIST_PART_BYTES, LIST_PARTS_MAX
from shared.shapes import array, octets, uint

_ITEMS: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a signed document.

    Attributes:
        whole: SHA-256 of the whole payload.
        number: from 1 to `count`.
    """

    whole: bytes
    number: int
    count: int
    data: bytes


def cut(data: bytes) -> list[bytes]:
    """Return the pieces that each fit an entry; one, maybe empty, where all of it does."""
    starts = range(0, max(len(data), 1), LIST_PART_BYTES)
    return [data[at : at + LIST_PART_BYTES] for at in starts]


def check_part(number: object, count: object) -> tuple[int, int]:
    """Return a part's number and how many there are.

    Raises:
        EncodingInvalid: no such part.
    """
    of = uint(count, "number of parts", LIST_PARTS_MAX)
    at = uint(number, "part", of)
    if at < 1:
        raise EncodingInvalid("parts are counted from 1")
    return at, of


def payloads_of(payload: bytes) -> list[bytes]:
    """Return a signed document's payload as what its entries hold: itself, or its parts."""
    pieces = cut(payload)
    if len(pieces) == 1:
        return pieces
    whole = sha256(payload).digest()
    return [encode([1, whole, at, len(pieces), piece]) for at, piece in enumerate(pieces, start=1)]


def read_part(payload: bytes) -> Part | None:
    """Return the part that a broadcast's payload is; None where it is a document by itself.

    Raises:
        EncodingInvalid: neither.
    """
    items = array(decode(payload), "a document or a part of one")
    if len(items) != _ITEMS or items[0] != 1:
        return None
    number, count = check_part(items[2], items[3])
    whole = octets(items[1], "hash of the document", HASH_BYTES)
    return Part(whole, number, count, octets(items[4], "part of a document"))


def joined(whole: bytes, pieces: Sequence[bytes]) -> bytes:
    """Return the payload that all parts make.

    Raises:
        EncodingInvalid: its hash is another.
    """
    payload = b"".join(pieces)
    if sha256(payload).digest() != whole:
        raise EncodingInvalid("the parts of a document do not make the one they name")
    return payload
