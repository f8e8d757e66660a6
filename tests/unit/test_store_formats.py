"""Stores of earlier versions are brought up whole; newer ones are left alone. SYNC-141."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from client_project import TestProject, finalized_household, start_household
from log_writing import FakeClock
from old_home import (
    HOMES,
    digests,
    finish_draft,
    format_of,
    head_names,
    make_first_log,
    set_format,
    stored,
    unpacked,
)
from sync_network import Network

from mobile_client.vault.database import VAULT_FORMAT, VaultDatabase
from shared.errors import StoreFull, StoreTooNew
from sync.stores.formats import Step, bring_up
from sync.stores.schema import LOG_FORMAT
from sync.stores.sqlite import SqliteLogStore

KEPT = sorted(HOMES.glob("*.zip"))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_a_home_of_an_earlier_version_goes_on(kept: Path, tmp_path: Path) -> None:
    """SYNC-141: drafts and unsent records of a home that earlier code wrote."""
    project = unpacked(kept, tmp_path)
    home = tmp_path / "home"
    before = stored(home / "log.db")
    client = project.reopened(home)
    counts = client.counts()
    assert (counts.received, counts.on_device) == (1, 2)
    assert head_names(client) == ["Open draft"]
    assert format_of(home / "log.db") == LOG_FORMAT
    assert format_of(home / "vault" / "vault.db") == VAULT_FORMAT
    assert {
        name: rows for name, rows in stored(home / "log.db").items() if name in before
    } == before
    finish_draft(client)
    project.sync(client)
    assert [b.patch["/data/interview/size"] for b in project.bodies()] == [2, 2, 2, 2]
    names = [i.patch["/data/interview/head_name"] for i in project.identities()]
    assert names == ["Sent", "Unsent one", "Unsent two", "Open draft"]
    assert len(project.tallies()) == 1
    assert client.counts().received == 4
    client.close()
    project.store.close()


def test_the_oldest_log_learns_whose_its_detached_payloads_are(tmp_path: Path) -> None:
    """SYNC-141: what an added column holds is worked out from the entries."""
    path = tmp_path / "log.db"
    network = Network(lambda _: SqliteLogStore(path, FakeClock()))
    tablet = network.device("tablet")
    tablet.write(3)
    tablet.writer.add(detached=(b"\x07" * 32, 77))
    tablet.write(2)
    tablet.peer.store.close()  # type: ignore[attr-defined]
    before = stored(path)
    make_first_log(path)
    assert stored(path) != before
    store = SqliteLogStore(path, FakeClock())
    assert store.missing_payloads(5, tablet.writer.author) == [(b"\x07" * 32, 0)]
    (branch,) = store.branches(tablet.writer.log)
    assert [e.hash for e in store.entries(branch, 1, 6)] == [e.hash for e in tablet.writer.entries]
    store.close()
    after = stored(path)
    moved = {name: sorted(map(set, rows), key=str) for name, rows in after.items()}
    assert moved == {name: sorted(map(set, rows), key=str) for name, rows in before.items()}


@pytest.mark.parametrize("newer", ["log.db", "vault/vault.db"])
def test_a_home_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path, newer: str) -> None:
    """SYNC-141: not even the other of the two stores."""
    project = TestProject()
    project.publish()
    client = project.on_disk(tmp_path / "home")
    finalized_household(client)
    start_household(client).close()
    client.close()
    other = {"log.db": "vault/vault.db", "vault/vault.db": "log.db"}[newer]
    set_format(tmp_path / "home" / newer, 99)
    set_format(tmp_path / "home" / other, 0)
    before = digests(tmp_path / "home")
    with pytest.raises(StoreTooNew, match=r"format 99.*nothing was touched"):
        project.reopened(tmp_path / "home")
    assert digests(tmp_path / "home") == before
    set_format(tmp_path / "home" / newer, 1)
    again = project.reopened(tmp_path / "home")
    assert (again.counts().on_device, len(again.drafts())) == (1, 1)
    again.close()


def test_a_newer_log_is_refused_by_every_reader(tmp_path: Path) -> None:
    """SYNC-141: by hubs, and by `cairn log`, which only read."""
    SqliteLogStore(tmp_path / "log.db", FakeClock()).close()
    set_format(tmp_path / "log.db", LOG_FORMAT + 1)
    for read_only in (False, True):
        with pytest.raises(StoreTooNew):
            SqliteLogStore(tmp_path / "log.db", FakeClock(), read_only=read_only)


def test_a_newer_vault_whose_number_is_still_in_its_journal_is_refused(tmp_path: Path) -> None:
    """SYNC-141: a newer program may have been killed before it put the number into the file."""
    path = tmp_path / "vault.db"
    VaultDatabase(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("PRAGMA user_version = 99")
        with pytest.raises(StoreTooNew):
            VaultDatabase(path)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """SYNC-141: what has the format is left alone."""
    VaultDatabase(tmp_path / "vault.db").close()
    SqliteLogStore(tmp_path / "log.db", FakeClock()).close()
    before = digests(tmp_path)
    VaultDatabase(tmp_path / "vault.db").close()
    SqliteLogStore(tmp_path / "log.db", FakeClock()).close()
    assert digests(tmp_path) == before


def _add(table: str) -> Step:
    def step(db: sqlite3.Connection) -> None:
        db.execute(f"CREATE TABLE {table} (x)")

    return step


def _fails_after(step: Step, error: Callable[[], Exception]) -> Step:
    def failing(db: sqlite3.Connection) -> None:
        step(db)
        raise error()

    return failing


def test_steps_are_made_one_by_one_and_each_wholly() -> None:
    """SYNC-141: a step that fails leaves those before it done and itself not."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    failing = _fails_after(_add("three"), lambda: StoreFull("no space"))
    with pytest.raises(StoreFull):
        bring_up(db, [_add("one"), _add("two"), failing], "a file")
    tables = "SELECT name FROM sqlite_master ORDER BY rowid"
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert db.execute(tables).fetchall() == [("one",), ("two",)]
    bring_up(db, [_add("one"), _add("two"), _add("three")], "a file")
    assert db.execute(tables).fetchall() == [("one",), ("two",), ("three",)]
    with pytest.raises(StoreTooNew):
        bring_up(db, [_add("one")], "a file")
    db.close()
