"""SYNC-005, SYNC-041, SYNC-042: restored servers, machines that are gone, receipts that stay."""

from typing import cast

from sync_network import AUDIT_HEAD, RECEIPTS, Network, Node, directory, hashes

from sync.core.batch import SealedEntry
from sync.core.have import HaveVector
from sync.peer import Peer
from sync.responder import MissionIssuer, Responder
from sync.stores.memory import MemoryLogStore


def backup(node: Node) -> MemoryLogStore:
    return cast(MemoryLogStore, node.peer.store).copy()


def restored(network: Network, old: Node, store: MemoryLogStore) -> Node:
    """The mission server on an older backup, as its next incarnation."""
    me = type(old.peer.me)(old.peer.me.author, old.peer.me.key, None, old.peer.me.incarnation + 1)
    peer = Peer(store, me, directory(), network.clock, keeps_strangers=True)
    issuer = MissionIssuer(peer, RECEIPTS, lambda have: have, lambda: AUDIT_HEAD)
    return Node("mission", peer, old.writer, Responder(peer, issuer))


def expect_all(node: Node, device: Node) -> None:
    assert hashes(node, device.writer) == [[e.hash for e in device.writer.entries]]


def payloads(node: Node, device: Node) -> list[SealedEntry]:
    branch = node.peer.store.branches(device.writer.log)[0]
    return list(node.peer.store.entries(branch, 1, branch.head.sequence))


def test_after_receipts_and_pruning_an_older_backup_gets_everything_back() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(6)
    network.sync(tablet, mission)
    saved = backup(mission)
    assert tablet.peer.prune_backed_up() == 6
    network.backed_up = False
    tablet.write(5)
    network.sync(tablet, mission)
    assert tablet.peer.prune_backed_up() == 0, "the backup does not hold these yet"
    after = restored(network, mission, saved)
    report = network.sync(tablet, after)
    assert (report.complete, report.sent) == (True, 5)
    expect_all(after, tablet)
    assert all(entry.payloads for entry in payloads(after, tablet))


def test_a_new_incarnation_voids_the_receipts_of_the_old() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(3)
    saved = backup(mission)
    network.sync(tablet, mission)
    assert [r.server_incarnation for r in tablet.peer.newest_receipts()] == [0]
    after = restored(network, mission, saved)
    tablet.write(1)
    network.sync(tablet, after)
    newest = tablet.peer.newest_receipts()
    assert [r.server_incarnation for r in newest] == [1]
    assert len(tablet.peer.receipts()) == 2, "the old one is kept, as evidence"
    expect_all(after, tablet)


def test_a_destroyed_server_is_rebuilt_from_backup_tablets_and_hub() -> None:
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    tablets = [network.device(f"tablet {n}", known_to=(mission,)) for n in range(4)]
    for tablet in tablets:
        tablet.write(3)
        network.sync(tablet, hub)
    network.sync(hub, mission)
    saved = backup(mission)
    for tablet in tablets:
        tablet.write(2)
    network.sync(tablets[0], hub)
    network.sync(tablets[1], mission)
    network.sync(hub, mission)
    after = restored(network, mission, saved)
    network.sync(hub, after)
    for tablet in tablets:
        network.sync(tablet, after)
        expect_all(after, tablet)


def test_a_tablet_restored_from_a_backup_learns_that_it_must_begin_anew() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(3)
    saved = backup(tablet)
    tablet.write(3)
    network.sync(tablet, mission)
    old = Node(
        "tablet",
        Peer(saved, tablet.peer.me, directory(), network.clock),
        tablet.writer.clone(),
    )
    old.peer.load()
    assert network.sync(old, mission).own_log_ahead
    assert saved.have().sequence(tablet.writer.log) == 3, "its own log is not written by others"
    again = tablet.writer.clone()
    again.entries.clear()
    again.incarnation = 1
    old.writer = again
    old.write(2)
    assert network.sync(old, mission).sent == 2
    expect_all(mission, tablet)
    expect_all(mission, old)


def test_a_hub_whose_disk_is_lost_costs_nothing() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    hub = network.hub("hub", known_to=(mission,))
    tablet.write(4)
    network.sync(tablet, hub)
    hub.peer.store = MemoryLogStore()
    empty = network.hub("hub", known_to=(mission,))
    assert network.sync(tablet, empty).sent == 4
    network.sync(empty, mission)
    expect_all(mission, tablet)
    assert empty.peer.store.have() != HaveVector()
