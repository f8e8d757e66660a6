"""Have-vectors compared by digest: who holds hundreds of logs asks first where two peers differ.

Logs fall into 64 buckets by author; equal digests are equal logs. So a hub with 500 devices and
nothing new says 2 KB instead of 30, and a few new entries name a few buckets. Rule SYNC-028.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from shared.canonical import encode
from shared.errors import EncodingInvalid
from shared.shapes import array, octets, uint
from sync.core.have import HaveVector, LogName

BUCKETS: Final = 64
DIGEST_BYTES: Final = 16
LOGS_MIN: Final = 64
"""From so many logs on a greeting asks by digests; below, the have-vector itself is as short."""
_DIGESTS, _NUMBERS = 0, 1

Digests = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """A greeting by digests.

    Attributes:
        have: a digest a bucket, of what the writer holds.
        backed_up: a digest a bucket, of what receipts of the newest server incarnation it knows
            say is backed up.
    """

    have: Digests
    backed_up: Digests


Scope = frozenset[int]
"""The buckets that a message's have-vector is about."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an answer's have-vector is about.

    Attributes:
        scope: the buckets that differ, or that the message asked for.
        incarnation: of the mission server that answers; None of a hub.
    """

    scope: Scope
    incarnation: int | None = None

    def to_wire(self) -> list[object]:
        """Return the answer's twelfth element."""
        return [self.incarnation, sorted(self.scope)]


def bucket_of(log: LogName) -> int:
    """Return the bucket that a log falls into."""
    return log.author[0] % BUCKETS


def within(have: HaveVector, scope: Scope) -> HaveVector:
    """Return the part of a have-vector that lies in some buckets."""
    return have.only(log for log in have.points if bucket_of(log) in scope)


def digests(have: HaveVector, incarnation: int = 0) -> Digests:
    """Return a digest of each bucket's items in wire order, for a server incarnation if given."""
    buckets: list[list[object]] = [[] for _ in range(BUCKETS)]
    for log, point in have:
        buckets[bucket_of(log)].append([*log, *point])
    return tuple(sha256(encode([incarnation, items])).digest()[:DIGEST_BYTES] for items in buckets)


def differing(one: Digests, other: Digests) -> Scope:
    """Return the buckets in which two sides differ."""
    return frozenset(n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)


def asking_to_wire(value: Asking | Scope | None) -> list[object]:
    """Return the elements that a message has at its end: one, or none."""
    if value is None:
        return []
    if isinstance(value, Asking):
        return [[_DIGESTS, list(value.have), list(value.backed_up)]]
    return [[_NUMBERS, sorted(value)]]


def asking_from_wire(value: object) -> Asking | Scope:
    """Read a message's element.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(value, "what a message asks by")
    match items:
        case [0, have, backed_up]:
            return Asking(_digests(have), _digests(backed_up))
        case [1, numbers]:
            return scope_from_wire(numbers)
    raise EncodingInvalid("a message asks by digests or for buckets")


def _digests(value: object) -> Digests:
    items = array(value, "digests", BUCKETS)
    return tuple(octets(item, "digest", DIGEST_BYTES) for item in items)


def scope_from_wire(value: object) -> Scope:
    """Read bucket numbers.

    Raises:
        EncodingInvalid: malformed, unsorted or doubled.
    """
    numbers = [uint(item, "bucket", BUCKETS - 1) for item in array(value, "buckets")]
    if sorted(set(numbers)) != numbers:
        raise EncodingInvalid("buckets must be sorted, each once")
    return frozenset(numbers)


def compared_from_wire(value: object) -> Compared:
    """Read an answer's element.

    Raises:
        EncodingInvalid: malformed.
    """
    incarnation, scope = array(value, "what an answer is about", 2)
    if incarnation is not None:
        uint(incarnation, "incarnation")
    return Compared(scope_from_wire(scope), incarnation)


def logs_within(logs: Iterable[LogName], scope: Scope | None) -> list[LogName]:
    """Return the logs that lie in some buckets; all where none are named."""
    return [log for log in logs if scope is None or bucket_of(log) in scope]
