"""What a log store offers: the port that device, hub and server stores and the fake all fill.

The shared contract suite (tests/support/log_store_contract.py) says the rest in tests. A store
keeps logs as trees of branches: one branch until an author forks, which is evidence (SEAL-032).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared.ids import AuthorId, EntryHash
from shared.sealing.receipts import Signed
from sync.core.batch import Run, SealedEntry
from sync.core.have import HaveVector, LogName, Point


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a log.

    Attributes:
        number: 0 for the first branch, then in order of arrival; unique within the log.
        parent: number of the branch it left, None for the first.
        forked_at: the last sequence it shares with its parent; 0 for the first.
        head: its last entry; sequence 0 where it is empty.
    """

    log: LogName
    number: int
    parent: int | None
    forked_at: int
    head: Point


class Want(NamedTuple):
    """A detached payload that is missing, and the offset its next chunk starts at (SYNC-080)."""

    payload_hash: bytes
    offset: int


class Chunk(NamedTuple):
    """A piece of a detached payload."""

    payload_hash: bytes
    offset: int
    data: bytes


def chunk_from(payload_hash: bytes, offset: int, at: int, piece: bytes) -> Chunk | None:
    """Return the part of a piece that lies at `at` from an offset on; None where it ends before.

    Others may have cut a payload at other places than we did: it is given from any offset
    (SYNC-086), or one odd piece would end a payload's way for ever.
    """
    data = piece[offset - at :]
    return Chunk(payload_hash, offset, data) if data else None


class Held(NamedTuple):
    """How much of a detached payload is here."""

    received: int
    length: int
    whole: bool


class LogStore(Protocol):
    """Where a peer keeps logs. Every change happens inside `transaction()`."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction, or join the one that is open; durable once the outermost is left.

        Raises:
            StoreFull: there is no space; nothing of the transaction was kept.
            StoreBusy: another process holds the store.
        """
        ...

    def have(self) -> HaveVector:
        """Return the heads of all logs."""
        ...

    def branches(self, log: LogName) -> tuple[Branch, ...]:
        """Return a log's branches by number; in a transaction, lock the log until its end."""
        ...

    def hash_at(self, branch: Branch, sequence: int) -> EntryHash | None:
        """Return the hash of the entry at a sequence on a branch, through its parents."""
        ...

    def open_branch(self, log: LogName, parent: Branch | None, forked_at: int) -> Branch:
        """Add an empty branch; without a parent it is the log's first."""
        ...

    def extend(
        self, branch: Branch, entries: Sequence[SealedEntry], signed_on: int, signature: bytes
    ) -> Branch:
        """Append entries to a branch with the signature of the last one's head."""
        ...

    def run_after(self, branch: Branch, after: int, entries_max: int, bytes_max: int) -> Run | None:
        """Return the longest run after a sequence that ends at a kept signature, within bounds.

        Where not even the entries up to the first signature fit, they are returned all the same:
        they came in one batch and go in one. None where nothing follows.
        """
        ...

    def entries(self, branch: Branch, first: int, last: int) -> Iterator[SealedEntry]:
        """Yield the entries of a branch from `first` to `last`, through its parents."""
        ...

    def keep_aside(self, run: Run, reason: str) -> None:
        """Keep a run that cannot be taken, with its bytes and the reason; once per content."""
        ...

    def expect_payload(self, author: AuthorId, payload_hash: bytes, length: int) -> None:
        """Begin to collect a detached payload of an author's, unless it is known already.

        `extend` does so for every entry that names one; an author does so before, to put its
        chunks and the entry into one transaction.
        """
        ...

    def missing_payloads(self, limit: int, author: AuthorId | None = None) -> list[Want]:
        """Return detached payloads not whole here, oldest first; of one author if given."""
        ...

    def take_chunk(self, chunk: Chunk) -> bool:
        """Keep a chunk if it is the next one wanted; return whether it was (SYNC-082)."""
        ...

    def chunk(self, payload_hash: bytes, offset: int) -> Chunk | None:
        """Return what is here of a detached payload from an offset, to the end of its piece."""
        ...

    def find_payload(self, payload_hash: bytes) -> Held | None:
        """Return how much of a detached payload is here; None where nobody expects it."""
        ...

    def forget_payload(self, payload_hash: bytes) -> None:
        """Delete a detached payload and expect it no more, as if it had never been named."""
        ...

    def save_paper(self, kind: str, name: bytes, paper: Signed) -> None:
        """Keep a receipt, note, certificate or ring, in place of an earlier one of that name."""
        ...

    def drop_paper(self, kind: str, name: bytes) -> None:
        """Forget a paper, if it is here."""
        ...

    def papers(self, kind: str) -> list[tuple[bytes, Signed]]:
        """Return the papers of a kind by name."""
        ...

    def prune(self, points: Iterable[tuple[LogName, Point]], keep: Collection[int] = ()) -> int:
        """Delete payloads at or below each point where its hash matches; return how many.

        Those of the sequences in `keep` stay.
        """
        ...
