"""A withdrawn record after its window: no copy anywhere opens, its epoch neighbours do.

GOV-057, GOV-058, INTK-060 to INTK-063, GOV-055. The attacker holds today's keys of the server,
yesterday's backup without what policy deletes early, a hub's store and a stick.
"""

import shutil
from pathlib import Path

import pytest
from intake_kit import COORDINATOR, counts
from mission import PASSPHRASE, MissionKit, make_mission
from sealed_device import Interview, SealedDevice, publish_form
from sqlmodel import select

from server.db import open_store, reading
from server.governance.keychain import FILE_NAME, load_keychain
from server.governance.periods import begin_period, end_period, key_name
from server.intake.forms import FormShelf
from server.intake.held import read_revision
from server.intake.pipeline import Intake
from server.intake.review import list_quarantine
from server.intake.shelf import shelf_peer
from server.jobs.backup import LONG, SHORT, back_up
from server.queries import recordkeys
from server.setup import import_ring, ring_request
from server.tables.records import Revision
from shared.errors import CairnError, TagMismatch, UsageError
from shared.sealing.envelope import Compartment
from shared.sealing.epochs import open_epoch, open_payload
from shared.sealing.keys import SecretKey
from shared.sealing.passphrase import TEST_COST
from sync.core.messages import Papers


@pytest.fixture
def lite(tmp_path: Path) -> MissionKit:
    made = make_mission(tmp_path)
    publish_form(made)
    return made


def drain(kit: MissionKit) -> None:
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()


def next_period(kit: MissionKit) -> str:
    """Begin the next period, have its ring signed, and wait until it is in force."""
    begin_period(kit.mission, PASSPHRASE, cost=TEST_COST)
    _, signed = kit.station.ring(ring_request(kit.mission), PASSPHRASE)
    import_ring(kit.mission, signed)
    old, new = kit.mission.keychain.intake
    kit.clock.advance(days=2)
    assert new.from_day <= kit.mission.today
    return key_name(old)


def opens(keys: tuple[SecretKey, ...], device: SealedDevice, filled: Interview) -> bool:
    """Tell whether the body of a sealed copy opens, by its epoch and any of the keys."""
    assert device.held is not None
    epoch = device.held[0].entry.payloads[Compartment.BODY]
    header = filled.appended.entry.header
    sealed = filled.appended.entry.payloads[Compartment.BODY]
    assert epoch is not None
    assert sealed is not None
    try:
        secret = open_epoch(epoch, keys, device.tip.log, Compartment.BODY)
        return bool(open_payload(secret, header, Compartment.BODY, sealed))
    except CairnError:
        return False


def test_once_the_window_closed_no_copy_of_a_withdrawn_record_opens(
    lite: MissionKit, tmp_path: Path
) -> None:
    device = SealedDevice(lite, "tablet 1")
    device.hold()
    withdrawn, neighbour = device.interview(), device.interview()
    stick = device.batch()
    carry(lite, stick)
    drain(lite)
    backup = back_up(lite.mission, tmp_path / "yesterday").folder
    device.withdraw(withdrawn.code)
    carry(lite, device.batch())
    drain(lite)
    assert opens(lite.mission.keychain.intake_keys(), device, withdrawn), "the window is open yet"
    old = next_period(lite)
    end_period(lite.mission, old, PASSPHRASE, cost=TEST_COST)
    shutil.rmtree(backup / SHORT)
    today = load_keychain(lite.mission.settings.keys_folder, PASSPHRASE)
    assert not opens(today.intake_keys(), device, withdrawn), "hub disk and stick are dark"
    assert not opens(today.intake_keys(), device, neighbour), "their copies too"
    check_keys_are_gone(old, [backup, lite.mission.settings.home])
    check_backup(lite, backup, withdrawn, neighbour)
    drain(lite)
    found = counts(lite)
    assert (found["live_records"], found["analytic_rows"]) == (1, 1), "the neighbour is readable"
    assert (found["withdrawn_records"], found["quarantined"]) == (1, 0)
    carry(lite, stick)
    drain(lite)
    assert counts(lite) == found, "its old bundle changes nothing"
    lite.close()


def carry(kit: MissionKit, batch: bytes) -> None:
    """Bring a device's entries in, as a hub or stick does."""
    shelf_peer(kit.mission).take(batch, Papers())


def check_keys_are_gone(name: str, folders: list[Path]) -> None:
    """No key file that is left, opened by the passphrase, holds the destroyed key."""
    opened = 0
    for path in (found for folder in folders for found in folder.rglob(FILE_NAME)):
        keys = load_keychain(path.parent, PASSPHRASE)
        assert name not in {key_name(key) for key in keys.intake}
        opened += 1
    assert opened == 1, "the server's own"


def check_backup(kit: MissionKit, backup: Path, withdrawn: Interview, neighbour: Interview) -> None:
    """With every key the server has today, the copy opens the neighbour and not the withdrawn."""
    ids = [bytes(withdrawn.record_id), bytes(neighbour.record_id)]
    with reading(kit.mission.stores.keys) as session:
        keys = recordkeys.keys_of(session, ids, kit.mission.keychain.wrap)
    assert set(keys) == {ids[1]}
    engine = open_store(f"sqlite:///{backup / LONG / 'records.db'}")
    with reading(engine) as session:
        rows = {row.record_id: row for row in session.exec(select(Revision))}
        shelf = FormShelf(kit.mission)
        assert read_revision(keys[ids[1]], rows[ids[1]], shelf) is not None
        for key in (keys[ids[1]], kit.mission.keychain.wrap):
            with pytest.raises(TagMismatch):
                read_revision(key, rows[ids[0]], shelf)
    engine.dispose()


def test_a_period_ends_only_after_the_next_began_and_everything_is_taken_in(
    lite: MissionKit,
) -> None:
    """GOV-057, GOV-058."""
    device = SealedDevice(lite, "tablet 1")
    device.interview()
    (only,) = lite.mission.keychain.intake
    for name, says in ((key_name(only), "only intake key"), ("0" * 16, "there is no intake key")):
        with pytest.raises(UsageError, match=says):
            end_period(lite.mission, name, PASSPHRASE, cost=TEST_COST)
    old = next_period(lite)
    with pytest.raises(UsageError, match="wait to be taken in"):
        end_period(lite.mission, old, PASSPHRASE, cost=TEST_COST)
    drain(lite)
    late = SealedDevice(lite, "tablet 2")
    late.hold()
    late.interview()
    device.unlock()
    device.interview()
    drain(lite)
    assert counts(lite)["live_records"] == 2, "new epochs are sealed to the new key"
    end_period(lite.mission, old, PASSPHRASE, cost=TEST_COST)
    lite.close()


def test_what_comes_after_its_period_stands_aside_as_undecryptable(lite: MissionKit) -> None:
    """GOV-058: late arrivals are kept, with what to do; the device may seal them again."""
    late = SealedDevice(lite, "tablet 1")
    late.hold()
    late.interview()
    old = next_period(lite)
    end_period(lite.mission, old, PASSPHRASE, cost=TEST_COST)
    carry(lite, late.batch())
    drain(lite)
    (row,) = list_quarantine(lite.mission, COORDINATOR)
    assert (row["reason"], counts(lite)["quarantined"]) == ("undecryptable", 1)
    lite.close()
