"""Have-vectors: what a peer holds, as the heads of its logs' branches. Rules SYNC-001, SYNC-002."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.errors import EncodingInvalid, LimitExceeded
from shared.ids import AUTHOR_ID_BYTES, HASH_BYTES, AuthorId, EntryHash
from shared.limits import HAVE_VECTOR_LOGS_MAX
from shared.shapes import array, octets, uint

BRANCHES_MAX: Final = 8
"""Branches of one log that are kept apart and named in a have-vector."""

INCARNATION_MAX: Final = (1 << 32) - 1
SEQUENCE_MAX: Final = (1 << 53) - 1
"""Bounds that every store's integers hold; a larger number is refused (SYNC-002)."""


class LogName(NamedTuple):
    """One author's life between restores."""

    author: AuthorId
    incarnation: int


class Point(NamedTuple):
    """A place in a log and the hash of the entry there."""

    sequence: int
    hash: EntryHash


@dataclass(frozen=True, slots=True)
class HaveVector:
    """Log -> the head of each of its branches; most logs have one."""

    points: Mapping[LogName, tuple[Point, ...]] = field(default_factory=dict)

    def of(self, log: LogName) -> tuple[Point, ...]:
        """Return the heads held of a log; empty when nothing of it is held."""
        return self.points.get(log, ())

    def only(self, logs: Iterable[LogName]) -> "HaveVector":
        """Return the part that is about `logs`."""
        return HaveVector({log: self.points[log] for log in logs if log in self.points})

    def sequence(self, log: LogName) -> int:
        """Return the highest sequence held of a log, 0 for none."""
        return max((point.sequence for point in self.of(log)), default=0)

    def __iter__(self) -> Iterator[tuple[LogName, Point]]:
        """Yield every head with its log, in wire order."""
        for log, points in sorted(self.points.items()):
            for point in sorted(points):
                yield log, point

    def to_wire(self) -> list[list[object]]:
        """Return the array of `[author, incarnation, sequence, hash]` (SYNC-002)."""
        return [[*log, *point] for log, point in self]


def have_from_wire(value: object) -> HaveVector:
    """Read a have-vector from its decoded CBOR.

    Raises:
        EncodingInvalid: an item is malformed, unsorted, doubled or one branch too many.
        LimitExceeded: more than HAVE_VECTOR_LOGS_MAX items.
    """
    items = array(value, "a have-vector")
    if len(items) > HAVE_VECTOR_LOGS_MAX:
        raise LimitExceeded(f"a have-vector names more than {HAVE_VECTOR_LOGS_MAX} heads")
    points: dict[LogName, tuple[Point, ...]] = {}
    before: tuple[LogName, Point] | None = None
    for item in items:
        log, point = _read(item)
        if before is not None and (log, point) <= before:
            raise EncodingInvalid("a have-vector must be sorted, without equal items")
        before = log, point
        held = (*points.get(log, ()), point)
        if len(held) > BRANCHES_MAX:
            raise EncodingInvalid(f"a have-vector names more than {BRANCHES_MAX} branches of a log")
        points[log] = held
    return HaveVector(points)


def _read(item: object) -> tuple[LogName, Point]:
    author, incarnation, sequence, entry_hash = array(item, "an item of a have-vector", 4)
    log = log_name(author, incarnation)
    point = log_point(sequence, entry_hash)
    if point.sequence < 1:
        raise EncodingInvalid("a have-vector names no entry before the first")
    return log, point


def log_name(author: object, incarnation: object) -> LogName:
    """Return a checked log name from its decoded parts."""
    return LogName(
        AuthorId(octets(author, "author", AUTHOR_ID_BYTES)),
        uint(incarnation, "incarnation", INCARNATION_MAX),
    )


def log_point(sequence: object, entry_hash: object) -> Point:
    """Return a checked point from its decoded parts; sequence 0 is the beginning of a log."""
    return Point(
        uint(sequence, "sequence", SEQUENCE_MAX),
        EntryHash(octets(entry_hash, "entry hash", HASH_BYTES)),
    )
