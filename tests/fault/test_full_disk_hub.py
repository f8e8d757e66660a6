"""A hub whose disk is really full: tablets are told, no note is given for what is not kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_process import REPO, HubProcess
from log_writing import FakeClock
from small_disk import PAGE_BYTES, SmallDisk, small_disk
from sync_network import Network, Node

from shared.errors import TransportError
from sync.hub_notes import NOTE
from sync.stores.sqlite import SqliteLogStore

DISK_BYTES = 16 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as mounted:
        yield mounted


def tablets_of(hub: HubProcess, count: int) -> list[Node]:
    network = Network()
    mission = network.mission()
    tablets = [network.device(f"tablet {number}") for number in range(count)]
    for tablet in tablets:
        network.sync(tablet, mission)  # they bring the key ring to a hub that has none
        tablet.peer.know_hub(hub.code)
    return tablets


def test_a_full_hub_says_so_and_takes_everything_once_there_is_space(disk: SmallDisk) -> None:
    """SYNC-024, SYNC-031, SYNC-044: nothing torn, no note too much, and the tablets go on."""
    hub = HubProcess(disk.root / "hub", disk.root.with_name("hub.log"))
    try:
        tablets = tablets_of(hub, 2)
        assert all(hub.sync(tablet) for tablet in tablets)
        told: list[str] = []
        for pages in (0, 1, 2, 5, 10, 20, 40, 80, 160):
            for tablet in tablets:
                tablet.write(6, os.urandom(20_000))
            disk.fill(pages * PAGE_BYTES)
            for tablet in tablets:
                try:
                    hub.exchange(tablet.peer)
                except TransportError as error:
                    told.append(error.message)
            check_notes(hub, tablets)
            disk.empty()
            assert all(hub.sync(tablet) for tablet in tablets), "work goes on with space"
        assert len(told) >= 6
        assert set(told) == {"the other side's disk is full; its keeper must free some space"}
        check_notes(hub, tablets)
        assert hub.process.poll() is None, "the hub ran through all of it"
        assert "the disk is full: free some space" in hub.log.read_text(), "its keeper is told"
    finally:
        hub.kill()
    words = [sys.executable, "-m", "cairn", "log", "verify", str(hub.home / "log.db"), "--json"]
    said = subprocess.run(words, cwd=REPO, capture_output=True, text=True, check=False)
    report = json.loads(said.stdout)
    assert report["good"] is True
    held = {log["author"]: log["entries"] for log in report["logs"]}
    for tablet in tablets:
        assert held[tablet.writer.author.hex()] == len(tablet.writer.entries)


def check_notes(hub: HubProcess, tablets: list[Node]) -> None:
    """What a hub signed for stands in its store, read beside it."""
    store = SqliteLogStore(hub.home / "log.db", FakeClock(), read_only=True)
    for tablet in tablets:
        for note in tablet.peer.opened_notes():
            for reach in note.have:
                branches = store.branches(tablet.writer.log)
                assert any(b.head.sequence >= reach.sequence for b in branches)
        assert len(tablet.peer.store.papers(NOTE)) <= 1
    store.close()
