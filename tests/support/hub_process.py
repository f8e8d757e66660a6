"""`cairn hub run` as a real process, to be killed and started again."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from log_writing import DEPLOYMENT
from sync_network import ROOT, Node

from shared.errors import TransportError
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.keys import root_fingerprint
from sync.core.hub_code import HubCode, parse_hub_code
from sync.driver import SyncReport, sync_once
from sync.peer import Peer
from sync.transports.https import HttpTransport, open_client

REPO = Path(__file__).resolve().parents[2]
READY_S = 60


def code_of_tests() -> str:
    """Return an enrolment code of the test project, whose server answers nowhere."""
    return EnrolmentCode(
        DEPLOYMENT,
        ("https://127.0.0.1:9",),
        root_fingerprint(ROOT.public_bytes),
        bytes(16),
        1 << 50,
        bytes(32),
        "Project",
    ).text()


class HubProcess:
    """A hub made and run by the command line."""

    def __init__(self, home: Path, log: Path, code: str = "") -> None:
        """Make a hub of the project of `sync_network`, or with a code of a real mission server."""
        self.home = home
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as probe:
            listen = f"127.0.0.1:{probe.getsockname()[1]}"
        words = ["init", str(home), "--listen", listen, "--json", "--code"]
        made = self.command(*words, *([code] if code else [code_of_tests(), "--offline"]))
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
        with self.log.open("ab") as log:
            process = subprocess.Popen(line, cwd=REPO, stdout=subprocess.DEVNULL, stderr=log)
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
        """Hand over; tell whether all went through."""
        try:
            return self.exchange(node.peer).complete
        except TransportError:
            return False

    def exchange(self, peer: Peer) -> SyncReport:
        """Hand over.

        Raises:
            TransportError: the hub is not there, or cannot keep it.
        """
        me = peer.me
        address, pin = self.code.addresses[0], self.code.tls_pin
        with HttpTransport(address, me.author, me.key, tls_pin=pin) as line:
            return sync_once(peer, line)
