"""SYNC-081, P1: 50 MB over a bad line, with real processes killed at both ends.

A cut or a kill costs at most one chunk: the bytes are counted at a proxy before the server.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bad_line import BadLine, Mischief, bad_line
from filing_device import JPEG, FilingDevice, SealedFile
from mission import MissionKit, make_mission
from sealed_device import WITH_FILES, publish_form
from server_process import REPO, ServerProcess, running
from sqlmodel import select

from server.db import reading
from server.intake.held import master_key
from server.intake.kept_files import kept_file
from server.intake.pipeline import Intake
from server.queries import devices, recordkeys
from server.queries.counts import attachment_counts
from server.setup import tls_pin
from server.tables.attachments import Attachment
from server.tables.log import Detached
from shared.limits import CHUNK_BYTES
from sync.core.messages import CHUNK_DATA_MAX
from sync.stores.sqlite import SqliteLogStore

MEGABYTE = 1_000_000
OVERHEAD = 48_000
"""TLS handshake, challenge, greeting and the headers of a try, beside the chunks."""
PER_CHUNK = 2_000
WAIT_S = 120


class Tablet:
    """A tablet's store as a file, and its hand-over as a process."""

    def __init__(self, kit: MissionKit, device: FilingDevice, folder: Path, port: int) -> None:
        self.store_path = folder / "tablet.db"
        self.spec = folder / "spec.json"
        known = kit.mission.project()
        with reading(kit.mission.stores.inbox) as session:
            row = devices.find(session, device.tip.log.author)
            assert row is not None
            certificate = row.certificate.hex(), row.certificate_signature.hex()
        pin = tls_pin(kit.mission.settings)
        assert pin is not None
        content = {
            "store": str(self.store_path),
            "deployment": device.tip.log.deployment.hex(),
            "root": (known.root_fingerprint or b"").hex(),
            "certificate": certificate[0],
            "certificate_signature": certificate[1],
            "key": device.key.to_bytes().hex(),
            "author": device.tip.log.author.hex(),
            "url": f"https://127.0.0.1:{port}",
            "pin": pin.hex(),
        }
        self.spec.write_text(json.dumps(content))

    def keep(self, kit: MissionKit, device: FilingDevice, *files: SealedFile) -> None:
        """Lay in the tablet's own store what was sealed."""
        store = SqliteLogStore(self.store_path, kit.clock)
        assert device.held is not None
        for file in files:
            with store.transaction():
                store.expect_payload(
                    device.tip.log.author, file.hash, sum(map(len, file.ciphertext))
                )
                for chunk in file.chunks:
                    assert store.take_chunk(chunk)
        for appended in device.held:
            store.append_own(appended)
        device.hold()
        store.close()

    def start(self) -> "subprocess.Popen[bytes]":
        support = REPO / "tests" / "support"
        return subprocess.Popen(
            [sys.executable, str(support / "file_sender.py"), str(self.spec)],
            cwd=REPO,
            env={**os.environ, "PYTHONPATH": str(REPO)},
            stderr=subprocess.DEVNULL,
        )


def here(kit: MissionKit) -> int:
    with reading(kit.mission.stores.inbox) as session:
        return sum(session.exec(select(Detached.received)))


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < end, "nothing moves"
        time.sleep(0.02)


def cut_at(line: BadLine, *budgets: int) -> None:
    left = iter(budgets)
    line.next_mischief = lambda: Mischief(cut_after=next(left, None))


def interrupted(
    kit: MissionKit, tablet: Tablet, line: BadLine, server: ServerProcess, megabytes: int
) -> int:
    """Send, with two cuts, a killed server and a killed tablet; return how often it broke."""
    quarter = megabytes * MEGABYTE // 4
    cut_at(line, quarter // 2, quarter // 2)
    for _ in range(2):
        assert tablet.start().wait(WAIT_S) == 3
    cut_at(line)
    sender = tablet.start()
    wait(lambda: here(kit) > 2 * quarter)
    server.kill()
    assert sender.wait(WAIT_S) == 3
    server.start()
    sender = tablet.start()
    wait(lambda: here(kit) > 3 * quarter)
    sender.kill()
    sender.wait(WAIT_S)
    assert 0 < here(kit) < megabytes * MEGABYTE
    assert tablet.start().wait(WAIT_S) == 0
    return 4


@pytest.mark.parametrize(
    "megabytes", [8, pytest.param(50, marks=pytest.mark.soak)], ids=["fast", "soak"]
)
def test_a_cut_or_a_kill_sends_at_most_one_chunk_again(tmp_path: Path, megabytes: int) -> None:
    kit = make_mission(tmp_path)
    publish_form(kit, WITH_FILES)
    device = FilingDevice(kit, "tablet 1")
    device.hold()
    content = random.Random(megabytes).randbytes(megabytes * MEGABYTE)
    small = device.file(JPEG, send=False)
    house = device.file(content, "bin", send=False)
    made = device.photographed(house, thumbnail=small)
    with running(kit.mission.settings.home) as server:  # noqa: SIM117 - the proxy needs its port
        with bad_line(urlsplit(server.url).port or 0) as line:
            tablet = Tablet(kit, device, tmp_path, line.port)
            tablet.keep(kit, device, small, house)
            breaks = interrupted(kit, tablet, line, server, megabytes)
            sealed = sum(map(len, house.ciphertext)) + sum(map(len, small.ciphertext))
            chunks = sealed // CHUNK_BYTES + breaks + 2
            most = sealed + breaks * CHUNK_DATA_MAX + (breaks + 1) * OVERHEAD + chunks * PER_CHUNK
            assert sealed <= line.upward_bytes <= most
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    found = attachment_counts(kit.mission)
    assert (found["received"], found["kept"]) == (2, 2)
    with reading(kit.mission.stores.records) as session:
        (row,) = session.exec(select(Attachment).where(Attachment.payload_hash == house.hash))
        session.expunge_all()
    with reading(kit.mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, [made.record_id], master_key(kit.mission))
    assert b"".join(kept_file(kit.mission, row, keys[made.record_id])) == content
    kit.close()
