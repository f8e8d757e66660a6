"""A whole mission for tests: steward's station, server, project, forms, devices; in-process.

`make_mission(folder)` gives a mission with its ring imported. Costs that protect passphrases are
turned down to nothing, so that a mission takes a fraction of a second.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server.governance.station import Station
from server.mission import Mission
from server.settings import Listen, StoreUrls
from server.setup import NewServer, create_project, import_ring, init_home, ring_request
from shared.sealing.keys import Suite
from shared.sealing.passphrase import TEST_COST

PASSPHRASE = "correct horse battery staple nine moons"
START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@dataclass
class TestClock:
    """A clock that stands still until a test moves it."""

    __test__ = False

    instant: datetime = START
    elapsed_s: float = 0.0

    def now(self) -> datetime:
        """Return the set instant."""
        return self.instant

    def monotonic_s(self) -> float:
        """Return seconds moved so far."""
        return self.elapsed_s

    def advance(self, **delta: float) -> None:
        """Move on, e.g. `advance(days=3)`."""
        step = timedelta(**delta)
        self.instant += step
        self.elapsed_s += step.total_seconds()


@dataclass
class MissionKit:
    """A mission server, its steward and its clock."""

    folder: Path
    mission: Mission
    station: Station
    clock: TestClock = field(default_factory=TestClock)

    def close(self) -> None:
        """Close the stores."""
        self.mission.close()


def new_server(folder: Path, stores: StoreUrls | None = None) -> NewServer:
    """Return what `init_home` is asked for in tests; suite 1 is the quicker one."""
    listen = Listen(port=8443, addresses=("https://127.0.0.1:8443",))
    return NewServer(folder / "server", listen, stores or StoreUrls(), Suite.X25519, TEST_COST)


def make_mission(folder: Path, stores: StoreUrls | None = None) -> MissionKit:
    """Make steward, server, project and key ring under a folder."""
    clock = TestClock()
    station = Station.create(
        folder / "steward",
        clock,
        root_passphrase=PASSPHRASE,
        custodian_passphrase=PASSPHRASE,
        suite=Suite.X25519,
        cost=TEST_COST,
    )
    mission = init_home(new_server(folder, stores), PASSPHRASE, clock)
    create_project(mission, "Test mission", "IOM")
    _, signed = station.ring(ring_request(mission), PASSPHRASE)
    import_ring(mission, signed)
    return MissionKit(folder, mission, station, clock)
