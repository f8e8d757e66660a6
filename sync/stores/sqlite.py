"""The store of devices and hubs: logs and papers in one SQLite file, next to the attachments.

Sealed entries are stored as they are; nothing here can open one. When they are on the disk is said
in sqlite_file.py; the tables are in schema.py.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from shared.canonical import decode, encode
from shared.errors import LocalProtocolError
from shared.ids import AuthorId, EntryHash
from shared.sealing.envelope import DETACHED, GENESIS, Compartment, parse_header
from shared.sealing.receipts import Signed
from sync.core.batch import RUN_BYTES, Run, SealedEntry, encode_batch
from sync.core.have import HaveVector, LogName, Point
from sync.core.store import Branch
from sync.stores.own import OwnLogs
from sync.stores.sqlite_attachments import SqliteAttachments


class SqliteLogStore(SqliteAttachments, OwnLogs):
    """Logs, attachments and papers in one file; safe for the threads of one process."""

    # --- logs ---------------------------------------------------------------------------------

    def have(self) -> HaveVector:
        """Return the heads of all logs."""
        points: dict[LogName, tuple[Point, ...]] = {}
        for author, incarnation, sequence, entry_hash in self._rows(
            "SELECT author, incarnation, head_sequence, head_hash FROM logs"
        ):
            log = LogName(AuthorId(author), incarnation)
            head = Point(sequence, EntryHash(entry_hash))
            points[log] = tuple(sorted((*points.get(log, ()), head)))
        return HaveVector(points)

    def branches(self, log: LogName) -> tuple[Branch, ...]:
        """Return a log's branches by number; a transaction holds the whole file locked."""
        rows = self._rows(
            "SELECT branch, parent, forked_at, head_sequence, head_hash FROM logs"
            " WHERE author = ? AND incarnation = ? ORDER BY branch",
            *log,
        )
        return tuple(
            Branch(log, number, parent, forked_at, Point(sequence, EntryHash(entry_hash)))
            for number, parent, forked_at, sequence, entry_hash in rows
        )

    def _segments(self, branch: Branch) -> list[tuple[int, int, int]]:
        """Return the parts of a branch's path, first to last: row of `logs`, after, through."""
        rows = {
            number: (row, parent, forked_at)
            for row, number, parent, forked_at in self._rows(
                "SELECT id, branch, parent, forked_at FROM logs"
                " WHERE author = ? AND incarnation = ?",
                *branch.log,
            )
        }
        segments: list[tuple[int, int, int]] = []
        number: int | None = branch.number
        through = branch.head.sequence
        while number is not None:
            row, parent, forked_at = rows[number]
            if through > forked_at:
                segments.append((row, forked_at, through))
                through = forked_at
            number = parent
        return segments[::-1]

    def hash_at(self, branch: Branch, sequence: int) -> EntryHash | None:
        """Return the hash of the entry at a sequence on a branch."""
        if sequence == branch.head.sequence:
            return branch.head.hash if sequence else None
        for row, after, through in self._segments(branch):
            if after < sequence <= through:
                found = self._row(
                    "SELECT hash FROM entries WHERE log = ? AND sequence = ?", row, sequence
                )
                return None if found is None else EntryHash(found[0])
        return None

    def open_branch(self, log: LogName, parent: Branch | None, forked_at: int) -> Branch:
        """Add an empty branch."""
        number = len(self.branches(log))
        head = Point(0, GENESIS)
        if parent is not None and forked_at:
            head = Point(forked_at, self.hash_at(parent, forked_at) or GENESIS)
        branch = Branch(log, number, None if parent is None else parent.number, forked_at, head)
        self._db.execute(
            "INSERT INTO logs (author, incarnation, branch, parent, forked_at, head_sequence,"
            " head_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*log, number, branch.parent, forked_at, *head),
        )
        return branch

    def extend(
        self, branch: Branch, entries: Sequence[SealedEntry], signed_on: int, signature: bytes
    ) -> Branch:
        """Append entries to a branch, with the signature of the last one's head."""
        row, *head = self._row(
            "SELECT id, head_sequence, head_hash FROM logs"
            " WHERE author = ? AND incarnation = ? AND branch = ?",
            *branch.log,
            branch.number,
        )
        last = Point(head[0], EntryHash(head[1]))
        now_ms = int(self._clock.now().timestamp() * 1000)
        rows: list[tuple[object, ...]] = []
        for entry in entries:
            if (entry.header.sequence, entry.header.previous) != (last.sequence + 1, last.hash):
                raise LocalProtocolError("an entry does not follow the head of its branch")
            last = entry.point
            signed = (signed_on, signature) if entry is entries[-1] else (None, None)
            payloads = encode([list(item) for item in sorted(entry.payloads.items())])
            rows.append((row, *last, entry.header_bytes, payloads, *signed, now_ms))
            for ref in entry.header.payloads:
                if ref.compartment in DETACHED:
                    self.expect_payload(entry.header.author, ref.hash, ref.length)
        self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.execute(
            "UPDATE logs SET head_sequence = ?, head_hash = ? WHERE id = ?", (*last, row)
        )
        return Branch(branch.log, branch.number, branch.parent, branch.forked_at, last)

    def _stored(self, branch: Branch, first: int, last: int) -> Iterator[Any]:
        """Yield `(header, hash, payloads, signed_on, signature)` by sequence, a page at a time."""
        for row, after, through in self._segments(branch):
            at = max(after + 1, first)
            end = min(through, last)
            while at <= end:
                page = self._rows(
                    "SELECT header, hash, payloads, signed_on, signature FROM entries"
                    " WHERE log = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
                    row,
                    at,
                    min(end, at + 63),
                )
                yield from page
                at += 64

    def run_after(self, branch: Branch, after: int, entries_max: int, bytes_max: int) -> Run | None:
        """Return the longest signed run after a sequence within bounds."""
        run: Run | None = None
        entries: list[SealedEntry] = []
        size_bytes = RUN_BYTES
        for stored in self._stored(branch, after + 1, branch.head.sequence):
            entry = _entry(stored)
            entries.append(entry)
            size_bytes += entry.size_bytes()
            if run is not None and (len(entries) > entries_max or size_bytes > bytes_max):
                break
            if stored[4] is not None:
                run = Run(tuple(entries), stored[3], stored[4])
        return run

    def entries(self, branch: Branch, first: int, last: int) -> Iterator[SealedEntry]:
        """Yield the entries of a branch from `first` to `last`."""
        for stored in self._stored(branch, first, last):
            yield _entry(stored)

    def taken_ms(self, branch: Branch, sequence: int) -> int:
        """Return when an entry came here, milliseconds since 1970 UTC by this machine; 0 if not."""
        for row, after, through in self._segments(branch):
            if after < sequence <= through:
                found = self._row(
                    "SELECT taken_ms FROM entries WHERE log = ? AND sequence = ?", row, sequence
                )
                return 0 if found is None else int(found[0])
        return 0

    def signatures(self, branch: Branch) -> dict[int, tuple[int, bytes]]:
        """Return the kept signatures on a branch's path, by sequence, with the day signed on."""
        kept: dict[int, tuple[int, bytes]] = {}
        for row, after, through in self._segments(branch):
            found = self._rows(
                "SELECT sequence, signed_on, signature FROM entries"
                " WHERE log = ? AND sequence BETWEEN ? AND ? AND signature IS NOT NULL",
                row,
                after + 1,
                through,
            )
            kept |= {sequence: (day, signature) for sequence, day, signature in found}
        return kept

    def keep_aside(self, run: Run, reason: str) -> None:
        """Keep a run that cannot be taken, once."""
        data = encode_batch(run.head.deployment, [run])
        self._db.execute(
            "INSERT OR IGNORE INTO aside VALUES (?, ?, ?)", (sha256(data).digest(), data, reason)
        )

    def aside(self) -> list[tuple[bytes, str]]:
        """Return what was kept aside: a batch of one run each, and the reason."""
        return [(data, reason) for data, reason in self._rows("SELECT data, reason FROM aside")]

    # --- papers and pruning -------------------------------------------------------------------

    def save_paper(self, kind: str, name: bytes, paper: Signed) -> None:
        """Keep a signed paper in place of an earlier one of that name."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?)",
                (kind, name, paper.data, paper.signature),
            )

    def drop_paper(self, kind: str, name: bytes) -> None:
        """Forget a paper, if it is here."""
        with self.transaction():
            self._db.execute("DELETE FROM papers WHERE kind = ? AND name = ?", (kind, name))

    def papers(self, kind: str) -> list[tuple[bytes, Signed]]:
        """Return the papers of a kind by name."""
        rows = self._rows(
            "SELECT name, data, signature FROM papers WHERE kind = ? ORDER BY name", kind
        )
        return [(name, Signed(data, signature)) for name, data, signature in rows]

    def prune(self, points: Iterable[tuple[LogName, Point]], keep: Collection[int] = ()) -> int:
        """Delete payloads at or below each point where its hash matches; return how many."""
        pruned = 0
        with self.transaction():
            for log, point in points:
                for branch in self.branches(log):
                    if self.hash_at(branch, point.sequence) == point.hash:
                        pruned += self._prune_branch(branch, point.sequence, keep)
        return pruned

    def _prune_branch(self, branch: Branch, through: int, keep: Collection[int]) -> int:
        pruned = 0
        for row, _, last in self._segments(branch):
            rows = self._rows(
                "SELECT header, hash, payloads, sequence FROM entries"
                " WHERE log = ? AND sequence <= ? AND payloads IS NOT NULL",
                row,
                min(through, last),
            )
            found = [stored for stored in rows if stored[3] not in keep]
            for stored in found:
                entry = _entry(stored)
                pruned += len(entry.payloads)
                for ref in entry.header.payloads:
                    if ref.compartment in DETACHED:
                        pruned += self._prune_payload(ref.hash)
            self._db.executemany(
                "UPDATE entries SET payloads = NULL WHERE log = ? AND sequence = ?",
                [(row, stored[3]) for stored in found],
            )
        return pruned


def _entry(stored: Any) -> SealedEntry:
    header_bytes, entry_hash, payloads = stored[:3]
    at_hand = {} if payloads is None else {Compartment(c): data for c, data in decode(payloads)}
    return SealedEntry(parse_header(header_bytes), header_bytes, EntryHash(entry_hash), at_hand)
