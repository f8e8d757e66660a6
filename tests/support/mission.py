"""A whole mission for tests: steward's station, server, project, forms, devices; in-process.

`make_mission(folder)` gives a mission with its ring imported. Costs that protect passphrases are
turned down to nothing, so that a mission takes a fraction of a second.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from server.db import open_store
from server.governance.station import Station
from server.migrations import migrate_store
from server.mission import Mission
from server.settings import Listen, StoreUrls
from server.setup import NewServer, create_project, import_ring, init_home, ring_request
from server.tables.stores import Store
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


@lru_cache(maxsize=1)
def _empty_stores() -> dict[str, bytes]:
    """Return migrated, empty SQLite stores: migrating anew takes longer than most tests."""
    with TemporaryDirectory() as folder:
        files = {store: Path(folder) / f"{store.value}.db" for store in Store}
        for store, path in files.items():
            engine = open_store(f"sqlite:///{path}")
            migrate_store(store, engine)
            engine.dispose()
        return {path.name: path.read_bytes() for path in files.values()}


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
    if stores is None or stores == StoreUrls():
        (folder / "server" / "stores").mkdir(parents=True, exist_ok=True)
        for name, data in _empty_stores().items():
            (folder / "server" / "stores" / name).write_bytes(data)
    mission = init_home(new_server(folder, stores), PASSPHRASE, clock)
    create_project(mission, "Test mission", "IOM")
    _, signed = station.ring(ring_request(mission), PASSPHRASE)
    import_ring(mission, signed)
    return MissionKit(folder, mission, station, clock)
