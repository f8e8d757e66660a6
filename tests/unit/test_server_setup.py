"""A server is set up: home, stores, project, key ring; what cannot be is refused in words."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from mission import PASSPHRASE, MissionKit, TestClock, make_mission, new_server
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.db import reading, writing
from server.governance.actions import Action, Role
from server.governance.audit import find_fault
from server.governance.decide import Actor, Resource
from server.governance.exchange import Exchange, is_exchange, read_exchange, write_exchange
from server.governance.requests import (
    CoordinatorRequest,
    RingRequest,
    read_coordinator_request,
    read_ring_request,
)
from server.governance.station import Station
from server.migrations import check_version, migrate
from server.mission import Mission
from server.queries import audit
from server.settings import Listen, load_settings
from server.setup import create_project, import_ring, init_home, ring_request, tls_pin
from server.tables.project import Project
from server.tables.stores import Store, all_metadata
from shared.errors import (
    KeyNotTrusted,
    PassphraseWrong,
    PolicyDenied,
    SignatureInvalid,
    UsageError,
)
from shared.ids import DeploymentId
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.ring import Role as KeyRole


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[MissionKit]:
    """A mission on SQLite, where the database makes no difference."""
    made = make_mission(tmp_path)
    yield made
    made.close()


def test_the_migrated_schema_is_the_declared_one(kit: MissionKit) -> None:
    """GOV-051, on SQLite and PostgreSQL."""
    for store, metadata in all_metadata().items():
        with kit.mission.stores.engine(store).connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(kit: MissionKit) -> None:
    migrate(kit.mission.stores)
    check_version(kit.mission.stores)


def test_a_store_of_another_version_is_refused(kit: MissionKit) -> None:
    with kit.mission.stores.records.connect() as connection:
        newest = MigrationContext.configure(connection).get_current_revision()

    def set_version(version: str | None) -> None:
        with writing(kit.mission.stores.records) as session:
            session.connection().exec_driver_sql(
                f"UPDATE alembic_version SET version_num = '{version}'"
            )

    set_version("0000")
    try:
        with pytest.raises(UsageError, match="records store is at version 0000"):
            Mission.open(kit.mission.settings.home, kit.clock)
    finally:
        set_version(newest)


def test_constraints_hold_what_models_do_not_check(kit: MissionKit) -> None:
    """`table=True` models skip validation; the database does not."""
    with pytest.raises(IntegrityError), writing(kit.mission.stores.inbox) as session:
        session.add(
            Project(
                id=2, deployment=b"12345678", label="x", controller="y", created_at=kit.clock.now()
            )
        )


def test_a_home_is_made_once(lite: MissionKit) -> None:
    with pytest.raises(UsageError, match="home already"):
        init_home(new_server(lite.folder), PASSPHRASE, lite.clock)


def test_clear_text_http_is_for_loopback_only(tmp_path: Path) -> None:
    """P2: a home that would answer in the clear on a network is not even made."""
    wanted = new_server(tmp_path)
    exposed = type(wanted)(
        wanted.home,
        Listen(host="0.0.0.0", plain_http=True),
        wanted.stores,
        wanted.suite,
        wanted.cost,
    )
    with pytest.raises(UsageError, match="loopback only"):
        init_home(exposed, PASSPHRASE, TestClock())
    assert not wanted.home.exists()


def test_settings_come_back_as_written_and_are_private(lite: MissionKit) -> None:
    settings = lite.mission.settings
    assert load_settings(settings.home) == settings
    assert (settings.home / "server.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[listen]\nport = 'x'", "port must be int"),
        ("[listen]\nprot = 1", "no setting 'prot'"),
        ("[listne]", r"no section \[listne\]"),
        ("listen = 1", "must be a section"),
        ("[listen", "not valid TOML"),
        ("[listen]\nhost = '10.0.0.1'\nplain_http = true", "loopback only"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "server.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        load_settings(tmp_path)


def test_no_home_is_told() -> None:
    with pytest.raises(UsageError, match="not a server home"):
        load_settings(Path("/nowhere"))


def test_keys_open_with_their_passphrase_alone(lite: MissionKit) -> None:
    """GOV-052."""
    before = lite.mission.keychain
    with pytest.raises(PassphraseWrong):
        lite.mission.unlock("wrong")
    assert lite.mission.unlock(PASSPHRASE).ring_keys() == before.ring_keys()
    sealed = (lite.mission.settings.keys_folder / "server.keys").read_bytes()
    for secret in (before.wrap, before.log.to_bytes(), before.intake[0].secret.to_bytes()):
        assert secret not in sealed
    assert tls_pin(lite.mission.settings)


def test_the_ring_holds_all_roles_and_the_server_no_custodian(lite: MissionKit) -> None:
    """P5: the custodian's key comes from the steward's station."""
    ring = lite.mission.ring()
    assert {key.role for key in ring.keys} == set(KeyRole) - {KeyRole.COORDINATOR}
    custodian = ring.key(KeyRole.CUSTODIAN, lite.mission.today)
    assert custodian.data not in {key.data for key in lite.mission.keychain.ring_keys()}


def test_a_second_project_is_refused(kit: MissionKit) -> None:
    with pytest.raises(UsageError, match="has its project"):
        create_project(kit.mission, "Other", "IOM")


def test_a_ring_of_another_root_is_refused(lite: MissionKit, tmp_path: Path) -> None:
    """The first ring fixes the root: a stolen server cannot be given another one."""
    other = make_mission(tmp_path / "other")
    request = ring_request(lite.mission)
    forged = Station.open(other.station.home, lite.clock)
    forged.register["deployment"] = request.deployment.hex()
    _, signed = forged.ring(request, PASSPHRASE)
    other.close()
    with pytest.raises(KeyNotTrusted):
        import_ring(lite.mission, signed)


def test_a_ring_must_be_newer_signed_and_ours(kit: MissionKit) -> None:
    """SEAL-081 at the server."""
    _, second = kit.station.ring(ring_request(kit.mission), PASSPHRASE)
    assert import_ring(kit.mission, second).serial == 2
    with pytest.raises(KeyNotTrusted, match="not newer"):
        import_ring(kit.mission, second)
    with pytest.raises(SignatureInvalid):
        import_ring(kit.mission, [second[0][:-1] + b"\x00", second[1]])
    with pytest.raises(UsageError, match="malformed"):
        import_ring(kit.mission, [b""])
    request = ring_request(kit.mission)
    without = RingRequest(request.deployment, request.label, request.keys[:-1])
    _, partial = kit.station.ring(without, PASSPHRASE)
    with pytest.raises(KeyNotTrusted, match="lacks keys of this server"):
        import_ring(kit.mission, partial)


def test_the_station_signs_for_one_project_and_no_foreign_role(lite: MissionKit) -> None:
    """GOV-025, GOV-027."""
    request = ring_request(lite.mission)
    with pytest.raises(UsageError, match="another project needs a station"):
        lite.station.ring(RingRequest(DeploymentId(b"otherone"), "x", request.keys), PASSPHRASE)
    custodian = lite.mission.ring().key(KeyRole.CUSTODIAN, lite.mission.today)
    with pytest.raises(UsageError, match="custodian's"):
        lite.station.ring(RingRequest(request.deployment, "x", (custodian,)), PASSPHRASE)


def test_the_newest_coordinators_key_stands_in_the_next_ring(lite: MissionKit) -> None:
    """STN-011: there is one at a time, and it is the one that was asked for last."""
    deployment = DeploymentId(lite.mission.project().deployment)
    for _ in range(2):
        public = SecretKey.generate(Suite.X25519).public
        value = [deployment, "Goma", int(public.suite), public.data]
        lite.station.take_coordinator(read_coordinator_request(value))
        ring, _ = lite.station.ring(ring_request(lite.mission), PASSPHRASE)
        keys = [key.data for key in ring.keys if key.role is KeyRole.COORDINATOR]
        assert keys == [public.data]
    assert b"station.coordinator" in lite.station.audit_lines()[-2].data
    with pytest.raises(UsageError, match="another project"):
        lite.station.take_coordinator(CoordinatorRequest(DeploymentId(b"otherone"), "x", public))
    for wrong in ([1, 2], [deployment, "Goma", 1, b"short"], [deployment, "Goma", 9, public.data]):
        with pytest.raises(UsageError, match="malformed"):
            read_coordinator_request(wrong)


def test_requests_travel_by_file(lite: MissionKit, tmp_path: Path) -> None:
    """GOV-025: what comes out of the file is what went in, and both sides see the same words."""
    path = tmp_path / "request"
    request = ring_request(lite.mission)
    words = write_exchange(path, Exchange.RING_REQUEST, request.value())
    value, same = read_exchange(path, Exchange.RING_REQUEST)
    assert (read_ring_request(value), same) == (request, words)
    assert is_exchange(path)
    with pytest.raises(UsageError, match="a ring is wanted"):
        read_exchange(path, Exchange.RING)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UsageError, match="damaged"):
        read_exchange(path, Exchange.RING_REQUEST)
    path.write_bytes(b"something else")
    with pytest.raises(UsageError, match="not a Cairn exchange file"):
        read_exchange(path, Exchange.RING_REQUEST)
    with pytest.raises(UsageError, match="cannot be read"):
        read_exchange(tmp_path / "none", Exchange.RING_REQUEST)
    with pytest.raises(UsageError, match="malformed"):
        read_ring_request([1, 2])


def test_every_decision_is_in_the_chain(kit: MissionKit) -> None:
    """GOV-030: permits and denials alike, each naming its rule."""
    nobody = Actor("eve", frozenset({Role.ANYONE}))
    with pytest.raises(PolicyDenied, match=r"no rule permits user\.add"):
        kit.mission.permit(nobody, Action.USER_ADD, Resource("user", "eve"))
    with reading(kit.mission.stores.records) as session:
        lines = list(audit.lines(session))
    assert find_fault(lines) is None
    assert b"user.add" in lines[-1].data
    assert b"deny" in lines[-1].data
    assert b"project.create" in lines[0].data


def test_the_stores_are_apart(kit: MissionKit) -> None:
    """GOV-050: no store's connection sees another's tables, by any name."""
    tables = {store: set(metadata.tables) for store, metadata in all_metadata().items()}
    for store, other in permutations(Store, 2):
        for name in tables[other] - tables[store]:
            for place in (name, f'"{other.value}"."{name}"'):
                with (
                    kit.mission.stores.engine(store).connect() as connection,
                    pytest.raises(DBAPIError, match=r"(?i)no such table|not exist|denied"),
                ):
                    connection.exec_driver_sql(f"SELECT 1 FROM {place}")
