"""SYNC-080 to SYNC-087: attachments between peers, by any carrier, in any order."""

import os
import random
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from sync_network import TRANSPORT, Network, Node, hashes

from shared.canonical import encode
from shared.errors import Offline, StoreFull
from shared.sealing.envelope import Kind
from shared.sealing.receipts import Signed
from sync.carrier import answering_reader, bundle_messages, mission_reader, take_bundle
from sync.core.messages import WANTS_MAX, Answer, Message, Papers, decode_message
from sync.core.store import Chunk, Want
from sync.driver import Progress, sync_once
from sync.peer import TakenIn
from sync.standing import Standing, load_standing, save_standing
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle
from sync.transports.memory import MemoryTransport

PIECE = 1000


def attach(tablet: Node, pieces: int, seed: int = 1) -> tuple[bytes, bytes]:
    """Give a tablet an attachment of so many pieces; return its hash and bytes."""
    data = random.Random(seed).randbytes(pieces * PIECE)
    digest = sha256(data).digest()
    store = tablet.peer.store
    with store.transaction():
        store.expect_payload(tablet.writer.author, digest, len(data))
        for at in range(0, len(data), PIECE):
            assert store.take_chunk(Chunk(digest, at, data[at : at + PIECE]))
    tablet.writer.add(detached=(digest, len(data)))
    tablet.keep()
    return digest, data


def held(node: Node, digest: bytes) -> bytes:
    """What a node holds of an attachment."""
    data = b""
    while (chunk := node.peer.store.chunk(digest, len(data))) is not None:
        data += chunk.data
    return data


def cut_after(exchanges: int) -> Callable[[str], None]:
    """A line that breaks after so many answers."""
    answers = count(1)

    def fault(moment: str) -> None:
        if moment == "after" and next(answers) > exchanges:
            raise Offline("the line is cut")

    return fault


def bundle(path: Path, node: Node) -> Path:
    origin = BundleFrom(node.peer.directory.deployment, node.peer.me.author, node.peer.now_ms())
    messages = bundle_messages(node.peer, mission_reader(node.peer), Papers())
    write_bundle(path, origin, [TRANSPORT.public], messages, os.urandom)
    return path


def chunks_in(path: Path, node: Node) -> int:
    _, messages = open_bundle(path, [TRANSPORT], node.peer.directory.deployment)
    return sum(len(decode_message(data).chunks) for data in messages)


def deliver(path: Path, mission: Node) -> int:
    header, messages = open_bundle(path, [TRANSPORT], mission.peer.directory.deployment)
    return sum(taken.chunks for taken in take_bundle(mission.peer, header.sender, messages).taken)


# --- across carriers


def test_begun_on_a_line_gone_on_by_a_hub_and_ended_by_a_stick(tmp_path: Path) -> None:
    """SYNC-085, SYNC-081: each carrier takes up where the one before stopped."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    digest, data = attach(tablet, 30)
    with pytest.raises(Offline):
        network.sync(tablet, mission, cut_after(10))
    (want,) = mission.peer.store.missing_payloads(5)
    begun = want.offset
    assert 0 < begun < len(data)
    with pytest.raises(Offline):
        network.sync(tablet, hub, cut_after(21))
    assert begun < len(held(hub, digest)) < len(data)
    report = network.sync(hub, mission)
    (want,) = mission.peer.store.missing_payloads(5)
    assert want.offset == len(held(hub, digest))
    assert report.chunks_sent == (want.offset - begun) // PIECE
    stick = bundle(tmp_path / "b", tablet)
    assert chunks_in(stick, tablet) == 31 - begun // PIECE, "the last answer was lost"
    assert deliver(stick, mission) == 30 - want.offset // PIECE, "and taken from where it is"
    assert held(mission, digest) == data
    assert mission.peer.store.missing_payloads(5) == []


def test_a_stick_brings_what_a_line_left_behind_and_nothing_the_server_has(tmp_path: Path) -> None:
    """SYNC-085: receipts name the entries, so only the wants tell that a file is missing."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    attach(tablet, 4, seed=1)
    network.sync(tablet, mission)
    assert chunks_in(bundle(tmp_path / "none", tablet), tablet) == 0
    network.clock.advance(1)
    second, data = attach(tablet, 6, seed=2)
    with pytest.raises(Offline):
        network.sync(tablet, mission, cut_after(2))
    some = chunks_in(bundle(tmp_path / "some", tablet), tablet)
    assert 6 - held_pieces(mission, second) <= some <= 7 - held_pieces(mission, second)
    deliver(tmp_path / "some", mission)
    assert held(mission, second) == data


def held_pieces(node: Node, digest: bytes) -> int:
    return len(held(node, digest)) // PIECE


def test_entries_that_a_hub_delivered_say_nothing_of_their_files(tmp_path: Path) -> None:
    """SYNC-085: the server signs for an entry it got by a hub; of its file it was never asked."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    network.sync(tablet, mission)
    digest, data = attach(tablet, 5)
    with pytest.raises(Offline):
        network.sync(tablet, hub, cut_after(2))
    network.sync(hub, mission)
    network.sync(hub, mission)
    network.clock.advance(1)
    for signed in hub.peer.receipts():
        tablet.peer.take(None, Papers(receipts=(signed[1],)))
    assert mission_reader(tablet.peer).have.sequence(tablet.writer.log) == 1
    assert deliver(bundle(tmp_path / "b", tablet), mission) > 0
    assert held(mission, digest) == data


def test_the_answer_to_a_stick_tells_what_is_still_wanted(tmp_path: Path) -> None:
    """SYNC-085, SYNC-053."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    network.sync(tablet, mission)
    digest, data = attach(tablet, 4)
    tablet.write(1)
    path = bundle(tmp_path / "out", tablet)
    _, messages = open_bundle(path, [TRANSPORT], tablet.peer.directory.deployment)
    some = list(messages)[:-2]
    delivered = take_bundle(mission.peer, tablet.peer.me.author, some)
    answer = bundle_messages(
        mission.peer, answering_reader(mission.peer, delivered), _receipt(mission, tablet)
    )
    take_bundle(tablet.peer, mission.peer.me.author, [make() for make in answer])
    assert mission_reader(tablet.peer).wants == (Want(digest, 2000),)
    assert deliver(bundle(tmp_path / "more", tablet), mission) == 2
    assert held(mission, digest) == data


def _receipt(mission: Node, tablet: Node) -> Papers:
    assert mission.responder is not None
    author = tablet.peer.me.author
    issuer = mission.responder._issuer
    return issuer.papers(author, mission.peer.have_for(author), TakenIn())


def test_a_restored_server_is_given_the_files_again(tmp_path: Path) -> None:
    """SYNC-085, SYNC-042: what an earlier incarnation held is not known of this one."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    attach(tablet, 3)
    network.sync(tablet, mission)
    assert mission_reader(tablet.peer).whole.sequence(tablet.writer.log) == 1  # type: ignore[union-attr]
    restored = network.mission("restored", incarnation=1)
    restored.peer.learn(tablet.peer.me.certificate)  # type: ignore[arg-type]
    tablet.peer.take(None, _receipt_of(restored, tablet))
    network.clock.advance(1)
    assert mission_reader(tablet.peer).wants == ()
    assert chunks_in(bundle(tmp_path / "b", tablet), tablet) == 3


def _receipt_of(node: Node, tablet: Node) -> Papers:
    node.peer.take(None, Papers())
    with node.peer.store.transaction():
        node.peer.store.open_branch(tablet.writer.log, None, 0)
    return _receipt(node, tablet)


def test_a_standing_reads_back_and_another_version_says_nothing() -> None:
    """SYNC-085."""
    store = Network().mission().peer.store
    said = Standing(2, store.have(), (Want(bytes(32), 5),))
    save_standing(store, said)
    assert load_standing(store, 2) == said
    assert load_standing(store, 3) == Standing(3)
    save_standing(store, Standing(2, wants=tuple(Want(bytes(32), n) for n in range(WANTS_MAX))))
    assert load_standing(store, 2) == said, "too many to be all"
    store.save_paper("standing", b"mission", Signed(encode([2, 0, []]), b""))
    assert load_standing(store, 2) == Standing(2)


# --- while it is under way


def test_a_record_finalized_meanwhile_goes_up_with_the_next_message() -> None:
    """SYNC-084."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    digest, data = attach(tablet, 12)
    exchanges = count(1)
    at: list[int] = []

    class Line(MemoryTransport):
        def exchange(self, message: Message) -> Answer:
            number = next(exchanges)
            if number == 5:
                assert held(mission, digest)
                tablet.write(1)
            if message.batch is not None and number > 4:
                at.append(number)
            return super().exchange(message)

    assert mission.responder is not None
    sync_once(tablet.peer, Line(mission.responder, tablet.peer.me.author))
    assert at == [6], "the message after the one on its way"
    assert held(mission, digest) == data
    assert hashes(mission, tablet.writer) == [[entry.hash for entry in tablet.writer.entries]]


def test_two_carriers_at_once_bring_each_chunk_once() -> None:
    """SYNC-082: what comes twice is ignored, and neither loses its place."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    digest, data = attach(tablet, 20)
    network.sync(tablet, hub)
    assert mission.responder is not None
    turns = count()

    class Line(MemoryTransport):
        def exchange(self, message: Message) -> Answer:
            if next(turns) == 6:
                sync_once(hub.peer, MemoryTransport(mission.responder, hub.peer.me.author))  # type: ignore[arg-type]
            return super().exchange(message)

    sync_once(tablet.peer, Line(mission.responder, tablet.peer.me.author))
    assert held(mission, digest) == data
    assert mission.peer.store.missing_payloads(5) == []


def test_two_files_of_two_tablets_side_by_side() -> None:
    """SYNC-081."""
    network = Network()
    mission = network.mission()
    first, second = network.device("first"), network.device("second")
    one, other = attach(first, 8, seed=1), attach(second, 8, seed=2)
    assert mission.responder is not None
    turns = count()

    class Line(MemoryTransport):
        def exchange(self, message: Message) -> Answer:
            if next(turns) == 5:
                network.sync(second, mission)
            return super().exchange(message)

    sync_once(first.peer, Line(mission.responder, first.peer.me.author))
    assert held(mission, one[0]) == one[1]
    assert held(mission, other[0]) == other[1]


def test_progress_tells_files_and_bytes() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    attach(tablet, 4, seed=1)
    attach(tablet, 2, seed=2)
    shown: list[Progress] = []
    assert mission.responder is not None
    line = MemoryTransport(mission.responder, tablet.peer.me.author)
    sync_once(tablet.peer, line, shown.append)
    told = [(p.files, p.file_bytes, p.file_bytes_total) for p in shown if p.files]
    assert told[0] == (2, 0, 6000)
    assert told[-1] == (2, 6000, 6000)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_a_full_disk_at_the_receiver_keeps_the_place() -> None:
    """SYNC-081: nothing of the chunk was kept, all before it was."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    digest, data = attach(tablet, 10)
    store = mission.peer.store
    taken, take = count(1), store.take_chunk

    def full(chunk: Chunk) -> bool:
        if next(taken) == 6:
            raise StoreFull("the disk is full: free some space and go on; nothing is lost")
        return take(chunk)

    store.take_chunk = full  # type: ignore[method-assign]
    with pytest.raises(StoreFull):
        network.sync(tablet, mission)
    assert store.missing_payloads(5) == [Want(digest, 5 * PIECE)]
    assert network.sync(tablet, mission).chunks_sent == 5
    assert held(mission, digest) == data


# --- hubs that do harm


def test_a_chunk_altered_by_a_hub_spoils_the_file_and_the_tablet_mends_it() -> None:
    """SYNC-082: the whole does not match, is discarded, and taken from another carrier."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    digest, data = attach(tablet, 5)
    network.sync(tablet, hub)
    honest = hub.peer.store.chunk

    def altered(payload_hash: bytes, offset: int) -> Chunk | None:
        chunk = honest(payload_hash, offset)
        if chunk is not None and offset == 3 * PIECE:
            return Chunk(payload_hash, offset, b"\0" + chunk.data[1:])
        return chunk

    hub.peer.store.chunk = altered  # type: ignore[method-assign]
    network.sync(hub, mission)
    assert mission.peer.store.missing_payloads(5) == [Want(digest, 0)]
    assert held(mission, digest) == b""
    assert network.sync(tablet, mission).complete
    assert held(mission, digest) == data


def test_a_chunk_of_an_odd_size_stops_no_other_carrier() -> None:
    """SYNC-086: the next offset lies within a piece of the tablet's."""
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    digest, data = attach(tablet, 5)
    network.device("other")
    with pytest.raises(Offline):
        network.sync(tablet, mission, cut_after(2))
    already = len(held(mission, digest))
    with mission.peer.store.transaction():
        odd = Chunk(digest, already, data[already : already + 7])
        assert mission.peer.store.take_chunk(odd)
    assert network.sync(tablet, mission).complete
    assert held(mission, digest) == data


# --- erasure


def erase(network: Network, mission: Node, tablet: Node, number: int = 0) -> None:
    """Have the server order the erasure of a tablet's entry."""
    entry = tablet.writer.entries[number]
    place = [entry.header.author, entry.header.incarnation, entry.header.sequence, entry.hash]
    network.broadcast(mission, Kind.ERASURE, encode([1, [place]]))


def test_an_erasure_order_reaches_the_chunks_a_hub_and_a_tablet_hold() -> None:
    """SYNC-087."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    digest, data = attach(tablet, 5)
    kept, neighbour = attach(tablet, 2, seed=2)
    network.sync(tablet, hub)
    network.sync(hub, mission)
    erase(network, mission, tablet)
    network.sync(hub, mission)
    network.sync(tablet, hub)
    for node in (hub, tablet):
        assert held(node, digest) == b""
        assert held(node, kept) == neighbour
        assert node.peer.store.missing_payloads(5) == []
        assert hashes(node, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
    assert held(mission, digest) == data, "the server erases by its own ledger"


def test_an_order_that_came_before_the_entry_holds_too_and_after_a_restart() -> None:
    """SYNC-087."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    attach(tablet, 5)
    erase(network, mission, tablet)
    network.sync(hub, mission)
    hub.peer.__init__(  # type: ignore[misc]
        hub.peer.store, hub.peer.me, hub.peer.directory, hub.peer.clock
    )
    network.sync(tablet, hub)
    assert hub.peer.store.missing_payloads(5) == []
    assert hub.peer.store.have().sequence(tablet.writer.log) == 1


def test_an_order_that_is_not_the_servers_or_of_another_version_erases_nothing() -> None:
    """SYNC-087."""
    network = Network()
    mission = network.mission()
    tablet = network.device("tablet", known_to=(mission,))
    hub = network.hub("hub", known_to=(mission, tablet))
    digest, data = attach(tablet, 3)
    network.sync(tablet, hub)
    entry = tablet.writer.entries[0]
    wrong = [entry.header.author, 0, 1, bytes(32)]
    good = [entry.header.author, 0, 1, entry.hash]
    network.broadcast(mission, Kind.ERASURE, encode([1, [wrong]]))
    network.broadcast(mission, Kind.ERASURE, encode([2, [good]]))
    network.broadcast(mission, Kind.ERASURE, encode([1, [good[:3]]]))
    network.sync(hub, mission)
    assert held(hub, digest) == data
