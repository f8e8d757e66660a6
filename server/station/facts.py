"""What the station learned from the hubs: progress entries, and what the server said of them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from shared.ids import AuthorId, EntryHash
from shared.records.small import Progress
from sync.core.have import LogName


class Unopened(StrEnum):
    """Why a progress entry stays closed (STN-025)."""

    OTHER_KEY = "other_key"
    DAMAGED = "damaged"
    NEWER = "newer"
    PRUNED = "pruned"


class Closed(NamedTuple):
    """A progress entry that could not be opened; the key's id where it is another key."""

    reason: Unopened
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One progress entry, opened.

    Attributes:
        record: hash of the entry right before it, where that is a revision (STN-032).
        taken_ms: when it came to the hub, milliseconds since 1970 UTC by the hub's clock.
    """

    hash: EntryHash
    log: LogName
    sequence: int
    progress: Progress
    record: EntryHash | None
    taken_ms: int

    @property
    def author(self) -> AuthorId:
        """The device."""
        return self.log.author


@dataclass
class Facts:
    """Everything that is counted, of one hub or of several.

    Attributes:
        told: opened entries by hash.
        closed: entries that stay closed, by hash, with their device.
        late: entries of revoked devices past what is accepted (STN-034).
        erased: hashes of entries that the server had erased.
        unverified: log name as text -> what is wrong with it.
        seen_ms: device -> when its newest entry came.
        forked: devices with a log of several branches.
        enrolled: devices of the project, whether they came or not.
        revoked: devices that the server revoked.
    """

    told: dict[EntryHash, Told] = field(default_factory=dict)
    closed: dict[EntryHash, tuple[AuthorId, Closed]] = field(default_factory=dict)
    late: set[EntryHash] = field(default_factory=set)
    erased: set[EntryHash] = field(default_factory=set)
    unverified: dict[str, str] = field(default_factory=dict)
    seen_ms: dict[AuthorId, int] = field(default_factory=dict)
    forked: set[AuthorId] = field(default_factory=set)
    enrolled: set[AuthorId] = field(default_factory=set)
    revoked: set[AuthorId] = field(default_factory=set)

    def add(self, other: "Facts") -> None:
        """Take in another hub's facts; what both hold counts once (STN-024)."""
        for key, told in other.told.items():
            held = self.told.get(key)
            if held is None or told.taken_ms < held.taken_ms:
                self.told[key] = told
        self.closed |= other.closed
        self.late |= other.late
        self.erased |= other.erased
        self.unverified |= other.unverified
        for author, at_ms in other.seen_ms.items():
            self.seen_ms[author] = max(at_ms, self.seen_ms.get(author, 0))
        self.forked |= other.forked
        self.enrolled |= other.enrolled
        self.revoked |= other.revoked
