"""Workers killed at random moments: nothing lost, nothing doubled, what was erased stays erased."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest
from intake_kit import counts
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from sqlmodel import select
from worker_process import start_worker

from server.commands.console import SystemClock
from server.db import reading
from server.deident.store import AnalyticsStore
from server.jobs.worker import drain
from server.mission import Mission
from server.settings import Intake, StoreUrls, save_settings
from server.tables.keys import RecordKey
from server.tables.records import Record

SIZE = "/data/interview/size"


@pytest.mark.parametrize(
    "kills", [10, pytest.param(50, marks=pytest.mark.soak)], ids=["fast", "soak"]
)
def test_killed_workers_lose_and_double_nothing(
    tmp_path: Path, store_urls: StoreUrls, kills: int
) -> None:
    """P1, INTK-001 to INTK-005, INTK-064: two workers, one or both killed, again and again."""
    rng = random.Random(kills)
    kit = make_mission(tmp_path, store_urls)
    publish_form(kit)
    settings = replace(kit.mission.settings, intake=Intake(batch=5, lease_s=1))
    save_settings(settings)
    sizes, withdrawn = seal(kit, rng, records=8 * kills)
    workers = [start_worker(settings.home) for _ in range(2)]
    for _ in range(kills):
        sleep(rng.uniform(0.05, 0.5))
        for number in rng.sample(range(2), rng.choice((1, 1, 2))):
            workers[number].kill()
            workers[number].join()
            workers[number] = start_worker(settings.home)
    for worker in workers:
        worker.kill()
        worker.join()
    sleep(1.1)
    kit.close()
    check(settings.home, sizes, withdrawn)


def seal(kit: MissionKit, rng: random.Random, records: int) -> tuple[dict[bytes, int], set[bytes]]:
    """Seal interviews, corrections, tallies and withdrawals; return the truth."""
    devices = [SealedDevice(kit, f"tablet {n}") for n in range(2)]
    sizes: dict[bytes, int] = {}
    withdrawn: set[bytes] = set()
    for _ in range(records):
        device = rng.choice(devices)
        size = rng.randint(1, 39)
        interview = device.interview({SIZE: size})
        sizes[interview.record_id] = size
        if rng.random() < 0.2:
            sizes[interview.record_id] = size = rng.randint(1, 39)
            device.revise(interview, {SIZE: size}, (interview.revision,))
        if rng.random() < 0.1:
            device.reseal(interview)
        if rng.random() < 0.1:
            rng.choice(devices).withdraw(interview.code)
            withdrawn.add(interview.record_id)
        if rng.random() < 0.1:
            device.tally()
    return sizes, withdrawn


def check(home: Path, sizes: dict[bytes, int], withdrawn: set[bytes]) -> None:
    """Finish the work and compare with the truth."""
    mission = Mission.open(home, SystemClock())
    mission.unlock(PASSPHRASE)
    drain(mission)
    found = counts(MissionKit(home, mission, None, None))  # type: ignore[arg-type]
    assert found["waiting_entries"] == found["rows_due"] == found["held"] == 0
    assert found["quarantined"] == found["conflicts_open"] == 0
    assert found["live_records"] == found["analytic_rows"] == len(sizes) - len(withdrawn)
    assert found["withdrawn_records"] == len(withdrawn)
    with reading(mission.stores.records) as session:
        assert set(session.exec(select(Record.record_id))) == set(sizes)
    with reading(mission.stores.keys) as session:
        assert set(session.exec(select(RecordKey.record_id))) == set(sizes) - withdrawn
    store = AnalyticsStore(mission.settings.store_url("analytics"), readonly=True)
    root = next(table for table in store.tables() if table.is_root)
    column = next(c.name for c in root.columns if c.name.endswith("size"))
    told = Counter(int(str(size)) for (size,) in store.read(root.name, [column]))
    store.close()
    assert told == Counter(size for record, size in sizes.items() if record not in withdrawn)
    mission.close()
