"""App packages between peers: announced, wanted, loaded by chunk, refused. SYNC-130 to 137."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from app_packages import (
    FIVE_CHUNKS,
    manifest_of,
    package_bytes,
    publish_package,
    signed_manifest,
)
from log_writing import FakeClock, signing_key
from sync_network import Network, Node, directory

from shared.errors import NotFound, PackageRefused, TransportError, UsageError
from shared.ids import DeploymentId
from shared.limits import CHUNK_BYTES
from shared.sealing.envelope import Kind
from shared.sealing.packages import Manifest
from shared.versions import VERSION, parse_version
from sync.carrier import Reader, answering_reader, bundle_messages, take_bundle
from sync.core.attest import PackageWithdrawn
from sync.core.messages import Answer, Message, Papers, decode_message
from sync.core.packages import Packages
from sync.core.store import Chunk
from sync.driver import sync_once
from sync.package_shelf import file_blocks
from sync.peer import Peer
from sync.stores.memory import MemoryLogStore
from sync.stores.sqlite import SqliteLogStore
from sync.transports.memory import MemoryTransport

DATA = package_bytes()
OURS = manifest_of(DATA)


@pytest.fixture(params=["memory", "sqlite"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Network]:
    opened: list[SqliteLogStore] = []

    def make(name: str) -> MemoryLogStore | SqliteLogStore:
        if request.param == "memory":
            return MemoryLogStore()
        opened.append(SqliteLogStore(tmp_path / f"{name}.db", FakeClock()))
        return opened[-1]

    yield Network(make)
    for store in opened:
        store.close()


def carrying_hub(network: Network, mission: Node) -> Node:
    hub = network.hub("hub", known_to=(mission,))
    hub.peer.packages.wants(lambda _: True)
    return hub


def wanting(node: Node, platform: str = "linux-x86_64") -> Node:
    known = node.peer.directory.packages

    def wish(manifest: Manifest) -> bool:
        return manifest == known.upgrade_for("cairn", platform, parse_version("1.0"))

    node.peer.packages.wants(wish)
    return node


def held(node: Node, manifest: Manifest) -> tuple[int, bool]:
    loaded = node.peer.packages.loaded(manifest)
    return loaded.received, loaded.whole


def read(node: Node, manifest: Manifest) -> bytes:
    return b"".join(node.peer.packages.blocks(manifest))


def only_announced(peer: Node, device: Node) -> None:
    """Bring the announcement over, and none of the bytes."""
    sync_cut(peer, device, 1)
    assert held(device, OURS) == (0, False)
    assert [want.payload_hash for want in device.peer.wants()] == [OURS.hash]


def test_the_version_is_the_one_of_the_project() -> None:
    """SEAL-091."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION.text


def test_a_package_goes_to_the_hub_and_on_to_devices_of_its_platform(network: Network) -> None:
    """SYNC-130, SYNC-133."""
    mission = network.mission()
    other = manifest_of(package_bytes(2), platform="android-arm64")
    publish_package(network, mission, DATA, OURS)
    publish_package(network, mission, package_bytes(2), other)
    hub = carrying_hub(network, mission)
    network.sync(hub, mission)
    assert held(hub, OURS) == held(hub, other) == (FIVE_CHUNKS, True)
    laptop = wanting(network.device("laptop", known_to=(hub,)))
    tablet = wanting(network.device("tablet", known_to=(hub,)), "android-arm64")
    silent = network.device("silent", known_to=(hub,))
    for device in (laptop, tablet, silent):
        device.write(2)
        report = network.sync(device, hub)
        assert report.sent == 2
    assert read(laptop, OURS) == DATA
    assert held(laptop, other) == (0, False)
    assert read(tablet, other) == package_bytes(2)
    assert held(silent, OURS) == (0, False), "nobody asked there"
    assert [one.manifest for one in silent.peer.packages.offered()] == [other, OURS]


def test_devices_do_not_give_packages_on(network: Network) -> None:
    """SYNC-133: a hub never asks a device for one, whatever the device holds."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    device = wanting(network.device("laptop", known_to=(mission,)))
    network.sync(device, mission)
    assert held(device, OURS) == (FIVE_CHUNKS, True)
    hub = network.hub("hub")
    hub.peer.learn(device.peer.me.certificate)  # type: ignore[arg-type]
    hub.peer.packages.wants(lambda _: True)
    report = network.sync(device, hub)
    assert report.chunks_sent == 0
    assert held(hub, OURS) == (0, False)


def test_a_package_begun_at_one_peer_goes_on_at_another(network: Network) -> None:
    """SYNC-081, SYNC-134: cut after each chunk, never more than that chunk again."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    hub = carrying_hub(network, mission)
    network.sync(hub, mission)
    device = wanting(network.device("laptop", known_to=(mission, hub)))
    peers, asked, reached = [hub, mission], [], [0]
    while not held(device, OURS)[1]:
        peer = peers[len(asked) % 2]
        asked.append(sync_cut(peer, device, 2))
        reached.append(held(device, OURS)[0])
        assert len(asked) < 20
    assert reached == sorted(reached)
    assert reached[-1] == FIVE_CHUNKS
    assert len(asked) > 2
    assert sum(asked) <= 5 + len(asked), "one chunk a cut is sent again, at most"


class CutLine:
    """A line that breaks before an answer arrives, after so many that did."""

    def __init__(self, peer: Node, device: Node, answers: int) -> None:
        assert peer.responder is not None
        self._inner = MemoryTransport(peer.responder, device.peer.me.author)
        self._left = answers
        self.chunks = 0

    def is_known(self) -> bool:
        return self._inner.is_known()

    def exchange(self, message: Message) -> Answer:
        answer = self._inner.exchange(message)
        self.chunks += len(answer.chunks)
        self._left -= 1
        if self._left < 0:
            raise TransportError("cut before the answer arrived")
        return answer


def sync_cut(peer: Node, device: Node, answers: int) -> int:
    """Sync over a line that is cut; return how many chunks the other side sent."""
    line = CutLine(peer, device, answers)
    with suppress(TransportError):  # the last one gets through before the cut
        sync_once(device.peer, line)
    return line.chunks


def test_records_go_before_packages(network: Network) -> None:
    """SYNC-134: attachments are wanted before packages, however old the wish is."""
    mission = network.mission()
    hub = carrying_hub(network, mission)
    publish_package(network, mission, DATA, OURS)
    only_announced(mission, hub)
    tablet = network.device("tablet", known_to=(hub, mission))
    tablet.writer.add(detached=(b"\x07" * 32, 77))
    tablet.keep()
    network.sync(tablet, hub)
    assert [want.payload_hash for want in hub.peer.wants()] == [b"\x07" * 32, OURS.hash]
    assert hub.peer.wants(tablet.peer.me.author) == hub.peer.wants()[:1]


def test_a_chunk_of_another_length_is_ignored(network: Network) -> None:
    """SYNC-134: it would begin the next one where no other peer has one."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    device = wanting(network.device("laptop", known_to=(mission,)))
    only_announced(mission, device)
    for data in (DATA[:100], DATA[: CHUNK_BYTES - 1], DATA[: CHUNK_BYTES + 1]):
        assert device.peer.take(None, Papers(), [Chunk(OURS.hash, 0, data)]).chunks == 0
    assert device.peer.take(None, Papers(), [Chunk(OURS.hash, 0, DATA[:CHUNK_BYTES])]).chunks == 1
    last = Chunk(OURS.hash, CHUNK_BYTES, DATA[CHUNK_BYTES : 2 * CHUNK_BYTES])
    assert device.peer.take(None, Papers(), [last]).chunks == 1


def test_altered_bytes_are_discarded_and_wanted_from_the_beginning(network: Network) -> None:
    """SYNC-082, SYNC-137: a hub that alters gives nobody a package."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    device = wanting(network.device("laptop", known_to=(mission,)))
    only_announced(mission, device)
    altered = bytes([DATA[0] ^ 1]) + DATA[1:]
    for at in range(0, FIVE_CHUNKS, CHUNK_BYTES):
        device.peer.take(None, Papers(), [Chunk(OURS.hash, at, altered[at : at + CHUNK_BYTES])])
    assert held(device, OURS) == (0, False)
    with pytest.raises(NotFound, match="not whole here"):
        read(device, OURS)
    network.sync(device, mission)
    assert read(device, OURS) == DATA


@pytest.mark.parametrize(
    "payload",
    [
        signed_manifest(OURS, root=signing_key("other")),
        signed_manifest(OURS, deployment=DeploymentId(b"another!")),
        signed_manifest(OURS)[:-1],
        b"no manifest",
    ],
)
def test_a_manifest_that_the_root_did_not_sign_is_carried_and_passed_over(
    network: Network, payload: bytes
) -> None:
    """SYNC-131."""
    mission = network.mission()
    network.broadcast(mission, Kind.PACKAGE, payload)
    hub = carrying_hub(network, mission)
    assert network.sync(hub, mission).complete
    device = wanting(network.device("laptop", known_to=(hub,)))
    assert network.sync(device, hub).received == 2, "the entry itself is carried on"
    assert device.peer.packages.offered() == hub.peer.packages.offered() == ()
    assert device.peer.wants() == ()


def test_the_first_manifest_of_a_version_counts(network: Network) -> None:
    """SYNC-131: nobody puts other bytes behind a version that is out."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    second = manifest_of(package_bytes(3), "1.4")
    network.broadcast(mission, Kind.PACKAGE, signed_manifest(second))
    device = wanting(network.device("laptop", known_to=(mission,)))
    network.sync(device, mission)
    assert [one.manifest for one in device.peer.packages.offered()] == [OURS]
    assert read(device, OURS) == DATA


def test_a_higher_version_takes_the_place_of_a_lower_one(network: Network) -> None:
    """SYNC-132, SYNC-135."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    hub, device = carrying_hub(network, mission), network.device("laptop", known_to=(mission,))
    wanting(device)
    for node in (hub, device):
        network.sync(node, mission)
    newer_data = package_bytes(4, 1000)
    newer = manifest_of(newer_data, "1.10")
    publish_package(network, mission, newer_data, newer)
    for node in (hub, device):
        network.sync(node, mission)
        assert held(node, OURS) == (0, False), "freed"
        assert read(node, newer) == newer_data
    older = manifest_of(package_bytes(5, 10), "1.3")
    publish_package(network, mission, package_bytes(5, 10), older)
    network.sync(device, mission)
    assert held(device, older) == (0, False), "a downgrade is not even loaded"


def test_a_withdrawn_package_is_neither_offered_nor_wanted_nor_kept(network: Network) -> None:
    """SYNC-132, SYNC-135."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    newer_data = package_bytes(4, 1000)
    newer = manifest_of(newer_data, "1.5")
    publish_package(network, mission, newer_data, newer)
    hub = carrying_hub(network, mission)
    network.sync(hub, mission)
    device = wanting(network.device("laptop", known_to=(hub,)))
    network.sync(device, hub)
    assert held(device, newer)[1]
    network.attest(mission, PackageWithdrawn(newer.hash, "crashes at start"))
    network.sync(hub, mission)
    network.sync(device, hub)
    for node in (hub, device):
        assert [one.manifest for one in node.peer.packages.offered()] == [OURS]
        assert held(node, newer) == (0, False)
        assert node.peer.store.chunk(newer.hash, 0) is None
        assert read(node, OURS) == DATA, "the one before is offered again"
    network.broadcast(mission, Kind.PACKAGE, signed_manifest(newer))
    network.sync(device, mission)
    assert device.peer.directory.packages.why_withdrawn(newer.hash) == "crashes at start"
    assert device.peer.packages.offered()[0].manifest == OURS, "said again, it stays withdrawn"


def test_what_a_device_is_offered_by_platform_and_version() -> None:
    """SYNC-133, case by case: the platform's own first, never a lower version."""
    known, arm, any_ = Packages(), "android-arm64", "any"
    network = Network()
    ring = network.mission().peer.directory.ring
    assert ring is not None
    listed = [("1.2", arm), ("1.2", any_), ("1.3", any_), ("1.1", "linux-x86_64")]
    for number, (version, platform) in enumerate(listed):
        manifest = manifest_of(bytes([number]), version, platform)
        known.announce(signed_manifest(manifest), ring)
    other = manifest_of(b"9", "9.0", arm, name="tiles")
    known.announce(signed_manifest(other), ring)
    for platform, installed, expected in [
        (arm, "1.0", ("1.3", any_)),
        (arm, "1.3", None),
        (arm, "2.0", None),
        ("linux-x86_64", "1.0", ("1.3", any_)),
        ("windows-x86_64", "1.2.9", ("1.3", any_)),
    ]:
        found = known.upgrade_for("cairn", platform, parse_version(installed))
        shown = None if found is None else (str(found.version), found.platform)
        assert shown == expected, (platform, installed)
    known.withdraw(manifest_of(bytes([2]), "1.3", any_).hash, "why")
    best = known.upgrade_for("cairn", arm, parse_version("1.0"))
    assert best is not None
    assert (str(best.version), best.platform) == ("1.2", arm)


def test_a_stick_to_a_hub_brings_packages_with_their_announcement(network: Network) -> None:
    """SYNC-136; to a device only what it asked for."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    hub = carrying_hub(network, mission)
    _by_stick(mission, hub)
    assert read(hub, OURS) == DATA
    silent = network.device("silent", known_to=(hub,))
    assert _by_stick(hub, silent) == 0
    device = wanting(network.device("laptop", known_to=(hub,)))
    assert _by_stick(hub, device) == 0, "it has not asked yet"
    assert _by_stick(hub, device) == 5
    assert read(device, OURS) == DATA
    assert _by_stick(hub, device) == 0


def _by_stick(giver: Node, taker: Node) -> int:
    """Carry a bundle up and the answer down; return how many chunks came down."""
    ask = Papers(certificates=(taker.peer.me.certificate,))  # type: ignore[arg-type]
    own = [log for log in taker.peer.logs_to_send() if log.author == taker.peer.me.author]
    up = [make() for make in bundle_messages(taker.peer, Reader(own), ask)]
    delivered = take_bundle(giver.peer, taker.peer.me.author, up)
    reader = answering_reader(giver.peer, delivered)
    down = [make() for make in bundle_messages(giver.peer, reader, Papers())]
    take_bundle(taker.peer, giver.peer.me.author, down)
    return sum(len(decode_message(message).chunks) for message in down)


def test_a_file_takes_the_chunks_place_only_if_it_is_the_package(
    network: Network, tmp_path: Path
) -> None:
    """SYNC-136: from any stick; what is not it leaves what was begun."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    device = wanting(network.device("laptop", known_to=(mission,)))
    sync_cut(mission, device, 3)
    begun = held(device, OURS)
    assert 0 < begun[0] < FIVE_CHUNKS
    file = tmp_path / "package.zip"
    for data in (DATA[:-1], DATA + b"x", DATA[:-1] + bytes([DATA[-1] ^ 1]), b""):
        file.write_bytes(data)
        with pytest.raises(PackageRefused, match=r"not the package|longer than"):
            device.peer.packages.put(OURS, file_blocks(file))
        assert held(device, OURS) == begun
    with pytest.raises(UsageError, match="cannot be read"):
        device.peer.packages.put(OURS, file_blocks(tmp_path / "none"))
    file.write_bytes(DATA)
    device.peer.packages.put(OURS, file_blocks(file))
    assert read(device, OURS) == DATA


def test_a_package_is_saved_whole_or_not_at_all(network: Network, tmp_path: Path) -> None:
    """SYNC-137."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    device = wanting(network.device("laptop", known_to=(mission,)))
    shelf = device.peer.packages
    only_announced(mission, device)
    with pytest.raises(NotFound):
        shelf.save(OURS, tmp_path)
    assert list(tmp_path.glob("*.zip*")) == []
    network.sync(device, mission)
    saved = shelf.save(OURS, tmp_path)
    assert (saved.name, saved.read_bytes()) == (OURS.file_name, DATA)
    with pytest.raises(UsageError, match="not overwritten"):
        shelf.save(OURS, tmp_path)
    shelf.save(OURS, tmp_path / "other.zip")
    network.attest(mission, PackageWithdrawn(OURS.hash, "crashes at start"))
    mission_shelf = mission.peer.packages
    with pytest.raises(PackageRefused, match="crashes at start"):
        mission_shelf.save(OURS, tmp_path / "again.zip")


def test_a_package_that_rotted_in_the_store_is_refused(tmp_path: Path) -> None:
    """SYNC-137: what is written is compared once more."""
    store = SqliteLogStore(tmp_path / "mission.db", FakeClock())
    network = Network(lambda _: store)
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    store._db.execute('UPDATE chunks SET data = zeroblob(length(data)) WHERE "offset" = 0')
    with pytest.raises(PackageRefused, match="damaged on this machine"):
        mission.peer.packages.save(OURS, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()
    store.close()


def test_who_has_no_wish_asks_for_nothing_and_keeps_what_it_has(network: Network) -> None:
    """SYNC-133: the mission server."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    mission.peer.packages.settle()
    assert mission.peer.wants() == ()
    assert read(mission, OURS) == DATA


def test_packages_are_known_again_after_a_restart(network: Network) -> None:
    """SYNC-131: from the log alone."""
    mission = network.mission()
    publish_package(network, mission, DATA, OURS)
    network.attest(mission, PackageWithdrawn(bytes(32), "another"))
    device = wanting(network.device("laptop", known_to=(mission,)))
    network.sync(device, mission)
    again = Peer(device.peer.store, device.peer.me, directory(), network.clock)
    assert [one.whole for one in again.packages.offered()] == [True]
    assert again.directory.packages.why_withdrawn(bytes(32)) == "another"
