"""What a bundle carries: messages made for a reader who cannot answer at once, and taken from one.

A bundle starts with a greeting (have, papers, wants), goes on with the entries that the reader is
not known to hold, and ends with attachments and app packages. Rules SYNC-053 to SYNC-055,
SYNC-081 and SYNC-136.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from shared.ids import AuthorId
from shared.sealing.envelope import DETACHED
from sync.core.batch import Run, encode_batch
from sync.core.certificate import PeerRole
from sync.core.have import HaveVector, LogName, Point
from sync.core.messages import Message, Papers, decode_message
from sync.core.offer import Outbox
from sync.core.store import Want
from sync.peer import Peer, TakenIn
from sync.standing import Standing, load_standing, save_standing


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a bundle is for, and what it is known to hold and to lack.

    Attributes:
        logs: which logs it is sent.
        have: what it signed for, or said in its own bundle.
        wants: attachments and packages it asked for.
        whole: up to where in each log it holds all attachments but those; None for all (SYNC-085).
        packages: it carries on what it is given: app packages come with their announcement.
    """

    logs: Sequence[LogName]
    have: HaveVector = field(default_factory=HaveVector)
    wants: Sequence[Want] = ()
    whole: HaveVector | None = None
    packages: bool = False


def mission_reader(peer: Peer) -> Reader:
    """Return the mission server as a reader: it holds what its newest incarnation's receipts say.

    A restored server has a new incarnation, and what older ones received is sent again (SYNC-042).
    """
    points: dict[LogName, tuple[Point, ...]] = {}
    for receipt in sorted(peer.newest_receipts(), key=lambda r: r.issued_ms):
        points.update(_by_log(receipt.have))
    own = [log for log in peer.logs_to_send() if peer.directory.server_log(log.author) is None]
    newest = max((r.server_incarnation for r in peer.newest_receipts()), default=0)
    standing = load_standing(peer.store, newest)
    return Reader(own, HaveVector(points), standing.wants, standing.have)


def hub_reader(peer: Peer, hub: AuthorId) -> Reader:
    """Return a hub as a reader: it holds what its last note to us says."""
    notes = [note for note in peer.opened_notes() if note.hub == hub]
    points = {log: point for note in notes for log, point in _by_log(note.have).items()}
    return Reader(peer.logs_to_send(), HaveVector(points))


def answering_reader(peer: Peer, delivered: "Delivered") -> Reader:
    """Return the writer of a bundle as the reader of the answer."""
    sender = delivered.sender
    is_hub = peer.directory.role(sender) is PeerRole.HUB
    return Reader(peer.logs_for(sender), delivered.have, delivered.wants, packages=is_hub)


def _by_log(
    reaches: Iterable[tuple[AuthorId, int, int, bytes]],
) -> dict[LogName, tuple[Point, ...]]:
    points: dict[LogName, tuple[Point, ...]] = {}
    for author, incarnation, sequence, entry_hash in reaches:
        log = LogName(author, incarnation)
        points[log] = (*points.get(log, ()), Point(sequence, entry_hash))  # type: ignore[arg-type]
    return points


def bundle_messages(peer: Peer, reader: Reader, papers: Papers) -> list[Callable[[], bytes]]:
    """Return the makers of a bundle's messages; each reads the store only when it is called.

    Args:
        peer: who writes.
        reader: for whom.
        papers: what goes with the greeting beside the certificates of the entries' authors.
    """
    outbox = Outbox(peer.store, reader.logs)
    stretches: list[tuple[LogName, int, int, int]] = []
    first_runs: list[Run] = []
    attachments: list[bytes] = [want.payload_hash for want in reader.wants]
    while runs := outbox.next_runs(reader.have):
        for run in runs:
            first = run.entries[0].header.sequence
            branch = outbox.branch_of(run)
            stretches.append((run.log, branch, first - 1, run.head.sequence))
            first_runs.append(Run(run.entries[:1], run.signed_on, run.signature))
            attachments += [
                ref.hash
                for entry in run.entries
                for ref in entry.header.payloads
                if ref.compartment in DETACHED
            ]
            if reader.packages:
                attachments += peer.packages.announced_in(run.entries)
    attachments += _not_known_whole(peer, reader)
    certificates = peer.certificates_for(first_runs, HaveVector())
    own = () if peer.me.certificate is None else (peer.me.certificate,)
    greeting = Message(
        peer.directory.deployment,
        peer.me.author,
        have=peer.store.have(),
        papers=Papers(papers.receipts, papers.notes, tuple(dict.fromkeys(own + certificates))),
        wants=peer.wants(),
        more=bool(stretches or attachments),
    )
    makers: list[Callable[[], bytes]] = [greeting.encode]
    makers += [partial(_batch_message, peer, *stretch) for stretch in stretches]
    for payload_hash in dict.fromkeys(attachments):
        offsets = list(_offsets(peer, payload_hash, reader.wants))
        makers += [partial(_chunk_message, peer, payload_hash, offset) for offset in offsets]
    return makers


def _not_known_whole(peer: Peer, reader: Reader) -> Iterator[bytes]:
    """Yield the attachments of entries behind the point up to where the reader spoke of them."""
    if reader.whole is None:
        return
    for log in reader.logs:
        for branch in peer.store.branches(log):
            known = [
                point.sequence
                for point in reader.whole.of(log)
                if peer.store.hash_at(branch, point.sequence) == point.hash
            ]
            first = max(known, default=0) + 1
            for entry in peer.store.entries(branch, first, branch.head.sequence):
                yield from (r.hash for r in entry.header.payloads if r.compartment in DETACHED)


def _batch_message(peer: Peer, log: LogName, number: int, after: int, through: int) -> bytes:
    branch = peer.store.branches(log)[number]
    run = peer.store.run_after(branch, after, through - after, 1 << 62)
    runs = [] if run is None else [run]
    batch = encode_batch(peer.directory.deployment, runs)
    return Message(peer.directory.deployment, peer.me.author, batch=batch).encode()


def _chunk_message(peer: Peer, payload_hash: bytes, offset: int) -> bytes:
    chunks = peer.chunk_for([Want(payload_hash, offset)])
    return Message(peer.directory.deployment, peer.me.author, chunks=chunks).encode()


def _offsets(peer: Peer, payload_hash: bytes, wants: Sequence[Want]) -> Iterator[int]:
    """Yield where the chunks of an attachment begin, from where the reader asked for it."""
    offset = next((want.offset for want in wants if want.payload_hash == payload_hash), 0)
    while (chunk := peer.store.chunk(payload_hash, offset)) is not None:
        yield offset
        offset += len(chunk.data)


@dataclass
class Delivered:
    """What applying a bundle came to, and what its writer said it holds and lacks."""

    sender: AuthorId
    have: HaveVector = field(default_factory=HaveVector)
    wants: tuple[Want, ...] = ()
    taken: list[TakenIn] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """How many entries were new."""
        return sum(len(taken.entries) for taken in self.taken)


def take_bundle(peer: Peer, sender: AuthorId, messages: Iterable[bytes]) -> Delivered:
    """Apply a verified bundle's messages; again, late or out of order changes nothing (SYNC-053).

    Raises:
        ProtocolError, EncodingInvalid: a message is malformed; those before it are applied.
        StoreFull, StoreBusy: apply the bundle again later.
    """
    delivered = Delivered(sender)
    for data in messages:
        message = decode_message(data)
        delivered.taken.append(peer.take(message.batch, message.papers, message.chunks))
        if message.have is not None:
            delivered.have, delivered.wants = message.have, message.wants
            log = peer.directory.server_log(sender)
            if log is not None and log.device is None:
                newest = max((r.server_incarnation for r in peer.newest_receipts()), default=0)
                save_standing(peer.store, Standing(newest, message.have, message.wants))
    return delivered
