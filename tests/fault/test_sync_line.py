"""SYNC-003, SYNC-021, SYNC-081: lines that cut, delay, flip bits or withhold lose nothing."""

import os
import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bad_line import BadLine, Mischief, bad_line
from http_peer import responder_app, serving
from sync_network import Network, Node, hashes

from shared.errors import CairnError, TransportError
from shared.limits import CHUNK_BYTES
from sync.core.messages import CHUNK_DATA_MAX
from sync.core.store import Chunk
from sync.driver import SyncReport, sync_once
from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore
from sync.transports import https
from sync.transports.https import HttpTransport

Line = tuple[Network, Node, BadLine, bytes]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    network = Network()
    store = SqliteLogStore(tmp_path / "mission.db", network.clock)
    network.make_store = lambda name: store if name == "mission" else MemoryLogStore()
    mission = network.mission()
    app = responder_app(mission, network.clock)
    with serving(app, tmp_path / "tls", network.clock) as (url, pin):  # noqa: SIM117
        with bad_line(urlsplit(url).port or 0) as proxy:
            yield network, mission, proxy, pin
    store.close()


def attempt(line: Line, tablet: Node) -> SyncReport:
    _, _, proxy, pin = line
    me = tablet.peer.me
    url = f"https://127.0.0.1:{proxy.port}"
    with HttpTransport(url, me.author, me.key, tls_pin=pin) as transport:
        return sync_once(tablet.peer, transport)


def until_complete(line: Line, tablet: Node, tries: int) -> int:
    for number in range(1, tries + 1):
        try:
            if attempt(line, tablet).complete:
                return number
        except TransportError:
            continue
    raise AssertionError(f"not complete after {tries} tries")


@pytest.mark.parametrize("seed", range(2))
def test_cuts_anywhere_lose_and_double_nothing(line: Line, seed: int) -> None:
    network, mission, proxy, _ = line
    chance = random.Random(seed)
    tablet = network.device("tablet")
    budgets = iter(range(1500, 200_000, 2700))
    proxy.next_mischief = lambda: Mischief(cut_after=next(budgets) + chance.randrange(2000))
    for _ in range(8):
        tablet.write(4, os.urandom(chance.randrange(2000)))
        until_complete(line, tablet, 30)
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
    assert proxy.connections > 8, "some were cut"


def test_flipped_bits_are_noticed_by_the_line_and_nothing_is_taken(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, mission, proxy, _ = line
    monkeypatch.setattr(https, "_TIMEOUT", 2.0)
    tablet = network.device("tablet")
    tablet.write(20)
    for position in (40, 600, 900, 1400, 2000, 2600):
        proxy.next_mischief = lambda position=position: Mischief(flip_at=position)  # type: ignore[misc]
        with pytest.raises(CairnError):
            attempt(line, tablet)
        assert mission.peer.store.branches(tablet.writer.log) == (), position
    proxy.next_mischief = Mischief
    assert attempt(line, tablet).complete
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]


def test_a_line_that_withholds_is_given_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    network, _, proxy, _ = line
    tablet = network.device("tablet")
    tablet.write(2)
    monkeypatch.setattr(https, "_TIMEOUT", 0.3)
    proxy.next_mischief = lambda: Mischief(withhold=True)
    with pytest.raises(TransportError):
        attempt(line, tablet)
    proxy.next_mischief = lambda: Mischief(delay_s=0.001)
    monkeypatch.setattr(https, "_TIMEOUT", 30.0)
    assert attempt(line, tablet).complete


def test_a_cut_attachment_is_sent_again_from_its_last_chunk(line: Line) -> None:
    network, mission, proxy, _ = line
    tablet = network.device("tablet")
    data = random.Random(7).randbytes(20 * CHUNK_DATA_MAX + 99)
    digest = sha256(data).digest()
    store = tablet.peer.store
    with store.transaction():
        store.expect_payload(tablet.writer.author, digest, len(data))
        for offset in range(0, len(data), CHUNK_DATA_MAX):
            store.take_chunk(Chunk(digest, offset, data[offset : offset + CHUNK_DATA_MAX]))
    tablet.writer.add(detached=(digest, len(data)))
    tablet.write(1)
    cuts = iter([900_000, 1_700_000, 300_000, 2_000_000])
    proxy.next_mischief = lambda: Mischief(cut_after=next(cuts, None))
    tries = until_complete(line, tablet, 10)
    assert tries > 1
    assert mission.peer.store.missing_payloads(1) == []
    last = mission.peer.store.chunk(digest, 20 * CHUNK_DATA_MAX)
    assert last is not None
    assert last.data == data[20 * CHUNK_DATA_MAX :]
    overhead = 40_000 * tries
    assert proxy.upward_bytes <= len(data) + (tries - 1) * (CHUNK_BYTES + 16_384) + overhead
