"""Peers as forked processes over SQLite stores: a tablet that works, hub and mission that serve.

Each can be killed at any moment and started again on the same store and port.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import uvicorn
from bad_line import Mischief, bad_line
from forked import forked, kill, say
from http_peer import PASSWORD, responder_app
from log_writing import DEPLOYMENT, FakeClock, Writer, signing_key
from sync_network import Network, Node, certify, directory, key_ring

from shared.errors import CairnError
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.log_writer import append_sealed, begin_epoch
from shared.sealing.ring import KeyRing, RingKey, Role
from shared.sealing.tls import make_certificate
from sync.core.certificate import PeerRole
from sync.driver import sync_once
from sync.peer import Me, Peer
from sync.stores.sqlite import SqliteLogStore
from sync.transports.https import HttpTransport

FORWARD_PAUSE_S = 0.02
Address = tuple[int, bytes]
"""Port on this machine, and the certificate's pin."""


def sealing_ring() -> KeyRing:
    keys = tuple(
        RingKey(role, Suite.X25519, secret.public.data, 0, 99_999)
        for role in (Role.INTAKE, Role.CUSTODIAN)
        for secret in [SecretKey.from_bytes(Suite.X25519, sha256(bytes([role])).digest())]
    )
    return KeyRing(DEPLOYMENT, 1, 0, signing_key("root").public_bytes, "project", keys)


class Served:
    """A responder over TLS in a process of its own; subclasses say who it is."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / self.name
        tls = make_certificate(["127.0.0.1"], FakeClock().now(), PASSWORD.encode())
        (folder / f"{self.name}.pem").write_bytes(tls.certificate_pem)
        (folder / f"{self.name}.key").write_bytes(tls.key_pem)
        self.pin = tls.pin
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.child = 0

    def node(self, network: Network) -> Node:
        """Open the store, and be this peer."""
        raise NotImplementedError

    def beside(self, node: Node) -> None:
        """Do something else while serving."""

    def start(self) -> None:
        """Serve; returns when it listens."""
        self.child, read = forked(self._serve)
        os.read(read, 1)
        os.close(read)

    def kill(self) -> None:
        """End it as the system does."""
        kill(self.child)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def _serve(self, write: int) -> None:
        network = Network(make_store=lambda name: SqliteLogStore(self.folder / name, FakeClock()))
        network.clock.advance(time.monotonic())
        node = self.node(network)
        config = uvicorn.Config(
            responder_app(node, network.clock),
            host="127.0.0.1",
            port=self.port,
            ssl_certfile=str(self.folder / f"{self.name}.pem"),
            ssl_keyfile=str(self.folder / f"{self.name}.key"),
            ssl_keyfile_password=PASSWORD,
            log_level="critical",
        )
        server = uvicorn.Server(config)
        original = server.startup

        async def startup(sockets: list[socket.socket] | None = None) -> None:
            await original(sockets)
            os.write(write, b"r")
            threading.Thread(target=self.beside, args=(node,), daemon=True).start()

        server.startup = startup  # type: ignore[method-assign]
        server.run()


class Mission(Served):
    """The mission server."""

    name = "mission"

    def node(self, network: Network) -> Node:
        """Be the mission; its broadcast log is begun once."""
        store = SqliteLogStore(self.store, network.clock)
        begun = any(log.incarnation == 0 for log in store.have().points)
        store.close()
        broadcast = network.broadcast
        if begun:
            network.broadcast = lambda *_arguments: None  # type: ignore[method-assign]
        node = network.mission()
        network.broadcast = broadcast  # type: ignore[method-assign]
        node.peer.learn(certify("hub", PeerRole.HUB))
        return node


class Hub(Served):
    """A hub that forwards all the time, by a line of its own to the mission."""

    name = "hub"

    def __init__(self, folder: Path, mission: Address) -> None:
        super().__init__(folder)
        self.mission = mission

    def node(self, network: Network) -> Node:
        """Be the hub."""
        return network.hub("hub")

    def beside(self, node: Node) -> None:
        """Forward, whatever the line does."""
        while True:
            exchange(node.peer, self.mission)
            time.sleep(FORWARD_PAUSE_S)


def exchange(peer: Peer, to: Address) -> bool:
    """Sync once; tell whether it was complete."""
    port, pin = to
    me = peer.me
    with HttpTransport(f"https://127.0.0.1:{port}", me.author, me.key, tls_pin=pin) as line:
        try:
            return sync_once(peer, line).complete
        except CairnError:
            return False


def cutting_line(upstream_port: int, next_cut: Callable[[], int]) -> tuple[int, int]:
    """Run a line that cuts each connection somewhere; return its process and its port."""

    def run(write: int) -> None:
        with bad_line(upstream_port) as line:
            line.next_mischief = lambda: Mischief(cut_after=next_cut())
            os.write(write, line.port.to_bytes(4, "big"))
            threading.Event().wait()

    child, read = forked(run)
    port = int.from_bytes(os.read(read, 4), "big")
    os.close(read)
    return child, port


class Device:
    """What a tablet's process does until it is killed."""

    def __init__(self, to: Address, path: Path) -> None:
        self.to = to
        self.path = path
        self.key = signing_key("tablet")
        self.log = Writer(self.key).log

    def peer(self) -> Peer:
        """Open the tablet's store."""
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
            exchange(peer, self.to)

    def made(self) -> list[str]:
        """Return the hashes of the tablet's own log."""
        return log_hashes(self.path, self.log)


def log_hashes(path: Path, log: object, *, live: bool = False) -> list[str]:
    """Return the hashes of a log's only branch in a store, in order; empty where it is none.

    Args:
        path: the store.
        log: whose.
        live: another process works on it: look on, and change nothing beside it.
    """
    store = SqliteLogStore(path, FakeClock(), read_only=live)
    branches = store.branches(log)  # type: ignore[arg-type]
    assert len(branches) <= 1, "a log forked"
    found = [
        entry.hash.hex()
        for branch in branches
        for entry in store.entries(branch, 1, branch.head.sequence)
    ]
    store.close()
    return found
