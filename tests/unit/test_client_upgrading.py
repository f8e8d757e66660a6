"""The client keeps itself current: offered, loaded, saved, installed, needed. SYNC-133 to 138."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from app_packages import manifest_of, package_bytes, signed_manifest
from client_project import (
    DEPLOYMENT,
    PASSPHRASE,
    TestProject,
    finalized_household,
    start_household,
)

from mobile_client.device.fake import (
    FakeInstaller,
    FakeKeystore,
    FakeStorage,
    fake_services,
)
from mobile_client.device.installing import CommandInstaller, platform_word
from mobile_client.services.client import Client
from mobile_client.services.device_policy import read_device_policy
from mobile_client.vault.database import VAULT_FORMAT
from shared.errors import (
    FormError,
    NotFound,
    PackageRefused,
    StoreFull,
    TransportError,
    UpgradeNeeded,
    UsageError,
)
from shared.limits import CHUNK_BYTES
from shared.sealing.envelope import Kind
from shared.sealing.packages import Manifest
from shared.versions import parse_version
from sync.core.attest import PackageWithdrawn
from sync.stores.schema import LOG_FORMAT

DATA = package_bytes(7, 3 * CHUNK_BYTES + 17)
NEWER = manifest_of(DATA, "2.0")
FETCH = "[app]\nfetch = true\n"
MINIMUM = '[app]\nminimum_version = "1.5"\n'


@pytest.fixture
def project() -> TestProject:
    project = TestProject()
    project.publish()
    return project


def announce(project: TestProject, manifest: Manifest, data: bytes | None = None) -> None:
    """Broadcast a package that the server holds."""
    project.broadcast(Kind.PACKAGE, signed_manifest(manifest, project.root, DEPLOYMENT))
    project.peer.load()
    if data is not None:
        blocks = (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
        project.peer.packages.put(manifest, blocks)


def client_of(project: TestProject, home: Path, version: str = "1.0", **device: Any) -> Client:
    kept = {"keystore": FakeKeystore(value=b"secret"), **device}
    services = fake_services(**kept)
    return project.enrolled(home, version=parse_version(version), device=services)


def test_nothing_is_offered_at_first(project: TestProject, tmp_path: Path) -> None:
    """SYNC-133."""
    client = client_of(project, tmp_path)
    view = client.upgrade()
    assert (view.installed, view.offered, view.needed) == ("1.0", False, False)
    for call in (client.fetch_upgrade, client.install_upgrade):
        with pytest.raises(NotFound, match=r"no version above 1\.0 .* linux-x86_64"):
            call()
    client.close()
    lonely = project.client(tmp_path / "new")
    assert lonely.upgrade().installed == "0.1.0"
    with pytest.raises(NotFound, match="belongs to no project"):
        lonely.fetch_upgrade()
    lonely.close()


def test_a_package_is_loaded_when_the_enumerator_asks(project: TestProject, tmp_path: Path) -> None:
    """SYNC-133, SYNC-137."""
    client = client_of(project, tmp_path / "home")
    announce(project, NEWER, DATA)
    project.sync(client)
    view = client.upgrade()
    assert (view.version, view.received, view.asked, view.whole) == ("2.0", 0, False, False)
    assert view.changes == "What is new in 2.0."
    with pytest.raises(NotFound, match="not whole"):
        client.save_upgrade(tmp_path)
    assert client.fetch_upgrade().asked
    finalized_household(client)
    transfer = project.sync(client)
    assert transfer.loaded_bytes == len(DATA)
    view = client.upgrade()
    assert (view.whole, view.share, view.asked) == (True, 1.0, False)
    saved = client.save_upgrade(tmp_path)
    assert saved.read_bytes() == DATA
    with pytest.raises(UsageError, match="not overwritten"):
        client.save_upgrade(tmp_path)
    done = client.install_upgrade()
    installer = client.device.installer
    assert isinstance(installer, FakeInstaller)
    assert installer.installed == [done.path]
    assert (done.command, done.path.read_bytes()) == ("install cairn-2.0-linux-x86_64.zip", DATA)
    client.install_upgrade()
    client.close()
    upgraded = project.client(tmp_path / "home", version=parse_version("2.0"))
    assert not upgraded.upgrade().offered
    assert list((tmp_path / "home" / "packages").iterdir()) == [], "it is done"
    assert upgraded.project is not None
    assert upgraded.project.peer.packages.loaded(NEWER).received == 0
    upgraded.close()


def test_the_wish_outlives_a_restart_and_the_load_goes_on(
    project: TestProject, tmp_path: Path
) -> None:
    """SYNC-081: what was loaded before a cut is not loaded again."""
    client = client_of(project, tmp_path / "home")
    announce(project, NEWER, DATA)
    project.sync(client)
    client.fetch_upgrade()
    left = [3]

    def cut(moment: str) -> None:
        left[0] -= moment == "after"
        if left[0] < 0:
            raise TransportError("cut")

    with pytest.raises(TransportError):
        project.sync(client, cut)
    received = client.upgrade().received
    assert 0 < received < len(DATA)
    client.close()
    again = project.client(tmp_path / "home", version=parse_version("1.0"))
    assert (again.upgrade().received, again.upgrade().asked) == (received, True)
    assert project.sync(again).loaded_bytes <= len(DATA) - received + CHUNK_BYTES
    assert again.upgrade().whole
    again.close()


def test_policy_lets_devices_load_by_themselves_where_there_is_room(
    project: TestProject, tmp_path: Path
) -> None:
    """SYNC-133."""
    project.publish_policy(FETCH)
    announce(project, NEWER, DATA)
    roomy = client_of(project, tmp_path / "roomy")
    full = client_of(project, tmp_path / "full", storage=FakeStorage(300 << 20))
    for client in (roomy, full):
        project.sync(client)
    assert roomy.upgrade().whole
    assert (full.upgrade().received, full.upgrade().asked) == (0, False)
    roomy.close()
    full.close()


def test_no_room_is_told_before_anything_is_loaded(project: TestProject, tmp_path: Path) -> None:
    """SYNC-134: a package never takes the place that records need."""
    client = client_of(project, tmp_path, storage=FakeStorage(2 * len(DATA)))
    announce(project, NEWER, DATA)
    project.sync(client)
    with pytest.raises(StoreFull, match="free some space"):
        client.fetch_upgrade()
    assert not client.upgrade().asked
    client.close()


@pytest.mark.parametrize("formats", [(LOG_FORMAT + 1, 0), (0, VAULT_FORMAT + 1)])
def test_a_package_that_cannot_bring_these_stores_up_is_refused(
    project: TestProject, tmp_path: Path, formats: tuple[int, int]
) -> None:
    """SYNC-137, SEAL-090."""
    project.publish_policy(FETCH)
    announce(project, manifest_of(DATA, "2.0", formats=formats), DATA)
    client = client_of(project, tmp_path / "home")
    project.sync(client)
    view = client.upgrade()
    assert (view.offered, view.received) == (True, 0)
    assert "between the two first" in view.barred
    for call in (client.fetch_upgrade, client.install_upgrade):
        with pytest.raises(PackageRefused, match="cannot bring up"):
            call()
    client.close()


@pytest.mark.parametrize(
    ("version", "platform"), [("1.0", "linux-x86_64"), ("0.9", "any"), ("2.0", "android-arm64")]
)
def test_another_platform_or_a_version_not_above_is_not_for_this_device(
    project: TestProject, tmp_path: Path, version: str, platform: str
) -> None:
    """SYNC-137: neither offered, nor taken from a file."""
    project.publish_policy(FETCH)
    announce(project, manifest_of(DATA, version, platform), DATA)
    client = client_of(project, tmp_path / "home")
    project.sync(client)
    assert not client.upgrade().offered
    file = tmp_path / "package.zip"
    file.write_bytes(DATA)
    with pytest.raises(NotFound):
        client.take_upgrade(file)
    client.close()


def test_a_file_from_a_stick_is_taken_if_it_is_the_package(
    project: TestProject, tmp_path: Path
) -> None:
    """SYNC-136."""
    client = client_of(project, tmp_path / "home")
    announce(project, NEWER)
    project.sync(client)
    file = tmp_path / "cairn.zip"
    file.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(PackageRefused, match="size or SHA-256"):
        client.take_upgrade(file)
    file.write_bytes(DATA)
    assert client.take_upgrade(file).whole
    client.close()
    again = project.client(tmp_path / "home", version=parse_version("1.0"))
    assert again.upgrade().whole, "kept over a restart"
    again.close()


def test_a_withdrawn_package_is_gone_from_the_device(project: TestProject, tmp_path: Path) -> None:
    """SYNC-132."""
    client = client_of(project, tmp_path / "home")
    announce(project, NEWER, DATA)
    project.sync(client)
    client.fetch_upgrade()
    project.sync(client)
    assert client.upgrade().whole
    project.attest(PackageWithdrawn(NEWER.hash, "crashes at start"))
    project.sync(client)
    assert not client.upgrade().offered
    with pytest.raises(NotFound):
        client.install_upgrade()
    client.close()


def test_below_the_minimum_nothing_begins_and_nothing_is_lost(
    project: TestProject, tmp_path: Path
) -> None:
    """SYNC-138."""
    client = client_of(project, tmp_path / "home")
    finalized_household(client, {"/data/interview/head_name": "Unsent"})
    draft = start_household(client, {"/data/interview/head_name": "Open"})
    draft.close()
    project.publish_policy(MINIMUM)
    project.sync(client)
    view = client.upgrade()
    assert (view.minimum, view.needed) == ("1.5", True)
    for begin in (client.begin, client.begin_filling):
        with pytest.raises(UpgradeNeeded, match=r"need version 1\.5 .* this is 1\.0.*coordinator"):
            begin("household")
    with pytest.raises(UpgradeNeeded):
        client.open_case("0" * 32)
    announce(project, NEWER, DATA)
    project.sync(client)
    with pytest.raises(UpgradeNeeded, match="Load it in the settings"):
        client.begin("household")
    client.fetch_upgrade()
    project.sync(client)
    with pytest.raises(UpgradeNeeded, match="on this device already"):
        client.begin("household")
    (row,) = client.drafts()
    client.finalize(row.draft_id)
    client.tally("household", "absent")
    project.sync(client)
    names = [i.patch["/data/interview/head_name"] for i in project.identities()]
    assert names == ["Unsent", "Open"]
    assert len(project.tallies()) == 1
    client.close()
    upgraded = project.client(tmp_path / "home", version=parse_version("2.0"))
    upgraded.unlock(upgraded.enumerators()[0].id, PASSPHRASE)
    assert upgraded.begin("household").draft_id
    upgraded.close()


def test_what_is_new_is_told_in_the_language_of_the_screens(
    project: TestProject, tmp_path: Path
) -> None:
    """SEAL-090."""
    changes = {"fr": "Plus rapide.", "en": "Quicker."}
    announce(project, replace(NEWER, changes=changes))
    client = client_of(project, tmp_path / "home")
    for language, words in (("fr", "Plus rapide."), ("fr-CA", "Plus rapide."), ("uk", "Quicker.")):
        client.save_preferences(replace(client.preferences(), language=language))
        assert client.upgrade().changes == words
    client.close()


def test_a_policy_whose_app_table_is_wrong_is_not_taken() -> None:
    """SYNC-138."""
    app = read_device_policy(b'[app]\nminimum_version = "1.5"\n[device]\nlock_idle_s = 60\n').app
    assert str(app.minimum) == "1.5"
    with pytest.raises(FormError):
        read_device_policy(b'[app]\nminimum_version = "soon"\n')


def test_platforms_have_one_word_each() -> None:
    """SEAL-091."""
    for system, machine, word in (
        ("Linux", "x86_64", "linux-x86_64"),
        ("Windows", "AMD64", "windows-x86_64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "darwin-aarch64"),
        ("", "", "unknown-unknown"),
    ):
        assert platform_word(system, machine) == word


def test_a_laptop_says_the_command_that_installs() -> None:
    """SYNC-137."""
    installer = CommandInstaller()
    assert installer.install(Path("/tmp/a b.deb")) == "sudo apt install '/tmp/a b.deb'"
    assert installer.install(Path("/tmp/cairn.whl")).endswith("--upgrade /tmp/cairn.whl")
    assert installer.install(Path("/tmp/cairn.zip")) == ""
