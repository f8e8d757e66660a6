"""A sync network in memory, from a seed: devices, hubs and a mission server that meet with faults.

Everything but keys, payloads and the wire is the real thing: peers, stores, driver, responder,
merge. Payloads are plain here so that the revisions in them can be merged and compared at the end.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from shared.canonical import encode
from shared.errors import Offline, UsageError
from shared.ids import DeploymentId, RecordId, RevisionId
from shared.sealing.envelope import GENESIS, Compartment, Head, Header, Kind, ref_of, sign_head
from shared.sealing.keys import SecretKey, SigningKey, Suite, author_id, root_fingerprint
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring
from sync.carrier import Reader, bundle_messages, take_bundle
from sync.core.attest import Compacted, encode_attestations
from sync.core.batch import sealed_entry
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.directory import Directory
from sync.core.have import HaveVector, LogName
from sync.core.merge import Revision, resolve
from sync.core.messages import Answer, Message, Papers
from sync.core.rules import MergeRules
from sync.core.store import LogStore
from sync.driver import sync_once
from sync.peer import Me, Peer
from sync.responder import HubIssuer, MissionIssuer, Responder
from sync.simulated import (
    Clock,
    Node,
    copy_store,
    entries_in,
    in_force,
    is_revision,
    revision_in,
    revisions_in,
    states,
)
from sync.stores.memory import MemoryLogStore
from sync.transports.memory import MemoryTransport

FAULTS: Final = ("cut", "replay", "reorder", "fork", "restore", "clock", "compact")
_DEPLOYMENT: Final = DeploymentId(b"simulate")
_FIELDS: Final = ("/d/a", "/d/b", "/d/c")
_STEPS_PER_RECORD: Final = 3
_ROUNDS_MAX: Final = 40
_FORKS_MAX: Final = 6
"""A log keeps eight branches (SYNC-002); more clones of one tablet are refused, and said so."""
_TRAFFIC_MAX: Final = 1000
_SUITE: Final = Suite.X25519


@dataclass
class SimulationReport:
    """What a simulation came to; `lost`, `doubled` and `diverged` must be 0."""

    seed: int
    devices: int
    hubs: int
    records: int
    faults: list[str]
    revisions: int = 0
    exchanges: int = 0
    cuts: int = 0
    replays: int = 0
    forks: int = 0
    restores: int = 0
    compactions: int = 0
    rounds_to_quiet: int = 0
    lost: int = 0
    doubled: int = 0
    diverged: int = 0
    conflicts: int = 0
    held: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing was lost or doubled, and all replicas agree."""
        return not (self.lost or self.doubled or self.diverged)


class Simulation:
    """One network and the chance that drives it."""

    def __init__(
        self, seed: int, *, devices: int, hubs: int, records: int, faults: frozenset[str]
    ) -> None:
        if unknown := faults - set(FAULTS):
            raise UsageError(f"faults are {', '.join(FAULTS)}; not {', '.join(sorted(unknown))}")
        self._chance = random.Random(seed)  # noqa: S311 - replayable chance, no secret
        self._faults = faults
        self._records = records
        self.report = SimulationReport(seed, devices, hubs, records, sorted(faults))
        self._root = self._key("root")
        self._server = self._key("server")
        self._ring = self._make_ring()
        self._mission = self._make_mission(MemoryLogStore(), 0)
        self._hubs = [self._enrol(f"hub {n}", PeerRole.HUB) for n in range(hubs)]
        self._devices = [self._enrol(f"device {n}", PeerRole.DEVICE) for n in range(devices)]
        self._traffic: list[tuple[Node, Message]] = []
        self._snapshot = copy_store(self._mission.peer.store)
        self._revisions: dict[RevisionId, Revision] = {}
        self._version = 0

    # --- setting up ---------------------------------------------------------------------------

    def _key(self, name: str) -> SigningKey:
        return SigningKey.from_bytes(sha256(f"{self.report.seed} {name}".encode()).digest())

    def _make_ring(self) -> SignedRing:
        keys = tuple(
            RingKey(role, Suite.ED25519, self._server.public_bytes, 0, 1 << 30)
            for role in (Role.SERVER_LOG, Role.RECEIPT)
        )
        ring = KeyRing(_DEPLOYMENT, 1, 0, self._root.public_bytes, "simulation", keys)
        return sign_ring(self._root, ring)

    def _directory(self) -> Directory:
        return Directory(_DEPLOYMENT, root_fingerprint(self._root.public_bytes))

    def _make_mission(self, store: LogStore, incarnation: int) -> Node:
        clock = Clock()
        me = Me(author_id(self._server.public_bytes, "all"), self._server, None, incarnation)
        peer = Peer(store, me, self._directory(), clock, keeps_strangers=True)
        peer.take_ring(self._ring)
        node = Node("mission", peer, clock)
        issuer = MissionIssuer(peer, self._server, lambda have: have, lambda: bytes(32))
        node.responder = Responder(peer, issuer)
        content = encode([self._ring.data, self._ring.signature])
        self._append(node, Kind.KEYS, Compartment.OPEN, content, "all")
        return node

    def _enrol(self, name: str, role: PeerRole) -> Node:
        clock, key = Clock(), self._key(name)
        author = author_id(key.public_bytes, "mission")
        hpke = SecretKey.from_bytes(_SUITE, sha256(name.encode()).digest()).public
        certificate = sign_certificate(
            self._server,
            Certificate(_DEPLOYMENT, author, role, key.public_bytes, hpke, "mission", 0),
        )
        peer = Peer(MemoryLogStore(), Me(author, key, certificate), self._directory(), clock)
        peer.take_ring(self._ring)
        peer.learn(certificate)
        if role is PeerRole.HUB:
            self._mission.peer.learn(certificate)
            return Node(name, peer, clock, Responder(peer, HubIssuer(peer)))
        return Node(name, peer, clock)

    def _append(
        self, node: Node, kind: Kind, part: Compartment, content: bytes, audience: str = "mission"
    ) -> None:
        store, me = node.peer.store, node.peer.me
        author = author_id(me.key.public_bytes, audience)
        log = LogName(author, me.incarnation)
        with store.transaction():
            branches = store.branches(log)
            branch = branches[0] if branches else store.open_branch(log, None, 0)
            salt = self._chance.randbytes(16)
            header = Header(
                _DEPLOYMENT,
                *log,
                branch.head.sequence + 1,
                kind,
                branch.head.hash if branch.head.sequence else GENESIS,
                0,
                salt,
                (ref_of(part, content),),
            )
            entry = sealed_entry(header, {part: content})
            day = max(0, int(node.clock.now().timestamp()) // 86_400)
            head = Head(_DEPLOYMENT, *log, header.sequence, entry.hash, day)
            store.extend(branch, [entry], day, sign_head(me.key, head))
        node.made.append(entry)

    def _happens(self, likelihood: float) -> bool:
        return self._chance.random() < likelihood

    # --- what happens -------------------------------------------------------------------------

    def run(
        self, on_step: Callable[[int, int], None] = lambda _done, _all: None
    ) -> SimulationReport:
        """Play the network through, bring it to rest, and count."""
        steps = self._records * _STEPS_PER_RECORD
        for step in range(steps):
            self._step()
            on_step(step, steps)
        self._settle()
        self._count()
        return self.report

    def _step(self) -> None:
        chance, device = self._chance, self._chance.choice(self._devices)
        if "clock" in self._faults and self._happens(0.1):
            device.clock.at += timedelta(days=chance.randint(-9000, 9000))
        self._write(device)
        if self._happens(0.5):
            self._meet(device, chance.choice([*self._hubs, self._mission]))
        if self._hubs and self._happens(0.2):
            self._meet(chance.choice(self._hubs), self._mission)
        if "replay" in self._faults and self._traffic and self._happens(0.2):
            node, message = chance.choice(self._traffic)
            if node.responder is not None and node in (*self._hubs, self._mission):
                node.responder.respond(message)
                self.report.replays += 1
        if "reorder" in self._faults and self._happens(0.1):
            self._carry_shuffled(device)
        if "fork" in self._faults and self.report.forks < _FORKS_MAX and self._happens(0.02):
            self._clone(device)
        if "compact" in self._faults:
            self._broadcast()
        if "restore" in self._faults and self._happens(0.05):
            self._restore_mission()

    def _write(self, device: Node) -> None:
        chance = self._chance
        record = RecordId(bytes([chance.randrange(max(1, self._records // 4))]) * 16)
        known = [r for r in revisions_in(device.peer.store) if r.body.record_id == record]
        state = resolve(known, MergeRules())
        patch = {chance.choice(_FIELDS): chance.randrange(5) for _ in range(chance.randint(1, 2))}
        resolves = tuple(state.conflicts) if self._happens(0.3) else ()
        name = RevisionId(chance.randbytes(8).hex().encode())
        content = encode([record, name, list(state.heads), patch, list(resolves)])
        self._append(device, Kind.REVISION, Compartment.BODY, content)
        self._revisions[name] = revision_in(content)
        self.report.revisions += 1

    def _meet(self, caller: Node, responder: Node) -> None:
        if responder.responder is None:
            return
        line = _Recorder(self, caller, responder)
        try:
            sync_once(caller.peer, line)
        except Offline:
            self.report.cuts += 1

    def fault(self, _moment: str) -> None:
        """Cut the line now and then."""
        self.report.exchanges += 1
        if "cut" in self._faults and self._happens(0.15):
            raise Offline("the line is cut")

    def _carry_shuffled(self, device: Node) -> None:
        """A stick whose messages are applied in any order."""
        reader = Reader(device.peer.logs_to_send(), HaveVector())
        messages = [make() for make in bundle_messages(device.peer, reader, Papers())]
        self._chance.shuffle(messages)
        target = self._chance.choice([*self._hubs, self._mission])
        take_bundle(target.peer, device.peer.me.author, messages)

    def _clone(self, device: Node) -> None:
        """Somebody copies a tablet; both go on."""
        store = copy_store(device.peer.store)
        peer = Peer(store, device.peer.me, self._directory(), device.clock)
        self._devices.append(Node(f"{device.name} twin", peer, device.clock))
        self.report.forks += 1

    def _restore_mission(self) -> None:
        """The mission server goes back to an older backup, in a new incarnation."""
        older = self._snapshot
        incarnation = self._mission.peer.me.incarnation + 1
        self._snapshot = copy_store(self._mission.peer.store)
        self._mission = self._make_mission(copy_store(older), incarnation)
        for hub in self._hubs:
            if hub.peer.me.certificate is not None:
                self._mission.peer.learn(hub.peer.me.certificate)
        self.report.restores += 1

    def _broadcast(self) -> None:
        """Now and then say a newer version of a named thing, as policies and lists are."""
        if self._happens(0.2):
            self._version += 1
            content = encode([self._chance.choice(_FIELDS), self._version])
            self._append(self._mission, Kind.LIST, Compartment.OPEN, content, "all")
        if self._happens(0.1):
            self._compact()

    def _compact(self) -> None:
        """Delete broadcasts that later ones replaced, and tell everybody (SYNC-100)."""
        store, me = self._mission.peer.store, self._mission.peer.me
        log = LogName(author_id(me.key.public_bytes, "all"), me.incarnation)
        (branch,) = store.branches(log)
        held = list(store.entries(branch, 1, branch.head.sequence))
        needed = {entry.hash for entry in in_force(held).values()}
        kept = tuple(
            entry.header.sequence
            for entry in held
            if entry.payloads and (entry.header.kind != Kind.LIST or entry.hash in needed)
        )
        store.prune([(log, branch.head)], frozenset(kept))
        said = encode_attestations([Compacted(log, branch.head, kept)])
        self._append(self._mission, Kind.ATTESTATION, Compartment.OPEN, said, "all")
        self.report.compactions += 1

    # --- the end ------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let everybody meet everybody without faults until nothing moves."""
        self._faults = frozenset()
        for _ in range(_ROUNDS_MAX):
            before = [node.peer.store.have() for node in (*self._hubs, self._mission)]
            self.report.rounds_to_quiet += 1
            for node in (*self._devices, *self._hubs):
                for responder in (*self._hubs, self._mission):
                    if responder is not node:
                        self._meet(node, responder)
            if before == [node.peer.store.have() for node in (*self._hubs, self._mission)]:
                return

    def _count(self) -> None:
        made = {entry.hash for device in self._devices for entry in device.made}
        held = [entry.hash for entry in entries_in(self._mission.peer.store) if is_revision(entry)]
        self.report.lost = len(made - set(held))
        self.report.doubled = len(held) - len(set(held))
        expected = states(self._revisions.values())
        for node in (*self._hubs, self._mission):
            self.report.diverged += states(revisions_in(node.peer.store)) != expected
        self.report.diverged += self._differ_in_broadcasts()
        for state in expected.values():
            conflicts, waiting = state["conflicts"], state["held"]
            self.report.conflicts += len(conflicts) if isinstance(conflicts, dict) else 0
            self.report.held += len(waiting) if isinstance(waiting, list) else 0

    def _differ_in_broadcasts(self) -> int:
        """Count the nodes that do not know what the mission server last said of each thing."""
        me = self._mission.peer.me
        log = LogName(author_id(me.key.public_bytes, "all"), me.incarnation)

        def said(node: Node) -> dict[str, bytes]:
            store = node.peer.store
            branches = store.branches(log)
            entries = list(store.entries(branches[0], 1, 1 << 40)) if branches else []
            return {name: entry.hash for name, entry in in_force(entries).items()}

        expected = said(self._mission)
        return sum(said(node) != expected for node in (*self._hubs, *self._devices))

    def heard(self, node: Node, message: Message) -> None:
        """Keep a message to be replayed another day."""
        if len(self._traffic) < _TRAFFIC_MAX:
            self._traffic.append((node, message))


class _Recorder(MemoryTransport):
    """A line that may be cut, and that somebody listens to."""

    def __init__(self, simulation: Simulation, caller: Node, responder: Node) -> None:
        assert responder.responder is not None
        super().__init__(responder.responder, caller.peer.me.author, simulation.fault)
        self._simulation = simulation
        self._node = responder

    def exchange(self, message: Message) -> Answer:
        """Pass a message on, and let it be recorded."""
        self._simulation.heard(self._node, message)
        return super().exchange(message)
