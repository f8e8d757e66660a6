"""A project on one machine: root, mission server, hubs and devices, over any stores and lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from log_writing import DEPLOYMENT, FakeClock, Writer, signing_key

from shared.canonical import encode
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey, Suite, author_id, root_fingerprint
from shared.sealing.receipts import Signed
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring
from sync.core.attest import Attestation, encode_attestations
from sync.core.batch import Run
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.directory import Directory
from sync.core.have import HaveVector
from sync.core.store import LogStore
from sync.driver import SyncReport, sync_once
from sync.peer import Me, Peer
from sync.responder import HubIssuer, MissionIssuer, Responder
from sync.stores.memory import MemoryLogStore
from sync.transports.memory import Fault, MemoryTransport

ROOT = signing_key("root")
SERVER_LOG = signing_key("server log")
RECEIPTS = signing_key("receipts")
TRANSPORT = SecretKey.from_bytes(Suite.X25519, sha256(b"transport").digest())
AUDIT_HEAD = bytes(32)


def key_ring(serial: int = 1) -> SignedRing:
    keys = (
        RingKey(Role.SERVER_TRANSPORT, Suite.X25519, TRANSPORT.public.data, 0, 99_999),
        RingKey(Role.SERVER_LOG, Suite.ED25519, SERVER_LOG.public_bytes, 0, 99_999),
        RingKey(Role.RECEIPT, Suite.ED25519, RECEIPTS.public_bytes, 0, 99_999),
    )
    return sign_ring(ROOT, KeyRing(DEPLOYMENT, serial, 0, ROOT.public_bytes, "project", keys))


def hpke_key(name: str) -> SecretKey:
    return SecretKey.from_bytes(Suite.X25519, sha256(b"hpke " + name.encode()).digest())


def certify(name: str, role: PeerRole = PeerRole.DEVICE) -> Signed:
    public = signing_key(name).public_bytes
    author = author_id(public, "mission")
    hpke = hpke_key(name).public
    return sign_certificate(
        SERVER_LOG, Certificate(DEPLOYMENT, author, role, public, hpke, "mission", 20_000)
    )


def directory() -> Directory:
    return Directory(DEPLOYMENT, root_fingerprint(ROOT.public_bytes))


@dataclass
class Node:
    """One machine: its peer, and for a device the log it writes."""

    name: str
    peer: Peer
    writer: Writer
    responder: Responder | None = None

    def write(self, count: int = 1, payload: bytes | None = None) -> None:
        for _ in range(count):
            self.writer.add(payload)
        self.keep()

    def keep(self) -> None:
        """Put what the writer has beyond the store into the store, signed entry by entry."""
        held = self.peer.store.have().sequence(self.writer.log)
        with self.peer.store.transaction():
            for number in range(held + 1, len(self.writer.entries) + 1):
                self.keep_run(self.writer.run(number, number))

    def keep_run(self, run: Run) -> None:
        store = self.peer.store
        with store.transaction():
            branches = store.branches(run.log)
            branch = branches[0] if branches else store.open_branch(run.log, None, 0)
            store.extend(branch, run.entries, run.signed_on, run.signature)


@dataclass
class Network:
    """Everything that is enrolled in one project."""

    make_store: Callable[[str], LogStore] = lambda _name: MemoryLogStore()
    clock: FakeClock = field(default_factory=FakeClock)
    backed_up: bool = True
    nodes: dict[str, Node] = field(default_factory=dict)

    def mission(self, name: str = "mission", incarnation: int = 0) -> Node:
        """The mission server, with a broadcast log that begins with the key ring."""
        writer = Writer(SERVER_LOG, audience="all", incarnation=incarnation)
        me = Me(writer.author, SERVER_LOG, None, incarnation)
        store = self.make_store(name)
        peer = Peer(store, me, directory(), self.clock, keeps_strangers=True)
        peer.take_ring(key_ring())
        issuer = MissionIssuer(peer, RECEIPTS, self._backed_up, lambda: AUDIT_HEAD)
        node = self._add(name, peer, writer, Responder(peer, issuer))
        ring = key_ring()
        self.broadcast(node, Kind.KEYS, encode([ring.data, ring.signature]))
        return node

    def _backed_up(self, have: HaveVector) -> HaveVector:
        return have if self.backed_up else HaveVector()

    def broadcast(self, mission: Node, kind: Kind, content: bytes) -> None:
        mission.writer.add(content, kind=kind, compartment=Compartment.OPEN)
        mission.keep()

    def attest(self, mission: Node, *items: Attestation) -> None:
        self.broadcast(mission, Kind.ATTESTATION, encode_attestations(list(items)))
        mission.peer.directory.read(mission.writer.entries[-1:])

    def hub(self, name: str, *, enrolled: bool = True, known_to: tuple[Node, ...] = ()) -> Node:
        peer = self._peer(name, PeerRole.HUB, enrolled=enrolled)
        for node in known_to:
            node.peer.learn(certify(name, PeerRole.HUB))
        return self._add(name, peer, Writer(signing_key(name)), Responder(peer, HubIssuer(peer)))

    def device(self, name: str, *, known_to: tuple[Node, ...] = ()) -> Node:
        peer = self._peer(name, PeerRole.DEVICE, enrolled=True)
        for node in known_to:
            node.peer.learn(certify(name))
        return self._add(name, peer, Writer(signing_key(name)), None)

    def _peer(self, name: str, role: PeerRole, *, enrolled: bool) -> Peer:
        key = signing_key(name)
        certificate = certify(name, role) if enrolled else None
        me = Me(author_id(key.public_bytes, "mission"), key, certificate)
        peer = Peer(self.make_store(name), me, directory(), self.clock)
        if enrolled:
            peer.take_ring(key_ring())
            peer.learn(certify(name, role))
        return peer

    def _add(self, name: str, peer: Peer, writer: Writer, responder: Responder | None) -> Node:
        self.nodes[name] = Node(name, peer, writer, responder)
        return self.nodes[name]

    def sync(self, caller: Node, responder: Node, fault: Fault | None = None) -> SyncReport:
        assert responder.responder is not None
        line = MemoryTransport(responder.responder, caller.peer.me.author, fault)
        return sync_once(caller.peer, line)


def hashes(node: Node, writer: Writer) -> list[list[bytes]]:
    """The branches of a writer's log as a node holds them, sorted."""
    store = node.peer.store
    return sorted(
        [entry.hash for entry in store.entries(branch, 1, branch.head.sequence)]
        for branch in store.branches(writer.log)
    )
