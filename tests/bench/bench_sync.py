"""Sync on this machine: a hub of 500 devices greets, a tablet hands over, the log grows.

Run: `python tests/bench/bench_sync.py`. Greeting: bytes of both directions' messages, with nothing
new and with entries of five devices. Hand-over: records over loopback HTTPS to a real mission
server's process, durable when answered. Growth: microseconds an entry of appending, sending and
reading have-vectors in the SQLite log store at each size. CAIRN_BENCH_RECORDS sets the records of
the hand-over (10,000), CAIRN_BENCH_LOG the sizes (10000,100000; the full run adds 1000000). Prints
JSON with the ratio to each limit.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from log_writing import DEPLOYMENT, FakeClock, Writer, signing_key  # noqa: E402
from mission import make_mission  # noqa: E402
from sealed_device import SealedDevice, publish_form  # noqa: E402
from server_process import exchange, held_entries, running, sender  # noqa: E402
from sync_network import Network, Node, certify  # noqa: E402

from server.setup import tls_pin  # noqa: E402
from shared.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX  # noqa: E402
from shared.sealing.envelope import Compartment, Head, Header, Kind, ref_of, sign_head  # noqa: E402
from sync.core.batch import SealedEntry, encode_batch, sealed_entry  # noqa: E402
from sync.core.have import LogName  # noqa: E402
from sync.core.messages import Answer, Message  # noqa: E402
from sync.core.store import Branch  # noqa: E402
from sync.driver import sync_once  # noqa: E402
from sync.stores.sqlite import SqliteLogStore  # noqa: E402
from sync.transports.memory import MemoryTransport  # noqa: E402

RECORDS = int(os.environ.get("CAIRN_BENCH_RECORDS", "10000"))
LOG_SIZES = [int(n) for n in os.environ.get("CAIRN_BENCH_LOG", "10000,100000").split(",")]
DEVICES, FEW = 500, 5
GREETING_BYTES_MAX = 50_000
HAND_OVER_S_MAX = 10.0
A_RUN = 100
PAYLOAD = bytes(range(256)) * 2


class Counted(MemoryTransport):
    """Counts the bytes of messages and answers."""

    size_bytes = 0

    def exchange(self, message: Message) -> Answer:
        """Pass a message on."""
        answer = super().exchange(message)
        self.size_bytes += len(message.encode()) + len(answer.encode())
        return answer


def greet(hub: Node, mission: Node) -> int:
    """Return the bytes of a whole sync."""
    assert mission.responder is not None
    line = Counted(mission.responder, hub.peer.me.author)
    sync_once(hub.peer, line)
    return line.size_bytes


def greeting() -> dict[str, object]:
    """Measure what a hub and a mission server say to each other."""
    network = Network()
    network.backed_up = True
    mission = network.mission()
    hub = network.hub("hub", known_to=(mission,))
    writers = [Writer(signing_key(f"tablet {n}")).grow(1) for n in range(DEVICES)]
    for number, writer in enumerate(writers):
        for node in (mission, hub):
            node.peer.learn(certify(f"tablet {number}"))
        hub.keep_run(writer.run())
    greet(hub, mission)
    network.clock.advance(60)
    same = greet(hub, mission)
    batches = 0
    for writer in writers[:FEW]:
        writer.add()
        batches += len(encode_batch(DEPLOYMENT, [writer.run(2)]))
        hub.keep_run(writer.run(2))
    network.clock.advance(60)
    few = greet(hub, mission) - batches
    return {
        "greeting_500_logs_nothing_new_bytes": same,
        "greeting_500_logs_five_new_bytes_beside_the_entries": few,
        "greeting_to_limit": round(max(same, few) / GREETING_BYTES_MAX, 3),
    }


def hand_over(folder: Path) -> dict[str, object]:
    """Send a tablet's records to a real server over HTTPS and measure the seconds."""
    kit = make_mission(folder)
    publish_form(kit)
    device = SealedDevice(kit, "tablet")
    device.hold()
    for _ in range(RECORDS):
        device.interview()
    store = SqliteLogStore(folder / "tablet.sqlite", FakeClock())
    peer = sender(kit, device, store)
    pin = tls_pin(kit.mission.settings)
    with running(kit.mission.settings.home) as server:
        began, cpu = time.perf_counter(), time.process_time()
        report = exchange(peer, server, pin)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert report.sent >= RECORDS
    assert len(held_entries(kit, device)) == report.sent
    store.close()
    kit.close()
    return {
        "hand_over_records": RECORDS,
        "hand_over_s": round(seconds, 2),
        "hand_over_tablet_cpu_s": round(cpu, 2),
        "hand_over_to_limit": round(seconds / (HAND_OVER_S_MAX * RECORDS / 10_000), 3),
    }


class Growing:
    """One log in a SQLite store, as a long-lived tablet's or a hub's."""

    def __init__(self, path: Path) -> None:
        self.key = signing_key("tablet")
        self.store = SqliteLogStore(path, FakeClock())
        self.writer = Writer(self.key)
        self.log: LogName = self.writer.log
        with self.store.transaction():
            self.branch: Branch = self.store.open_branch(self.log, None, 0)

    def grow(self, entries: int) -> float:
        """Append in runs of A_RUN, each a durable transaction; return the seconds in the store."""
        spent = 0.0
        for _ in range(entries // A_RUN):
            run = self._next_run()
            header = run[-1].header
            head = Head(*header.log, header.sequence, run[-1].hash, 20_000)
            signature = sign_head(self.key, head)
            began = time.perf_counter()
            with self.store.transaction():
                (branch,) = self.store.branches(self.log)
                self.branch = self.store.extend(branch, run, 20_000, signature)
            spent += time.perf_counter() - began
        return spent

    def _next_run(self) -> list[SealedEntry]:
        run: list[SealedEntry] = []
        sequence, previous = self.branch.head
        for _ in range(A_RUN):
            sequence += 1
            salt = sequence.to_bytes(16, "big")
            refs = (ref_of(Compartment.BODY, PAYLOAD),)
            header = Header(DEPLOYMENT, *self.log, sequence, Kind.REVISION, previous, 0, salt, refs)
            run.append(sealed_entry(header, {Compartment.BODY: PAYLOAD}))
            previous = run[-1].hash
        return run

    def send(self, entries: int) -> float:
        """Read the last entries as batches, and encode them; return the seconds."""
        began = time.perf_counter()
        at = self.branch.head.sequence - entries
        while at < self.branch.head.sequence:
            run = self.store.run_after(self.branch, at, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)
            assert run is not None
            encode_batch(DEPLOYMENT, [run])
            at = run.head.sequence
        return time.perf_counter() - began

    def compare(self, times: int) -> float:
        """Read have-vector and branch, look hashes up; return the seconds."""
        began = time.perf_counter()
        for number in range(times):
            self.store.have()
            (branch,) = self.store.branches(self.log)
            self.store.hash_at(branch, 1 + number * branch.head.sequence // times)
        return time.perf_counter() - began


def growth(folder: Path) -> dict[str, object]:
    """Measure each size of the store."""
    log = Growing(folder / "log.sqlite")
    sample = min(LOG_SIZES) // 2
    figures: dict[str, dict[str, float]] = {}
    for size in LOG_SIZES:
        missing = size - log.branch.head.sequence - sample
        log.grow(missing)
        figures[str(size)] = {
            "append_us": round(log.grow(sample) / sample * 1e6, 1),
            "send_us": round(log.send(sample) / sample * 1e6, 1),
            "compare_us": round(log.compare(1000) / 1000 * 1e6, 1),
        }
    log.store.close()
    first, last = figures[str(LOG_SIZES[0])], figures[str(LOG_SIZES[-1])]
    ratios = {f"{name}_last_to_first": round(last[name] / first[name], 2) for name in first}
    return {"log_store_us_an_entry": figures, **ratios}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {**greeting(), **growth(folder), **hand_over(folder)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
