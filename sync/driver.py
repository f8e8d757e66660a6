"""One sync: bring a peer and a responder to the same logs, as far as the line holds.

It can stop anywhere: what either side answered is in its store, and the next sync goes on from
there. It needs the signing key and the store alone, so it runs while the vault is locked
(SYNC-032). Rules SYNC-021, SYNC-023, SYNC-081.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from shared.errors import RemoteProtocolError
from shared.sealing.receipts import Signed
from sync.core.buckets import BUCKETS, LOGS_MIN, Asking, Scope, digests, within
from sync.core.have import HaveVector, LogName, Point
from sync.core.messages import Answer, Message, Papers
from sync.core.offer import FIRST_BATCH_BYTES, Outbox, batch_of
from sync.core.plan import Outcome, OutcomeCode
from sync.core.session import INITIATOR, Event, Session, State
from sync.core.store import Chunk, Want
from sync.hub_notes import NOTE
from sync.peer import Peer
from sync.standing import Standing, save_standing
from sync.transports.base import Transport

_GAPS_MAX: Final = 3
"""How often one log may be answered with a gap in a session before it is left for the next."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is, for the screen.

    Attributes:
        files: attachments the other side has asked for so far in this session.
        file_bytes, file_bytes_total: of them, what it has and how much they are.
    """

    sent: int
    to_send: int
    received: int
    chunks: int
    files: int = 0
    file_bytes: int = 0
    file_bytes_total: int = 0


@dataclass
class SyncReport:
    """What a sync came to.

    Attributes:
        sent: entries the other side answered for, duplicates included.
        received: entries newly stored here.
        chunks_sent: pieces of attachments given, `chunks_received` taken.
        troubles: outcomes other than stored and duplicate, from the other side.
        own_log_ahead: the other side holds entries of one's own log that are not here: this device
            was restored or cloned, and must open the next incarnation (SYNC-005).
        complete: neither side lacks anything the other has.
    """

    sent: int = 0
    received: int = 0
    chunks_sent: int = 0
    chunks_received: int = 0
    troubles: list[Outcome] = field(default_factory=list)
    own_log_ahead: bool = False
    complete: bool = False


OnProgress = Callable[[Progress], None]


def sync_once(
    peer: Peer, transport: Transport, on_progress: OnProgress | None = None
) -> SyncReport:
    """Run one session as initiator until neither side has more.

    Raises:
        TransportError: the line broke; everything answered so far is kept, sync again.
        ProtocolError: the other side refused us, or broke the protocol.
        StoreFull, StoreBusy: our own store; nothing is torn.
    """
    return _Initiator(peer, transport, on_progress).run()


class _Initiator:
    def __init__(self, peer: Peer, transport: Transport, on_progress: OnProgress | None) -> None:
        self._peer = peer
        self._transport = transport
        self._on_progress = on_progress
        self._session = Session(INITIATOR)
        self._report = SyncReport()
        self._theirs = HaveVector()
        self._outbox = Outbox(peer.store, peer.logs_to_send(), bytes_max=FIRST_BATCH_BYTES)
        self._gaps: dict[LogName, int] = {}
        self._asks = True
        self._asks_chunks = False
        self._sent_chunks: set[Want] = set()
        self._files: dict[bytes, int] = {}
        self._open_wants: tuple[Want, ...] = ()
        self._heard: Standing | None = None
        self._scope: Scope | None = None
        self._heeded = False

    def run(self) -> SyncReport:
        """Greet, then exchange until nothing is left."""
        self._session.step(Event.START)
        try:
            many = len(self._peer.store.have().points) >= LOGS_MIN
            message = self._greeting(known=self._transport.is_known(), by_digests=many)
            while self._session.state is not State.DONE:
                answer = self._transport.exchange(message)
                if message.batch is not None:
                    self._outbox.answered()
                following = self._take(message, answer)
                self._hear(answer)
                self._session.step(Event.NOTHING_MORE if following is None else Event.MORE)
                self._show()
                if following is not None:
                    message = following
        except BaseException:
            if self._session.state is not State.DONE:
                self._session.step(Event.LOST)
            raise
        finally:
            if self._heard is not None:
                save_standing(self._peer.store, self._heard)
        self._report.complete = not self._report.troubles
        return self._report

    def _greeting(self, *, known: bool, by_digests: bool = False) -> Message:
        peer = self._peer
        certificate = peer.me.certificate
        have = peer.store.have()
        receipts = () if by_digests else tuple(paper for _, paper in peer.receipts())
        return Message(
            peer.directory.deployment,
            peer.me.author,
            have=None if by_digests else have,
            papers=Papers(
                receipts=receipts,
                notes=tuple(paper for _, paper in peer.store.papers(NOTE)),
                certificates=() if known or certificate is None else (certificate,),
            ),
            wants=self._wants(),
            asks=self._asking(have) if by_digests else None,
        )

    def _asking(self, have: HaveVector) -> Asking:
        """Return the digests of what is held here, and of what is known to be backed up."""
        newest = self._peer.newest_receipts()
        safe: dict[LogName, tuple[Point, ...]] = {}
        for receipt in sorted(newest, key=lambda each: each.issued_ms):
            for named in receipt.have:
                safe.pop(LogName(named.author, named.incarnation), None)
            for reach in receipt.backed_up:
                log = LogName(reach.author, reach.incarnation)
                safe[log] = (Point(reach.sequence, reach.hash),)
        incarnation = newest[0].server_incarnation if newest else 0
        return Asking(digests(have), digests(HaveVector(safe), incarnation))

    def _take_compared(self, message: Message, answer: Answer) -> Message | None:
        """Go on from an answer to digests: what does not differ, both hold (SYNC-028)."""
        if answer.compared is None:
            return self._greeting(known=True)  # it knows no digests: greet as always
        peer, scope = self._peer, answer.compared.scope
        everywhere = frozenset(range(BUCKETS))
        self._theirs = within(peer.store.have(), everywhere - scope)
        self._scope = scope
        self._heed(answer)
        incarnation = answer.compared.incarnation
        older = [
            signed
            for _, signed in peer.receipts()
            if (receipt := peer.open_receipt(signed)) is not None
            and receipt.server_incarnation != incarnation
        ]
        self._asks, self._asks_chunks = bool(scope), bool(message.wants)
        following = self._next(answer)
        if following is None or not older:
            return following
        return replace(following, papers=replace(following.papers, receipts=tuple(older)))

    def _take(self, message: Message, answer: Answer) -> Message | None:
        """Take an answer in; return the next message, None when neither side has more."""
        peer, report = self._peer, self._report
        if answer.deployment != peer.directory.deployment:
            raise RemoteProtocolError("the answer belongs to another project")
        taken = peer.take(answer.batch, answer.papers, answer.chunks)
        report.received += len(taken.entries)
        report.chunks_received += taken.chunks
        if isinstance(message.asks, Asking):
            return self._take_compared(message, answer)
        self._heed(answer)
        # A batch that brings nothing new would come again; what was refused waits for next time.
        self._asks = answer.more and bool(taken.entries)
        if message.wants:
            self._asks_chunks = taken.chunks > 0
        if taken.entries:
            self._asks_chunks = True
        return self._next(answer)

    def _hear(self, answer: Answer) -> None:
        """Note which attachments are wanted, and how a mission server stands (SYNC-085)."""
        peer = self._peer
        self._open_wants = answer.wants
        for want in answer.wants:
            if want.payload_hash not in self._files:
                held = peer.store.find_payload(want.payload_hash)
                if held is not None and held.received:
                    self._files[want.payload_hash] = held.length
        incarnation = self._mission_incarnation(answer)
        if incarnation is not None:
            first = self._heard is None
            self._heard = Standing(incarnation, self._theirs, answer.wants)
            if first:
                save_standing(peer.store, self._heard)

    def _mission_incarnation(self, answer: Answer) -> int | None:
        """Return the incarnation of the mission server that answers; None where a hub does.

        A hub signs a note for what it holds, and passes on receipts that name what it does not.
        """
        opened = [self._peer.open_receipt(signed) for signed in answer.papers.receipts]
        said = [receipt for receipt in opened if receipt is not None]
        named = {
            LogName(reach.author, reach.incarnation): Point(reach.sequence, reach.hash)
            for receipt in said
            for reach in receipt.have
        }
        if not named or answer.papers.notes:
            return None
        if any(point not in self._theirs.of(log) for log, point in named.items()):
            return None
        return max(receipt.server_incarnation for receipt in said)

    def _heed(self, answer: Answer) -> None:
        """Note what the other side holds now and what it made of our batch."""
        points = dict(self._theirs.points)
        for outcome in answer.outcomes:
            self._heed_outcome(outcome)
            if outcome.code is OutcomeCode.GAP:
                points.pop(outcome.log, None)  # what it said before is no longer so
        points.update(answer.have.points)
        self._theirs = HaveVector(points)
        if not self._heeded:
            self._outbox.common = self._peer.signed_points(answer.papers.receipts)
            self._heeded = True
        for log, point in answer.have:
            if log.author == self._peer.me.author and not self._peer.holds(log, point):
                self._report.own_log_ahead = True

    def _heed_outcome(self, outcome: Outcome) -> None:
        outbox = self._outbox
        match outcome.code:
            case OutcomeCode.REFUSED | OutcomeCode.QUARANTINED:
                outbox.blocked.add(outcome.log)
                self._report.troubles.append(outcome)
            case OutcomeCode.GAP:
                self._gaps[outcome.log] = self._gaps.get(outcome.log, 0) + 1
                outbox.forget(outcome.log)
                if self._gaps[outcome.log] > _GAPS_MAX:
                    outbox.blocked.add(outcome.log)
                    self._report.troubles.append(outcome)
            case OutcomeCode.WANTED:
                outbox.wanted.add(outcome.log)
            case _:
                pass

    def _next(self, answer: Answer) -> Message | None:
        peer = self._peer
        runs = self._outbox.next_runs(self._theirs)
        self._report.sent += sum(len(run.entries) for run in runs)
        chunks = () if runs else self._next_chunk(answer.wants)
        wants = self._wants() if self._asks_chunks and not runs else ()
        if not runs and not chunks and not wants and not self._asks:
            return None
        certificates: tuple[Signed, ...] = peer.certificates_for(runs, self._theirs)
        return Message(
            peer.directory.deployment,
            peer.me.author,
            have=self._have() if self._asks else None,
            batch=batch_of(peer.directory.deployment, runs),
            papers=Papers(certificates=certificates),
            chunks=chunks,
            wants=wants,
            more=self._outbox.pending_entries(self._theirs) > 0,
            asks=self._scope if self._asks else None,
        )

    def _have(self) -> HaveVector:
        """Return what is held, where digests differed if they were compared."""
        have = self._peer.store.have()
        return have if self._scope is None else within(have, self._scope)

    def _next_chunk(self, wants: Sequence[Want]) -> tuple[Chunk, ...]:
        """Return the next chunk; one that was sent before and is wanted still waits for later."""
        chunks = self._peer.chunk_for(want for want in wants if want not in self._sent_chunks)
        for chunk in chunks:
            self._sent_chunks.add(Want(chunk.payload_hash, chunk.offset))
            self._report.chunks_sent += 1
        return chunks

    def _wants(self) -> tuple[Want, ...]:
        return self._peer.wants()

    def _show(self) -> None:
        if self._on_progress is not None:
            report = self._report
            total = sum(self._files.values())
            missing = sum(
                self._files[want.payload_hash] - want.offset
                for want in self._open_wants
                if want.payload_hash in self._files
            )
            self._on_progress(
                Progress(
                    report.sent,
                    report.sent + self._outbox.pending_entries(self._theirs),
                    report.received,
                    report.chunks_sent + report.chunks_received,
                    len(self._files),
                    total - missing,
                    total,
                )
            )
