"""What a hub sees and what it may do: SYNC-045, SYNC-054 and promise P2.

A hub records all it sees and holds no canary; one that alters or invents is refused at once; one
that withholds is named once its note has come by another road.
"""

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from log_writing import DEPLOYMENT, FakeClock
from sync_network import ROOT, Network, Node

from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.log_writer import append_sealed, begin_epoch
from shared.sealing.ring import KeyRing, RingKey, Role
from sync.core.batch import Run, sealed_entry
from sync.core.messages import Message
from sync.core.plan import OutcomeCode
from sync.core.store import LogStore
from sync.core.withheld import HOLDS_MS, withheld
from sync.driver import sync_once
from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore
from sync.transports.memory import MemoryTransport

CANARY = b"Amina Canary +243 970 000 000"


def sealing_ring() -> KeyRing:
    keys = tuple(
        RingKey(
            role,
            Suite.X25519,
            SecretKey.from_bytes(Suite.X25519, sha256(bytes([role])).digest()).public.data,
            0,
            99_999,
        )
        for role in (Role.INTAKE, Role.CUSTODIAN)
    )
    return KeyRing(DEPLOYMENT, 1, 0, ROOT.public_bytes, "project", keys)


def test_a_hub_that_records_everything_holds_no_canary(tmp_path: Path) -> None:
    def make_store(name: str) -> LogStore:
        if name == "hub":
            return SqliteLogStore(tmp_path / "hub.db", FakeClock())
        return MemoryLogStore()

    network = Network(make_store=make_store)
    hub, tablet = network.hub("hub"), network.device("tablet")
    key, store = tablet.writer.key, tablet.peer.store
    tip = store.own_tip(DEPLOYMENT, tablet.writer.author, 0)  # type: ignore[attr-defined]
    appended, epoch = begin_epoch(key, tip, sealing_ring(), 20_000, os.urandom)
    store.append_own(appended)  # type: ignore[attr-defined]
    for _ in range(5):
        answers = {Compartment.BODY: CANARY * 3, Compartment.IDENTITY: CANARY}
        appended = append_sealed(
            key, appended.tip, Kind.REVISION, answers,
            epoch=epoch, day=20_000, random_bytes=os.urandom,
        )  # fmt: skip
        store.append_own(appended)  # type: ignore[attr-defined]
    wire: list[bytes] = []
    assert hub.responder is not None
    line = MemoryTransport(hub.responder, tablet.peer.me.author)

    class Recording:
        def is_known(self) -> bool:
            return line.is_known()

        def exchange(self, message: Message):  # type: ignore[no-untyped-def]
            answer = line.exchange(message)
            wire.extend((message.encode(), answer.encode()))
            return answer

    assert sync_once(tablet.peer, Recording()).complete
    assert hub.peer.store.have().sequence(tablet.writer.log) == 6
    seen = b"".join(wire) + b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(seen) > 10_000
    for word in (CANARY, b"Amina", b"+243 970", CANARY.hex().encode()):
        assert word not in seen
    hub.peer.store.close()  # type: ignore[attr-defined]


def carried(network: Network) -> tuple[Node, Node, Node]:
    mission = network.mission()
    hub, tablet = network.hub("hub", known_to=(mission,)), network.device("tablet")
    tablet.write(4)
    network.sync(tablet, hub)
    return mission, hub, tablet


def test_a_hub_that_alters_or_invents_is_refused_at_once() -> None:
    network = Network()
    mission, hub, tablet = carried(network)
    kept = hub.peer.store._state.logs[tablet.writer.log][0].kept  # type: ignore[attr-defined]
    good = kept[2].entry
    payload = {Compartment.BODY: b"altered by the hub"}
    kept[2].entry = replace(good, payloads=payload)
    report = network.sync(hub, mission)
    assert [t.code for t in report.troubles] == [OutcomeCode.QUARANTINED]
    assert mission.peer.store.branches(tablet.writer.log) == ()
    kept[2].entry = good
    invented = sealed_entry(
        replace(good.header, sequence=5, previous=kept[-1].entry.hash), good.payloads
    )
    run = Run((invented,), 20_000, bytes(64))
    with hub.peer.store.transaction():
        branch = hub.peer.store.branches(tablet.writer.log)[0]
        hub.peer.store.extend(branch, run.entries, run.signed_on, run.signature)
    report = network.sync(hub, mission)
    assert [t.reason for t in report.troubles] == ["bad_signature"]
    assert mission.peer.store.branches(tablet.writer.log) == ()
    assert network.sync(tablet, mission).complete, "another road brings it all"


def test_a_hub_that_withholds_is_named_by_its_own_note() -> None:
    network = Network()
    mission, hub, tablet = carried(network)
    other = network.device("other tablet", known_to=(mission,))
    note = tablet.peer.store.papers("note")[0]
    other.peer.store.save_paper("note", *note)
    network.sync(other, mission)
    notes = mission.peer.opened_notes()
    assert [n.hub for n in notes] == [hub.peer.me.author]
    now_ms = mission.peer.now_ms()
    assert withheld(notes, mission.peer.holds, now_ms) == []
    (named,) = withheld(notes, mission.peer.holds, now_ms + HOLDS_MS)
    assert (named.hub, named.log, named.through) == (
        hub.peer.me.author,
        tablet.writer.log,
        4,
    )
    network.sync(tablet, mission)
    assert withheld(notes, mission.peer.holds, now_ms + HOLDS_MS) == []


def test_sync_045_a_hub_gains_no_time_by_signing_anew() -> None:
    """Each day's note names one entry more; the first stands until what it names has come."""
    network = Network()
    mission, hub, tablet = carried(network)
    first = tablet.peer.opened_notes()[0]
    greet(network, tablet, mission)
    for _ in range(3):
        network.clock.advance(3 * 86_400)
        tablet.write(1)
        network.sync(tablet, hub)
        greet(network, tablet, mission)
    (kept,) = mission.peer.opened_notes()
    assert kept.issued_ms == first.issued_ms
    (named,) = withheld([kept], mission.peer.holds, mission.peer.now_ms())
    assert (named.hub, named.signed_ms) == (hub.peer.me.author, first.issued_ms)
    network.sync(tablet, mission)
    network.sync(tablet, mission)
    (settled,) = mission.peer.opened_notes()
    assert settled.issued_ms > first.issued_ms
    assert withheld([settled], mission.peer.holds, mission.peer.now_ms() + HOLDS_MS) == []


def greet(network: Network, tablet: Node, mission: Node) -> None:
    """Bring the tablet's notes to the mission by another tablet, without its entries."""
    name = f"messenger {network.clock.now().isoformat()}"
    messenger = network.device(name, known_to=(mission,))
    for kept in tablet.peer.store.papers("note"):
        messenger.peer.store.save_paper("note", *kept)
    network.sync(messenger, mission)
