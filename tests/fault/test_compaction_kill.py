"""SYNC-102: a peer killed while it compacts a log has all payloads or those in force."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from log_writing import FakeClock, Writer, signing_key

from shared.sealing.envelope import Compartment, Kind
from sync.stores.sqlite import SqliteLogStore

ENTRIES, KILLS = 4000, 4
COMPACT = """
import sys
from pathlib import Path
from log_writing import FakeClock
from sync.stores.sqlite import SqliteLogStore
store = SqliteLogStore(Path(sys.argv[1]), FakeClock())
(log, heads), = store.have().points.items()
print("begun", flush=True)
store.prune([(log, heads[0])], frozenset(range(1, 10_000, 100)))
print("done", flush=True)
"""


def filled(path: Path) -> SqliteLogStore:
    writer = Writer(signing_key("server"), audience="all")
    for number in range(ENTRIES):
        data = b"%d" % number * 300
        writer.add(data, kind=Kind.LIST, compartment=Compartment.OPEN)
    store = SqliteLogStore(path, FakeClock())
    run = writer.run()
    with store.transaction():
        branch = store.open_branch(run.log, None, 0)
        store.extend(branch, run.entries, run.signed_on, run.signature)
    return store


def test_a_kill_leaves_all_payloads_or_those_in_force(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    filled(path).close()
    whole = path.read_bytes()
    root = Path(__file__).resolve().parents[2]
    environment = {"PYTHONPATH": f"{root}:{root / 'tests' / 'support'}", "PATH": "/usr/bin:/bin"}
    chance = random.Random(5)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", COMPACT, str(path)],
            stdout=subprocess.PIPE,
            cwd=root,
            env=environment,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = SqliteLogStore(path, FakeClock())
        ((log, (head,)),) = store.have().points.items()
        (branch,) = store.branches(log)
        held = list(store.entries(branch, 1, ENTRIES))
        assert len(held) == ENTRIES
        assert held[-1].point == head
        assert sum(bool(entry.payloads) for entry in held) in (ENTRIES, ENTRIES // 100)
        store.prune([(log, head)], frozenset(range(1, 10_000, 100)))
        left = [e.header.sequence for e in store.entries(branch, 1, ENTRIES) if e.payloads]
        assert left == list(range(1, ENTRIES, 100))
        store.close()
        for other in tmp_path.glob("log.sqlite-*"):
            other.unlink()
        path.write_bytes(whole)
