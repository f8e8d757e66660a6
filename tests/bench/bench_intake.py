"""Intake on this machine: small sealed records received durably, and fully processed.

Run: `python tests/bench/bench_intake.py`. Received: into the inbox in runs of 100, each its own
durable transaction. Processed: opened, validated, merged, re-wrapped, de-identified and durable in
all four stores. The whole way: received by one process while two workers process, timed until the
last analytic row is in, on SQLite and on PostgreSQL (with fsync). Prints JSON. CAIRN_BENCH_RECORDS
sets the number of records.
"""

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "tests" / "bench")]

import postgres  # noqa: E402
from machine import speed_to_reference  # noqa: E402
from mission import MissionKit, make_mission  # noqa: E402
from sealed_device import ANSWERS, SealedDevice, publish_form  # noqa: E402
from worker_process import start_worker  # noqa: E402

from server.commands.console import SystemClock  # noqa: E402
from server.db import reading  # noqa: E402
from server.intake.pipeline import Intake  # noqa: E402
from server.intake.shelf import shelf_peer  # noqa: E402
from server.postgres import prepare_postgres  # noqa: E402
from server.queries import records  # noqa: E402
from server.queries.counts import intake_counts  # noqa: E402
from server.settings import StoreUrls  # noqa: E402
from sync.core.messages import Papers  # noqa: E402

RECORDS = int(os.environ.get("CAIRN_BENCH_RECORDS", "3000"))
A_RUN = 100
WORKERS = 2
POLL_S = 0.1
"""Looking costs the processors that are measured."""
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


def whole_way(folder: Path, stores: StoreUrls | None = None) -> float:
    """Return records a second received and processed by one receiver and two workers."""
    kit = make_mission(folder, stores)
    publish_form(kit)
    batches = sealed_batches(kit, random.Random(2))
    kit.mission.clock = SystemClock()
    workers = [start_worker(kit.mission.settings.home) for _ in range(WORKERS)]
    # The first batch finds the workers starting: they are timed once they have read the form.
    receive(kit, batches[:1])
    wait_for(kit, A_RUN)
    began = time.perf_counter()
    receive(kit, batches[1:])
    wait_for(kit, RECORDS)
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.kill()
        worker.join()
    assert intake_counts(kit.mission)["analytic_rows"] == RECORDS
    kit.close()
    return (RECORDS - A_RUN) / seconds


def wait_for(kit: MissionKit, count: int) -> None:
    """Wait until so many records have their rows."""
    while finished(kit) < count:
        time.sleep(POLL_S)


def finished(kit: MissionKit) -> int:
    """Return how many records have their rows, without taking a lock."""
    with reading(kit.mission.stores.records) as session:
        return sum(records.count_by_state(session).values()) - records.count_due(session)


def on_postgres(folder: Path) -> float | None:
    """Return the whole way's rate on PostgreSQL, None where there is none here."""
    if postgres.missing():
        return None
    with postgres.run_cluster(fsync=True) as cluster:
        urls, _ = prepare_postgres(cluster.new_database())
        return whole_way(folder, urls)


def main() -> None:
    """Measure and print."""
    speeds = [speed_to_reference()]
    with tempfile.TemporaryDirectory() as folder:
        received, processed, cpu = one_worker(Path(folder) / "one")
        speeds.append(speed_to_reference())
        lite = whole_way(Path(folder) / "lite")
        speeds.append(speed_to_reference())
        served = on_postgres(Path(folder) / "postgres")
    # The quickest moment: what is told of the reference machine must not flatter.
    speed = max(*speeds, speed_to_reference())
    found = {"sqlite": lite, "postgresql": served}
    print(
        json.dumps(
            {
                "records": RECORDS,
                "machine_speed_to_reference": round(speed, 2),
                "received_durably_per_s": round(received),
                "processed_one_worker_per_s": round(processed),
                "processed_cpu_ms_a_record": round(cpu * 1000, 2),
                "received_to_odk_central": round(received / ODK_RECEIVED_PER_S, 2),
                **{
                    f"whole_way_{name}_{what}": round(figure, 3)
                    for name, rate in found.items()
                    if rate is not None
                    for what, figure in (
                        ("per_s", rate),
                        ("to_odk_central", rate / ODK_PROCESSED_PER_S),
                        ("to_goal", rate / GOAL_PER_S),
                        ("to_goal_at_reference_speed", rate / speed / GOAL_PER_S),
                    )
                },
            }
        )
    )


if __name__ == "__main__":
    main()
