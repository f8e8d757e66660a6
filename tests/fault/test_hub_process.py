"""`cairn hub run` as a real process: tablets at once, kill -9, on again (SYNC-024, SYNC-044)."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_process import REPO, HubProcess
from log_writing import FakeClock
from sync_network import Network, hashes

from sync.hub_notes import NOTE
from sync.stores.sqlite import SqliteLogStore


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path / "hub", tmp_path / "hub.log")
    yield running
    running.kill()


def test_tablets_at_once_and_kills_in_between(hub: HubProcess) -> None:
    network = Network()
    mission = network.mission()
    tablets = [network.device(f"tablet {number}") for number in range(4)]
    for tablet in tablets:
        network.sync(tablet, mission)  # they bring the key ring to a hub that has none
        tablet.peer.know_hub(hub.code)
    for turn in range(2):
        for tablet in tablets:
            tablet.write(40, os.urandom(500))
        threads = [threading.Thread(target=hub.sync, args=(tablet,)) for tablet in tablets]
        for thread in threads:
            thread.start()
        if turn == 0:
            time.sleep(0.05)
            hub.kill()
            hub.process = hub.start()
        for thread in threads:
            thread.join()
    assert all(hub.sync(tablet) for tablet in tablets)
    line = [sys.executable, "-m", "cairn", "hub", "run", str(hub.home)]
    second = subprocess.run(line, cwd=REPO, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "another program is using" in second.stderr, "a home is run once at a time"
    said = json.loads(hub.command("status", str(hub.home), "--json"))
    assert [(row["held"], row["waiting"]) for row in said["devices"]] == [(80, 80)] * 4
    verified = subprocess.run(
        [sys.executable, "-m", "cairn", "log", "verify", str(hub.home / "log.db"), "--json"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(verified.stdout)["good"] is True
    hub.kill()
    store = SqliteLogStore(hub.home / "log.db", FakeClock())
    for tablet in tablets:
        held = [[e.hash for e in tablet.writer.entries]]
        (branch,) = store.branches(tablet.writer.log)
        assert [[e.hash for e in store.entries(branch, 1, 80)]] == held
        assert hashes(tablet, tablet.writer) == held
        assert len(tablet.peer.store.papers(NOTE)) == 1
    store.close()
