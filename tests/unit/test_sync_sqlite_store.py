"""The SQLite store where it differs from a dictionary: the disk, other processes, reopening."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_store_contract import rebuilt, tablet, take
from log_writing import DEPLOYMENT, FakeClock

from shared.errors import LocalProtocolError, StoreBusy, StoreCorrupt, StoreFull
from shared.sealing.envelope import Compartment
from sync.core.plan import OutcomeCode
from sync.stores.lock import HomeLock
from sync.stores.sqlite import SqliteLogStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteLogStore]:
    opened = SqliteLogStore(tmp_path / "log.db", FakeClock())
    yield opened
    opened.close()


def test_what_was_committed_is_there_after_reopening(tmp_path: Path, store: SqliteLogStore) -> None:
    writer = tablet().grow(130)
    take(store, writer.run(), writer)
    again = SqliteLogStore(tmp_path / "log.db", FakeClock())
    assert rebuilt(again, writer.log) == [[entry.hash for entry in writer.entries]]
    again.close()


def test_every_commit_reaches_the_disk(store: SqliteLogStore) -> None:
    settings = {
        name: store._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "temp_store", "foreign_keys")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "temp_store": 2, "foreign_keys": 1}


def test_a_full_disk_keeps_nothing_of_the_run_and_work_goes_on(store: SqliteLogStore) -> None:
    writer = tablet().grow(3)
    take(store, writer.run(), writer)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(40):
        writer.add(os.urandom(20_000))
    with pytest.raises(StoreFull, match="free some space"):
        take(store, writer.run(4), writer)
    assert store.have().sequence(writer.log) == 3
    store._db.execute("PRAGMA max_page_count = 1000000")
    assert take(store, writer.run(4), writer) is OutcomeCode.STORED
    assert rebuilt(store, writer.log) == [[entry.hash for entry in writer.entries]]


def test_a_store_in_use_by_another_is_busy(tmp_path: Path, store: SqliteLogStore) -> None:
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._db.execute("PRAGMA busy_timeout = 0")
    writer = tablet().grow(1)
    with pytest.raises(StoreBusy):
        take(store, writer.run(), writer)
    other.execute("ROLLBACK")
    other.close()
    assert take(store, writer.run(), writer) is OutcomeCode.STORED


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StoreCorrupt, match="damaged"):
        SqliteLogStore(path, FakeClock())


def test_only_one_process_opens_a_home(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from shared.errors import StoreBusy\n"
        "from sync.stores.lock import HomeLock\n"
        "try:\n    HomeLock(Path(sys.argv[1])).__enter__(); print('taken')\n"
        "except StoreBusy: print('busy')\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]

    def other() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with HomeLock(tmp_path):
        assert other() == "busy"
    assert other() == "taken"


def test_own_entries_follow_each_other_and_are_looked_up(store: SqliteLogStore) -> None:
    writer = tablet().grow(2)
    author = writer.author
    assert store.own_tip(DEPLOYMENT, author, 0).sequence == 0
    assert store.entry(author, 0, 1) is None
    assert store.payload(author, 0, 1, Compartment.BODY) is None
    take(store, writer.run(), writer)
    assert store.own_tip(DEPLOYMENT, author, 0).hash == writer.entries[-1].hash
    assert store.entry(author, 0, 2) == writer.entries[1]
    assert store.payload(author, 0, 1, Compartment.BODY) == b"payload 1"
    assert store.payload(author, 0, 9, Compartment.BODY) is None
    twin = writer.clone()
    writer.add(b"one")
    twin.add(b"two")
    for each in (writer, twin):
        take(store, each.run(), each)
    with pytest.raises(LocalProtocolError, match="new incarnation"):
        store.own_tip(DEPLOYMENT, author, 0)
