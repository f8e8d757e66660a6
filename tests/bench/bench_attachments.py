"""Attachments: MB/s of sealing, of upload over loopback HTTPS, of keeping and opening; peak memory.

One file of 50 MB from the bytes on a tablet to the bytes at the mission server: sealed in chunks,
sent by the real client code to the real server process, each chunk durable before its answer, then
opened, wrapped under the record's key and read back. What a cut costs is counted at a proxy.
Limits: at most one chunk again a cut, memory that does not grow with the file.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from bad_line import Mischief, bad_line
from filing_device import FilingDevice, SealedFile
from mission import make_mission
from sealed_device import WITH_FILES, publish_form
from server_process import REPO, running, sender
from sqlmodel import select

from server.db import reading
from server.intake.held import master_key
from server.intake.kept_files import kept_file
from server.intake.pipeline import Intake
from server.queries import recordkeys
from server.setup import tls_pin
from server.tables.attachments import Attachment
from shared.errors import CairnError
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import open_chunks, seal_chunks
from sync.core.messages import CHUNK_DATA_MAX
from sync.driver import sync_once
from sync.peer import Peer
from sync.transports.https import HttpTransport

MEGABYTES = 50
SIZE = MEGABYTES * 1_000_000
KEY = bytes(range(32))
CUTS = 4
MEMORY_LIMIT_MB = 48
"""Beyond the program itself; held to by tests/fault/test_attachment_memory.py."""


def rate(work: Callable[[], Iterable[bytes]], size: int = SIZE) -> float:
    """Return MB/s of the quickest of three runs."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        for _ in work():
            pass
        best = min(best, time.perf_counter() - began)
    return size / best / 1e6


def peak_mb(work: Callable[[], Iterable[bytes]]) -> float:
    """Return the most memory that Python objects took, in MB."""
    tracemalloc.start()
    for _ in work():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def stored(peer: Peer, device: FilingDevice, file: SealedFile) -> None:
    """Lay the chunks in the tablet's store."""
    with peer.store.transaction():
        peer.store.expect_payload(device.tip.log.author, file.hash, sum(map(len, file.ciphertext)))
        for chunk in file.chunks:
            assert peer.store.take_chunk(chunk)


def upload(folder: Path) -> dict[str, float]:
    """Send, cut, keep and read back one file."""
    kit = make_mission(folder)
    publish_form(kit, WITH_FILES)
    device = FilingDevice(kit, "tablet 1")
    device.hold()
    content = random.Random(1).randbytes(SIZE)
    file = device.file(content, "bin", send=False)
    made = device.photographed(file)
    pin = tls_pin(kit.mission.settings)
    peer = sender(kit, device)
    stored(peer, device, file)
    with running(kit.mission.settings.home) as server, bad_line(_port(server.url)) as line:
        began = time.perf_counter()
        for number in range(CUTS + 1):
            budget = SIZE // (CUTS + 1) if number < CUTS else None
            line.next_mischief = lambda budget=budget: Mischief(cut_after=budget)  # type: ignore[misc]
            url = f"https://127.0.0.1:{line.port}"
            try:
                with HttpTransport(url, peer.me.author, peer.me.key, tls_pin=pin) as transport:
                    sync_once(peer, transport)
            except CairnError:
                continue
        sent_s = time.perf_counter() - began
        again = line.upward_bytes - sum(map(len, file.ciphertext))
    intake = Intake(kit.mission)
    began = time.perf_counter()
    intake.drain()
    kept_s = time.perf_counter() - began
    intake.close()
    with reading(kit.mission.stores.records) as session:
        (row,) = session.exec(select(Attachment))
        session.expunge_all()
    with reading(kit.mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, [made.record_id], master_key(kit.mission))
    key = keys[made.record_id]
    began = time.perf_counter()
    assert sum(map(len, kept_file(kit.mission, row, key))) == SIZE
    read_s = time.perf_counter() - began
    read_peak = peak_mb(lambda: kept_file(kit.mission, row, key))
    kit.close()
    return {
        "upload_mb_per_s": SIZE / sent_s / 1e6,
        "sent_again_bytes_per_cut": again / CUTS,
        "keep_mb_per_s": SIZE / kept_s / 1e6,
        "read_mb_per_s": SIZE / read_s / 1e6,
        "read_peak_mb": read_peak,
    }


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def tablet(folder: Path, megabytes: int) -> dict[str, float]:
    """Return how a tablet keeps and seals a file, in a process of its own."""
    support = REPO / "tests" / "support"
    line = [sys.executable, str(support / "large_file.py"), str(folder), str(megabytes), "512"]
    paths = f"{REPO}{os.pathsep}{support}"
    done = subprocess.run(
        line,
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print."""
    blocks = [bytes(CHUNK_BYTES)] * (SIZE // CHUNK_BYTES)
    whole = len(blocks) * CHUNK_BYTES
    sealed = list(seal_chunks(KEY, blocks))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "small").mkdir()
        (folder / "large").mkdir()
        small, large = tablet(folder / "small", 10), tablet(folder / "large", 100)
        figures = {
            "seal_mb_per_s": rate(lambda: seal_chunks(KEY, blocks), whole),
            "open_mb_per_s": rate(lambda: open_chunks(KEY, sealed), whole),
            "seal_peak_mb": peak_mb(lambda: seal_chunks(KEY, blocks)),
            "open_peak_mb": peak_mb(lambda: open_chunks(KEY, sealed)),
            "tablet_keep_mb_per_s": 104.9 / large["keep_s"],
            "tablet_finalize_mb_per_s": 104.9 / large["finalize_s"],
            "tablet_peak_growth_mb_10_to_100": large["peak_mb"] - small["peak_mb"],
            **upload(folder),
        }
    figures["ratio_sent_again_to_chunk"] = figures["sent_again_bytes_per_cut"] / CHUNK_DATA_MAX
    figures["limit_sent_again_to_chunk"] = 1.0 + 0.3  # handshakes, greetings and headers beside it
    figures["ratio_tablet_growth_to_limit"] = (
        figures["tablet_peak_growth_mb_10_to_100"] / MEMORY_LIMIT_MB
    )
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
