"""The mission server is destroyed in mid-round and rebuilt: 0 lost, 0 doubled (issue 3).

Real server and hub processes. What comes back is what the older of the two newest backups, the
tablets and the hub hold together: a receipt that was given never turns into a loss (SYNC-041,
SYNC-042, GOV-053, GOV-054), on SQLite and on PostgreSQL.
"""

import shutil
import socket
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import postgres
import pytest
from hub_process import HubProcess
from intake_kit import counts
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import Interview, SealedDevice, publish_form
from server_process import ServerProcess, exchange, held_entries, running, sender

from server.commands.console import SystemClock
from server.governance.enrolment import invite
from server.intake.pipeline import Intake
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.settings import StoreUrls, save_settings
from server.setup import tls_pin
from server.tables.project import DeviceKind
from sync.peer import Peer

PATIENCE_S = 60
KINDS = ["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.soak])]


@dataclass
class Tablet:
    """A tablet with a log store of its own that lives through everything."""

    device: SealedDevice
    peer: Peer
    made: list[Interview] = field(default_factory=list)

    @classmethod
    def enrolled(cls, kit: MissionKit, name: str) -> "Tablet":
        device = SealedDevice(kit, name)
        device.hold()
        return cls(device, sender(kit, device))

    def work(self, interviews: int) -> None:
        assert self.device.held is not None
        kept = len(self.device.held)
        self.made += [self.device.interview() for _ in range(interviews)]
        for appended in self.device.held[kept:]:
            self.peer.store.append_own(appended)  # type: ignore[attr-defined]

    def receipted(self) -> set[bytes]:
        """Return the hashes that any receipt ever vouched for."""
        opened = [self.peer.open_receipt(paper) for _, paper in self.peer.receipts()]
        own = self.peer.me.author
        reaches = (reach for receipt in opened if receipt for reach in receipt.have)
        return {bytes(reach.hash) for reach in reaches if reach.author == own}


@dataclass
class Round:
    """A mission in mid-round: its server and hub as processes, and three tablets."""

    kit: MissionKit
    server: ServerProcess
    hub: HubProcess
    pin: bytes
    direct: Tablet
    by_hub: Tablet
    silent: Tablet

    @property
    def tablets(self) -> tuple[Tablet, ...]:
        return self.direct, self.by_hub, self.silent

    def hand_over(self) -> None:
        """The first tablet has a line; the second meets the hub, which forwards."""
        exchange(self.direct.peer, self.server, self.pin)
        self.hub.exchange(self.by_hub.peer)
        self.wait_for(self.kit, self.by_hub)

    def wait_for(self, kit: MissionKit, tablet: Tablet) -> None:
        """Wait until the hub has forwarded all that a tablet gave it."""
        end = time.monotonic() + PATIENCE_S
        assert tablet.device.held is not None
        while len(held_entries(kit, tablet.device)) < len(tablet.device.held):
            assert time.monotonic() < end, "the hub did not forward"
            time.sleep(0.1)

    def prune(self) -> int:
        """Every tablet hears how far the backups are, and forgets what they hold."""
        for tablet in (self.direct, self.by_hub):
            exchange(tablet.peer, self.server, self.pin)
        return sum(tablet.peer.prune_backed_up() for tablet in self.tablets)


def in_mid_round(kit: MissionKit, server: ServerProcess, folder: Path) -> Round:
    pin = tls_pin(kit.mission.settings)
    assert pin is not None
    code = invite(kit.mission, "Hub", kind=DeviceKind.HUB).code.text()
    hub = HubProcess(folder / "hub", folder / "hub.log", code)
    tablets = [Tablet.enrolled(kit, f"tablet {number}") for number in range(3)]
    return Round(kit, server, hub, pin, *tablets)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def rebuilt(round_: Round, backup: Path, home: Path, database: str) -> MissionKit:
    """Destroy the server, everything of it, and make another from a backup."""
    old = round_.kit.mission.settings.home
    round_.server.kill()
    round_.kit.close()
    shutil.rmtree(old)
    restore(backup, home, round_.kit.clock, postgres=database)
    mission = Mission.open(home, round_.kit.clock)
    mission.unlock(PASSPHRASE)
    return MissionKit(home.parent, mission, round_.kit.station, round_.kit.clock)


def drain(kit: MissionKit) -> None:
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()


@pytest.fixture
def new_database(request: pytest.FixtureRequest, store_urls: StoreUrls) -> str:
    """An empty database to restore into, where the stores are PostgreSQL's."""
    if store_urls == StoreUrls():
        return ""
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.new_database()


@pytest.mark.parametrize("store_urls", KINDS, indirect=True)
def test_a_destroyed_server_is_rebuilt_from_the_older_backup_tablets_and_hub(
    tmp_path: Path, store_urls: StoreUrls, new_database: str
) -> None:
    kit = make_mission(tmp_path, store_urls)
    publish_form(kit)
    kit.clock.instant = SystemClock().now()
    url = take_port(kit)
    with running(kit.mission.settings.home, url) as server:
        round_ = in_mid_round(kit, server, tmp_path)
        try:
            after = play(round_, tmp_path, new_database)
        finally:
            round_.hub.kill()
    made = sum(len(tablet.made) for tablet in round_.tablets)
    drain(after)
    found = counts(after)
    assert (found["received"], found["resolved"], found["quarantined"]) == (made, made, 0)
    assert (found["live_records"], found["analytic_rows"]) == (made, made)
    after.close()


def play(round_: Round, folder: Path, database: str) -> MissionKit:
    """Work, back up, forget, lose the server, and meet again; return the new mission."""
    kit, server = round_.kit, round_.server
    round_.direct.work(4)
    round_.by_hub.work(4)
    round_.hand_over()
    drain(kit)
    back_up(kit.mission, folder / "first")
    back_up(kit.mission, folder / "older")
    assert round_.prune() > 8, "two backups hold them"
    round_.direct.work(3)
    round_.hand_over()
    back_up(kit.mission, folder / "newest")
    assert round_.prune() == 0, "what one backup holds alone stays on the tablet"
    round_.direct.work(2)
    round_.by_hub.work(3)
    round_.silent.work(4)
    round_.hand_over()
    drain(kit)
    receipted = [tablet.receipted() for tablet in round_.tablets]
    shutil.rmtree(folder / "newest")  # it was on the same shelf
    after = rebuilt(round_, folder / "older", folder / "again", database)
    round_.direct.work(2)
    round_.by_hub.work(2)
    round_.hub.exchange(round_.by_hub.peer)
    with running(after.mission.settings.home, server.url) as again:
        for tablet in (round_.silent, round_.direct):
            assert exchange(tablet.peer, again, round_.pin).complete
        round_.hub.exchange(round_.by_hub.peer)
        round_.wait_for(after, round_.by_hub)
        for tablet, before in zip(round_.tablets, receipted, strict=True):
            exchange(tablet.peer, again, round_.pin)
            held = held_entries(after, tablet.device)
            assert tablet.device.held is not None
            assert held == [one.hash for one in tablet.device.held], "whole, in order, once"
            assert before <= set(held), "no receipt turned into a loss"
            newest = tablet.peer.newest_receipts()
            assert {receipt.server_incarnation for receipt in newest} == {1}
    return after


def take_port(kit: MissionKit) -> str:
    """Give the server a port that the hub is told in its code, and that its successor takes."""
    settings = kit.mission.settings
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    listen = replace(settings.listen, port=port, addresses=(url,))
    kit.mission.settings = replace(settings, listen=listen)
    save_settings(kit.mission.settings)
    return url
