"""The durable inbox: the server's log store, on SQLite or PostgreSQL. The port is sync.core.store.

An object serves one request or one job. Everything that `extend` stores, the entries, their
payloads, the signature and the work they make, is one transaction: what a receipt names is there
to be worked on, and nothing else is (P1, SYNC-024).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from server.db import reading, writing
from server.queries import detached, logs
from server.tables.log import ShelvedRun
from shared.clock import Clock
from shared.errors import LocalProtocolError
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import DETACHED, GENESIS
from shared.sealing.receipts import Signed
from sync.core.batch import RUN_BYTES, Run, SealedEntry, encode_batch
from sync.core.have import HaveVector, LogName, Point
from sync.core.store import Branch, Chunk, Held, Want
from sync.stores.own import OwnLogs

PAGE: Final = 500
"""Entries read at once."""


class InboxStore(OwnLogs):
    """Logs in the inbox store."""

    def __init__(self, engine: Engine, clock: Clock, carrier: AuthorId | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self.carrier = carrier
        self._open: Session | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a write transaction, or join the one that is open."""
        if self._open is not None:
            yield
            return
        with writing(self._engine) as session:
            self._open = session
            try:
                yield
            finally:
                self._open = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend the open transaction's session, or one that only reads."""
        if self._open is not None:
            yield self._open
            return
        with reading(self._engine) as session:
            yield session

    def _writing(self) -> Session:
        if self._open is None:
            raise LocalProtocolError("a log store is changed inside a transaction")
        return self._open

    def have(self) -> HaveVector:
        """Return the heads of all logs."""
        with self.session() as session:
            return logs.have(session)

    def branches(self, log: LogName) -> tuple[Branch, ...]:
        """Return a log's branches by number; in a transaction, lock the log until its end."""
        with self.session() as session:
            if self._open is not None:
                logs.lock_log(session, log)
            return logs.branches(session, log)

    def hash_at(self, branch: Branch, sequence: int) -> EntryHash | None:
        """Return the hash of the entry at a sequence on a branch, through its parents."""
        with self.session() as session:
            return logs.hash_at(session, branch, sequence)

    def open_branch(self, log: LogName, parent: Branch | None, forked_at: int) -> Branch:
        """Add an empty branch; all but the first wait for a coordinator to admit them."""
        session = self._writing()
        number = len(logs.branches(session, log))
        above = None if parent is None else logs.hash_at(session, parent, forked_at)
        head = Point(forked_at, above or GENESIS)
        branch = Branch(log, number, None if parent is None else parent.number, forked_at, head)
        logs.add_branch(session, branch, admitted=parent is None)
        return branch

    def extend(
        self, branch: Branch, entries: Sequence[SealedEntry], signed_on: int, signature: bytes
    ) -> Branch:
        """Append entries to a branch with the signature of the last one's head."""
        session = self._writing()
        last = branch.head
        for entry in entries:
            if (entry.header.sequence, entry.header.previous) != (last.sequence + 1, last.hash):
                raise LocalProtocolError("an entry does not follow the head of its branch")
            last = entry.point
        numbers = logs.add_entries(session, branch, entries, self.carrier, self._clock.now())
        logs.add_signature(session, numbers[-1], signed_on, signature)
        for entry in entries:
            for ref in entry.header.payloads:
                if ref.compartment in DETACHED:
                    detached.expect(session, branch.log.author, ref.hash, ref.length)
        return Branch(branch.log, branch.number, branch.parent, branch.forked_at, last)

    def run_after(self, branch: Branch, after: int, entries_max: int, bytes_max: int) -> Run | None:
        """Return the longest run after a sequence that ends at a kept signature, within bounds."""
        run: Run | None = None
        entries: list[SealedEntry] = []
        size_bytes = RUN_BYTES
        with self.session() as session:
            for stored in logs.stored(session, branch, after + 1, branch.head.sequence):
                entries.append(stored.entry)
                size_bytes += stored.entry.size_bytes()
                if run is not None and (len(entries) > entries_max or size_bytes > bytes_max):
                    break
                if stored.signature is not None and stored.signed_on is not None:
                    run = Run(tuple(entries), stored.signed_on, stored.signature)
        return run

    def entries(self, branch: Branch, first: int, last: int) -> Iterator[SealedEntry]:
        """Yield the entries of a branch from `first` to `last`, through its parents."""
        # A page at a time: a caller that stops early must not leave a transaction open.
        for low in range(max(first, 1), min(last, branch.head.sequence) + 1, PAGE):
            with self.session() as session:
                page = list(logs.stored(session, branch, low, min(last, low + PAGE - 1)))
            yield from (stored.entry for stored in page)

    def keep_aside(self, run: Run, reason: str) -> None:
        """Keep a run that cannot be taken, with its bytes and the reason; once per content."""
        data = encode_batch(run.head.deployment, [run])
        row = ShelvedRun(
            digest=sha256(data).digest(),
            reason=reason,
            author=run.log.author,
            incarnation=run.log.incarnation,
            first_sequence=run.before.sequence + 1,
            entries=len(run.entries),
            data=data,
            carrier=self.carrier,
            received_at=self._clock.now(),
        )
        with self.transaction():
            logs.shelve(self._writing(), row)

    def aside(self) -> list[tuple[bytes, str]]:
        """Return what was kept aside: a batch of one run each, and the reason."""
        with self.session() as session:
            return logs.shelf(session)

    def expect_payload(self, author: AuthorId, payload_hash: bytes, length: int) -> None:
        """Begin to collect a detached payload of an author's, unless it is known already."""
        with self.transaction():
            detached.expect(self._writing(), author, payload_hash, length)

    def missing_payloads(self, limit: int, author: AuthorId | None = None) -> list[Want]:
        """Return detached payloads not whole here, oldest first; of one author if given."""
        with self.session() as session:
            return detached.missing(session, limit, author)

    def take_chunk(self, chunk: Chunk) -> bool:
        """Keep a chunk if it is the next one wanted; return whether it was."""
        with self.transaction():
            return detached.take(self._writing(), chunk)

    def chunk(self, payload_hash: bytes, offset: int) -> Chunk | None:
        """Return the piece of a detached payload at an offset."""
        with self.session() as session:
            return detached.piece(session, payload_hash, offset)

    def find_payload(self, payload_hash: bytes) -> Held | None:
        """Return how much of a detached payload is here."""
        with self.session() as session:
            return detached.find(session, payload_hash)

    def forget_payload(self, payload_hash: bytes) -> None:
        """Delete a detached payload and expect it no more."""
        detached.forget(self._writing(), payload_hash)

    def save_paper(self, kind: str, name: bytes, paper: Signed) -> None:
        """Keep a signed paper in place of an earlier one of that name."""
        with self.transaction():
            logs.save_paper(self._writing(), kind, name, paper, self._clock.now())

    def drop_paper(self, kind: str, name: bytes) -> None:
        """Forget a paper, if it is here."""
        with self.transaction():
            logs.drop_paper(self._writing(), kind, name)

    def papers(self, kind: str) -> list[tuple[bytes, Signed]]:
        """Return the papers of a kind by name."""
        with self.session() as session:
            return logs.papers(session, kind)

    def prune(self, points: Iterable[tuple[LogName, Point]], keep: Collection[int] = ()) -> int:
        """Delete payloads at or below each point where its hash matches; return how many."""
        with self.transaction():
            return sum(self._prune(log, point, keep) for log, point in points)

    def _prune(self, log: LogName, point: Point, keep: Collection[int]) -> int:
        session = self._writing()
        pruned = 0
        for branch in logs.branches(session, log):
            if logs.hash_at(session, branch, point.sequence) != point.hash:
                continue
            stored = logs.stored(session, branch, 1, point.sequence)
            held = [one for one in stored if one.entry.header.sequence not in keep]
            pruned += logs.drop_payloads(session, [one.id for one in held])
            for one in held:
                for ref in one.entry.header.payloads:
                    if ref.compartment in DETACHED:
                        pruned += detached.prune(session, ref.hash)
        return pruned
