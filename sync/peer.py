"""A peer: one side of any exchange, over its store. Device, hub and mission server are all peers.

It takes in what others send (entries, papers, chunks) and says what it holds and wants. What makes
a hub or a server out of it are the papers it issues; see responder.py. Nothing here needs a key
that opens anything: a device hands over while its vault is locked (SYNC-032).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from shared.clock import Clock
from shared.errors import CairnError
from shared.ids import AuthorId
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SigningKey
from shared.sealing.receipts import Note, Receipt, Signed, open_receipt
from shared.sealing.ring import SignedRing
from sync.core.attest import Attestation, Compacted
from sync.core.batch import Run, SealedEntry, UnreadableRun, decode_batch
from sync.core.directory import Directory, ring_in
from sync.core.have import HaveVector, LogName, Point
from sync.core.hub_code import HubCode
from sync.core.messages import WANTS_MAX, Papers
from sync.core.plan import Outcome, OutcomeCode, refuse_unreadable, take_run
from sync.core.store import Chunk, LogStore, Want
from sync.erasure import ErasureOrders
from sync.hub_notes import HubNotes
from sync.package_shelf import PackageShelf

RING, CERTIFICATE, RECEIPT = "ring", "certificate", "receipt"
"""Kinds of paper in the store."""


@dataclass(frozen=True, slots=True)
class Me:
    """Who a peer is: its author, the key it signs with, and its own certificate if it has one."""

    author: AuthorId
    key: SigningKey
    certificate: Signed | None = None
    incarnation: int = 0


def _age(receipt: Receipt) -> tuple[int, int]:
    """Return what orders receipts; of two within one millisecond the one that names more wins."""
    named = (*receipt.have, *receipt.backed_up)
    return receipt.issued_ms, sum(reach.sequence for reach in named)


def _replaces(new: Receipt, old: Receipt) -> bool:
    return (
        (new.server, new.server_incarnation) == (old.server, old.server_incarnation)
        and _age(new) >= _age(old)
        and {reach.author for reach in old.have} <= {reach.author for reach in new.have}
    )


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one message or answer brought.

    Attributes:
        outcomes: of every run, for the answer.
        entries: newly stored.
        attestations: what the server said in them.
        chunks: how many pieces of attachments were kept.
    """

    outcomes: tuple[Outcome, ...] = ()
    entries: tuple[SealedEntry, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    chunks: int = 0


class Peer:
    """One side of an exchange."""

    def __init__(
        self,
        store: LogStore,
        me: Me,
        directory: Directory,
        clock: Clock,
        *,
        keeps_strangers: bool = False,
    ) -> None:
        self.store = store
        self.me = me
        self.directory = directory
        self.clock = clock
        self._keeps_strangers = keeps_strangers
        self._compacted: dict[LogName, Compacted] = {}
        self._notes = HubNotes(store, directory, self.holds)
        self.packages = PackageShelf(store, directory.packages)
        self._orders = ErasureOrders(store)
        self.load()

    def load(self) -> None:
        """Fill the directory from what the store holds: ring, certificates, broadcasts."""
        for _, paper in self.store.papers(RING):
            self.directory.take_ring(SignedRing(*paper))
        self.directory.know_device(self.me.author)
        for _, paper in self.store.papers(CERTIFICATE):
            self.learn(paper)
        for log in sorted(self.store.have().points):
            if self.directory.server_log(log.author) is not None:
                for branch in self.store.branches(log):
                    said = list(self.store.entries(branch, 1, branch.head.sequence))
                    self.directory.read(said)
                    self._orders.read(said)
        self.packages.settle()
        self._compact()

    def now_ms(self) -> int:
        """Return this peer's time in milliseconds since 1970 UTC."""
        return int(self.clock.now().timestamp() * 1000)

    # --- taking in ----------------------------------------------------------------------------

    def know_hub(self, code: HubCode) -> None:
        """Keep a hub that was shown to this device: its notes are believed (SYNC-043).

        Raises:
            KeyNotTrusted: the hub serves another project.
        """
        self._notes.know_hub(code)

    def hubs(self) -> list[HubCode]:
        """Return the hubs that were shown to this device."""
        return self._notes.hubs()

    def take_ring(self, signed: SignedRing) -> None:
        """Keep a key ring if it is newer; its mailboxes are known from then on.

        Raises:
            KeyNotTrusted, SignatureInvalid, EncodingInvalid: not this project's root's.
        """
        if self.directory.take_ring(signed):
            self.directory.know_device(self.me.author)
            self.store.save_paper(RING, b"", Signed(signed.data, signed.signature))

    def learn(self, certificate: Signed) -> bool:
        """Keep a certificate that is good; one that is not tells nothing."""
        try:
            new = self.directory.learn(certificate)
        except CairnError:
            return False
        if new:
            self._save_certificates()
        return new

    def _save_certificates(self) -> None:
        saved = {name for name, _ in self.store.papers(CERTIFICATE)}
        for certificate in self.directory.certificates():
            signed = self.directory.signed_certificate(certificate.author)
            if certificate.author not in saved and signed is not None:
                self.store.save_paper(CERTIFICATE, certificate.author, signed)

    def take(self, batch: bytes | None, papers: Papers, chunks: Iterable[Chunk] = ()) -> TakenIn:
        """Take in everything a message or answer brings; what is returned is committed.

        Raises:
            LimitExceeded, EncodingInvalid, RemoteProtocolError: the batch is none (SYNC-012).
            StoreFull, StoreBusy: nothing of it was kept.
        """
        runs = [] if batch is None else decode_batch(batch, self.directory.deployment)
        for run in runs:
            if isinstance(run, Run):
                self._look_for_rings(run)
        for certificate in papers.certificates:
            self.learn(certificate)
        outcomes: list[Outcome] = []
        entries: list[SealedEntry] = []
        kept = 0
        with self.store.transaction():
            for run in runs:
                outcome, new = self._take_run(run)
                outcomes.append(outcome)
                entries += new
            if not self._keeps_strangers:
                self._erase(entries)
            for chunk in chunks:
                kept += self.packages.good(chunk) and self.store.take_chunk(chunk)
        said = self.directory.read(entries)
        if entries:
            self.packages.settle()
            self._compact()
        self._save_certificates()
        self._take_receipts(papers.receipts)
        self._notes.take(papers.notes)
        return TakenIn(tuple(outcomes), tuple(entries), tuple(said), kept)

    def _take_run(self, run: Run | UnreadableRun) -> tuple[Outcome, tuple[SealedEntry, ...]]:
        if isinstance(run, UnreadableRun):
            return refuse_unreadable(run), ()
        if self.is_mine(run.log):
            reason = "an author's log comes from that author alone"
            return Outcome(run.log, run.head.sequence, OutcomeCode.REFUSED, reason), ()
        public_key = self.directory.public_key(run.log.author)
        taken = take_run(self.store, run, public_key, keeps_strangers=self._keeps_strangers)
        return taken.outcome, taken.new

    def _erase(self, entries: Iterable[SealedEntry]) -> None:
        """Obey erasure orders; the mission server, which gives them, does so by its own ledger."""
        entries = list(entries)
        said = [e for e in entries if self.directory.server_log(e.header.author) is not None]
        self._orders.carry_out(self._orders.read(said))
        self._orders.refuse(entries)

    def _compact(self) -> None:
        """Delete payloads of the server's logs that it says are out of force (SYNC-102)."""
        for log, said in self.directory.compacted.items():
            if self._compacted.get(log) is said or self.directory.server_log(log.author) is None:
                continue
            if self.holds(log, said.through):
                self.store.prune([(log, said.through)], frozenset(said.kept))
                self._compacted[log] = said

    def _look_for_rings(self, run: Run) -> None:
        """Take a key ring out of a run before the run is checked by it (SYNC-073)."""
        for entry in run.entries:
            payload = entry.payloads.get(Compartment.OPEN)
            if entry.header.kind == Kind.KEYS and payload is not None:
                try:
                    self.take_ring(ring_in(payload))
                except CairnError:
                    continue  # not this project's: the run will be refused with it

    def _take_receipts(self, receipts: Iterable[Signed]) -> None:
        """Keep what is new: a receipt gives way to a newer one that names all its authors."""
        for signed in receipts:
            receipt = self.open_receipt(signed)
            if receipt is None:
                continue
            with self.store.transaction():
                held = [(name, self.open_receipt(paper)) for name, paper in self.receipts()]
                if any(old is not None and _replaces(old, receipt) for _, old in held):
                    continue
                for name, old in held:
                    if old is None or _replaces(receipt, old):
                        self.store.drop_paper(RECEIPT, name)
                self.store.save_paper(RECEIPT, sha256(signed.data).digest(), signed)

    def newest_receipts(self) -> list[Receipt]:
        """Return the receipts of the newest server incarnation: older ones are void (SYNC-042)."""
        opened = [self.open_receipt(signed) for _, signed in self.receipts()]
        receipts = [receipt for receipt in opened if receipt is not None]
        newest = max((receipt.server_incarnation for receipt in receipts), default=0)
        return [receipt for receipt in receipts if receipt.server_incarnation == newest]

    def prune_backed_up(self) -> int:
        """Delete payloads of one's own that the server's backup holds; return how many (SYNC-041).

        Headers and signatures stay, so the log still verifies and can be handed on.
        """
        points = [
            (LogName(reach.author, reach.incarnation), Point(reach.sequence, reach.hash))
            for receipt in self.newest_receipts()
            for reach in receipt.backed_up
            if reach.author == self.me.author
        ]
        return self.store.prune(points) if points else 0

    def receipts(self) -> list[tuple[bytes, Signed]]:
        """Return the receipts held."""
        return self.store.papers(RECEIPT)

    def open_receipt(self, signed: Signed) -> Receipt | None:
        """Return a receipt that the project's server signed, None where it did not."""
        if self.directory.ring is None:
            return None
        try:
            return open_receipt(signed.data, signed.signature, self.directory.ring)
        except CairnError:
            return None

    def opened_notes(self) -> list[Note]:
        """Return the hand-over notes held, of hubs known here (SYNC-043)."""
        return self._notes.opened()

    # --- what is held and wanted --------------------------------------------------------------

    def is_mine(self, log: LogName) -> bool:
        """Tell whether this peer writes a log now; earlier incarnations may come home."""
        return log.author == self.me.author and log.incarnation >= self.me.incarnation

    def holds(self, log: LogName, point: Point) -> bool:
        """Tell whether an entry is held here, on any branch."""
        branches = self.store.branches(log)
        return any(self.store.hash_at(b, point.sequence) == point.hash for b in branches)

    def logs_to_send(self) -> list[LogName]:
        """Return all logs held, the server's first: they carry the ring by which others check."""
        logs = self.store.have().points
        return sorted(logs, key=lambda log: (self.directory.server_log(log.author) is None, log))

    def have_for(self, other: AuthorId) -> HaveVector:
        """Return the part of what is held that another peer may see (SYNC-025)."""
        have = self.store.have()
        return have.only(log for log in have.points if self.directory.wanted_by(other, log))

    def logs_for(self, other: AuthorId) -> list[LogName]:
        """Return the logs that another peer is sent, the server's first; never its own."""
        mine = self.have_for(other).points
        return [log for log in self.logs_to_send() if log in mine and log.author != other]

    def strays(self, theirs: HaveVector) -> list[Outcome]:
        """Return the heads of theirs that lie on no branch held here, though it is longer."""
        found: list[Outcome] = []
        for log, point in theirs:
            branches = self.store.branches(log)
            if all(branch.head.sequence < point.sequence for branch in branches):
                continue
            if not self.holds(log, point):
                found.append(Outcome(log, point.sequence, OutcomeCode.WANTED))
        return found

    def certificates_for(self, runs: Iterable[Run], theirs: HaveVector) -> tuple[Signed, ...]:
        """Return the certificates that the receiver of `runs` needs to check them (SYNC-072)."""
        authors: set[AuthorId] = set()
        for run in runs:
            if not theirs.of(run.log):
                server_log = self.directory.server_log(run.log.author)
                device = None if server_log is None else server_log.device
                authors.add(device or run.log.author)
        signed = (self.directory.signed_certificate(author) for author in sorted(authors))
        return tuple(certificate for certificate in signed if certificate is not None)

    def wants(self, author: AuthorId | None = None) -> tuple[Want, ...]:
        """Return what is missing here, packages last (SYNC-134); of one author if given."""
        packages = self.packages.missing()
        missing = self.store.missing_payloads(WANTS_MAX, author)
        others = [want for want in missing if want not in packages]
        return (*others[: WANTS_MAX - len(packages)], *(packages if author is None else ()))

    def chunk_for(self, wants: Iterable[Want]) -> tuple[Chunk, ...]:
        """Return one chunk that the other side lacks, if it is here (SYNC-081)."""
        for want in wants:
            chunk = self.store.chunk(want.payload_hash, want.offset)
            if chunk is not None:
                return (chunk,)
        return ()

    def signed_points(self, papers: Iterable[Signed]) -> dict[LogName, list[Point]]:
        """Return the points that receipts vouch for, by log."""
        points: dict[LogName, list[Point]] = {}
        for signed in papers:
            receipt = self.open_receipt(signed)
            for reach in receipt.have if receipt is not None else ():
                log = LogName(reach.author, reach.incarnation)
                points.setdefault(log, []).append(Point(reach.sequence, reach.hash))
        return points
