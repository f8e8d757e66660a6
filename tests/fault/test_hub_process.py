"""`cairn hub run` as a real process: tablets at once, kill -9, on again (SYNC-024, SYNC-044)."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from log_writing import DEPLOYMENT, FakeClock
from sync_network import ROOT, Network, Node, hashes

from shared.errors import TransportError
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.keys import root_fingerprint
from sync.core.hub_code import HubCode, parse_hub_code
from sync.driver import sync_once
from sync.hub_notes import NOTE
from sync.stores.sqlite import SqliteLogStore
from sync.transports.https import HttpTransport, open_client

REPO = Path(__file__).resolve().parents[2]
READY_S = 60


class HubProcess:
    """A hub made and run by the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        code = EnrolmentCode(
            DEPLOYMENT,
            ("https://127.0.0.1:9",),
            root_fingerprint(ROOT.public_bytes),
            bytes(16),
            1 << 50,
            bytes(32),
            "Project",
        )
        listen = f"127.0.0.1:{port}"
        made = self.command(
            "init", str(home), "--code", code.text(), "--listen", listen, "--offline", "--json"
        )
        shown = json.loads(made)
        self.code: HubCode = parse_hub_code(shown["code"])
        self.process = self.start()

    def command(self, *arguments: str) -> str:
        line = [sys.executable, "-m", "cairn", "hub", *arguments]
        done = subprocess.run(line, cwd=REPO, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> "subprocess.Popen[bytes]":
        line = [sys.executable, "-m", "cairn", "hub", "run", str(self.home)]
        process = subprocess.Popen(
            line, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + READY_S
        with open_client(self.code.addresses[0], tls_pin=self.code.tls_pin) as client:
            while time.monotonic() < until:
                try:
                    assert client.get("/v1/health").json()["role"] == "hub"
                except httpx.TransportError:
                    time.sleep(0.05)
                else:
                    return process
        raise AssertionError("the hub did not start")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def sync(self, node: Node) -> bool:
        me = node.peer.me
        with HttpTransport(
            self.code.addresses[0], me.author, me.key, tls_pin=self.code.tls_pin
        ) as line:
            try:
                return sync_once(node.peer, line).complete
            except TransportError:
                return False


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path / "hub")
    yield running
    running.kill()


def test_tablets_at_once_and_kills_in_between(hub: HubProcess) -> None:
    network = Network()
    mission = network.mission()
    tablets = [network.device(f"tablet {number}") for number in range(4)]
    for tablet in tablets:
        network.sync(tablet, mission)  # they bring the key ring to a hub that has none
        tablet.peer.know_hub(hub.code)
    for turn in range(2):
        for tablet in tablets:
            tablet.write(40, os.urandom(500))
        threads = [threading.Thread(target=hub.sync, args=(tablet,)) for tablet in tablets]
        for thread in threads:
            thread.start()
        if turn == 0:
            time.sleep(0.05)
            hub.kill()
            hub.process = hub.start()
        for thread in threads:
            thread.join()
    assert all(hub.sync(tablet) for tablet in tablets)
    line = [sys.executable, "-m", "cairn", "hub", "run", str(hub.home)]
    second = subprocess.run(line, cwd=REPO, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "another program is using" in second.stderr, "a home is run once at a time"
    said = json.loads(hub.command("status", str(hub.home), "--json"))
    assert [(row["held"], row["waiting"]) for row in said["devices"]] == [(80, 80)] * 4
    verified = subprocess.run(
        [sys.executable, "-m", "cairn", "log", "verify", str(hub.home / "log.db"), "--json"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(verified.stdout)["good"] is True
    hub.kill()
    store = SqliteLogStore(hub.home / "log.db", FakeClock())
    for tablet in tablets:
        held = [[e.hash for e in tablet.writer.entries]]
        (branch,) = store.branches(tablet.writer.log)
        assert [[e.hash for e in store.entries(branch, 1, 80)]] == held
        assert hashes(tablet, tablet.writer) == held
        assert len(tablet.peer.store.papers(NOTE)) == 1
    store.close()
