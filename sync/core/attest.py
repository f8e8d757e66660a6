"""Attestations: what the server tells everybody of authors, clocks, withdrawals (SYNC-074)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import assert_never

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.ids import AUTHOR_ID_BYTES, HASH_BYTES, AuthorId, EntryHash
from shared.sealing.keys import SIGNATURE_BYTES
from shared.sealing.receipts import Signed
from shared.shapes import array, integer, octets, text, uint, version
from sync.core.have import LogName, Point, log_name, log_point

WITHDRAWAL_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An author is enrolled, by this certificate."""

    certificate: Signed


@dataclass(frozen=True, slots=True)
class Revoked:
    """An author's entries are good up to and including `accept_through`, of that incarnation."""

    log: LogName
    accept_through: Point
    reason: str


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Over these entries the device's clock was ahead of the server's by `offset_ms`."""

    log: LogName
    first: int
    last: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """A coordinator admitted a forked or late branch up to and including this entry."""

    log: LogName
    through: Point


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A respondent withdrew; whoever holds a readable copy destroys it."""

    withdrawal_hash: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """A device is lost: it destroys its vaults at next contact, never its unsent entries."""

    author: AuthorId


@dataclass(frozen=True, slots=True)
class PackageWithdrawn:
    """An app package is withdrawn for good, by the SHA-256 of its bytes (SYNC-132)."""

    hash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Compacted:
    """Of a server's log, up to this entry, only these payloads are still in force (SYNC-100).

    Attributes:
        kept: sequences, ascending.
    """

    log: LogName
    through: Point
    kept: tuple[int, ...]


Attestation = (
    Enrolled | Revoked | ClockOffset | Admitted | Withdrawn | Lost | PackageWithdrawn | Compacted
)


def encode_attestations(items: list[Attestation]) -> bytes:
    """Return the payload of an attestation entry."""
    return encode([1, [_to_wire(item) for item in items]])


def _to_wire(item: Attestation) -> list[object]:  # noqa: PLR0911 - a type each
    match item:
        case Enrolled(certificate):
            return [1, certificate.data, certificate.signature]
        case Revoked(log, point, reason):
            return [2, *log, *point, reason]
        case ClockOffset(log, first, last, offset_ms):
            return [3, *log, first, last, offset_ms]
        case Admitted(log, through):
            return [4, *log, *through]
        case Withdrawn(withdrawal_hash):
            return [5, withdrawal_hash]
        case Lost(author):
            return [6, author]
        case PackageWithdrawn(package_hash, reason):
            return [7, package_hash, reason]
        case Compacted(log, through, kept):
            gaps = [number - before - 1 for before, number in pairwise((0, *kept))]
            return [8, *log, *through, gaps]
        case _ as never:
            assert_never(never)


def decode_attestations(payload: bytes) -> list[Attestation]:
    """Read an attestation entry's payload; items of a kind not known here are passed over.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(payload), "an attestation"), "an attestation")
    if len(items) < 2:  # noqa: PLR2004 - version and items
        raise EncodingInvalid("an attestation holds no items")
    read: list[Attestation] = []
    for value in array(items[1], "attestation items"):
        parts = array(value, "an attestation item")
        item = _from_wire(uint(parts[0] if parts else None, "item type"), parts)
        if item is not None:
            read.append(item)
    return read


def _from_wire(number: int, parts: list[object]) -> Attestation | None:  # noqa: PLR0911 - a type each
    match number, parts[1:]:
        case 1, [data, signature]:
            return Enrolled(
                Signed(octets(data, "certificate"), octets(signature, "signature", SIGNATURE_BYTES))
            )
        case 2, [author, incarnation, sequence, entry_hash, reason]:
            return Revoked(
                log_name(author, incarnation),
                log_point(sequence, entry_hash),
                text(reason, "reason"),
            )
        case 3, [author, incarnation, first, last, offset_ms]:
            return ClockOffset(
                log_name(author, incarnation),
                uint(first, "first sequence"),
                uint(last, "last sequence"),
                integer(offset_ms, "offset_ms"),
            )
        case 4, [author, incarnation, sequence, entry_hash]:
            return Admitted(log_name(author, incarnation), log_point(sequence, entry_hash))
        case 5, [withdrawal_hash]:
            return Withdrawn(octets(withdrawal_hash, "withdrawal hash", WITHDRAWAL_HASH_BYTES))
        case 6, [author]:
            return Lost(AuthorId(octets(author, "author", AUTHOR_ID_BYTES)))
        case 7, [package_hash, reason]:
            return PackageWithdrawn(
                octets(package_hash, "package hash", HASH_BYTES), text(reason, "reason")
            )
        case 8, [author, incarnation, sequence, entry_hash, gaps]:
            point = log_point(sequence, entry_hash)
            return Compacted(log_name(author, incarnation), point, _kept(gaps, point.sequence))
        case ((1 | 2 | 3 | 4 | 5 | 6 | 7 | 8), _):
            raise EncodingInvalid("an attestation item has the wrong number of parts")
    return None


def decode_erasures(payload: bytes) -> list[EntryHash]:
    """Read an erasure order: the hashes of the entries whose content must go (INTK-062).

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(payload), "an erasure order"), "an erasure order", 2)
    found: list[EntryHash] = []
    for value in array(items[1], "erased entries"):
        author, incarnation, sequence, entry_hash = array(value, "an erased entry", 4)
        log_name(author, incarnation)
        found.append(log_point(sequence, entry_hash).hash)
    return found


def _kept(gaps: object, through: int) -> tuple[int, ...]:
    """Read ascending sequences from the distances between them less 1."""
    number, kept = 0, []
    for gap in array(gaps, "kept entries"):
        number += uint(gap, "distance between kept entries") + 1
        kept.append(number)
    if number > through:
        raise EncodingInvalid("a compaction keeps no entry past the one it reaches to")
    return tuple(kept)
