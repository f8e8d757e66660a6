"""Intake on this machine: small sealed records received durably, and fully processed.

Run: `python tests/bench/bench_intake.py`. Received: into the inbox in runs of 100, each its own
durable transaction. Processed: opened, validated, merged, re-wrapped, de-identified and durable in
all four stores, by one worker and by two side by side. Prints JSON. CAIRN_BENCH_RECORDS sets the
number of records.
"""

import json
import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from mission import MissionKit, make_mission  # noqa: E402
from sealed_device import ANSWERS, SealedDevice, publish_form  # noqa: E402
from worker_process import start_worker  # noqa: E402

from server.commands.console import SystemClock  # noqa: E402
from server.db import reading  # noqa: E402
from server.intake.pipeline import Intake  # noqa: E402
from server.intake.shelf import shelf_peer  # noqa: E402
from server.queries import records  # noqa: E402
from server.queries.counts import intake_counts  # noqa: E402
from server.settings import Intake as IntakeSettings  # noqa: E402
from server.settings import save_settings  # noqa: E402
from sync.core.messages import Papers  # noqa: E402

RECORDS = int(os.environ.get("CAIRN_BENCH_RECORDS", "1000"))
A_RUN = 100
GOAL_PER_S = 3000
ODK_RECEIVED_PER_S, ODK_PROCESSED_PER_S = 310, 143
"""ODK Central on such a machine, a small database (issue 3)."""


def sealed_batches(kit: MissionKit, rng: random.Random) -> list[bytes]:
    """Seal the records of one tablet and return them as batches of signed runs."""
    device = SealedDevice(kit, f"tablet {rng.random()}")
    batches: list[bytes] = []
    device.hold()
    for number in range(RECORDS):
        device.interview({**ANSWERS, "/data/interview/size": rng.randint(1, 39)})
        if (number + 1) % A_RUN == 0 or number + 1 == RECORDS:
            batches.append(device.batch())
            device.hold()
    return batches


def receive(kit: MissionKit, batches: list[bytes]) -> float:
    """Take the batches into the inbox and return the seconds."""
    peer = shelf_peer(kit.mission)
    began = time.perf_counter()
    for batch in batches:
        peer.take(batch, Papers())
    return time.perf_counter() - began


def one_worker(folder: Path) -> tuple[float, float, float]:
    """Return records received and processed a second by one process, and its CPU s a record."""
    kit = make_mission(folder)
    publish_form(kit)
    received = receive(kit, sealed_batches(kit, random.Random(1)))
    intake = Intake(kit.mission)
    began, cpu = time.perf_counter(), time.process_time()
    intake.drain()
    processed, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert intake_counts(kit.mission)["analytic_rows"] == RECORDS
    intake.close()
    kit.close()
    return RECORDS / received, RECORDS / processed, cpu / RECORDS


def finished(kit: MissionKit) -> int:
    """Return how many records have their rows, without taking a lock."""
    with reading(kit.mission.stores.records) as session:
        return sum(records.count_by_state(session).values()) - records.count_due(session)


def two_workers(folder: Path) -> float:
    """Return records processed a second by two processes."""
    kit = make_mission(folder)
    publish_form(kit)
    save_settings(replace(kit.mission.settings, intake=IntakeSettings(batch=100)))
    receive(kit, sealed_batches(kit, random.Random(2)))
    kit.mission.clock = SystemClock()
    workers = [start_worker(kit.mission.settings.home) for _ in range(2)]
    while (start := finished(kit)) == 0:
        time.sleep(0.01)
    began = time.perf_counter()
    while finished(kit) < RECORDS:
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.kill()
        worker.join()
    kit.close()
    return float((RECORDS - start) / seconds)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        received, processed, cpu = one_worker(Path(folder) / "one")
        beside = two_workers(Path(folder) / "two")
    best = max(processed, beside)
    print(
        json.dumps(
            {
                "records": RECORDS,
                "received_durably_per_s": round(received),
                "processed_one_worker_per_s": round(processed),
                "processed_cpu_ms_a_record": round(cpu * 1000, 2),
                "processed_two_workers_per_s": round(beside),
                "received_to_odk_central": round(received / ODK_RECEIVED_PER_S, 2),
                "processed_to_odk_central": round(best / ODK_PROCESSED_PER_S, 2),
                "processed_to_goal": round(best / GOAL_PER_S, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
