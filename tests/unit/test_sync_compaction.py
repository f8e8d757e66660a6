"""SYNC-100 to SYNC-104: what is out of force goes everywhere; the chain stays whole."""

import pytest
from log_writing import DEPLOYMENT, Writer
from sync_network import Network, Node, certify, hashes

from shared.sealing.envelope import Compartment, Kind
from sync.core.attest import Compacted
from sync.core.batch import encode_batch
from sync.core.have import Point
from sync.core.messages import Papers
from sync.core.verify import verify_branch

SAID = 40
LIST_BYTES = 2000


@pytest.fixture
def network() -> Network:
    return Network()


def list_said(number: int) -> bytes:
    return number.to_bytes(2, "big") * (LIST_BYTES // 2)


def spoken(network: Network) -> tuple[Node, list[int]]:
    """A mission that said forty versions of a list; return what is in force of the log."""
    mission = network.mission()
    for number in range(SAID):
        network.broadcast(mission, Kind.LIST, list_said(number))
    return mission, [1, SAID + 1]


def compact(network: Network, mission: Node, kept: list[int]) -> Compacted:
    log = mission.writer.log
    through = mission.peer.store.have().of(log)[0]
    mission.peer.store.prune([(log, through)], frozenset(kept))
    said = Compacted(log, through, tuple(kept))
    network.attest(mission, said)
    return said


def at_hand(node: Node, writer: Writer) -> list[int]:
    """The sequences whose payloads a node has."""
    (branch,) = node.peer.store.branches(writer.log)
    held = node.peer.store.entries(branch, 1, branch.head.sequence)
    return [entry.header.sequence for entry in held if entry.payloads]


# SYNC-102
def test_whoever_heard_everything_deletes_what_is_out_of_force(network: Network) -> None:
    mission, kept = spoken(network)
    hub = network.hub("hub", known_to=(mission,))
    device = network.device("device", known_to=(mission, hub))
    network.sync(hub, mission)
    network.sync(device, hub)
    assert len(at_hand(device, mission.writer)) == SAID + 1
    compact(network, mission, kept)
    network.sync(hub, mission)
    network.sync(device, hub)
    for node in (mission, hub, device):
        assert at_hand(node, mission.writer) == [*kept, SAID + 2]
        assert hashes(node, mission.writer) == hashes(mission, mission.writer)
    (branch,) = device.peer.store.branches(mission.writer.log)
    entries = device.peer.store.entries(branch, 1, branch.head.sequence)
    found = verify_branch(entries, {}, None)
    assert found.problems == ["no key is known for this author, so no signature was checked"]


# SYNC-103
def test_who_enrols_later_fetches_headers_and_what_is_in_force(network: Network) -> None:
    mission, kept = spoken(network)
    compact(network, mission, kept)
    late = network.device("late", known_to=(mission,))
    network.sync(late, mission)
    assert hashes(late, mission.writer) == hashes(mission, mission.writer)
    assert at_hand(late, mission.writer) == [*kept, SAID + 2]
    (branch,) = mission.peer.store.branches(mission.writer.log)
    run = mission.peer.store.run_after(branch, 1, SAID - 1, 1 << 30)
    assert run is not None
    assert len(encode_batch(DEPLOYMENT, [run])) <= 200 + 80 * (SAID - 1)


# SYNC-102: the statement may come before the entries, or in the middle of them
def test_a_statement_on_what_is_not_held_yet_waits_for_it(network: Network) -> None:
    mission, _ = spoken(network)
    device = network.device("device", known_to=(mission,))
    log, writer = mission.writer.log, mission.writer
    compact(network, mission, [1, SAID + 1])
    first, rest = writer.run(1, 20), writer.run(21)
    device.peer.take(encode_batch(DEPLOYMENT, [first]), Papers())
    assert len(at_hand(device, writer)) == 20
    device.peer.take(encode_batch(DEPLOYMENT, [rest]), Papers())
    assert at_hand(device, writer) == [1, SAID + 1, SAID + 2]
    assert log in device.peer.directory.compacted


# SYNC-102, SYNC-104
def test_a_statement_on_a_devices_log_says_nothing(network: Network) -> None:
    mission, _ = spoken(network)
    hub = network.hub("hub", known_to=(mission,))
    device = network.device("device", known_to=(mission, hub))
    device.write(3)
    network.sync(device, hub)
    network.sync(hub, mission)
    through = device.writer.entries[-1].point
    network.attest(mission, Compacted(device.writer.log, through, ()))
    network.sync(hub, mission)
    network.sync(device, hub)
    for node in (device, hub, mission):
        assert at_hand(node, device.writer) == [1, 2, 3]


# SYNC-102: another branch, another hash
def test_a_statement_on_another_entry_deletes_nothing(network: Network) -> None:
    mission, _ = spoken(network)
    device = network.device("device", known_to=(mission,))
    log = mission.writer.log
    wrong = Point(SAID, mission.writer.entries[0].hash)
    network.attest(mission, Compacted(log, wrong, ()))
    network.sync(device, mission)
    assert len(at_hand(device, mission.writer)) == SAID + 2


# SYNC-102: an older statement does not bring back or take what a newer one says
def test_the_statement_that_reaches_furthest_counts(network: Network) -> None:
    mission, kept = spoken(network)
    device = network.device("device", known_to=(mission,))
    network.sync(device, mission)
    said = compact(network, mission, kept)
    network.broadcast(mission, Kind.LIST, list_said(99))
    newer = compact(network, mission, [1, SAID + 2, SAID + 3])
    network.attest(mission, said)
    network.sync(device, mission)
    assert device.peer.directory.compacted[mission.writer.log] == newer
    assert at_hand(device, mission.writer) == [1, SAID + 2, SAID + 3, SAID + 4, SAID + 5]


# SYNC-102: a restart between hearing the statement and obeying it
def test_a_peer_that_starts_again_obeys_what_it_heard(network: Network) -> None:
    mission, kept = spoken(network)
    device = network.device("device", known_to=(mission,))
    network.sync(device, mission)
    compact(network, mission, kept)
    (branch,) = mission.peer.store.branches(mission.writer.log)
    statement = mission.writer.run(SAID + 2)
    with device.peer.store.transaction():
        (mine,) = device.peer.store.branches(mission.writer.log)
        device.peer.store.extend(mine, statement.entries, statement.signed_on, statement.signature)
    assert len(at_hand(device, mission.writer)) == SAID + 2
    device.peer.load()
    assert at_hand(device, mission.writer) == [*kept, SAID + 2]
    assert branch.head.sequence == SAID + 2


def test_a_peer_that_holds_nothing_of_it_is_not_disturbed(network: Network) -> None:
    mission, kept = spoken(network)
    compact(network, mission, kept)
    device = network.device("device", known_to=(mission,))
    device.peer.learn(certify("device"))
    network.sync(device, mission)
    payload = mission.peer.store.entry(mission.writer.author, 0, SAID + 2)
    assert payload is not None
    assert set(payload.payloads) == {Compartment.OPEN}
