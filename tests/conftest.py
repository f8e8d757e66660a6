"""Fixtures every room may use."""

from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from mission import MissionKit, make_mission
from sealed_device import SealedDevice, publish_form

from server.intake.pipeline import Intake
from server.postgres import prepare_postgres
from server.settings import StoreUrls


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--shard K/N`: only every N-th test, from the K-th on; a soak may be shared out."""
    parser.addoption("--shard", default="1/1", metavar="K/N", help="only this share of the tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is another shard's."""
    place, _, shards = str(config.getoption("--shard")).partition("/")
    mine = items[int(place) - 1 :: int(shards)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(mine)])
    items[:] = mine


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """One PostgreSQL server for the session; skipped with a notice where there is none."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.run_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_stores(postgres_cluster: postgres.Cluster) -> tuple[StoreUrls, str]:
    """Return one database with a schema and a role per store, and its superuser's URL."""
    admin_url = postgres_cluster.new_database()
    urls, _ = prepare_postgres(admin_url)
    return urls, admin_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_urls(request: pytest.FixtureRequest) -> StoreUrls:
    """Empty stores, once on SQLite and once on PostgreSQL with a role for each."""
    if request.param == "sqlite":
        return StoreUrls()
    found: tuple[StoreUrls, str] = request.getfixturevalue("postgres_stores")
    postgres.empty(found[1])
    return found[0]


@pytest.fixture
def kit(tmp_path: Path, store_urls: StoreUrls) -> Iterator[MissionKit]:
    """Return a mission with its key ring, on each kind of database."""
    made = make_mission(tmp_path, store_urls)
    yield made
    made.close()


@pytest.fixture
def device(kit: MissionKit) -> SealedDevice:
    """Return an enrolled tablet of a mission with a published form."""
    publish_form(kit)
    return SealedDevice(kit, "tablet 1")


@pytest.fixture
def intake(kit: MissionKit) -> Iterator[Intake]:
    """Return an intake worker of the mission."""
    made = Intake(kit.mission)
    yield made
    made.close()
