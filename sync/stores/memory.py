"""The store as a fake: dictionaries with the same contract as the real ones, for tests."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256

from shared.errors import LocalProtocolError
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import DETACHED, GENESIS
from shared.sealing.receipts import Signed
from sync.core.batch import RUN_BYTES, Run, SealedEntry, encode_batch
from sync.core.have import HaveVector, LogName, Point
from sync.core.store import Branch, Chunk, Held, Want, chunk_from
from sync.stores.own import OwnLogs


@dataclass
class _Kept:
    entry: SealedEntry
    signed_on: int = 0
    signature: bytes = b""


@dataclass
class _Branch:
    parent: int | None
    forked_at: int
    kept: list[_Kept] = field(default_factory=list)


@dataclass
class _Detached:
    author: AuthorId
    length: int
    pieces: list[bytes] = field(default_factory=list)
    whole: bool = False

    @property
    def received(self) -> int:
        return sum(len(piece) for piece in self.pieces)


@dataclass
class _State:
    logs: dict[LogName, list[_Branch]] = field(default_factory=dict)
    aside: dict[bytes, tuple[bytes, str]] = field(default_factory=dict)
    detached: dict[bytes, _Detached] = field(default_factory=dict)
    papers: dict[str, dict[bytes, Signed]] = field(default_factory=dict)

    def copy(self) -> "_State":
        """Return what a transaction goes back to; entries themselves never change."""
        return _State(
            {
                log: [_Branch(b.parent, b.forked_at, [replace(k) for k in b.kept]) for b in held]
                for log, held in self.logs.items()
            },
            dict(self.aside),
            {name: replace(held, pieces=list(held.pieces)) for name, held in self.detached.items()},
            {kind: dict(papers) for kind, papers in self.papers.items()},
        )


class MemoryLogStore(OwnLogs):
    """A log store that forgets everything when it goes."""

    def __init__(self) -> None:
        self._state = _State()
        self._depth = 0

    def copy(self) -> "MemoryLogStore":
        """Return a store of its own with the same content: a backup."""
        other = MemoryLogStore()
        other._state = self._state.copy()
        return other

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open or join a transaction; an error undoes it."""
        before = self._state.copy() if self._depth == 0 else None
        self._depth += 1
        try:
            yield
        except BaseException:
            if before is not None:
                self._state = before
            raise
        finally:
            self._depth -= 1

    def have(self) -> HaveVector:
        """Return the heads of all logs."""
        return HaveVector(
            {
                log: tuple(sorted(self._branch(log, number).head for number in range(len(held))))
                for log, held in self._state.logs.items()
            }
        )

    def branches(self, log: LogName) -> tuple[Branch, ...]:
        """Return a log's branches by number."""
        return tuple(self._branch(log, n) for n in range(len(self._state.logs.get(log, ()))))

    def _branch(self, log: LogName, number: int) -> Branch:
        held = self._state.logs[log][number]
        if held.kept:
            head = held.kept[-1].entry.point
        else:
            parent = None if held.parent is None else self._branch(log, held.parent)
            above = None if parent is None else self.hash_at(parent, held.forked_at)
            head = Point(held.forked_at, above or GENESIS)
        return Branch(log, number, held.parent, held.forked_at, head)

    def _path(self, branch: Branch) -> list[_Kept]:
        held = self._state.logs[branch.log][branch.number]
        if held.parent is None:
            return held.kept
        above = self._path(self._branch(branch.log, held.parent))
        return above[: held.forked_at] + held.kept

    def hash_at(self, branch: Branch, sequence: int) -> EntryHash | None:
        """Return the hash of the entry at a sequence on a branch."""
        path = self._path(branch)
        return path[sequence - 1].entry.hash if 1 <= sequence <= len(path) else None

    def open_branch(self, log: LogName, parent: Branch | None, forked_at: int) -> Branch:
        """Add an empty branch."""
        held = self._state.logs.setdefault(log, [])
        held.append(_Branch(None if parent is None else parent.number, forked_at))
        return self._branch(log, len(held) - 1)

    def extend(
        self, branch: Branch, entries: Sequence[SealedEntry], signed_on: int, signature: bytes
    ) -> Branch:
        """Append entries to a branch."""
        held = self._state.logs[branch.log][branch.number]
        last = self._branch(branch.log, branch.number).head
        for entry in entries:
            if (entry.header.sequence, entry.header.previous) != (last.sequence + 1, last.hash):
                raise LocalProtocolError("an entry does not follow the head of its branch")
            held.kept.append(_Kept(entry))
            last = entry.point
            for ref in entry.header.payloads:
                if ref.compartment in DETACHED:
                    self.expect_payload(entry.header.author, ref.hash, ref.length)
        held.kept[-1].signed_on, held.kept[-1].signature = signed_on, signature
        return self._branch(branch.log, branch.number)

    def run_after(self, branch: Branch, after: int, entries_max: int, bytes_max: int) -> Run | None:
        """Return the longest signed run after a sequence within bounds."""
        run: Run | None = None
        entries: list[SealedEntry] = []
        size_bytes = RUN_BYTES
        for kept in self._path(branch)[after:]:
            entries.append(kept.entry)
            size_bytes += kept.entry.size_bytes()
            if run is not None and (len(entries) > entries_max or size_bytes > bytes_max):
                break
            if kept.signature:
                run = Run(tuple(entries), kept.signed_on, kept.signature)
        return run

    def entries(self, branch: Branch, first: int, last: int) -> Iterator[SealedEntry]:
        """Yield the entries of a branch from `first` to `last`."""
        yield from (kept.entry for kept in self._path(branch)[max(0, first - 1) : last])

    def keep_aside(self, run: Run, reason: str) -> None:
        """Keep a run that cannot be taken."""
        data = encode_batch(run.head.deployment, [run])
        self._state.aside.setdefault(sha256(data).digest(), (data, reason))

    def aside(self) -> list[tuple[bytes, str]]:
        """Return what was kept aside: a batch of one run each, and the reason."""
        return list(self._state.aside.values())

    def expect_payload(self, author: AuthorId, payload_hash: bytes, length: int) -> None:
        """Begin to collect a detached payload, unless it is known already."""
        self._state.detached.setdefault(payload_hash, _Detached(author, length))

    def missing_payloads(self, limit: int, author: AuthorId | None = None) -> list[Want]:
        """Return detached payloads that are not whole here."""
        wants = [
            Want(payload_hash, held.received)
            for payload_hash, held in self._state.detached.items()
            if not held.whole and author in (None, held.author)
        ]
        return wants[:limit]

    def take_chunk(self, chunk: Chunk) -> bool:
        """Keep a chunk if it is the next one wanted."""
        held = self._state.detached.get(chunk.payload_hash)
        if held is None or held.whole or chunk.offset != held.received or not chunk.data:
            return False
        held.pieces.append(chunk.data)
        if held.received >= held.length:
            data = b"".join(held.pieces)
            held.whole = len(data) == held.length and sha256(data).digest() == chunk.payload_hash
            if not held.whole:
                held.pieces.clear()
        return True

    def chunk(self, payload_hash: bytes, offset: int) -> Chunk | None:
        """Return what is here of a detached payload from an offset, to the end of that piece."""
        held = self._state.detached.get(payload_hash)
        start = 0
        for piece in held.pieces if held is not None else ():
            if start <= offset < start + len(piece):
                return chunk_from(payload_hash, offset, start, piece)
            start += len(piece)
        return None

    def find_payload(self, payload_hash: bytes) -> Held | None:
        """Return how much of a detached payload is here."""
        held = self._state.detached.get(payload_hash)
        return None if held is None else Held(held.received, held.length, held.whole)

    def forget_payload(self, payload_hash: bytes) -> None:
        """Delete a detached payload and expect it no more."""
        self._state.detached.pop(payload_hash, None)

    def save_paper(self, kind: str, name: bytes, paper: Signed) -> None:
        """Keep a signed paper in place of an earlier one of that name."""
        self._state.papers.setdefault(kind, {})[name] = paper

    def drop_paper(self, kind: str, name: bytes) -> None:
        """Forget a paper, if it is here."""
        self._state.papers.get(kind, {}).pop(name, None)

    def papers(self, kind: str) -> list[tuple[bytes, Signed]]:
        """Return the papers of a kind by name."""
        return sorted(self._state.papers.get(kind, {}).items())

    def prune(self, points: Iterable[tuple[LogName, Point]], keep: Collection[int] = ()) -> int:
        """Delete payloads at or below each point where its hash matches."""
        pruned = 0
        for log, point in points:
            for branch in self.branches(log):
                if self.hash_at(branch, point.sequence) != point.hash:
                    continue
                for kept in self._path(branch)[: point.sequence]:
                    if kept.entry.header.sequence not in keep:
                        pruned += self._drop(kept)
        return pruned

    def _drop(self, kept: _Kept) -> int:
        dropped = len(kept.entry.payloads)
        kept.entry = replace(kept.entry, payloads={})
        for ref in kept.entry.header.payloads:
            if ref.compartment in DETACHED:
                detached = self._state.detached[ref.hash]
                dropped += detached.whole and bool(detached.pieces)
                detached.pieces.clear()
                detached.whole = True
        return dropped
