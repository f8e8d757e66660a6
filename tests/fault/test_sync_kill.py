"""SYNC-024, SEAL-030, SEAL-041, SEAL-044: kill -9 of real processes at random moments.

Processes are forked, so that fifty kills take seconds. A device process writes through the sealing
room's own log writer and syncs over TLS; it tells the test what it tries and what it has committed.
The mission process answers over a SQLite store. Afterwards everything committed must be there once.
"""

import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import uvicorn
from http_peer import PASSWORD, responder_app
from log_writing import DEPLOYMENT, FakeClock, Writer, signing_key
from sync_network import Network, certify, directory, key_ring

from shared.errors import CairnError
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.log_writer import append_sealed, begin_epoch
from shared.sealing.ring import KeyRing, RingKey, Role
from shared.sealing.tls import make_certificate
from sync.core.have import LogName
from sync.core.plan import OutcomeCode, take_run
from sync.driver import sync_once
from sync.peer import Me, Peer
from sync.stores.sqlite import SqliteLogStore
from sync.transports.https import HttpTransport

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
    # Python 3.12 warns of any fork beside threads; the children touch none of the parent's.
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def forked(action: Callable[[int], None]) -> tuple[int, int]:
    """Run an action in a child process with a pipe to us; return its id and our end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 0
        try:
            action(write)
        except BaseException as error:  # noqa: BLE001 - a child must never return into pytest
            os.write(write, json.dumps({"error": repr(error)}).encode() + b"\n")
            status = 1
        os._exit(status)
    os.close(write)
    return child, read


def heard(read: int) -> list[dict[str, str]]:
    """Everything a child said, until it ended."""
    data = bytearray()
    while piece := os.read(read, 65_536):
        data += piece
    os.close(read)
    return [json.loads(line) for line in data.split(b"\n") if line.endswith(b"}")]


def kill_after(child: int, wait_s: float) -> None:
    time.sleep(wait_s)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def sealing_ring() -> KeyRing:
    keys = tuple(
        RingKey(role, Suite.X25519, secret.public.data, 0, 99_999)
        for role in (Role.INTAKE, Role.CUSTODIAN)
        for secret in [SecretKey.from_bytes(Suite.X25519, sha256(bytes([role])).digest())]
    )
    return KeyRing(DEPLOYMENT, 1, 0, signing_key("root").public_bytes, "project", keys)


class Mission:
    """A mission process that can be killed and started again on the same store and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tls = make_certificate(["127.0.0.1"], FakeClock().now(), PASSWORD.encode())
        (folder / "tls.pem").write_bytes(tls.certificate_pem)
        (folder / "tls.key").write_bytes(tls.key_pem)
        self.pin = tls.pin
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.child = 0
        self.start()

    def start(self) -> None:
        self.child, read = forked(self._serve)
        os.read(read, 1)
        os.close(read)

    def _serve(self, write: int) -> None:
        network = Network(make_store=lambda name: SqliteLogStore(self.folder / name, FakeClock()))
        network.clock.advance(time.monotonic())
        node = self._node(network)
        config = uvicorn.Config(
            responder_app(node, network.clock),
            host="127.0.0.1",
            port=self.port,
            ssl_certfile=str(self.folder / "tls.pem"),
            ssl_keyfile=str(self.folder / "tls.key"),
            ssl_keyfile_password=PASSWORD,
            log_level="critical",
        )
        server = uvicorn.Server(config)
        original = server.startup

        async def startup(sockets: list[socket.socket] | None = None) -> None:
            await original(sockets)
            os.write(write, b"r")

        server.startup = startup  # type: ignore[method-assign]
        server.run()

    def _node(self, network: Network):  # type: ignore[no-untyped-def]
        store = SqliteLogStore(self.folder / "mission", network.clock)
        begun = any(log.incarnation == 0 for log in store.have().points)
        store.close()
        if not begun:
            return network.mission()
        broadcast = network.broadcast
        network.broadcast = lambda *_arguments: None  # type: ignore[method-assign]
        node = network.mission()
        network.broadcast = broadcast  # type: ignore[method-assign]
        return node

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)


@pytest.fixture
def mission(tmp_path: Path) -> Iterator[Mission]:
    running = Mission(tmp_path)
    yield running
    with suppress(ProcessLookupError, ChildProcessError):
        running.kill()


class Device:
    """What a device process does until it is killed."""

    def __init__(self, mission: Mission, path: Path) -> None:
        self.mission = mission
        self.path = path
        self.key = signing_key("tablet")
        self.log = Writer(self.key).log

    def peer(self) -> Peer:
        clock = FakeClock()
        store = SqliteLogStore(self.path, clock)
        me = Me(self.log.author, self.key, certify("tablet"))
        peer = Peer(store, me, directory(), clock)
        peer.take_ring(key_ring())
        peer.learn(certify("tablet"))
        return peer

    def work(self, write: int) -> None:
        """Open an epoch, finalize a few records, sync; again and again."""
        peer = self.peer()
        ring = sealing_ring()
        while True:
            tip = peer.store.own_tip(DEPLOYMENT, *self.log)  # type: ignore[attr-defined]
            appended, epoch = begin_epoch(self.key, tip, ring, 20_000, os.urandom)
            peer.store.append_own(appended)  # type: ignore[attr-defined]
            say(write, "committed", appended.hash)
            for _ in range(3):
                tip = appended.tip
                answers = {Compartment.BODY: os.urandom(300), Compartment.IDENTITY: b"name"}
                appended = append_sealed(
                    self.key, tip, Kind.REVISION, answers,
                    epoch=epoch, day=20_000, random_bytes=os.urandom,
                )  # fmt: skip
                say(write, "salt", appended.entry.header.salt)
                peer.store.append_own(appended)  # type: ignore[attr-defined]
                say(write, "committed", appended.hash)
            self.sync(peer)

    def sync(self, peer: Peer) -> bool:
        url = f"https://127.0.0.1:{self.mission.port}"
        with HttpTransport(url, self.log.author, self.key, tls_pin=self.mission.pin) as line:
            try:
                return sync_once(peer, line).complete
            except CairnError:
                return False


def say(write: int, what: str, value: bytes) -> None:
    os.write(write, json.dumps({what: value.hex()}).encode() + b"\n")


def kill_and_check(mission: Mission, path: Path, seed: int, moments: int) -> None:
    chance = random.Random(seed)
    device = Device(mission, path)
    committed: list[str] = []
    salts: list[str] = []
    for moment in range(moments):
        child, read = forked(device.work)
        if moment % 5 == 4:
            time.sleep(chance.uniform(0.0, 0.15))
            mission.kill()
            mission.start()
        kill_after(child, chance.uniform(0.0, 0.25))
        for said in heard(read):
            assert "error" not in said, said
            committed += [said["committed"]] if "committed" in said else []
            salts += [said["salt"]] if "salt" in said else []
    peer = device.peer()
    assert device.sync(peer)
    mission.kill()
    (own,) = peer.store.branches(device.log)
    made = [entry.hash.hex() for entry in peer.store.entries(own, 1, own.head.sequence)]
    there = SqliteLogStore(mission.folder / "mission", FakeClock())
    (held,) = there.branches(device.log)
    received = [entry.hash.hex() for entry in there.entries(held, 1, held.head.sequence)]
    assert received == made, "the mission holds the device's log, once and in order"
    assert set(committed) <= set(received), "what was committed is received"
    assert len(salts) == len(set(salts)), "no attempt repeated a key and nonce"
    assert len(committed) > moments
    there.close()


def test_fifty_kills_lose_and_double_nothing(mission: Mission, tmp_path: Path) -> None:
    kill_and_check(mission, tmp_path / "tablet.db", 1, 50)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_kills_lose_and_double_nothing(
    mission: Mission, tmp_path: Path, seed: int
) -> None:
    kill_and_check(mission, tmp_path / "tablet.db", 100 + seed, 50)


def test_two_processes_on_one_devices_batches_make_no_fork(tmp_path: Path) -> None:
    writer = Writer(signing_key("tablet")).grow(60)
    path = tmp_path / "shared.db"
    SqliteLogStore(path, FakeClock()).close()

    def take_all(seed: int) -> Callable[[int], None]:
        def take(_write: int) -> None:
            chance = random.Random(seed)
            store = SqliteLogStore(path, FakeClock())
            reached = 0
            while reached < len(writer.entries):
                first = chance.randint(1, reached + 1)
                run = writer.run(first, min(len(writer.entries), first + chance.randrange(8)))
                outcome = take_run(store, run, writer.key.public_bytes).outcome
                assert outcome.code in (OutcomeCode.STORED, OutcomeCode.DUPLICATE)
                reached = store.have().sequence(writer.log)

        return take

    children = [forked(take_all(seed)) for seed in range(3)]
    for child, read in children:
        assert heard(read) == []
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store = SqliteLogStore(path, FakeClock())
    (branch,) = store.branches(LogName(*writer.log))
    held = [entry.hash for entry in store.entries(branch, 1, branch.head.sequence)]
    assert held == [entry.hash for entry in writer.entries]
    store.close()
