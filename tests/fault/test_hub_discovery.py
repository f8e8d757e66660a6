"""A real hub process on loopback is heard, called, used and withdrawn: SYNC-090 to SYNC-094."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from client_project import DEPLOYMENT, TestProject, finalized_household
from multicast import needs_multicast
from typer import Typer
from typer.testing import CliRunner
from zeroconf import ServiceBrowser, ServiceStateChange, Zeroconf

from mobile_client.commands import app as client_app
from mobile_client.services.client import Client
from mobile_client.services.hub_search import Heard, HubSearch, listen
from server.commands.hub import app as hub_app
from shared.errors import TransportError
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.keys import root_fingerprint
from sync.core.announcement import SERVICE_TYPE, parse_announcement
from sync.core.hub_code import HubCode, parse_hub_code
from sync.transports.https import check_hub

pytestmark = needs_multicast
REPO = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
"""Until a test gives up; each goes on as soon as the hub is heard."""


def told(app: Typer, *words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, "it did not come about"
        time.sleep(0.02)


class RunningHub:
    """`cairn hub run` on loopback, for one project."""

    def __init__(self, home: Path, project: TestProject) -> None:
        self.home, self.log = home, home.parent / "hub.log"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        fingerprint = root_fingerprint(project.root.public_bytes)
        code = EnrolmentCode(
            DEPLOYMENT, ("https://127.0.0.1:9",), fingerprint, bytes(16), 1 << 50, bytes(32), "P"
        ).text()
        listening = ("--listen", f"127.0.0.1:{self.port}", "--label", "Goma")
        made = told(hub_app, "init", str(home), "--code", code, *listening, "--offline")
        self.code: HubCode = parse_hub_code(made["code"])
        self.process = self.start()

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        line = [sys.executable, "-m", "cairn", "hub", "run", str(self.home), *options]
        with self.log.open("wb") as log:
            return subprocess.Popen(line, cwd=REPO, stdout=log, stderr=log)

    def answers(self) -> bool:
        try:
            check_hub(self.code.addresses[0], self.code.tls_pin)
        except TransportError:
            return False
        return True

    def heard(self) -> Heard | None:
        """Listen until it is heard, or patience ends."""
        with closing(listen(PATIENCE_S)) as announcements:
            for heard in announcements:
                if heard and parse_announcement(heard.text).hub == self.code.hub:
                    return heard
        return None

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def project() -> TestProject:
    made = TestProject()
    made.publish()
    return made


@pytest.fixture
def hub(tmp_path: Path, project: TestProject) -> Iterator[RunningHub]:
    running = RunningHub(tmp_path / "hub", project)
    yield running
    running.process.kill()
    running.process.wait()


def test_sync_090_a_hub_that_moved_is_found_takes_the_records_and_is_withdrawn(
    hub: RunningHub, project: TestProject, tmp_path: Path
) -> None:
    client = project.on_disk(tmp_path / "tablet")
    finalized_household(client)
    assert client.project is not None
    peer = client.project.peer
    heard = hub.heard()
    assert heard is not None, hub.log.read_text()
    assert (heard.addresses, heard.port) == (("127.0.0.1",), hub.port)
    (stranger,) = HubSearch(peer, listen=lambda _: (each for each in (heard,))).all().hubs
    assert not stranger.usable, "no trust on first use"
    peer.know_hub(replace(hub.code, addresses=("https://127.0.0.1:9",)))
    client.close()
    home = ("--home", str(tmp_path / "tablet"))
    done = told(client_app, *home, "sync", "--to", "hub", "--wait", "30")
    assert (done["counts"]["handed_over"], done["counts"]["on_device"]) == (1, 0)
    _remembers(project.reopened(tmp_path / "tablet"), hub)
    found = _listed(home, hub)
    assert (found["label"], found["known_by"], found["why_not"]) == ("Goma", "code", "")
    assert found["addresses"] == [f"https://127.0.0.1:{hub.port}"]
    _stops_and_is_withdrawn(hub)
    _is_silent_when_told(hub, home)


def _remembers(client: Client, hub: RunningHub) -> None:
    """SYNC-097: the hub that took the records is offered next time; a search says when."""
    mission, last = client.destinations()
    assert (mission.kind, last.kind, last.label) == ("mission", "hub", "Goma")
    assert parse_hub_code(last.address).hub == hub.code.hub
    assert last.taken_ms is not None
    found = client.look_for_hubs(lambda _: None, lambda: False)
    (row,) = (row for row in found.rows if row.hub == hub.code.hub.hex())
    assert (row.why_not, row.taken_ms) == ("", last.taken_ms)
    client.close()


def _listed(home: tuple[str, ...], hub: RunningHub) -> dict[str, Any]:
    """Return this hub's line of `find-hubs`; a loaded machine may need another look."""
    listed: list[dict[str, Any]] = []

    def seen() -> bool:
        rows = told(client_app, *home, "find-hubs", "--wait", "0.5")["hubs"]
        listed.extend(row for row in rows if row["hub"] == hub.code.hub.hex())
        return bool(listed)

    until(seen)
    return listed[0]


def _stops_and_is_withdrawn(hub: RunningHub) -> None:
    names: list[tuple[str, bool]] = []

    def changed(*, name: str, state_change: Any, **_: Any) -> None:
        names.append((name.partition(".")[0], state_change is ServiceStateChange.Removed))

    me = hub.code.hub.hex()
    line = Zeroconf()
    try:
        ServiceBrowser(line, SERVICE_TYPE, handlers=[changed])
        until(lambda: (me, False) in names)
        assert "announced on the local network at 127.0.0.1" in hub.log.read_text()
        assert hub.stop() == 0
        until(lambda: (me, True) in names)
    finally:
        line.close()


def _is_silent_when_told(hub: RunningHub, home: tuple[str, ...]) -> None:
    hub.process = hub.start("--no-announce")
    until(hub.answers)
    done = told(client_app, *home, "sync", "--to", "hub", "--wait", "1")
    assert done["counts"]["handed_over"] == 1, "found by the address it had before"
    assert hub.stop() == 0
    assert "announced" not in hub.log.read_text()
