"""Every carrier brings the same logs, receipts and errors: in memory, HTTPS, bundle files."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http_peer import responder_app, serving
from log_writing import DEPLOYMENT
from sync_network import TRANSPORT, Network, Node, hashes, hpke_key

from shared.errors import Offline
from sync.carrier import Reader, answering_reader, bundle_messages, mission_reader, take_bundle
from sync.core.messages import Papers
from sync.driver import sync_once
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle
from sync.transports.https import HttpTransport
from sync.transports.memory import MemoryTransport

Carry = Callable[[Node], None]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def mission(network: Network) -> Node:
    return network.mission()


@pytest.fixture(params=["memory", "https", "bundle"])
def carry(
    request: pytest.FixtureRequest, network: Network, mission: Node, tmp_path: Path
) -> Iterator[Carry]:
    """A way to bring a device and the mission server to the same logs."""
    responder = mission.responder
    assert responder is not None
    if request.param == "memory":
        yield lambda node: void(
            sync_once(node.peer, MemoryTransport(responder, node.peer.me.author))
        )
    elif request.param == "bundle":
        yield lambda node: by_bundle(node, mission, tmp_path)
    else:
        with serving(responder_app(mission, network.clock), tmp_path, network.clock) as (url, pin):

            def over_https(node: Node) -> None:
                me = node.peer.me
                with HttpTransport(url, me.author, me.key, tls_pin=pin) as transport:
                    sync_once(node.peer, transport)

            yield over_https


def void(_value: object) -> None:
    return None


def by_bundle(node: Node, mission: Node, folder: Path) -> None:
    """A stick goes there and back."""
    reader: Reader = mission_reader(node.peer)
    now_ms = node.peer.now_ms()
    there = BundleFrom(DEPLOYMENT, node.peer.me.author, now_ms)
    path = folder / f"{node.name}.cairnb"
    messages = bundle_messages(node.peer, reader, Papers())
    write_bundle(path, there, [TRANSPORT.public], messages, os.urandom)
    header, carried = open_bundle(path, [TRANSPORT], DEPLOYMENT)
    delivered = take_bundle(mission.peer, header.sender, carried)
    assert mission.responder is not None
    papers = mission.responder._issuer.papers(
        header.sender, mission.peer.have_for(header.sender), delivered.taken[-1]
    )
    back = BundleFrom(DEPLOYMENT, mission.peer.me.author, now_ms)
    messages = bundle_messages(mission.peer, answering_reader(mission.peer, delivered), papers)
    write_bundle(path, back, [hpke_key(node.name).public], messages, os.urandom)
    header, carried = open_bundle(path, [hpke_key(node.name)], DEPLOYMENT)
    take_bundle(node.peer, header.sender, carried)


def test_logs_arrive_whole_and_receipts_come_back(
    network: Network, mission: Node, carry: Carry
) -> None:
    tablets = [network.device(name) for name in ("one", "two")]
    for turn in range(3):
        for tablet in tablets:
            tablet.write(5 + turn)
            carry(tablet)
            network.clock.advance(60)
    for tablet in tablets:
        assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
        assert hashes(tablet, mission.writer) == [[e.hash for e in mission.writer.entries]]
        (receipt,) = [tablet.peer.open_receipt(signed) for _, signed in tablet.peer.receipts()]
        assert receipt is not None
        assert [reach.sequence for reach in receipt.have] == [18]


def test_a_forked_log_arrives_with_both_branches(
    network: Network, mission: Node, carry: Carry
) -> None:
    tablet = network.device("tablet")
    tablet.write(3)
    twin = network.device("tablet")
    twin.writer = tablet.writer.clone()
    twin.keep()
    tablet.write(2, b"tablet")
    twin.write(4, b"twin")
    for node in (tablet, twin):
        for _ in range(2):
            carry(node)
    expected = sorted([e.hash for e in node.writer.entries] for node in (tablet, twin))
    assert hashes(mission, tablet.writer) == expected


def test_an_unreachable_address_is_offline(network: Network) -> None:
    tablet = network.device("tablet")
    me = tablet.peer.me
    with (
        HttpTransport("https://127.0.0.1:9", me.author, me.key, tls_pin=bytes(32)) as transport,
        pytest.raises(Offline),
    ):
        sync_once(tablet.peer, transport)
