"""The mission server's side of the exchange, over HTTPS and by bundle file.

Peer and Responder are the sync room's; here they get the server's store, its keys, and what other
processes of this server did meanwhile: devices enrolled, broadcasts written. One exchange at a
time in a process: SQLite takes one writer anyway, and more processes serve more.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from sqlmodel import Session

from server.db import reading, writing
from server.governance.actions import Action, Role
from server.governance.decide import Actor, Resource
from server.intake.inbox import InboxStore
from server.intake.outbox import broadcast_author
from server.mission import Mission
from server.queries import audit, devices, logs, project
from server.tables.project import DeviceKind
from shared.canonical import decode, encode
from shared.errors import KeyNotTrusted, SignatureInvalid, UnknownAuthor, UsageError
from shared.ids import AUTHOR_ID_BYTES, AuthorId, DeploymentId, EntryHash
from shared.sealing.receipts import Signed
from shared.sealing.ring import SignedRing
from shared.shapes import array, octets, version
from sync.carrier import take_bundle
from sync.core.challenges import CHALLENGE_BYTES, CHALLENGE_LIFE_S, check_exchange
from sync.core.directory import Directory
from sync.core.have import HaveVector, LogName, Point
from sync.core.messages import decode_message
from sync.deliveries import Answered, Deliveries, open_files, write_answers
from sync.peer import Me, Peer
from sync.responder import MissionIssuer, Responder

CHALLENGES_MAX: Final = 16
"""Open challenges of one author; who asks for more waits until one has ended."""
ROLES: Final = {DeviceKind.DEVICE.value: Role.DEVICE, DeviceKind.HUB.value: Role.HUB}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What bundles brought, and where the answers to them lie."""

    senders: tuple[AuthorId, ...]
    entries: int
    chunks: int
    answered: Answered


class MissionExchange:
    """Answers devices and hubs for one process."""

    def __init__(self, mission: Mission) -> None:
        self._mission = mission
        self._lock = Lock()
        self._store = InboxStore(mission.stores.inbox, mission.clock)
        known = mission.project()
        if known.root_fingerprint is None:
            raise KeyNotTrusted("the project has no key ring yet; import it first")
        self._directory = Directory(DeploymentId(known.deployment), known.root_fingerprint)
        author = broadcast_author(mission)
        me = Me(author, mission.keychain.log, None, known.incarnation)
        self._newest_device = 0
        self._read = 0
        self._incarnation = known.incarnation
        self._learn_devices()
        self._peer = Peer(self._store, me, self._directory, mission.clock, keeps_strangers=True)
        self._issuer = MissionIssuer(
            self._peer, mission.keychain.receipt, self._backed_up, self._audit_head
        )
        self._responder = Responder(self._peer, self._issuer)

    def challenge(self, body: bytes) -> bytes:
        """Answer `[1, author]` with a challenge and whether the author's key is known."""
        items = array(version(decode(body), "a challenge request"), "a challenge request")
        author = AuthorId(octets(items[1] if len(items) > 1 else None, "author", AUTHOR_ID_BYTES))
        with self._lock:
            self._refresh()
            known = self._directory.caller_key(author) is not None
        return encode([1, self._issue(author), known])

    def exchange(
        self, author: AuthorId, challenge: bytes, signature: bytes, body: bytes
    ) -> tuple[bytes, bytes]:
        """Check who sends, take the message in, and return the answer and the next challenge.

        Raises:
            SignatureInvalid, UnknownAuthor: the sender has not shown who it is.
            EncodingInvalid, LimitExceeded, RemoteProtocolError: the message is not acceptable.
            PolicyDenied: policy keeps this sender out.
            StoreFull, StoreBusy: nothing was kept.
        """
        message = decode_message(body)
        if message.sender != author:
            raise SignatureInvalid("the message is not from the author who sends it")
        with self._lock:
            self._refresh()
            for certificate in message.papers.certificates:
                self._peer.learn(certificate)
            public_key = self._directory.caller_key(author)
            if public_key is None:
                raise UnknownAuthor("this device is not enrolled here; send its certificate along")
            following = self._spend(author, challenge)
            check_exchange(public_key, challenge, body, signature)
            self._permit(author)
            self._store.carrier = author
            answer = self._responder.respond(message)
        return answer.encode(), following

    def take_bundles(self, files: Sequence[Path], reply: Path | None = None) -> Delivery:
        """Take bundle files in, each whole or not at all; write an answer for each sender.

        Raises:
            UsageError: no such file, or none named.
            EncodingInvalid, TagMismatch, NoKeyMatches: a file is no bundle for this server, or
                damaged; nothing of it was applied.
        """
        if not files:
            raise UsageError("name at least one bundle file")
        taken, peer = Deliveries(), self._peer
        with self._lock:
            self._refresh()
            keys = self._mission.keychain.transport_keys()
            for sender, messages in open_files(peer, files, keys):
                self._store.carrier = sender
                taken.add(take_bundle(peer, sender, messages))
            answered = Answered()
            if reply is not None:
                answered = write_answers(peer, self._issuer, taken, reply, os.urandom)
        return Delivery(tuple(taken.by_sender), taken.entries, taken.chunks, answered)

    def _refresh(self) -> None:
        """Learn what other processes of this server wrote since."""
        self._learn_devices()
        log = LogName(self._peer.me.author, self._incarnation)
        for branch in self._store.branches(log):
            if branch.head.sequence > self._read:
                entries = self._store.entries(branch, self._read + 1, branch.head.sequence)
                self._directory.read(entries)
                self._read = branch.head.sequence

    def _learn_devices(self) -> None:
        """Learn rings and devices from their tables: they are not all broadcast."""
        with reading(self._mission.stores.inbox) as session:
            signed = project.newest_ring(session)
            rows = devices.enrolled_after(session, self._newest_device)
            learned = [
                (row.number, Signed(row.certificate, row.certificate_signature)) for row in rows
            ]
        if signed is not None:
            self._take_ring(signed)
        for number, certificate in learned:
            self._directory.learn(certificate)
            self._newest_device = max(self._newest_device, number)

    def _take_ring(self, signed: SignedRing) -> None:
        held = self._directory.signed_ring
        if held is None or held.data != signed.data:
            self._directory.take_ring(signed)

    def _issue(self, author: AuthorId) -> bytes:
        """Give out a challenge (SYNC-030)."""
        with writing(self._mission.stores.inbox) as session:
            return self._new_challenge(session, author)

    def _new_challenge(self, session: Session, author: AuthorId) -> bytes:
        now = self._mission.clock.now()
        devices.drop_old_challenges(session, now)
        devices.keep_newest_challenges(session, author, CHALLENGES_MAX - 1)
        challenge = self._mission.random_bytes(CHALLENGE_BYTES)
        expires_at = now + timedelta(seconds=CHALLENGE_LIFE_S)
        devices.add_challenge(session, challenge, author, expires_at)
        return challenge

    def _spend(self, author: AuthorId, challenge: bytes) -> bytes:
        """Use a challenge up and give out the next; a used one stays used whatever follows."""
        now = self._mission.clock.now()
        with writing(self._mission.stores.inbox) as session:
            good = devices.use_challenge(session, challenge, author, now)
            devices.seen(session, author, now)
            following = self._new_challenge(session, author)
        if not good:
            raise SignatureInvalid("the challenge is not open; ask for a new one")
        return following

    def _permit(self, author: AuthorId) -> None:
        role = ROLES[self._directory.role(author).value]
        actor = Actor(author.hex(), frozenset({role}))
        self._mission.permit(actor, Action.SYNC_EXCHANGE, Resource("log", author.hex()))

    def _backed_up(self, have: HaveVector) -> HaveVector:
        """Return the part of a have-vector that the last backup holds whole."""
        points: dict[LogName, tuple[Point, ...]] = {}
        with reading(self._mission.stores.inbox) as session:
            for row in logs.backed_up_branches(session):
                log = LogName(AuthorId(row.author), row.incarnation)
                if log in have.points and row.number == 0 and row.backed_up_hash is not None:
                    points[log] = (Point(row.backed_up_sequence, EntryHash(row.backed_up_hash)),)
        return HaveVector(points)

    def _audit_head(self) -> bytes:
        with reading(self._mission.stores.records) as session:
            line = audit.last(session)
        return bytes(32) if line is None else line.hash
