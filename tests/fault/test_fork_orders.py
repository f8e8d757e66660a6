"""A cloned tablet's two branches reach two servers in different orders: one state in the end.

SEAL-032, SYNC-014, SYNC-060, INTK-011: which branch stands aside depends on which came first; what
the records come to, once a coordinator has released the other, does not.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from intake_kit import COORDINATOR, counts
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from sqlmodel import select

from server.db import reading
from server.deident.store import AnalyticsStore
from server.intake.pipeline import Intake
from server.intake.review import release
from server.intake.shelf import shelf_peer
from server.mission import Mission
from server.tables.records import Conflict
from sync.core.messages import Papers

SIZE = "/data/interview/size"


def both_branches(kit: MissionKit) -> tuple[bytes, bytes]:
    """Write a record, clone the tablet, and let both go on; return what each would send."""
    tablet = SealedDevice(kit, "tablet 1")
    tablet.hold()
    first = tablet.interview()
    clone = replace_state(tablet)
    sent = []
    for one, size in ((tablet, 9), (clone, 7)):
        one.revise(first, {SIZE: size}, (first.revision,))
        one.interview({SIZE: size})
        sent.append(one.batch())
    return sent[0], sent[1]


def replace_state(tablet: SealedDevice) -> SealedDevice:
    """Return a copy that holds the same keys, log and epoch."""
    clone = replace(tablet, enrolled=False)
    clone.mailbox, clone.tip, clone.epoch = tablet.mailbox, tablet.tip, tablet.epoch
    clone.held = list(tablet.held or ())
    return clone


def arrives(home: Path, kit: MissionKit, batches: tuple[bytes, ...]) -> dict[str, Any]:
    """Take the batches in on a server of its own; return what it comes to."""
    mission = Mission.open(home, kit.clock)
    mission.unlock(PASSPHRASE)
    there = MissionKit(home.parent, mission, kit.station, kit.clock)
    for batch in batches:
        shelf_peer(mission).take(batch, Papers())
        drain(mission)
    assert counts(there)["quarantine_by_reason"] == {"fork": 2}
    release(mission, COORDINATOR, "fork", "both were truly collected")
    drain(mission)
    found = counts(there)
    with reading(mission.stores.records) as session:
        conflicts = sorted(
            (c.record_id, c.fingerprint, c.address) for c in session.exec(select(Conflict))
        )
    store = AnalyticsStore(mission.settings.store_url("analytics"), readonly=True)
    rows = {
        table.name: sorted(map(repr, store.read(table.name, [c.name for c in table.columns])))
        for table in store.tables()
    }
    store.close()
    mission.close()
    return {"counts": found, "conflicts": conflicts, "rows": rows}


def drain(mission: Mission) -> None:
    intake = Intake(mission)
    intake.drain()
    intake.close()


def test_two_servers_that_met_the_branches_in_other_orders_agree(tmp_path: Path) -> None:
    kit = make_mission(tmp_path / "first")
    publish_form(kit)
    one, other = both_branches(kit)
    drain(kit.mission)
    home = kit.mission.settings.home
    kit.close()
    twin = tmp_path / "twin" / "server"
    shutil.copytree(home, twin)
    there = arrives(home, kit, (one, other))
    here = arrives(twin, kit, (other, one))
    assert there == here
    assert there["counts"]["live_records"] == 3
    assert there["counts"]["conflicts_open"] == len(there["conflicts"]) == 1
