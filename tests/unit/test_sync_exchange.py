"""Exchanges between whole peers: SYNC-003, 004, 020 to 027, 040, 043, 044, 070 to 073, 080, 081."""

from hashlib import sha256
from itertools import count

import pytest
from log_writing import Writer
from sync_network import Network, Node, certify, hashes

from shared.errors import Offline, RemoteProtocolError
from shared.ids import DeploymentId
from shared.limits import BATCH_ENTRIES_MAX
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.receipts import open_note, open_receipt
from sync.core.attest import Enrolled, Revoked
from sync.core.have import LogName, Point
from sync.core.messages import Message
from sync.core.plan import OutcomeCode
from sync.core.store import Chunk
from sync.driver import sync_once
from sync.hub_notes import NOTE
from sync.transports.memory import MemoryTransport


def expect_all(node: Node, writer: Writer) -> None:
    assert hashes(node, writer) == [[entry.hash for entry in writer.entries]]


# SYNC-032 (no vault, no secret but the signing key), SYNC-040
def test_a_device_hands_its_log_to_the_mission_and_gets_a_receipt() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(7)
    report = network.sync(tablet, mission)
    assert (report.complete, report.sent, report.received) == (True, 7, 1)
    expect_all(mission, tablet.writer)
    expect_all(tablet, mission.writer)
    ((_, signed),) = tablet.peer.receipts()
    assert tablet.peer.directory.ring is not None
    receipt = open_receipt(*signed, tablet.peer.directory.ring)
    assert receipt.have == receipt.backed_up
    assert [reach.sequence for reach in receipt.have] == [7]
    again = network.sync(tablet, mission)
    assert (again.complete, again.sent, again.received) == (True, 0, 0)


# SYNC-071, SYNC-073
def test_through_a_hub_that_never_heard_of_the_device_or_the_ring() -> None:
    network = Network()
    mission, hub = network.mission(), network.hub("hub", enrolled=False)
    tablet = network.device("tablet")
    network.sync(tablet, mission)
    tablet.write(5)
    report = network.sync(tablet, hub)
    assert report.complete
    expect_all(hub, tablet.writer)
    expect_all(hub, mission.writer)
    assert hub.peer.directory.ring is not None


def test_a_device_that_knows_only_the_ring_brings_it_to_a_hub_by_the_broadcasts() -> None:
    network = Network()
    hub = network.hub("hub", enrolled=False)
    tablet = network.device("tablet")
    tablet.write(2)
    report = network.sync(tablet, hub)
    assert [outcome.reason for outcome in report.troubles] == ["unknown_device"]
    assert hub.peer.store.have().points == {}
    network.sync(tablet, network.mission())
    assert network.sync(tablet, hub).complete
    expect_all(hub, tablet.writer)


# SYNC-043, SYNC-044
def test_a_hub_gives_a_note_and_carries_receipts_and_broadcasts_down() -> None:
    network = Network()
    mission = network.mission()
    hub, tablet = network.hub("hub", known_to=(mission,)), network.device("tablet")
    tablet.write(3)
    network.sync(tablet, hub)
    assert tablet.peer.receipts() == []
    (note,) = tablet.peer.store.papers(NOTE)
    opened = open_note(*note[1], hub.peer.me.key.public_bytes)
    assert [(reach.author, reach.sequence) for reach in opened.have] == [(tablet.writer.author, 3)]
    network.sync(hub, mission)
    expect_all(mission, tablet.writer)
    assert network.sync(tablet, hub).complete
    assert len(tablet.peer.receipts()) == 1
    expect_all(tablet, mission.writer)


# SYNC-025, SYNC-072
def test_mailboxes_go_to_their_device_alone() -> None:
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    one, two = (network.device(name, known_to=(mission,)) for name in ("one", "two"))
    mailbox = Writer(mission.writer.key, audience=f"device:{one.writer.author.hex()}")
    mailbox.add(b"letter", kind=Kind.ASSIGNMENT, compartment=Compartment.MAILBOX)
    mission.keep_run(mailbox.run())
    network.sync(hub, mission)
    expect_all(hub, mailbox)
    for device in (one, two):
        network.sync(device, hub)
    expect_all(one, mailbox)
    assert hashes(two, mailbox) == []


# SYNC-025
def test_a_device_sees_no_other_devices_logs() -> None:
    network = Network()
    mission, one, two = network.mission(), network.device("one"), network.device("two")
    one.write(3)
    two.write(2)
    network.sync(one, mission)
    network.sync(two, mission)
    assert hashes(two, one.writer) == []
    greeting = Message(one.peer.directory.deployment, two.writer.author, have=two.peer.store.have())
    assert mission.responder is not None
    assert one.writer.log not in mission.responder.respond(greeting).have.points


def test_large_logs_travel_in_bounded_batches_and_survive_cuts() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    total = 2 * BATCH_ENTRIES_MAX + 10
    tablet.write(total)
    moments = count()

    def cut(_moment: str) -> None:
        if next(moments) % 5 == 4:
            raise Offline("the line is cut")

    attempts = 0
    while attempts < 20:
        attempts += 1
        try:
            if network.sync(tablet, mission, cut).complete:
                break
        except Offline:
            continue
    assert 1 < attempts < 20
    expect_all(mission, tablet.writer)


# SYNC-004, SYNC-005
def test_both_branches_of_a_cloned_tablet_reach_everyone_by_any_road() -> None:
    network = Network()
    mission = network.mission()
    hub, other_hub = (network.hub(name, known_to=(mission,)) for name in ("hub", "other hub"))
    tablet = network.device("tablet")
    tablet.write(4)
    network.sync(tablet, hub)
    twin = network.device("tablet")
    twin.writer = tablet.writer.clone()
    twin.keep()
    tablet.write(2, b"tablet")
    twin.write(3, b"twin")
    network.sync(tablet, hub)
    network.sync(twin, other_hub)
    assert network.sync(hub, mission).complete
    network.sync(other_hub, mission)
    expected = sorted([entry.hash for entry in w.entries] for w in (tablet.writer, twin.writer))
    assert hashes(mission, tablet.writer) == expected
    network.sync(hub, mission)
    network.sync(other_hub, mission)
    assert hashes(hub, tablet.writer) == expected
    assert hashes(other_hub, tablet.writer) == expected
    assert network.sync(twin, mission).own_log_ahead, "it learns that it has a twin"


# SYNC-004, SYNC-013
def test_a_shorter_branch_is_asked_for_by_one_that_is_ahead() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(2)
    twin = network.device("tablet")
    twin.writer = tablet.writer.clone()
    twin.keep()
    tablet.write(6, b"tablet")
    twin.write(1, b"twin")
    network.sync(tablet, mission)
    report = network.sync(twin, mission)
    assert [outcome.code for outcome in report.troubles] == []
    expected = sorted([entry.hash for entry in w.entries] for w in (tablet.writer, twin.writer))
    assert hashes(mission, tablet.writer) == expected


def test_a_stranger_is_refused_by_a_hub_and_kept_aside_by_the_mission() -> None:
    network = Network()
    mission, hub, tablet = network.mission(), network.hub("hub"), network.device("tablet")
    network.sync(hub, mission)
    tablet.peer.me = type(tablet.peer.me)(tablet.writer.author, tablet.writer.key, None)
    tablet.peer.directory._certificates.clear()
    tablet.write(2)
    assert [t.code for t in network.sync(tablet, hub).troubles] == [OutcomeCode.REFUSED]
    assert [t.code for t in network.sync(tablet, mission).troubles] == [OutcomeCode.QUARANTINED]
    assert [reason for _, reason in mission.peer.store.aside()] == ["unknown_device"]  # type: ignore[attr-defined]


def test_one_bad_log_does_not_hold_up_the_others() -> None:
    network = Network()
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    for name in ("one", "two", "three"):
        tablet = network.device(name, known_to=(hub,))
        tablet.write(3)
        network.sync(tablet, hub)
    bad = network.nodes["two"].writer.log
    held = hub.peer.store._state.logs[bad][0].kept[-1]  # type: ignore[attr-defined]
    held.signature = bytes(64)
    report = network.sync(hub, mission)
    assert [(t.log, t.reason) for t in report.troubles] == [(bad, "bad_signature")]
    expect_all(mission, network.nodes["one"].writer)
    expect_all(mission, network.nodes["three"].writer)
    assert hashes(mission, network.nodes["two"].writer) == []


def test_attestations_reach_devices_and_hubs() -> None:
    network = Network()
    mission = network.mission()
    hub, tablet = network.hub("hub", known_to=(mission,)), network.device("tablet")
    late = network.device("late")
    revoked = Revoked(LogName(late.writer.author, 0), Point(0, bytes(32)), "stolen")  # type: ignore[arg-type]
    network.attest(mission, Enrolled(certify("tablet")), revoked)
    network.sync(hub, mission)
    assert hub.peer.directory.public_key(tablet.writer.author) is not None
    assert hub.peer.directory.revoked(late.writer.author) == revoked
    late.write(1)
    assert network.sync(late, hub).complete, "a hub carries all the same"


# SYNC-080, SYNC-081
def test_an_attachment_goes_by_chunk_after_the_records_and_resumes() -> None:
    network = Network()
    mission = network.mission()
    hub, tablet = network.hub("hub", known_to=(mission,)), network.device("tablet")
    pieces = [bytes([number]) * 1000 for number in range(6)]
    digest = sha256(b"".join(pieces)).digest()
    store = tablet.peer.store
    with store.transaction():
        store.expect_payload(tablet.writer.author, digest, 6000)
        for number, piece in enumerate(pieces):
            assert store.take_chunk(Chunk(digest, 1000 * number, piece))
    tablet.writer.add(detached=(digest, 6000))
    tablet.write(2)
    exchanges = count()

    def cut(moment: str) -> None:
        if moment == "after" and next(exchanges) == 4:
            raise Offline("the line is cut")

    with pytest.raises(Offline):
        network.sync(tablet, hub, cut)
    expect_all(hub, tablet.writer)
    (want,) = hub.peer.store.missing_payloads(9)
    assert want.offset in {2000, 3000}
    assert network.sync(tablet, hub).chunks_sent == 6 - want.offset // 1000
    assert network.sync(hub, mission).complete
    assert mission.peer.store.missing_payloads(9) == []
    assert mission.peer.store.chunk(digest, 5000) == Chunk(digest, 5000, pieces[5])


# SYNC-083
def test_nothing_is_called_backed_up_before_its_attachments_are_whole() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    digest = sha256(b"photo").digest()
    tablet.writer.add(detached=(digest, 5))
    tablet.keep()
    network.sync(tablet, mission)
    (receipt,) = tablet.peer.newest_receipts()
    assert [reach.sequence for reach in receipt.have] == [1]
    assert receipt.backed_up == ()
    with tablet.peer.store.transaction():
        assert tablet.peer.store.take_chunk(Chunk(digest, 0, b"photo"))
    network.clock.advance(1)
    network.sync(tablet, mission)
    network.sync(tablet, mission)
    (receipt,) = tablet.peer.newest_receipts()
    assert [reach.sequence for reach in receipt.backed_up] == [1]


def test_a_message_of_another_project_is_refused() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.peer.directory.deployment = DeploymentId(b"another!")
    with pytest.raises(RemoteProtocolError, match="another project"):
        network.sync(tablet, mission)


# SYNC-013
def test_a_responder_that_lost_its_store_in_between_gets_all_from_the_beginning() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(BATCH_ENTRIES_MAX + 20)
    assert mission.responder is not None
    empty = mission.peer.store.copy()  # type: ignore[attr-defined]
    exchanges = count()

    def lose(moment: str) -> None:
        if moment == "after" and next(exchanges) == 1:
            mission.peer.store = empty

    assert network.sync(tablet, mission, lose).complete
    expect_all(mission, tablet.writer)


def test_progress_is_told_after_each_exchange() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(3)
    seen = []
    assert mission.responder is not None
    line = MemoryTransport(mission.responder, tablet.writer.author)
    sync_once(tablet.peer, line, seen.append)
    assert [(p.sent, p.to_send) for p in seen] == [(3, 3), (3, 3)]


# SYNC-021
def test_a_message_without_have_is_answered_by_what_it_touched_alone() -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet", known_to=())
    tablet.write(1)
    network.sync(tablet, mission)
    silent = Message(tablet.peer.directory.deployment, tablet.writer.author)
    assert mission.responder is not None
    answer = mission.responder.respond(silent)
    assert answer.have.points == {}
    assert answer.batch is None
