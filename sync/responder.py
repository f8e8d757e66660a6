"""The answering side of an exchange: what a hub and a mission server do with one message.

It keeps nothing between messages; all progress is in the store. Rules SYNC-021, 022, 024, 025, 044.
"""

from collections.abc import Callable
from typing import Final, Protocol

from shared.errors import RemoteProtocolError
from shared.ids import AuthorId
from shared.sealing.keys import SigningKey
from shared.sealing.receipts import Note, Reach, Receipt, Signed, sign_note, sign_receipt
from sync.core.buckets import Asking, Compared, differing, digests, logs_within, within
from sync.core.certificate import PeerRole
from sync.core.have import HaveVector, LogName
from sync.core.messages import Answer, Message, Papers
from sync.core.offer import Outbox, batch_of
from sync.core.plan import OutcomeCode
from sync.peer import Peer, TakenIn

_SILENT: Final = frozenset((OutcomeCode.STORED, OutcomeCode.DUPLICATE))


class Issuer(Protocol):
    """The papers a responder gives with an answer, once what they say is committed (SYNC-024)."""

    def papers(self, sender: AuthorId, have: HaveVector, taken: TakenIn) -> Papers:
        """Return receipts, notes and certificates for a sender, over the logs in `have`."""
        ...

    def backed_up(self, have: HaveVector) -> tuple[int, HaveVector] | None:
        """Return this server's incarnation and what of `have` it has backed up; None for a hub."""
        ...


class Responder:
    """Answers messages over one peer's store."""

    def __init__(self, peer: Peer, issuer: Issuer) -> None:
        self.peer = peer
        self._issuer = issuer

    def respond(self, message: Message) -> Answer:
        """Take a message in and answer it; the answer claims only what is committed.

        The caller has checked that the sender is who it says (SYNC-030), or that the message came
        out of a bundle, where every part is checked by its own signature (SYNC-054).

        Raises:
            RemoteProtocolError: of another project, or a malformed batch.
            StoreFull, StoreBusy: nothing was kept; the sender tries again.
        """
        peer, sender = self.peer, message.sender
        if message.deployment != peer.directory.deployment:
            raise RemoteProtocolError("the message belongs to another project")
        taken = peer.take(message.batch, message.papers, message.chunks)
        outcomes = [outcome for outcome in taken.outcomes if outcome.code not in _SILENT]
        have = all_held = peer.have_for(sender)
        asks = message.asks
        if isinstance(asks, Asking):
            return self._compared(message, asks, all_held, taken)
        if asks is not None:
            have = all_held = within(all_held, asks)
        batch: bytes | None = None
        certificates: tuple[Signed, ...] = ()
        more = False
        if message.have is None:
            touched = {outcome.log for outcome in taken.outcomes}
            have = have.only(touched)
        else:
            outcomes += peer.strays(message.have)
            outbox = Outbox(peer.store, logs_within(peer.logs_for(sender), asks))
            runs = outbox.next_runs(message.have)
            batch = batch_of(peer.directory.deployment, runs)
            certificates = peer.certificates_for(runs, message.have)
            more = bool(runs) and outbox.pending_entries(message.have) > 0
        # A device gets papers over all its logs, a hub with hundreds over those just touched.
        is_hub = peer.directory.role(sender) is PeerRole.HUB
        papers = self._issuer.papers(sender, have if is_hub else all_held, taken)
        return Answer(
            deployment=peer.directory.deployment,
            have=have,
            outcomes=tuple(outcomes),
            batch=batch,
            papers=Papers(papers.receipts, papers.notes, certificates + papers.certificates),
            chunks=peer.chunk_for(message.wants),
            wants=peer.wants(None if is_hub else sender),
            more=more,
            compared=None if asks is None else Compared(asks),
        )

    def _compared(self, message: Message, asks: Asking, held: HaveVector, taken: TakenIn) -> Answer:
        """Answer digests: name the buckets that differ, and what is held there (SYNC-028)."""
        peer, sender = self.peer, message.sender
        scope = differing(asks.have, digests(held))
        told = scope
        backed_up = self._issuer.backed_up(held)
        if backed_up is not None:
            told |= differing(asks.backed_up, digests(backed_up[1], backed_up[0]))
        papers = self._issuer.papers(sender, within(held, told), taken)
        return Answer(
            deployment=peer.directory.deployment,
            have=within(held, scope),
            papers=papers,
            chunks=peer.chunk_for(message.wants),
            wants=peer.wants(None if peer.directory.role(sender) is PeerRole.HUB else sender),
            compared=Compared(scope, None if backed_up is None else backed_up[0]),
        )


class MissionIssuer:
    """A mission server's papers: a receipt over committed entries (SYNC-040).

    Args:
        peer: the server's peer; its incarnation is the server's.
        key: a role 6 key of the ring.
        backed_up: returns the part of a have-vector that the last backup holds whole.
        audit_head: returns the head of the audit chain, 32 bytes.
    """

    def __init__(
        self,
        peer: Peer,
        key: SigningKey,
        backed_up: Callable[[HaveVector], HaveVector],
        audit_head: Callable[[], bytes],
    ) -> None:
        self._peer = peer
        self._key = key
        self._backed_up = backed_up
        self._audit_head = audit_head

    def papers(self, sender: AuthorId, have: HaveVector, taken: TakenIn) -> Papers:  # noqa: ARG002
        """Return a receipt over the devices' logs in `have`, none where there are none."""
        peer = self._peer
        logs = [log for log in have.points if peer.directory.server_log(log.author) is None]
        if not logs:
            return Papers()
        held = have.only(logs)
        receipt = Receipt(
            deployment=peer.directory.deployment,
            server=peer.me.author,
            server_incarnation=peer.me.incarnation,
            issued_ms=peer.now_ms(),
            have=_reaches(held),
            backed_up=_reaches(self.backed_up(held)[1]),
            audit_head=self._audit_head(),
        )
        return Papers(receipts=(sign_receipt(self._key, receipt),))

    def backed_up(self, have: HaveVector) -> tuple[int, HaveVector]:
        """Return this server's incarnation, and what of `have` its receipts call backed up."""
        logs = [log for log in have.points if self._peer.directory.server_log(log.author) is None]
        safe = self._backed_up(have.only(logs)).only(self._whole(logs))
        return self._peer.me.incarnation, safe

    def _whole(self, logs: list[LogName]) -> list[LogName]:
        """Return the logs none of whose attachments is still under way (SYNC-083)."""
        store = self._peer.store
        return [log for log in logs if not store.missing_payloads(1, log.author)]


def _reaches(have: HaveVector) -> tuple[Reach, ...]:
    return tuple(Reach(*log, *point) for log, point in have)


class HubIssuer:
    """A hub's papers: its own note over what it took, and the server's receipts passed on."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def papers(self, sender: AuthorId, have: HaveVector, taken: TakenIn) -> Papers:
        """Return a note where the sender's logs are held, and the receipts that name them."""
        me = self._peer.me
        reaches = tuple(Reach(*log, *point) for log, point in have if log.author == sender)
        notes: tuple[Signed, ...] = ()
        if reaches:
            deployment = self._peer.directory.deployment
            note = Note(deployment, me.author, self._peer.now_ms(), reaches)
            notes = (sign_note(me.key, note),)
        certificates = () if me.certificate is None or taken.entries else (me.certificate,)
        return Papers(self._receipts_naming(sender), notes, certificates)

    def backed_up(self, have: HaveVector) -> None:  # noqa: ARG002
        """Say nothing: a hub gives no receipt of its own."""
        return

    def _receipts_naming(self, sender: AuthorId) -> tuple[Signed, ...]:
        naming: list[Signed] = []
        for _, signed in self._peer.receipts():
            receipt = self._peer.open_receipt(signed)
            if receipt is not None and any(reach.author == sender for reach in receipt.have):
                naming.append(signed)
        return tuple(naming)
