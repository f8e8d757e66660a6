"""The real server process killed while a device hands over: what it receipted it has, once.

P1, SYNC-024, SYNC-040: a receipt is given for committed entries only, so a kill between commit and
answer costs a repeated send, and a kill before the commit costs nothing but time.
"""

import random
import threading
from pathlib import Path
from time import sleep

import pytest
from intake_kit import counts
from mission import make_mission
from sealed_device import SealedDevice, publish_form
from server_process import hand_over, held_entries, running, sender

from server.intake.pipeline import Intake
from server.setup import tls_pin

TRY_S = 120


@pytest.mark.parametrize(
    "kills", [2, pytest.param(50, marks=pytest.mark.soak)], ids=["fast", "soak"]
)
def test_a_killed_server_has_what_it_receipted_once(tmp_path: Path, kills: int) -> None:
    rng = random.Random(kills)
    kit = make_mission(tmp_path)
    publish_form(kit)
    pin = tls_pin(kit.mission.settings)
    assert pin is not None
    records = 40
    tablet = SealedDevice(kit, "tablet 1")
    tablet.hold()
    given_up = threading.Event()
    sealed = 0
    with running(kit.mission.settings.home) as server:
        for _ in range(kills):
            for _ in range(records):
                tablet.interview()
                sealed += 1
            peer = sender(kit, tablet)
            thread = threading.Thread(
                target=hand_over, args=(peer, server, pin), kwargs={"until": given_up}
            )
            thread.start()
            sleep(rng.uniform(0.0, 0.6))
            server.kill()
            receipted = [r for _, paper in peer.receipts() if (r := peer.open_receipt(paper))]
            held = held_entries(kit, tablet)
            for receipt in receipted:
                for reach in receipt.have:
                    assert held[reach.sequence - 1] == reach.hash, "receipted and not there"
            server.start()
            thread.join(TRY_S)
            assert not thread.is_alive()
        given_up.set()
    assert tablet.held is not None
    assert held_entries(kit, tablet) == [one.hash for one in tablet.held]
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    found = counts(kit)
    assert (found["received"], found["resolved"]) == (sealed, sealed)
    assert (found["live_records"], found["analytic_rows"]) == (sealed, sealed)
    kit.close()
