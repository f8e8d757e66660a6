"""GOV-053..056, SYNC-041, SYNC-042, SYNC-083: what a backup holds, and how a server comes back."""

import json
from pathlib import Path

import pytest
from intake_kit import counts
from mission import PASSPHRASE, MissionKit, TestClock, make_mission
from sealed_device import SealedDevice, publish_form

from server.db import reading
from server.intake.exchange import MissionExchange
from server.intake.pipeline import Intake
from server.jobs.backup import LONG, MANIFEST, SHORT, back_up
from server.jobs.restore import check_backup, restore
from server.mission import Mission
from server.queries import logs, recordkeys
from server.tables.log import Detached
from shared.errors import StoreCorrupt, UsageError
from shared.ids import AuthorId
from shared.sealing.envelope import Kind
from sync.core.have import LogName


@pytest.fixture
def lite(tmp_path: Path) -> MissionKit:
    made = make_mission(tmp_path)
    publish_form(made)
    return made


def drain(mission: Mission) -> None:
    intake = Intake(mission)
    intake.drain()
    intake.close()


def backed_up(kit: MissionKit, device: SealedDevice) -> int:
    """How far the server tells a device that its log is backed up."""
    with reading(kit.mission.stores.inbox) as session:
        (found,) = [
            b
            for b in logs.all_branches(session)
            if b.author == device.tip.log.author and b.number == 0
        ]
        return found.backed_up_sequence


def test_a_backup_tells_devices_what_it_holds_and_no_more(lite: MissionKit, tmp_path: Path) -> None:
    device = SealedDevice(lite, "tablet 1")
    device.interview()
    assert backed_up(lite, device) == 0
    back_up(lite.mission, tmp_path / "b1")
    assert backed_up(lite, device) == 0, "one disk may fail"
    device.interview()
    done = back_up(lite.mission, tmp_path / "b2")
    assert (backed_up(lite, device), device.tip.sequence) == (2, 3)
    back_up(lite.mission, tmp_path / "b3")
    assert backed_up(lite, device) == 3
    manifest = check_backup(done.folder)
    assert manifest["deployment"] == lite.mission.project().deployment.hex()
    lite.close()


def test_an_attachment_on_its_way_holds_its_log_back(lite: MissionKit, tmp_path: Path) -> None:
    """SYNC-083."""
    device = SealedDevice(lite, "tablet 1")
    device.interview()
    with lite.mission.inbox() as session:
        session.add(
            Detached(payload_hash=bytes(32), author=device.tip.log.author, number=1, length=10)
        )
    for name in ("b1", "b2"):
        back_up(lite.mission, tmp_path / name)
    assert backed_up(lite, device) == device.tip.sequence, "no entry names that payload"
    lite.close()


def test_the_keys_lie_apart_and_nothing_is_readable_without_them(
    lite: MissionKit, tmp_path: Path
) -> None:
    device = SealedDevice(lite, "tablet 1")
    filled = device.interview()
    drain(lite.mission)
    done = back_up(lite.mission, tmp_path / "b1")
    names = {str(p.relative_to(done.folder)) for p in done.folder.rglob("*") if p.is_file()}
    assert f"{SHORT}/keys.db" in names
    assert f"{LONG}/records.db" in names
    assert not any("keys.db" in name and name.startswith(LONG) for name in names)
    assert bytes(filled.record_id) in (done.folder / LONG / "records.db").read_bytes()
    lite.close()


def test_a_server_comes_back_as_it_was_and_opens_a_new_incarnation(
    lite: MissionKit, tmp_path: Path
) -> None:
    """GOV-054, SYNC-042: what the backup lacked is asked for again from the devices."""
    device = SealedDevice(lite, "tablet 1")
    device.interview()
    drain(lite.mission)
    before = counts(lite)
    back_up(lite.mission, tmp_path / "b1")
    device.interview()
    drain(lite.mission)
    lite.close()
    done = restore(tmp_path / "b1", tmp_path / "new", TestClock())
    assert done.incarnation == 1
    mission = Mission.open(tmp_path / "new", TestClock())
    mission.unlock(PASSPHRASE)
    came_back = MissionKit(tmp_path, mission, lite.station, lite.clock)
    drain(mission)
    after = counts(came_back)
    assert after["resolved"] == before["resolved"] == 1
    assert after["analytic_rows"] == 1
    exchange = MissionExchange(mission)
    assert exchange is not None
    with reading(mission.stores.inbox) as session:
        author = bytes(exchange._peer.me.author)
        (branch,) = logs.branches(session, LogName(AuthorId(author), 1))
        said = [s.entry.header.kind for s in logs.stored(session, branch, 1, branch.head.sequence)]
    assert said[0] == Kind.KEYS, "SYNC-073: a broadcast log begins with the ring"
    assert Kind.FORM in said, "what is in force is said again"
    assert backed_up(came_back, device) == 0
    came_back.close()


def test_what_was_erased_after_the_backup_stays_erased(lite: MissionKit, tmp_path: Path) -> None:
    """GOV-055: the newer ledger is applied before anything can be opened."""
    device = SealedDevice(lite, "tablet 1")
    filled, kept = device.interview(), device.interview()
    drain(lite.mission)
    back_up(lite.mission, tmp_path / "b1")
    device.withdraw(filled.code)
    drain(lite.mission)
    ledger = lite.mission.settings.home / "stores" / "keys.db"
    lite.close()
    done = restore(tmp_path / "b1", tmp_path / "new", TestClock(), ledger)
    assert done.erased_again == 1
    mission = Mission.open(tmp_path / "new", TestClock())
    mission.unlock(PASSPHRASE)
    with reading(mission.stores.keys) as session:
        ids = [bytes(filled.record_id), bytes(kept.record_id)]
        assert set(recordkeys.keys_of(session, ids, mission.keychain.wrap)) == {ids[1]}
    drain(mission)
    came_back = MissionKit(tmp_path, mission, lite.station, lite.clock)
    assert counts(came_back)["analytic_rows"] == 1
    came_back.close()


def test_a_backup_that_was_changed_or_is_none_is_refused(lite: MissionKit, tmp_path: Path) -> None:
    done = back_up(lite.mission, tmp_path / "b1")
    with pytest.raises(UsageError, match="new folder"):
        back_up(lite.mission, done.folder)
    with pytest.raises(UsageError, match="new folder"):
        restore(done.folder, tmp_path, TestClock())
    with pytest.raises(UsageError, match="not a backup"):
        check_backup(tmp_path)
    store = done.folder / LONG / "records.db"
    store.write_bytes(store.read_bytes()[:-1] + b"\x00" + b"x")
    with pytest.raises(StoreCorrupt, match=r"records\.db"):
        restore(done.folder, tmp_path / "new", TestClock())
    manifest = json.loads((done.folder / MANIFEST).read_text())
    (done.folder / MANIFEST).write_text(json.dumps({**manifest, "format": "other"}))
    with pytest.raises(UsageError, match="another version"):
        check_backup(done.folder)
    lite.close()
