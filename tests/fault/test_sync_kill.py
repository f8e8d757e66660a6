"""SYNC-024, SEAL-030, SEAL-041, SEAL-044: kill -9 of real processes at random moments.

Processes are forked, so that fifty kills take seconds. A device process writes through the sealing
room's own log writer and syncs over TLS; it tells the test what it tries and what it has committed.
The mission process answers over a SQLite store; in the chain a hub process forwards between them,
over lines that cut each connection. Afterwards everything committed must be there once.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked import forked, heard, kill, kill_after
from kill_peers import Device, Hub, Mission, cutting_line, exchange, log_hashes
from log_writing import FakeClock, Writer, signing_key
from soak import moved

from sync.core.have import LogName
from sync.core.plan import OutcomeCode, take_run
from sync.stores.sqlite import SqliteLogStore

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
    # Python 3.12 warns of any fork beside threads; the children touch none of the parent's.
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]
SETTLE_S = 60


@pytest.fixture
def mission(tmp_path: Path) -> Iterator[Mission]:
    running = Mission(tmp_path)
    running.start()
    yield running
    running.kill()


def kill_and_check(mission: Mission, path: Path, seed: int, moments: int) -> None:
    chance = random.Random(seed)
    device = Device((mission.port, mission.pin), path)
    said: list[dict[str, str]] = []
    for moment in range(moments):
        child, read = forked(device.work)
        if moment % 5 == 4:
            time.sleep(chance.uniform(0.0, 0.15))
            mission.restart()
        kill_after(child, chance.uniform(0.0, 0.25))
        said += heard(read)
    assert exchange(device.peer(), device.to)
    mission.kill()
    check(device, mission, said, moments)


def check(device: Device, mission: Mission, said: list[dict[str, str]], moments: int) -> None:
    """What was committed is received, once and in order, and no key and nonce was used twice."""
    assert [line for line in said if "error" in line] == []
    committed = [line["committed"] for line in said if "committed" in line]
    salts = [line["salt"] for line in said if "salt" in line]
    received = log_hashes(mission.store, device.log)
    assert received == device.made(), "the mission holds the device's log, once and in order"
    assert set(committed) <= set(received), "what was committed is received"
    assert len(salts) == len(set(salts)), "no attempt repeated a key and nonce"
    assert len(committed) > moments


def chain_and_check(mission: Mission, folder: Path, seed: int, moments: int) -> None:
    """Tablet, hub and mission, each killed now and then; every connection is cut somewhere."""
    chance = random.Random(seed)
    cuts = random.Random(seed + 1)
    up, up_port = cutting_line(mission.port, lambda: cuts.randint(2_000, 120_000))
    hub = Hub(folder, (up_port, mission.pin))
    hub.start()
    down, down_port = cutting_line(hub.port, lambda: cuts.randint(2_000, 120_000))
    device = Device((down_port, hub.pin), folder / "tablet.db")
    said: list[dict[str, str]] = []
    try:
        for _ in range(moments):
            child, read = forked(device.work)
            time.sleep(chance.uniform(0.0, 0.15))
            victim = chance.choice([hub, mission, None, None])
            if victim is not None:
                victim.restart()
            kill_after(child, chance.uniform(0.0, 0.15))
            said += heard(read)
        settle(device, hub, mission)
        assert log_hashes(hub.store, device.log) == device.made(), "the hub holds it too, once"
        check(device, mission, said, moments)
    finally:
        for one in (hub.child, up, down):
            kill(one)


def settle(device: Device, hub: Hub, mission: Mission) -> None:
    """Let everybody meet until the mission has it all, then end both, to look at their stores."""
    peer = device.peer()
    end = time.monotonic() + SETTLE_S
    while not exchange(peer, (hub.port, hub.pin)):
        assert time.monotonic() < end, "the hub does not take it"
    want = device.made()
    while log_hashes(mission.store, device.log, live=True) != want:
        assert time.monotonic() < end, "the hub does not forward it"
        time.sleep(0.1)
    hub.kill()
    mission.kill()


def test_fifty_kills_lose_and_double_nothing(mission: Mission, tmp_path: Path) -> None:
    kill_and_check(mission, tmp_path / "tablet.db", 1, 50)


def test_a_chain_of_three_killed_and_cut_loses_and_doubles_nothing(
    mission: Mission, tmp_path: Path
) -> None:
    chain_and_check(mission, tmp_path, 1, 20)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_kills_lose_and_double_nothing(
    mission: Mission, tmp_path: Path, seed: int
) -> None:
    kill_and_check(mission, tmp_path / "tablet.db", moved(100 + seed), 50)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_kills_and_cuts_of_the_chain_lose_and_double_nothing(
    mission: Mission, tmp_path: Path, seed: int
) -> None:
    chain_and_check(mission, tmp_path, moved(100 + seed), 50)


def test_two_processes_on_one_devices_batches_make_no_fork(tmp_path: Path) -> None:
    writer = Writer(signing_key("tablet")).grow(60)
    path = tmp_path / "shared.db"
    SqliteLogStore(path, FakeClock()).close()

    def take_all(seed: int) -> Callable[[int], None]:
        def take(_write: int) -> None:
            chance = random.Random(seed)
            store = SqliteLogStore(path, FakeClock())
            reached = 0
            while reached < len(writer.entries):
                first = chance.randint(1, reached + 1)
                run = writer.run(first, min(len(writer.entries), first + chance.randrange(8)))
                outcome = take_run(store, run, writer.key.public_bytes).outcome
                assert outcome.code in (OutcomeCode.STORED, OutcomeCode.DUPLICATE)
                reached = store.have().sequence(writer.log)

        return take

    children = [forked(take_all(seed)) for seed in range(3)]
    for child, read in children:
        assert heard(read) == []
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store = SqliteLogStore(path, FakeClock())
    (branch,) = store.branches(LogName(*writer.log))
    held = [entry.hash for entry in store.entries(branch, 1, branch.head.sequence)]
    assert held == [entry.hash for entry in writer.entries]
    store.close()
