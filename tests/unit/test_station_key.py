"""STN-010, STN-012, STN-020: the coordinator's key, its folder, its periods and its request."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from client_project import DEPLOYMENT
from station_kit import StationKit, Tablet, make_station

from server.governance.exchange import Exchange, read_exchange
from server.governance.requests import read_coordinator_request
from server.hub.home import SETTINGS_FILE
from server.station.home import KEY_FILE, STATION_FILE, StationHome
from server.station.watch import Watch
from shared.errors import PassphraseWrong, UsageError
from shared.sealing.keys import PublicKey, Suite
from shared.sealing.passphrase import TEST_COST

PASSPHRASE = "harbour ninety willow copper drift anvil"


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[StationKit]:
    made = make_station(tmp_path)
    yield made
    made.close()


def made(kit: StationKit, name: str = "laptop") -> StationHome:
    home = StationHome.create(kit.folder / name, kit.hubs[0].home, "Goma")
    home.begin(PASSPHRASE, Suite.X25519, TEST_COST)
    return StationHome.open(home.home)


def held(home: StationHome) -> list[PublicKey]:
    return [key.public for key in home.unlock(PASSPHRASE)]


def test_stn_010_only_the_public_half_leaves(kit: StationKit) -> None:
    """STN-010."""
    home = made(kit)
    (key,) = home.unlock(PASSPHRASE)
    words = home.write_request(kit.folder / "request", key)
    value, same = read_exchange(kit.folder / "request", Exchange.COORDINATOR_REQUEST)
    asked = read_coordinator_request(value)
    assert (asked.deployment, asked.label, asked.public) == (DEPLOYMENT, "Goma", key.public)
    assert words == same
    for file in kit.folder.rglob("*"):
        if file.is_file():
            assert key.to_bytes() not in file.read_bytes(), file
    assert home.home.stat().st_mode & 0o077 == 0
    assert (home.home / KEY_FILE).stat().st_mode & 0o077 == 0


def test_stn_010_the_passphrase_is_strong_and_the_only_way_in(kit: StationKit) -> None:
    """STN-010."""
    home = StationHome.create(kit.folder / "laptop", kit.hubs[0].home, "")
    with pytest.raises(UsageError, match="bits"):
        home.begin("password1", Suite.X25519, TEST_COST)
    assert not (home.home / STATION_FILE).exists()
    home.begin(PASSPHRASE, Suite.X25519, TEST_COST)
    assert home.settings.label == "Hub 0", "the hub's, where none was given"
    with pytest.raises(PassphraseWrong):
        home.unlock(PASSPHRASE + "x")


def test_stn_010_the_key_never_lies_in_a_hub(kit: StationKit) -> None:
    """STN-010."""
    with pytest.raises(UsageError, match="lies in the hub's folder"):
        StationHome.create(kit.hubs[0].home / "station", kit.hubs[0].home, "")
    made(kit)
    with pytest.raises(UsageError, match="never replaced silently"):
        StationHome.create(kit.folder / "laptop", kit.hubs[0].home, "")


def test_stn_012_rotation_adds_and_forgetting_destroys(kit: StationKit) -> None:
    """STN-012."""
    home = made(kit)
    first = home.unlock(PASSPHRASE)[0]
    second = home.rotate(PASSPHRASE, TEST_COST)
    assert held(home) == [first.public, second.public]
    assert second.suite is first.suite
    with pytest.raises(UsageError, match="newest"):
        home.forget(second.public.key_id.hex(), PASSPHRASE, TEST_COST)
    with pytest.raises(UsageError, match=first.public.key_id.hex()):
        home.forget("00" * 8, PASSPHRASE, TEST_COST)
    with pytest.raises(PassphraseWrong):
        home.forget(first.public.key_id.hex(), "wrong", TEST_COST)
    assert home.forget(first.public.key_id.hex(), PASSPHRASE, TEST_COST) == 1
    assert held(home) == [second.public]


def test_stn_012_from_one_period_to_the_next(kit: StationKit) -> None:
    """STN-012: Tablets seal to the key their ring names; the page says which one that is."""
    home = made(kit)
    keys = home.unlock(PASSPHRASE)
    assert Watch(home, keys, kit.project.clock).look().key.state == "other"
    kit.project.coordinator = keys[0]
    kit.project.peer.take_ring(kit.project.ring(serial=2))
    kit.hubs[0].peer.take_ring(kit.project.ring(serial=2))
    tablet = Tablet(kit.project, "tablet 1")
    tablet.visit()
    home.rotate(PASSPHRASE, TEST_COST)
    keys = home.unlock(PASSPHRASE)
    assert Watch(home, keys, kit.project.clock).look().key.state == "rotating"
    kit.project.coordinator = keys[1]
    kit.project.peer.take_ring(kit.project.ring(serial=3))
    kit.hubs[0].peer.take_ring(kit.project.ring(serial=3))
    tablet.unlock()
    tablet.visit()
    kit.hand_over(tablet)
    picture = Watch(home, keys, kit.project.clock).look()
    assert (picture.key.state, picture.total.visits) == ("ready", 2)
    assert picture.key.held == tuple(key.public.key_id.hex() for key in keys)


def test_stn_020_a_station_reads_hubs_of_its_project_alone(kit: StationKit) -> None:
    """STN-020."""
    home = made(kit)
    with pytest.raises(UsageError, match="no hub's folder"):
        home.add_hub(kit.folder / "nothing")
    second = kit.add_hub()
    home.add_hub(second.home)
    home.add_hub(second.home)
    assert len(StationHome.open(home.home).settings.hubs) == 2
    foreign = kit.add_hub()
    changed = {**json.loads((foreign.home / SETTINGS_FILE).read_text()), "deployment": "00" * 8}
    (foreign.home / SETTINGS_FILE).write_text(json.dumps(changed))
    with pytest.raises(UsageError, match="another project"):
        home.add_hub(foreign.home)


def test_a_folder_that_is_no_station_says_so(kit: StationKit) -> None:
    with pytest.raises(UsageError, match="cairn station init"):
        StationHome.open(kit.folder)
    home = made(kit)
    (home.home / STATION_FILE).write_text("{")
    with pytest.raises(UsageError, match="damaged"):
        StationHome.open(home.home)
    (home.home / KEY_FILE).unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        home.unlock(PASSPHRASE)


def test_wrong_papers_leave_the_earlier_ones(kit: StationKit) -> None:
    """STN-037: nothing is kept of a file with a fault."""
    home = made(kit)
    home.set_targets(b"location,target\nL1,3\n")
    with pytest.raises(UsageError):
        home.set_targets(b"location,target\nL1,none\n")
    assert [target.target for target in home.targets()] == [3]
    home.set_names(b"device,name\n0a1b2c3d,Tablet 1\n")
    assert [asdict(named)["name"] for named in home.names()] == ["Tablet 1"]
