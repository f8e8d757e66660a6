"""Reading progress out of a hub's store: verify, open, remember in memory. Rules STN-020 to 025.

The store is opened for reading, for one look at a time, and nothing in it changes. What was opened
lies in this object alone.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from server.station.facts import Closed, Facts, Told, Unopened
from shared.canonical import decode
from shared.errors import CairnError, EncodingInvalid, NoKeyMatches, TagMismatch
from shared.ids import AuthorId, EntryHash
from shared.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX
from shared.records.small import decode_progress
from shared.sealing.envelope import GENESIS, Compartment, Kind
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import SecretKey
from shared.sealing.ring import SignedRing
from shared.shapes import array, octets
from sync.commands.files import open_log_file
from sync.core.attest import Admitted, Revoked, decode_erasures
from sync.core.batch import Run, SealedEntry
from sync.core.certificate import PeerRole
from sync.core.directory import Directory
from sync.core.have import LogName, Point
from sync.core.store import Branch
from sync.core.verify import verify_branch
from sync.peer import CERTIFICATE, RING
from sync.stores.sqlite import SqliteLogStore

_PROGRESS: Final = Compartment.PROGRESS
Place = tuple[LogName, int]
"""A log and the number of one of its branches."""


@dataclass
class Project:
    """What all hubs of a station share: whom the root vouches for, and what the server said."""

    directory: Directory
    keys: Sequence[SecretKey] = field(repr=False)
    revoked: dict[AuthorId, list[Revoked]] = field(default_factory=dict)
    erased: set[EntryHash] = field(default_factory=set)

    def hear(self, entries: Sequence[SealedEntry]) -> None:
        """Take in broadcasts that were verified."""
        for said in self.directory.read(entries):
            if isinstance(said, Revoked):
                self.revoked.setdefault(said.log.author, []).append(said)
        for entry in entries:
            payload = entry.payloads.get(Compartment.OPEN)
            if entry.header.kind == Kind.ERASURE and payload is not None:
                # One that says nothing readable is passed over, as the directory does.
                with suppress(EncodingInvalid):
                    self.erased.update(decode_erasures(payload))

    def accepted(self, log: LogName) -> list[Point]:
        """Return up to where entries of a revoked device's log are good."""
        items = [item.accept_through for item in self.revoked[log.author] if item.log == log]
        admitted: list[Admitted] = self.directory.admitted.get(log, [])
        return [*items, *(item.through for item in admitted)]


class HubReader:
    """Reads one hub's store, each time what is new."""

    def __init__(self, path: Path, project: Project) -> None:
        self.path = path
        self._project = project
        self._forget()

    def _forget(self) -> None:
        self.facts = Facts()
        self._at: dict[Place, Point] = {}
        self._secrets: dict[Place, dict[int, bytes | Closed]] = {}
        self._before: dict[Place, SealedEntry] = {}

    def look(self) -> Facts:
        """Take in what came since the last look, and return all that was read so far.

        Raises:
            UsageError: there is no store.
            StoreBusy, StoreCorrupt: it cannot be read now; what was read before stays.
        """
        store = open_log_file(self.path)
        try:
            self._look(store)
        finally:
            store.close()
        return self.facts

    def _look(self, store: SqliteLogStore) -> None:
        if self._was_replaced(store):
            self._forget()
        directory = self._project.directory
        for _, paper in store.papers(RING):
            directory.take_ring(SignedRing(*paper))
        for _, paper in store.papers(CERTIFICATE):
            try:
                directory.learn(paper)
            except CairnError:
                continue  # whose it is stays unknown, and what it vouches for unverified
        logs = sorted(store.have().points)
        for log in logs:
            server_log = directory.server_log(log.author)
            if server_log is not None and server_log.device is None:
                self._read_log(store, log)
        for log in logs:
            if directory.server_log(log.author) is None:
                self._read_log(store, log)
        self._judge(store)

    def _was_replaced(self, store: SqliteLogStore) -> bool:
        for (log, number), point in self._at.items():
            branch = next((b for b in store.branches(log) if b.number == number), None)
            if branch is None or store.hash_at(branch, point.sequence) != point.hash:
                return True
        return False

    # ---- one log

    def _read_log(self, store: SqliteLogStore, log: LogName) -> None:
        branches = store.branches(log)
        is_server = self._project.directory.server_log(log.author) is not None
        if len(branches) > 1 and not is_server:
            self.facts.forked.add(log.author)
        for branch in branches:
            place = (log, branch.number)
            if place not in self._at:
                shared = store.hash_at(branch, branch.forked_at) if branch.forked_at else GENESIS
                self._at[place] = Point(branch.forked_at, shared or GENESIS)
                self._secrets[place] = self._inherited(branch)
            if self._at[place].sequence == branch.head.sequence:
                continue
            if not is_server:
                came_ms = store.taken_ms(branch, branch.head.sequence)
                seen_ms = self.facts.seen_ms
                seen_ms[log.author] = max(came_ms, seen_ms.get(log.author, 0))
            self._read_branch(store, branch, is_server=is_server)

    def _inherited(self, branch: Branch) -> dict[int, bytes | Closed]:
        """Return the epochs that a branch shares with the one it left."""
        if branch.parent is None:
            return {}
        parent = self._secrets.get((branch.log, branch.parent), {})
        return {seq: secret for seq, secret in parent.items() if seq <= branch.forked_at}

    def _read_branch(self, store: SqliteLogStore, branch: Branch, *, is_server: bool) -> None:
        place = (branch.log, branch.number)
        name = f"{branch.log.author.hex()}/{branch.log.incarnation}"
        while True:
            at = self._at[place]
            run = store.run_after(branch, at.sequence, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)
            if run is None:
                return
            wrong = self._wrong(run, at)
            if wrong:
                self.facts.unverified[name] = wrong
                return
            self.facts.unverified.pop(name, None)
            if is_server:
                self._project.hear(run.entries)
            else:
                for entry in run.entries:
                    self._take(store, branch, entry)
            self._at[place] = run.entries[-1].point

    def _wrong(self, run: Run, after: Point) -> str:
        """Return what is wrong with a run, "" where it verifies (STN-021)."""
        key = self._project.directory.public_key(run.log.author)
        signatures = {run.entries[-1].header.sequence: (run.signed_on, run.signature)}
        problems = verify_branch(run.entries, signatures, key, after).problems
        return problems[0] if problems else ""

    def _take(self, store: SqliteLogStore, branch: Branch, entry: SealedEntry) -> None:
        place = (branch.log, branch.number)
        header = entry.header
        before, self._before[place] = self._before.get(place), entry
        if header.kind == Kind.EPOCH:
            self._secrets[place][header.sequence] = self._open_epoch(entry)
        if header.kind != Kind.PROGRESS:
            return
        opened = self._open(entry, self._secrets[place].get(header.epoch))
        if isinstance(opened, Closed):
            self.facts.closed[entry.hash] = branch.log.author, opened
            return
        if before is None and header.sequence > 1:
            # The branch forked right here, or the last look ended here.
            before = next(store.entries(branch, header.sequence - 1, header.sequence - 1), None)
        is_record = before is not None and before.header.kind == Kind.REVISION
        self.facts.told[entry.hash] = Told(
            entry.hash,
            branch.log,
            header.sequence,
            decode_progress(opened),
            before.hash if before is not None and is_record else None,
            store.taken_ms(branch, header.sequence),
        )

    # ---- opening

    def _open_epoch(self, entry: SealedEntry) -> bytes | Closed:
        payload = entry.payloads.get(_PROGRESS)
        if payload is None:
            return Closed(Unopened.PRUNED)
        try:
            return open_epoch(payload, self._project.keys, entry.header.log, _PROGRESS)
        except NoKeyMatches:
            key_id = octets(array(decode(payload), "an epoch payload", 3)[1], "key id")
            return Closed(Unopened.OTHER_KEY, key_id.hex())
        except (TagMismatch, EncodingInvalid):
            return Closed(Unopened.DAMAGED)

    @staticmethod
    def _open(entry: SealedEntry, secret: bytes | Closed | None) -> bytes | Closed:
        """Return the plaintext of a progress entry that can be read, else why it is not."""
        sealed = entry.payloads.get(_PROGRESS)
        if sealed is None:
            return Closed(Unopened.PRUNED)
        if secret is None:
            return Closed(Unopened.DAMAGED)
        if isinstance(secret, Closed):
            return secret
        try:
            plaintext = open_payload(secret, entry.header, _PROGRESS, sealed)
        except (TagMismatch, EncodingInvalid):
            return Closed(Unopened.DAMAGED)
        try:
            decode_progress(plaintext)
        except EncodingInvalid:
            return Closed(Unopened.NEWER)
        return plaintext

    # ---- what the server said of it

    def _judge(self, store: SqliteLogStore) -> None:
        project, facts = self._project, self.facts
        facts.erased = set(project.erased)
        certificates = project.directory.certificates()
        facts.enrolled = {c.author for c in certificates if c.role is PeerRole.DEVICE}
        facts.revoked = set(project.revoked)
        facts.late = set()
        for author in project.revoked:
            for log in {told.log for told in facts.told.values() if told.author == author}:
                facts.late |= self._late(store, log)

    def _late(self, store: SqliteLogStore, log: LogName) -> set[EntryHash]:
        """Return the entries of a revoked device's log that nobody accepted (STN-034)."""
        good: set[EntryHash] = set()
        for branch in store.branches(log):
            points = self._project.accepted(log)
            held = [p for p in points if store.hash_at(branch, p.sequence) == p.hash]
            through = max((point.sequence for point in held), default=0)
            good |= {entry.hash for entry in store.entries(branch, 1, through)}
        return {t.hash for t in self.facts.told.values() if t.log == log and t.hash not in good}
