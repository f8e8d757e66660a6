"""Two server processes over one store, and one device's batches coming by both at once.

INTK-003, SYNC-013, SYNC-015: no log forks, no entry is doubled, every answer is true; on SQLite
and on PostgreSQL. Workers take in meanwhile.
"""

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from intake_kit import counts
from mission import MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from server_process import ServerProcess, held_entries, running, sender
from worker_process import start_worker

from server.db import reading
from server.intake.pipeline import Intake
from server.queries import logs
from server.settings import StoreUrls
from server.setup import tls_pin
from shared.errors import CairnError
from sync.core.batch import Run, encode_batch, sealed_entry
from sync.core.have import LogName
from sync.core.messages import Message, Papers
from sync.core.plan import OutcomeCode
from sync.peer import Peer
from sync.transports.https import HttpTransport

RECORDS = 40
SENDERS = 4


@dataclass
class Sender:
    """One of several copies of the same unsent work, sent as it comes to hand."""

    peer: Peer
    device: SealedDevice
    chance: random.Random
    codes: list[OutcomeCode] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def send(self, servers: list[ServerProcess], pin: bytes) -> None:
        """Send runs that overlap, now to one server, now to the other, until all is there."""
        reached = 0
        held = self.device.held or []
        while reached < len(held):
            first = self.chance.randint(0, reached)
            last = min(len(held), first + self.chance.randint(1, 9))
            server = self.chance.choice(servers)
            try:
                with HttpTransport(
                    server.url, self.peer.me.author, self.peer.me.key, tls_pin=pin
                ) as line:
                    answer = line.exchange(self.message(first, last))
            except CairnError as error:
                self.failed.append(error.message)
                if not error.retryable:
                    return
                continue
            self.codes += [outcome.code for outcome in answer.outcomes]
            log = self.device.tip.log
            reached = max(reached, answer.have.sequence(LogName(log.author, log.incarnation)))

    def message(self, first: int, last: int) -> Message:
        part = (self.device.held or [])[first:last]
        entries = tuple(sealed_entry(one.entry.header, one.entry.payloads) for one in part)
        run = Run(entries, part[-1].head.signed_on, part[-1].signature)
        deployment = self.device.tip.log.deployment
        return Message(
            deployment, self.peer.me.author, None, encode_batch(deployment, [run]), Papers()
        )


@pytest.mark.parametrize("seed", [1])
def test_one_devices_batches_by_two_processes_at_once(
    tmp_path: Path, store_urls: StoreUrls, seed: int
) -> None:
    kit = make_mission(tmp_path, store_urls)
    publish_form(kit)
    tablet = SealedDevice(kit, "tablet 1")
    tablet.hold()
    for _ in range(RECORDS):
        tablet.interview()
    pin = tls_pin(kit.mission.settings)
    assert pin is not None
    home = kit.mission.settings.home
    senders = [
        Sender(sender(kit, tablet), tablet, random.Random(seed * 100 + n)) for n in range(SENDERS)
    ]
    worker = start_worker(home)
    with running(home) as one, running(home) as other:
        threads = [threading.Thread(target=s.send, args=([one, other], pin)) for s in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    worker.kill()
    worker.join()
    for each in senders:
        assert each.failed == []
        assert set(each.codes) <= {OutcomeCode.GAP}, "neither fork nor quarantine"
    check(kit, tablet)


def check(kit: MissionKit, tablet: SealedDevice) -> None:
    assert tablet.held is not None
    assert held_entries(kit, tablet) == [one.hash for one in tablet.held]
    with reading(kit.mission.stores.inbox) as session:
        own = [b for b in logs.all_branches(session) if b.author == tablet.tip.log.author]
        assert [branch.number for branch in own] == [0], "the log has one branch"
    kit.clock.advance(days=1)  # the killed worker's lease has run out
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    found = counts(kit)
    assert (found["received"], found["resolved"], found["quarantined"]) == (RECORDS, RECORDS, 0)
    assert (found["live_records"], found["analytic_rows"]) == (RECORDS, RECORDS)
    kit.close()
