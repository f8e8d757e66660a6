"""A mission server whose disk is really full: receiving, taking in, backing up.

SYNC-024, SYNC-031, INTK-001 to INTK-005, GOV-053: each says what is the matter and what to do,
nothing is torn, and work goes on by itself when there is space.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from intake_kit import counts
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from server_process import REPO, exchange, held_entries, running, sender
from small_disk import PAGE_BYTES, SmallDisk, small_disk, told_in

from server.db import reading
from server.intake.pipeline import Intake
from server.jobs.backup import back_up
from server.jobs.restore import check_backup
from server.queries import logs
from server.setup import tls_pin
from shared.errors import TransportError
from sync.peer import Peer

DISK_BYTES = 48 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as mounted:
        yield mounted


def test_a_full_server_says_so_and_receipts_nothing_it_has_not(disk: SmallDisk) -> None:
    """The real process: tablets hand over again and again while its disk fills and empties."""
    kit = make_mission(disk.root)
    publish_form(kit)
    pin = tls_pin(kit.mission.settings)
    assert pin is not None
    tablet = SealedDevice(kit, "tablet 1")
    tablet.hold()
    told: list[str] = []
    with running(kit.mission.settings.home) as server:
        for pages in (0, 2, 8, 24, 64):
            for _ in range(100):
                tablet.interview()
            peer = sender(kit, tablet)
            disk.fill(pages * PAGE_BYTES)
            try:
                exchange(peer, server, pin)
            except TransportError as error:
                told.append(error.message)
            disk.empty()
            check_receipts(kit, tablet, peer)
            exchange(peer, server, pin)
            assert tablet.held is not None
            assert held_entries(kit, tablet) == [one.hash for one in tablet.held]
    assert len(told) >= 2
    assert set(told) == {"the other side's disk is full; its keeper must free some space"}
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    found = counts(kit)
    assert (found["received"], found["resolved"], found["analytic_rows"]) == (500, 500, 500)
    kit.close()


def check_receipts(kit: MissionKit, tablet: SealedDevice, peer: Peer) -> None:
    """What the server receipted it holds; what it holds is a whole beginning of the log."""
    held = held_entries(kit, tablet)
    assert tablet.held is not None
    assert held == [one.hash for one in tablet.held][: len(held)]
    for _, paper in peer.receipts():
        receipt = peer.open_receipt(paper)
        assert receipt is not None
        for reach in receipt.have:
            assert held[reach.sequence - 1] == reach.hash, "receipted and not there"


def test_intake_on_a_full_disk_says_so_and_takes_in_all_of_it_once(disk: SmallDisk) -> None:
    """INTK-001 to INTK-005: each step is tried full, and again with space."""
    kit = make_mission(disk.root)
    publish_form(kit)
    tablet = SealedDevice(kit, "tablet 1")
    settings = kit.mission.settings
    told: list[str] = []
    made = []
    for pages in (*range(12), 16, 24, 32, 48, 64, 96, 128):
        made.append(tablet.interview())
        for _ in range(6):
            tablet.interview()
        if pages in (5, 32):
            tablet.withdraw(made[-1].code)
        kit.close()  # the write-ahead logs start empty again
        disk.fill(pages * PAGE_BYTES)
        with told_in(told):
            step_by_step(kit)
        disk.empty()
        kit.close()
        kit.clock.advance(seconds=settings.intake.lease_s + 1)
    step_by_step(kit)
    assert len(told) >= 8
    assert all("free some space" in message for message in told), set(told)
    found = counts(kit)
    sealed = 7 * 19
    assert (found["received"], found["resolved"]) == (sealed, sealed)
    assert (found["live_records"], found["withdrawn_records"]) == (sealed - 2, 2)
    assert found["analytic_rows"] == sealed - 2
    assert found["waiting_entries"] == found["rows_due"] == found["quarantined"] == 0
    kit.close()


def step_by_step(kit: MissionKit) -> None:
    intake = Intake(kit.mission)
    try:
        intake.drain()
    finally:
        intake.close()


def test_the_work_command_says_what_to_do(disk: SmallDisk) -> None:
    """As a person calls it: one sentence with its code, no traceback."""
    kit = make_mission(disk.root)
    publish_form(kit)
    tablet = SealedDevice(kit, "tablet 1")
    for _ in range(5):
        tablet.interview()
    kit.close()
    disk.fill()
    done = cairn("server", "work", str(kit.mission.settings.home), "--once")
    assert done.returncode == 1
    assert "STORE-002" in done.stderr
    assert "free some space" in done.stderr
    assert "Traceback" not in done.stderr
    disk.empty()
    assert cairn("server", "work", str(kit.mission.settings.home), "--once").returncode == 0
    assert counts(kit)["resolved"] == 5
    kit.close()


def test_a_backup_onto_a_full_disk_leaves_nothing_and_tells_devices_nothing(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """GOV-053, SYNC-041: no device may prune for a backup that is not there."""
    (tmp_path / "mission").mkdir()
    kit = make_mission(tmp_path / "mission")
    publish_form(kit)
    tablet = SealedDevice(kit, "tablet 1")
    for _ in range(30):
        tablet.interview()
    told: list[str] = []
    for number, pages in enumerate((0, 1, 4, 20, 60, 100)):
        disk.fill(pages * PAGE_BYTES)
        with told_in(told):
            back_up(kit.mission, disk.root / f"backup-{number}")
        disk.empty()
        assert list(disk.root.iterdir()) == []
        with reading(kit.mission.stores.inbox) as session:
            assert all(b.backed_up_sequence == 0 for b in logs.all_branches(session))
    assert len(told) == 6
    assert all("free some space" in message for message in told), set(told)
    done = back_up(kit.mission, disk.root / "backup")
    assert check_backup(done.folder)["format"]
    kit.close()


def cairn(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cairn", *words],
        cwd=REPO,
        env={**os.environ, "CAIRN_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        check=False,
    )
