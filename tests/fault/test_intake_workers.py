"""Workers beside a server: as a thread, and as processes that are started again when they die."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
from mission import PASSPHRASE, make_mission
from sealed_device import SealedDevice, publish_form

from server.commands.console import SystemClock
from server.jobs.worker import WorkerProcesses, WorkerThread
from server.mission import Mission
from server.queries.counts import intake_counts

PATIENCE_S = 90


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until it happened, or fail."""
    end = monotonic() + PATIENCE_S
    while not happened():
        assert monotonic() < end, "it did not happen"
        sleep(0.05)


def test_a_thread_takes_in_what_comes(tmp_path: Path) -> None:
    """INTK-003."""
    kit = make_mission(tmp_path)
    publish_form(kit)
    device = SealedDevice(kit, "tablet 1")

    def open_mission() -> Mission:
        mission = Mission.open(kit.mission.settings.home, SystemClock())
        mission.unlock(PASSPHRASE)
        return mission

    worker = WorkerThread(open_mission)
    worker.start()
    device.interview()
    wait_for(lambda: intake_counts(kit.mission)["analytic_rows"] == 1)
    device.interview()
    wait_for(lambda: intake_counts(kit.mission)["analytic_rows"] == 2)
    worker.stop()
    kit.close()


def test_a_process_that_dies_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """INTK-001, INTK-003."""
    kit = make_mission(tmp_path)
    publish_form(kit)
    device = SealedDevice(kit, "tablet 1")
    workers = WorkerProcesses(kit.mission.settings.home, PASSPHRASE, 1)
    workers.start()
    (first,) = workers.ids
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: workers.tend() == 1)
    assert workers.ids != [first]
    assert "ended with -9" in caplog.text
    device.interview()
    wait_for(lambda: intake_counts(kit.mission)["analytic_rows"] == 1)
    workers.stop()
    assert workers.ids == []
    kit.close()
