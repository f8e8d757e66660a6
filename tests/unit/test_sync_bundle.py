"""SYNC-050 to 055: bundle files, and what they carry between peers that never meet."""

import os
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from log_writing import DEPLOYMENT, Writer
from sync_network import TRANSPORT, Network, Node, hashes, hpke_key

from shared.canonical import decode, encode
from shared.errors import CairnError, EncodingInvalid, NoKeyMatches, StoreFull, TagMismatch
from shared.ids import DeploymentId
from shared.sealing.keys import SecretKey
from sync.carrier import (
    Reader,
    answering_reader,
    bundle_messages,
    hub_reader,
    mission_reader,
    take_bundle,
)
from sync.core.messages import Papers
from sync.core.store import Chunk
from sync.hub_notes import NOTE
from sync.responder import HubIssuer
from sync.transports.bundle import BundleFrom, open_bundle, read_header, write_bundle

ORIGIN = BundleFrom(DEPLOYMENT, bytes(16), 1_700_000_000_000)  # type: ignore[arg-type]


def expect_all(node: Node, writer: Writer) -> None:
    assert hashes(node, writer) == [[entry.hash for entry in writer.entries]]


def write(path: Path, node: Node, reader: Reader, to: SecretKey, **options: Any) -> list[Path]:
    part = options.get("part", 1 << 30)
    origin = BundleFrom(DEPLOYMENT, node.peer.me.author, node.peer.now_ms(), part)
    messages = bundle_messages(node.peer, reader, options.get("papers", Papers()))
    return write_bundle(path, origin, [to.public], messages, os.urandom)


def read(path: Path, node: Node, key: SecretKey) -> tuple[Node, int]:
    header, messages = open_bundle(path, [key], DEPLOYMENT)
    delivered = take_bundle(node.peer, header.sender, messages)
    return node, delivered.entries


def test_a_tablets_stick_reaches_the_mission_and_receipts_come_home(tmp_path: Path) -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    tablet.write(600)
    out, home = tmp_path / "out.cairnb", tmp_path / "home.cairnb"
    write(out, tablet, mission_reader(tablet.peer), TRANSPORT)
    header, messages = open_bundle(out, [TRANSPORT], DEPLOYMENT)
    delivered = take_bundle(mission.peer, header.sender, messages)
    expect_all(mission, tablet.writer)
    issued = mission.responder._issuer.papers(  # type: ignore[union-attr]
        header.sender, mission.peer.have_for(header.sender), delivered.taken[-1]
    )
    write(
        home, mission, answering_reader(mission.peer, delivered), hpke_key("tablet"), papers=issued
    )
    read(home, tablet, hpke_key("tablet"))
    assert len(tablet.peer.receipts()) == 1
    expect_all(tablet, mission.writer)
    assert mission_reader(tablet.peer).have.sequence(tablet.writer.log) == 600
    tablet.write(3)
    write(out, tablet, mission_reader(tablet.peer), TRANSPORT)
    assert read(out, mission, TRANSPORT)[1] == 3
    assert read(out, mission, TRANSPORT)[1] == 0, "twice changes nothing"


def test_a_stick_to_a_hub_brings_a_note_home(tmp_path: Path) -> None:
    network = Network()
    mission = network.mission()
    hub, tablet = network.hub("hub"), network.device("tablet")
    network.sync(tablet, mission)
    tablet.write(4)
    path = tmp_path / "b.cairnb"
    write(path, tablet, hub_reader(tablet.peer, hub.peer.me.author), hpke_key("hub"))
    header, messages = open_bundle(path, [hpke_key("hub")], DEPLOYMENT)
    delivered = take_bundle(hub.peer, header.sender, messages)
    expect_all(hub, tablet.writer)
    papers = HubIssuer(hub.peer).papers(
        header.sender, hub.peer.have_for(header.sender), delivered.taken[-1]
    )
    write(path, hub, answering_reader(hub.peer, delivered), hpke_key("tablet"), papers=papers)
    tablet.peer.learn(hub.peer.me.certificate)  # type: ignore[arg-type]
    read(path, tablet, hpke_key("tablet"))
    assert len(tablet.peer.store.papers(NOTE)) == 1
    assert hub_reader(tablet.peer, hub.peer.me.author).have.sequence(tablet.writer.log) == 4


@pytest.mark.parametrize("seed", range(4))
# SYNC-053, SYNC-055
def test_parts_apply_in_any_order_and_again(tmp_path: Path, seed: int) -> None:
    network = Network()
    mission, tablet = network.mission(), network.device("tablet")
    pieces = [os.urandom(3000) for _ in range(5)]
    digest = sha256(b"".join(pieces)).digest()
    with tablet.peer.store.transaction():
        tablet.peer.store.expect_payload(tablet.writer.author, digest, 15_000)
        for number, piece in enumerate(pieces):
            tablet.peer.store.take_chunk(Chunk(digest, 3000 * number, piece))
    tablet.writer.add(detached=(digest, 15_000))
    tablet.write(1200)
    path = tmp_path / "b.cairnb"
    rounds = 0
    while hashes(mission, tablet.writer) != [[e.hash for e in tablet.writer.entries]] or (
        mission.peer.store.missing_payloads(1)
    ):
        rounds += 1
        wants = mission.peer.store.missing_payloads(9, tablet.writer.author)
        have = mission.peer.have_for(tablet.writer.author)
        parts = write(path, tablet, Reader([tablet.writer.log], have, wants), TRANSPORT, part=9000)
        assert len(parts) > 1 or rounds > 1
        random.Random(seed + rounds).shuffle(parts)
        for part in [*parts, *parts[:2]]:
            read(part, mission, TRANSPORT)
    assert rounds < 12
    assert mission.peer.store.chunk(digest, 12_000) == Chunk(digest, 12_000, pieces[4])


def a_bundle(tmp_path: Path, count: int = 3) -> Path:
    path = tmp_path / "b.cairnb"
    messages = [lambda number=number: b"message %d" % number for number in range(count)]
    write_bundle(path, ORIGIN, [TRANSPORT.public], messages, os.urandom)  # type: ignore[arg-type]
    return path


def messages_in(path: Path) -> list[bytes]:
    return list(open_bundle(path, [TRANSPORT], DEPLOYMENT)[1])


def test_messages_come_back_in_order(tmp_path: Path) -> None:
    assert messages_in(a_bundle(tmp_path)) == [b"message 0", b"message 1", b"message 2"]


# SYNC-051
def test_a_torn_bundle_is_refused_as_a_whole_at_any_byte(tmp_path: Path) -> None:
    path = a_bundle(tmp_path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises((TagMismatch, EncodingInvalid)):
            messages_in(path)


# SYNC-052, SYNC-054
def test_a_changed_bundle_is_refused_at_any_byte(tmp_path: Path) -> None:
    path = a_bundle(tmp_path)
    data = path.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(CairnError):
            messages_in(path)


def test_frames_cannot_change_places_or_be_repeated(tmp_path: Path) -> None:
    path = a_bundle(tmp_path)
    with path.open("rb") as file:
        read_header(file)
        begins = file.tell()
    data = path.read_bytes()
    size = (len(data) - begins) // 3
    start, frames = (
        data[:begins],
        [data[begins + i * size : begins + (i + 1) * size] for i in (0, 1, 2)],
    )
    for order in ((1, 0, 2), (0, 0, 1, 2), (0, 2), (0, 1, 2, 2), (2,)):
        path.write_bytes(start + b"".join(frames[i] for i in order))
        with pytest.raises(TagMismatch):
            messages_in(path)


def test_a_bundle_for_others_or_of_another_project_is_refused(tmp_path: Path) -> None:
    path = a_bundle(tmp_path)
    with pytest.raises(NoKeyMatches):
        open_bundle(path, [hpke_key("somebody")], DEPLOYMENT)
    with pytest.raises(EncodingInvalid, match="another project"):
        open_bundle(path, [TRANSPORT], DeploymentId(b"another!"))


def test_a_bundle_without_a_reader_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(NoKeyMatches):
        write_bundle(tmp_path / "b", ORIGIN, [], [lambda: b"m"], os.urandom)
    assert list(tmp_path.iterdir()) == []


# SYNC-052
def test_a_medium_that_is_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    made = []

    def message() -> bytes:
        made.append(1)
        if len(made) > 1:
            raise OSError(28, "No space left on device")
        return b"message"

    with pytest.raises(StoreFull, match="No space left"):
        write_bundle(tmp_path / "b", ORIGIN, [TRANSPORT.public], [message], os.urandom)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("position", "value"),
    [(1, b"short"), (2, 0), (4, 1 << 20), (6, "none"), (6, [[b"id", 1, b""]])],
)
def test_a_malformed_header_is_refused(tmp_path: Path, position: int, value: object) -> None:
    path = a_bundle(tmp_path)
    with path.open("rb") as file:
        header, _ = read_header(file)
    items = decode(header.encode())
    items[position] = value
    for made in (encode(items), encode(items[:6])):
        path.write_bytes(b"CAIRNB1\n" + len(made).to_bytes(4, "big") + made)
        with path.open("rb") as file, pytest.raises(EncodingInvalid):
            read_header(file)


def test_sizes_are_bounded_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_bytes(b"CAIRNB1\n" + b"\xff\xff\xff\xff")
    with pytest.raises(EncodingInvalid, match="larger than one can be"):
        open_bundle(path, [TRANSPORT], DEPLOYMENT)
    whole = a_bundle(tmp_path).read_bytes()
    path.write_bytes(whole + b"\xff\xff\xff\xff")
    with pytest.raises(CairnError):
        messages_in(path)
