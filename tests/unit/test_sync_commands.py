"""`cairn log`, `cairn bundle` and `cairn sync simulate`, as people and scripts call them."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from log_writing import DEPLOYMENT, FakeClock
from soak import moved
from sync_network import ROOT, TRANSPORT, Network
from typer.testing import CliRunner

from shared.errors import UsageError
from shared.sealing.keys import root_fingerprint
from sync.commands.bundle import app as bundle_app
from sync.commands.log import app as log_app
from sync.commands.sync import app as sync_app
from sync.simulation import FAULTS, Simulation
from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore
from sync.transports.bundle import BundleFrom, write_bundle


def call(app: Any, *arguments: object, status: int = 0) -> Any:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A tablet's log after a sync, with a pruned entry."""
    path = tmp_path / "log.db"
    store = SqliteLogStore(path, FakeClock())
    network = Network(make_store=lambda name: store if name == "tablet" else MemoryLogStore())
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(4)
    network.sync(tablet, mission)
    store.prune([(tablet.writer.log, tablet.writer.entries[1].point)])
    store.close()
    return path


def test_show_names_kinds_and_never_content(file: Path) -> None:
    logs = json.loads(call(log_app, "show", file, "--entries", "--json"))["logs"]
    assert [(log["entries"], log["kinds"]) for log in logs] in (
        [(4, {"revision": 4}), (1, {"keys": 1})],
        [(1, {"keys": 1}), (4, {"revision": 4})],
    )
    own = next(log for log in logs if log["entries"] == 4)
    assert [entry["pruned"] for entry in own["list"]] == [True, True, False, False]
    text = call(log_app, "show", file, "--entries")
    assert "4 entries (4 revision)" in text
    assert "payload" not in text


def test_verify_finds_a_good_log_good(file: Path) -> None:
    report = json.loads(call(log_app, "verify", file, "--json"))
    assert report["good"] is True
    assert report["root"] == root_fingerprint(ROOT.public_bytes).hex()
    assert sorted(log["signed_through"] for log in report["logs"]) == [1, 4]
    assert "4 entries: good" in call(log_app, "verify", file)
    call(log_app, "verify", file, "--root", report["root"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE entries SET hash = randomblob(32) WHERE sequence = 3", "does not follow"),
        ("UPDATE entries SET signature = zeroblob(64) WHERE sequence = 4", "does not belong"),
        ("UPDATE entries SET signature = NULL WHERE sequence = 4", "nothing past entry 3"),
        (
            "UPDATE entries SET payloads = (SELECT payloads FROM entries WHERE sequence = 4)"
            " WHERE sequence = 3",
            "payload 1 is not the one",
        ),
        ("DELETE FROM entries WHERE sequence = 2", "does not follow"),
        ("DELETE FROM papers", "no key is known"),
    ],
)
def test_verify_says_what_was_changed(file: Path, change: str, says: str) -> None:
    database = sqlite3.connect(file)
    database.execute(change)
    database.commit()
    database.close()
    assert says in call(log_app, "verify", file, status=1)


def test_another_root_is_not_trusted(file: Path) -> None:
    assert "root other than" in call(log_app, "verify", file, "--root", "00" * 16, status=2)
    assert "hexadecimal" in call(log_app, "verify", file, "--root", "zz", status=2)


def test_what_is_no_log_is_said_to_be_none(tmp_path: Path) -> None:
    assert "there is no file" in call(log_app, "show", tmp_path / "none", status=2)
    path = tmp_path / "other.db"
    path.write_bytes(b"not a database" * 100)
    assert "damaged" in call(log_app, "show", path, status=2)
    other = sqlite3.connect(tmp_path / "empty.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    assert "not a log" in call(log_app, "show", tmp_path / "empty.db", status=2)


def test_bundle_inspect(tmp_path: Path) -> None:
    path = tmp_path / "b.cairnb"
    origin = BundleFrom(DEPLOYMENT, bytes(16), 7)  # type: ignore[arg-type]
    write_bundle(path, origin, [TRANSPORT.public], [lambda: b"one", lambda: b"two"], os.urandom)
    said = json.loads(call(bundle_app, "inspect", path, "--json"))
    assert (said["frames"], said["parts"], said["torn"]) == (2, 1, "")
    assert said["recipients"] == [{"key_id": TRANSPORT.public.key_id.hex(), "suite": 1}]
    path.write_bytes(path.read_bytes()[:-1])
    assert "torn: the bundle is torn" in call(bundle_app, "inspect", path, status=1)
    path.write_bytes(b"x")
    assert "not a bundle file" in call(bundle_app, "inspect", path, status=2)
    assert "there is no file" in call(bundle_app, "inspect", tmp_path / "none", status=2)


def test_simulate_replays_by_seed() -> None:
    options = (
        "simulate",
        "--seed",
        "5",
        "--devices",
        "3",
        "--hubs",
        "1",
        "--records",
        "6",
        "--json",
    )
    one, two = (json.loads(call(sync_app, *options)) for _ in range(2))
    assert one == two
    assert (one["good"], one["lost"], one["doubled"], one["diverged"]) == (True, 0, 0, 0)
    assert "good: True" in call(sync_app, *options[:-1], "--faults", "none")
    assert "faults are" in call(sync_app, *options, "--faults", "meteor", status=2)


@pytest.mark.parametrize("seed", range(16))
def test_networks_with_every_fault_lose_and_double_nothing(seed: int) -> None:
    report = Simulation(
        seed,
        devices=2 + seed % 5,
        hubs=seed % 3,
        records=4 + seed % 7,
        faults=frozenset(FAULTS),
    ).run()
    assert report.good, report


@pytest.mark.soak
@pytest.mark.parametrize("block", range(100))
def test_ten_thousand_networks(block: int) -> None:
    for number in range(1000 + block * 100, 1100 + block * 100):
        seed = moved(number)
        report = Simulation(
            seed,
            devices=2 + seed % 5,
            hubs=seed % 3,
            records=2 + seed % 9,
            faults=frozenset(FAULTS),
        ).run()
        assert report.good, report


def test_an_unknown_fault_is_our_callers_mistake() -> None:
    with pytest.raises(UsageError, match="meteor"):
        Simulation(1, devices=1, hubs=0, records=1, faults=frozenset({"meteor"}))
