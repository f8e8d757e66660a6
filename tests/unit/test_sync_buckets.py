"""SYNC-028: hubs with many logs ask by digests; what moves is the same as without."""

from dataclasses import replace

import pytest
from log_writing import DEPLOYMENT, Writer, signing_key
from sync_network import Network, Node, certify, hashes

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from sync.core.buckets import (
    BUCKETS,
    LOGS_MIN,
    Asking,
    Compared,
    bucket_of,
    differing,
    digests,
    within,
)
from sync.core.certificate import PeerRole
from sync.core.have import HaveVector
from sync.core.messages import Answer, Message, decode_answer, decode_message
from sync.driver import SyncReport, sync_once
from sync.transports.memory import MemoryTransport

DEVICES = LOGS_MIN + 6


class Line(MemoryTransport):
    """Counts what both sides say; an old responder knows no digests."""

    def __init__(self, hub: Node, mission: Node, *, old: bool = False) -> None:
        assert mission.responder is not None
        super().__init__(mission.responder, hub.peer.me.author)
        self.old = old
        self.said: list[tuple[Message, Answer]] = []

    @property
    def size_bytes(self) -> int:
        return sum(len(m.encode()) + len(a.encode()) for m, a in self.said)

    def exchange(self, message: Message) -> Answer:
        heard = replace(message, asks=None) if self.old else message
        answer = super().exchange(heard)
        self.said.append((message, answer))
        return answer


def met(hub: Node, mission: Node, *, old: bool = False) -> tuple[SyncReport, Line]:
    line = Line(hub, mission, old=old)
    return sync_once(hub.peer, line), line


def crowd(network: Network) -> tuple[Node, Node, list[Writer]]:
    """A hub that carries the logs of many devices, and a mission server."""
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    writers = [Writer(signing_key(f"tablet {n}")).grow(1) for n in range(DEVICES)]
    for n, writer in enumerate(writers):
        mission.peer.learn(certify(f"tablet {n}"))
        hub.peer.learn(certify(f"tablet {n}"))
        hub.keep_run(writer.run())
    return mission, hub, writers


@pytest.fixture
def network() -> Network:
    return Network()


def test_everything_arrives_and_nothing_more_is_said(network: Network) -> None:
    mission, hub, writers = crowd(network)
    report, _ = met(hub, mission)
    assert report.complete
    assert report.sent == DEVICES
    for writer in writers:
        assert hashes(mission, writer) == hashes(hub, writer)
    again, line = met(hub, mission)
    assert (again.sent, again.received, again.complete) == (0, 0, True)
    assert len(line.said) == 1
    assert line.size_bytes < 4000
    (_, answer), *_ = line.said
    assert answer.compared == Compared(frozenset(), 0)
    assert answer.papers.receipts == (), "what the last receipt said still holds"


def test_few_new_entries_name_few_buckets(network: Network) -> None:
    mission, hub, writers = crowd(network)
    met(hub, mission)
    full = len(encode(hub.peer.store.have().to_wire()))
    up, down = writers[0], writers[1]
    up.add(b"new at the hub")
    hub.keep_run(up.run(2))
    down.add(b"new at the server")
    mission.keep_run(down.run(2))
    report, line = met(hub, mission)
    assert (report.sent, report.received, report.complete) == (1, 1, True)
    assert hashes(mission, up) == hashes(hub, up)
    assert hashes(mission, down) == hashes(hub, down)
    touched = {bucket_of(up.log), bucket_of(down.log)}
    assert line.said[0][1].compared == Compared(frozenset(touched), 0)
    for message, _ in line.said[1:]:
        assert {bucket_of(log) for log in (message.have or HaveVector()).points} <= touched
    assert line.size_bytes < 2 * full


def test_a_backup_is_told_where_nothing_else_is_new(network: Network) -> None:
    mission, hub, writers = crowd(network)
    assert mission.responder is not None
    safe: list[HaveVector] = [HaveVector()]
    issuer = mission.responder._issuer
    issuer._backed_up = lambda have: safe[0].only(have.points)  # type: ignore[attr-defined]
    met(hub, mission)
    assert met(hub, mission)[1].said[0][1].papers.receipts == ()
    log = writers[3].log
    safe[0] = mission.peer.store.have().only([log])
    network.clock.advance(60)
    report, line = met(hub, mission)
    assert report.complete
    assert len(line.said) == 1
    backed_up = {r.author for receipt in hub.peer.newest_receipts() for r in receipt.backed_up}
    assert backed_up == {log.author}
    assert met(hub, mission)[1].said[0][1].papers.receipts == ()


def test_an_older_server_is_greeted_again_as_always(network: Network) -> None:
    mission, hub, writers = crowd(network)
    report, line = met(hub, mission, old=True)
    assert report.complete
    assert report.sent == DEVICES
    assert line.said[0][1].compared is None
    assert line.said[1][0].have is not None
    assert all(hashes(mission, writer) == hashes(hub, writer) for writer in writers)


def test_a_fork_is_found_by_digests(network: Network) -> None:
    mission, hub, writers = crowd(network)
    met(hub, mission)
    one = writers[5]
    two = one.clone()
    one.add(b"one")
    two.add(b"two")
    hub.keep_run(one.run(2))
    mission.keep_run(two.run(2))
    for _ in range(2):
        met(hub, mission)
    assert hashes(mission, one) == hashes(hub, one)
    assert len(hashes(hub, one)) == 2


def test_a_restored_server_is_told_everything_again(network: Network) -> None:
    mission, hub, writers = crowd(network)
    met(hub, mission)
    restored = Network()
    restored.nodes = {}
    later = restored.mission(incarnation=1)
    later.peer.learn(certify("hub", PeerRole.HUB))
    for n in range(DEVICES):
        later.peer.learn(certify(f"tablet {n}"))
    report, line = met(hub, later)
    assert report.sent >= DEVICES
    assert all(hashes(later, writer) == hashes(hub, writer) for writer in writers)
    passed_on = [r for message, _ in line.said for r in message.papers.receipts]
    assert passed_on, "what the earlier incarnation signed is passed on (SYNC-044)"


def test_few_logs_are_named_as_always(network: Network) -> None:
    mission, hub = network.mission(), network.hub("hub")
    _, line = met(hub, mission)
    assert line.said[0][0].asks is None
    assert line.said[0][1].compared is None


def test_digests_differ_where_logs_do() -> None:
    writer = Writer(signing_key("tablet")).grow(2)
    one = HaveVector({writer.log: (writer.entries[0].point,)})
    two = HaveVector({writer.log: (writer.entries[1].point,)})
    assert differing(digests(one), digests(one)) == frozenset()
    assert differing(digests(one), digests(two)) == {bucket_of(writer.log)}
    assert differing(digests(one), digests(one, 1)) == frozenset(range(BUCKETS))
    assert within(one, frozenset({bucket_of(writer.log)})) == one
    assert within(one, frozenset()) == HaveVector()


@pytest.mark.parametrize(
    "element",
    [
        [0, [bytes(16)] * BUCKETS],
        [0, [bytes(16)] * 63, [bytes(16)] * BUCKETS],
        [0, [bytes(15)] * BUCKETS, [bytes(16)] * BUCKETS],
        [1, [2, 1]],
        [1, [1, 1]],
        [1, [BUCKETS]],
        [2, []],
        "text",
    ],
)
def test_a_malformed_question_is_refused(element: object) -> None:
    writer = Writer(signing_key("tablet"))
    items = decode(Message(DEPLOYMENT, writer.author).encode())
    with pytest.raises(EncodingInvalid):
        decode_message(encode([*items, element]))


def test_messages_and_answers_keep_what_they_ask() -> None:
    author = Writer(signing_key("tablet")).author
    for asks in (Asking(digests(HaveVector()), digests(HaveVector())), frozenset({1, 5}), None):
        assert decode_message(Message(DEPLOYMENT, author, asks=asks).encode()).asks == asks
    for compared in (Compared(frozenset({1, 5}), 3), Compared(frozenset()), None):
        answer = Answer(DEPLOYMENT, HaveVector(), compared=compared)
        assert decode_answer(answer.encode()).compared == compared
