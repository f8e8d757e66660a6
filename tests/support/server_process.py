"""The real mission server as a process, and a tablet's side of the exchange with it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from mission import PASSPHRASE, MissionKit
from sealed_device import SealedDevice
from sqlmodel import select

from server.db import reading
from server.queries import devices
from server.tables.log import LogEntry
from shared.errors import CairnError
from shared.sealing.receipts import Signed
from sync.core.directory import Directory
from sync.driver import SyncReport, sync_once
from sync.peer import Me, Peer
from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore
from sync.transports.https import HttpTransport

REPO = Path(__file__).resolve().parents[2]
START_S = 60


class ServerProcess:
    """`cairn server run`, killed and started again on the same port."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = home
        self.url = url
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        listen = self.url.removeprefix("https://") or "127.0.0.1:0"
        words = ["server", "run", "--home", str(self.home), "--listen", listen]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cairn", *words, "--workers", "0", "--json"],
            cwd=REPO,
            env={**os.environ, "CAIRN_PASSPHRASE": PASSPHRASE},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def kill(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(START_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def running(home: Path, url: str = "") -> Iterator[ServerProcess]:
    server = ServerProcess(home, url)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def sender(kit: MissionKit, device: SealedDevice, store: SqliteLogStore | None = None) -> Peer:
    """The device's side of the exchange, with everything it sealed in its own store."""
    kept = store or MemoryLogStore()
    assert device.held is not None
    with kept.transaction():
        for appended in device.held:
            kept.append_own(appended)
    known = kit.mission.project()
    directory = Directory(device.tip.log.deployment, known.root_fingerprint or b"")
    directory.take_ring(kit.mission.signed_ring())
    with reading(kit.mission.stores.inbox) as session:
        row = devices.find(session, device.tip.log.author)
        assert row is not None
        certificate = Signed(row.certificate, row.certificate_signature)
    me = Me(device.tip.log.author, device.key, certificate)
    return Peer(kept, me, directory, kit.clock)


def exchange(peer: Peer, server: ServerProcess, pin: bytes) -> SyncReport:
    """Hand over once."""
    with HttpTransport(server.url, peer.me.author, peer.me.key, tls_pin=pin) as line:
        return sync_once(peer, line)


def hand_over(peer: Peer, server: ServerProcess, pin: bytes, *, until: threading.Event) -> int:
    """Try until all is received; return how many tries it took."""
    tries = 0
    while not until.is_set():
        tries += 1
        try:
            exchange(peer, server, pin)
        except CairnError:
            sleep(0.05)
            continue
        return tries
    return tries


def held_entries(kit: MissionKit, device: SealedDevice) -> list[bytes]:
    """The hashes of a device's log at the server, in order; a doubled place would show."""
    with reading(kit.mission.stores.inbox) as session:
        query = select(LogEntry.sequence, LogEntry.hash).where(
            LogEntry.author == bytes(device.tip.log.author)
        )
        rows = sorted(session.exec(query).all())
    assert [sequence for sequence, _ in rows] == list(range(1, len(rows) + 1))
    return [digest for _, digest in rows]
