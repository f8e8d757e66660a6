"""The commands of intake as people and the demo run them: real processes on a real home."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import SealedDevice, publish_form
from typer.testing import CliRunner

from server.commands.server import app
from server.db import writing
from server.settings import StoreUrls
from server.tables.people import User
from shared.errors import UsageError
from shared.sealing.withdrawal import code_text

SIZE = "/data/interview/size"


@pytest.fixture
def store_urls() -> StoreUrls:
    """SQLite alone."""
    return StoreUrls()


def in_a_process(*arguments: str) -> object:
    """Run a command as a person does, with the passphrase in the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "cairn", "server", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CAIRN_PASSPHRASE": PASSPHRASE},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def told(*arguments: str) -> object:
    """Run a command here, since each process takes seconds to start; return its answer."""
    environment = {"CAIRN_PASSPHRASE": PASSPHRASE}
    result = CliRunner().invoke(app, [*arguments, "--json"], env=environment)
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout.splitlines()[-1])


def test_a_day_at_the_mission_server(tmp_path: Path) -> None:
    """Take in, look, settle, replay, withdraw; each by its command."""
    kit = make_mission(tmp_path)
    add_user(kit, "amal", "steward")
    publish_form(kit)
    device, other = SealedDevice(kit, "tablet 1"), SealedDevice(kit, "tablet 2")
    first, second = device.interview(), device.interview()
    device.revise(first, {SIZE: 5}, (first.revision,))
    other.revise(first, {SIZE: 7}, (first.revision,))
    device.interview(version="2")
    home, record = str(kit.mission.settings.home), first.record_id.hex()

    done = in_a_process("work", home, "--once")
    assert isinstance(done, dict)
    assert (done["counts"]["received"], done["counts"]["quarantined"]) == (5, 1)
    acting = ("--as", "amal", "--home", home)
    (aside,) = told("quarantine", "list", *acting)  # type: ignore[misc]
    assert aside["reason"] == "unknown_form"
    publish_form(kit, "2")
    assert told("quarantine", "replay", *acting) == {"tried": 1, "taken_in": 1, "still_aside": 0}
    (open_one,) = told("conflicts", "list", *acting)  # type: ignore[misc]
    assert (open_one["record"], open_one["unit"]) == (record, SIZE)
    reading = ("--purpose", "statistics")
    (shown,) = told("conflicts", "show", record, *acting, *reading)  # type: ignore[misc]
    assert len(shown["candidates"]) == 2
    told("conflicts", "resolve", record, SIZE, *acting, *reading, "--keep", "0", "--why", "asked")
    told("records", "correct", record, *acting, *reading, "--set", f"{SIZE}=8", "--why", "typo")
    reader, writer = os.pipe()
    os.write(writer, code_text(second.code).encode() + b"\n")
    os.close(writer)
    withdrawn = told("records", "withdraw", *acting, "--code-fd", str(reader))
    os.close(reader)
    assert withdrawn == {"reached_records": 1, "waits": False}
    told("work", home, "--once")
    found = told("records", "count", *acting)
    assert isinstance(found, dict)
    assert found["received"] == found["resolved"] == 7
    assert (found["live_records"], found["analytic_rows"], found["withdrawn_records"]) == (2, 2, 1)
    with pytest.raises(UsageError, match="no user 'nobody'"):
        told("quarantine", "list", "--as", "nobody", "--home", home)
    kit.close()


def add_user(kit: MissionKit, name: str, roles: str) -> None:
    """Make a user."""
    with writing(kit.mission.stores.records) as session:
        session.add(User(name=name, roles=roles, password_hash="-", created_at=kit.clock.now()))
