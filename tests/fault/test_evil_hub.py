"""An evil hub before a real mission server process: refused at once, named, and nothing is lost.

SYNC-013 to SYNC-015, SYNC-043, SYNC-054, INTK-022: the hub alters, reorders, drops, invents, signs
with a key of its own, replays yesterday's traffic, forges receipts. Each is told from the truth.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from evil_hub import MISCHIEF, EvilLine, forged_papers
from intake_kit import COORDINATOR
from mission import MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from server_process import ServerProcess, exchange, held_entries, running, sender
from sqlmodel import select

from server.db import reading
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine
from server.setup import tls_pin
from server.tables.log import ShelvedRun
from server.tables.project import DeviceKind
from shared.sealing.keys import SigningKey
from sync.core.batch import Run, decode_batch
from sync.core.messages import Papers
from sync.core.plan import OutcomeCode
from sync.driver import sync_once
from sync.peer import Peer
from sync.transports.https import HttpTransport


@dataclass
class World:
    """A real mission server, and the hub that is enrolled with it."""

    kit: MissionKit
    server: ServerProcess
    pin: bytes
    hub: SealedDevice
    tablets: int = 0

    def tablet(self, records: int) -> SealedDevice:
        """Return a tablet that has handed its work to the hub alone."""
        self.tablets += 1
        tablet = SealedDevice(self.kit, f"tablet {self.tablets}")
        tablet.hold()
        for _ in range(records):
            tablet.interview()
        return tablet

    def line(self, peer: Peer) -> HttpTransport:
        return HttpTransport(self.server.url, peer.me.author, peer.me.key, tls_pin=self.pin)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    kit = make_mission(tmp_path_factory.mktemp("mission"))
    publish_form(kit)
    pin = tls_pin(kit.mission.settings)
    assert pin is not None
    hub = SealedDevice(kit, "hub 1", kind=DeviceKind.HUB)
    hub.hold()
    with running(kit.mission.settings.home) as server:
        yield World(kit, server, pin, hub)
    kit.close()


def hub_with(world: World, tablet: SealedDevice) -> Peer:
    """Return the hub's peer, holding what a tablet gave it."""
    hub = sender(world.kit, world.hub)
    for appended in tablet.held or ():
        hub.store.append_own(appended)  # type: ignore[attr-defined]
    certificate = sender(world.kit, tablet).me.certificate
    assert certificate is not None
    hub.learn(certificate)
    return hub


@pytest.mark.parametrize("name", MISCHIEF)
def test_what_a_hub_changed_is_refused_at_once_and_the_hub_is_named(
    world: World, name: str
) -> None:
    tablet = world.tablet(4)
    hub = hub_with(world, tablet)
    with world.line(hub) as line:
        report = sync_once(hub, EvilLine(line, MISCHIEF[name], 3))
    codes = {trouble.code for trouble in report.troubles}
    assert codes <= {OutcomeCode.QUARANTINED, OutcomeCode.REFUSED}
    assert codes, "told at once"
    assert held_entries(world.kit, tablet) == [], "nothing of it was taken"
    if OutcomeCode.QUARANTINED in codes:
        assert world.hub.tip.log.author in carriers(world, tablet), "its bytes are kept, with who"
    exchange(sender(world.kit, tablet), world.server, world.pin)
    assert tablet.held is not None
    assert held_entries(world.kit, tablet) == [one.hash for one in tablet.held]


def carriers(world: World, tablet: SealedDevice) -> set[bytes]:
    """Return who brought the runs that were put on the shelf for a tablet's log."""
    with reading(world.kit.mission.stores.inbox) as session:
        query = select(ShelvedRun.carrier).where(ShelvedRun.author == bytes(tablet.tip.log.author))
        return {bytes(carrier) for carrier in session.exec(query) if carrier is not None}


def test_yesterdays_traffic_changes_nothing(world: World) -> None:
    """Every message of a hub's day, sent again in any order, by the hub and from a new line."""
    tablet = world.tablet(6)
    hub = hub_with(world, tablet)
    with world.line(hub) as line:
        honest = EvilLine(line, lambda run, _: run, 1)
        assert sync_once(hub, honest).complete
    before = held_entries(world.kit, tablet)
    tablet.interview()
    exchange(sender(world.kit, tablet), world.server, world.pin)
    chance = random.Random(5)
    for _ in range(3):
        again = [*honest.sent]
        chance.shuffle(again)
        with world.line(hub) as line:
            for message in again:
                answer = line.exchange(message)
                assert all(o.code is not OutcomeCode.FORK for o in answer.outcomes)
    assert tablet.held is not None
    assert held_entries(world.kit, tablet) == [one.hash for one in tablet.held]
    assert held_entries(world.kit, tablet)[: len(before)] == before


def test_a_hub_cannot_write_into_a_tablets_log(world: World) -> None:
    """A run of its own making, under the tablet's name, signed by its own key."""
    tablet = world.tablet(1)
    thief = SealedDevice(world.kit, "thief", enrolled=False)
    thief.key = SigningKey.generate()
    thief.tip = type(thief.tip)(tablet.tip.log)
    thief.hold()
    thief.interview()
    (run,) = decode_batch(thief.batch(), tablet.tip.log.deployment)
    assert isinstance(run, Run)
    hub = hub_with(world, tablet)
    with world.line(hub) as line:
        report = sync_once(hub, EvilLine(line, lambda _run, _chance: run, 1))
    assert [trouble.reason for trouble in report.troubles] == ["bad_signature"]
    assert held_entries(world.kit, tablet) == []


def test_forged_receipts_and_notes_are_not_believed(world: World) -> None:
    """SYNC-040, SYNC-043: a tablet calls nothing received that the server did not sign for."""
    tablet = world.tablet(3)
    peer = sender(world.kit, tablet)
    exchange(peer, world.server, world.pin)
    receipts = tuple(paper for _, paper in peer.receipts())
    assert receipts
    chance = random.Random(9)
    for _ in range(200):
        fresh = sender(world.kit, tablet)
        fresh.take(None, forged_papers(Papers(receipts), chance))
        assert fresh.newest_receipts() == []


def test_what_was_put_aside_is_listed_with_its_remedy(world: World) -> None:
    intake = Intake(world.kit.mission)
    intake.drain()
    intake.close()
    rows = list_quarantine(world.kit.mission, COORDINATOR)
    assert rows
    assert {row["reason"] for row in rows} <= {"bad_signature", "bad_chain", "tampered"}
