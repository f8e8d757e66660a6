"""App packages at station and server: signed, published, listed, withdrawn. GOV-070 to GOV-073."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_packages import package_bytes
from mission import PASSPHRASE, MissionKit, make_mission

from server.db import reading
from server.governance.actions import Action, Role
from server.governance.audit import read_line
from server.governance.decide import Actor
from server.governance.packages import (
    Described,
    describe_file,
    list_packages,
    minimum_without_package,
    publish_package,
    sign_package,
    withdraw_package,
)
from server.governance.policy import built_in_text, read_policy
from server.governance.publishing import publish
from server.intake.exchange import MissionExchange
from server.intake.inbox import InboxStore
from server.intake.mail import mail_content
from server.intake.outbox import send_due
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.queries import audit
from shared.errors import (
    EncodingInvalid,
    NotFound,
    PackageRefused,
    PolicyDenied,
    SignatureInvalid,
    UsageError,
)
from shared.limits import CHUNK_BYTES
from shared.sealing.documents import sign_document
from shared.sealing.keys import SigningKey
from shared.sealing.packages import Manifest, manifest_document

DATA = package_bytes(1, 2 * CHUNK_BYTES + 5)
SAID = Described("cairn", "1.4.0", "linux-x86_64", {"en": "Quicker."})


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[MissionKit]:
    made = make_mission(tmp_path)
    made.mission.unlock(PASSPHRASE)
    yield made
    made.close()


def package(kit: MissionKit, version: str = "1.4.0", data: bytes = DATA) -> tuple[bytes, Path]:
    """Sign a file; return the signed manifest and the file."""
    file = kit.folder / f"cairn-{version}.zip"
    file.write_bytes(data)
    said = Described("cairn", version, "linux-x86_64", {"en": "Quicker."})
    return sign_package(kit.station, describe_file(file, said), PASSPHRASE), file


def audited(mission: Mission) -> list[tuple[str, str, str]]:
    """Return action, resource and decision of every audit line on packages."""
    with reading(mission.stores.records) as session:
        events = [read_line(row.data)[3] for row in audit.lines(session)]
    return [(e.action, e.resource, e.decision) for e in events if e.action.startswith("app.")]


def peers_know(mission: Mission) -> list[tuple[str, bool]]:
    """Return what the server's broadcasts offer, and whether the bytes are whole."""
    send_due(mission, mail_content(mission))
    exchange = MissionExchange(mission)
    offered = exchange._peer.packages.offered()
    return [(one.manifest.title, one.whole) for one in offered]


def test_the_station_describes_a_file_by_its_own_reading(kit: MissionKit) -> None:
    """GOV-070."""
    payload, file = package(kit)
    manifest = describe_file(file, SAID)
    assert (manifest.size, manifest.file_name) == (len(DATA), "cairn-1.4.0.zip")
    assert publish_package(kit.mission, payload, file) == manifest
    signed = [read_line(line.data)[3] for line in kit.station.audit_lines()]
    assert signed[-1].action == "package.sign"
    with pytest.raises(UsageError, match="was signed before"):
        package(kit, data=DATA + b"!")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "1.4-rc1"}, "up to four numbers"),
        ({"platform": "Android"}, "platform"),
        ({"name": ""}, "name"),
        ({"changes": {}}, "in words"),
        ({"formats": (-1, 0)}, "log format"),
    ],
)
def test_what_may_not_be_signed_is_told(
    kit: MissionKit, change: dict[str, object], message: str
) -> None:
    """GOV-070."""
    file = kit.folder / "cairn.zip"
    file.write_bytes(DATA)
    said = Described(**{**{n: getattr(SAID, n) for n in SAID.__slots__}, **change})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        describe_file(file, said)


def test_files_that_cannot_be_packages_are_told(kit: MissionKit) -> None:
    """GOV-070."""
    with pytest.raises(UsageError, match="cannot be read"):
        describe_file(kit.folder / "none.zip", SAID)
    for name, data in (("empty.zip", b""), ("two words.zip", DATA)):
        (kit.folder / name).write_bytes(data)
        with pytest.raises(UsageError, match="cannot be signed"):
            describe_file(kit.folder / name, SAID)


def test_a_published_package_is_announced_and_held(kit: MissionKit) -> None:
    """GOV-071."""
    payload, file = package(kit)
    publish_package(kit.mission, payload, file)
    publish_package(kit.mission, payload, kit.folder / "gone.zip")  # again: nothing is read
    assert peers_know(kit.mission) == [("cairn 1.4.0 linux-x86_64", True)]
    assert [(one.manifest.title, one.state) for one in list_packages(kit.mission)] == [
        ("cairn 1.4.0 linux-x86_64", "offered")
    ]
    assert (
        audited(kit.mission)[:2]
        == [("app.publish", "package:cairn 1.4.0 linux-x86_64", "permit")] * 2
    )


def test_other_bytes_or_another_signer_are_refused(kit: MissionKit) -> None:
    """GOV-071: nothing is kept, listed or announced."""
    payload, file = package(kit)
    for data in (DATA[:-1], DATA + b"x", DATA[:-1] + b"x"):
        file.write_bytes(data)
        with pytest.raises(PackageRefused):
            publish_package(kit.mission, payload, file)
    file.write_bytes(DATA)
    manifest = describe_file(file, SAID)
    document = manifest_document(kit.mission.ring().deployment, manifest)
    with pytest.raises(SignatureInvalid):
        publish_package(kit.mission, sign_document(SigningKey.generate(), document), file)
    with pytest.raises(EncodingInvalid):
        publish_package(kit.mission, payload[:-1], file)
    publish_package(kit.mission, *package(kit, "1.0", b"one"))
    with pytest.raises(UsageError, match=r"published as cairn 1\.0"):
        publish_package(kit.mission, *package(kit, "1.1", b"one"))
    with pytest.raises(UsageError, match="not published here"):
        publish(kit.mission, [payload])
    assert [str(one.manifest.version) for one in list_packages(kit.mission)] == ["1.0"]
    assert peers_know(kit.mission) == [("cairn 1.0 linux-x86_64", True)]
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    assert store.find_payload(manifest.hash) is None


def test_only_a_higher_version_takes_the_place_of_one(kit: MissionKit) -> None:
    """GOV-071."""
    for version, data in (("1.4.0", DATA), ("1.10", b"newer")):
        publish_package(kit.mission, *package(kit, version, data))
    with pytest.raises(UsageError, match="not above it"):
        publish_package(kit.mission, *package(kit, "1.5", b"between"))
    with pytest.raises(UsageError, match="not above it"):
        publish_package(kit.mission, *package(kit, "1.10.0", b"the same"))
    states = [(str(one.manifest.version), one.state) for one in list_packages(kit.mission)]
    assert states == [("1.4.0", "superseded"), ("1.10", "offered")]
    withdraw_package(kit.mission, "cairn 1.10 linux-x86_64", "crashes at start")
    states = [(str(one.manifest.version), one.state) for one in list_packages(kit.mission)]
    assert states == [("1.4.0", "offered"), ("1.10", "withdrawn")]
    assert peers_know(kit.mission) == [("cairn 1.4.0 linux-x86_64", True)]


def test_a_withdrawal_is_final_told_and_deletes_the_bytes(kit: MissionKit) -> None:
    """GOV-072, GOV-073."""
    payload, file = package(kit)
    manifest = publish_package(kit.mission, payload, file)
    with pytest.raises(UsageError, match="--why"):
        withdraw_package(kit.mission, manifest.title, " ")
    with pytest.raises(NotFound, match=r"published: cairn 1.4.0 linux-x86_64"):
        withdraw_package(kit.mission, "cairn 9 any", "why")
    since = withdraw_package(kit.mission, manifest.title, "crashes at start")
    kit.clock.advance(days=1)
    assert withdraw_package(kit.mission, manifest.title, "again") == since
    assert [(one.state, one.reason) for one in list_packages(kit.mission)] == [
        ("withdrawn", "crashes at start")
    ]
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    assert store.find_payload(manifest.hash) is None
    assert peers_know(kit.mission) == []
    with pytest.raises(PackageRefused, match="stays so"):
        publish_package(kit.mission, payload, file)
    assert ("app.withdraw", "package:cairn 1.4.0 linux-x86_64", "permit") in audited(kit.mission)


def test_who_may_not_is_refused_and_written_down(kit: MissionKit) -> None:
    """GOV-073."""
    payload, file = package(kit)
    analyst = Actor("ana", frozenset({Role.ANALYST}))
    with pytest.raises(PolicyDenied):
        publish_package(kit.mission, payload, file, analyst)
    publish_package(kit.mission, payload, file)
    with pytest.raises(PolicyDenied):
        withdraw_package(kit.mission, "cairn 1.4.0 linux-x86_64", "why", analyst)
    with pytest.raises(PolicyDenied):
        list_packages(kit.mission, analyst)
    denied = [action for action, _, decision in audited(kit.mission) if decision == "deny"]
    assert denied == [Action.APP_PUBLISH, Action.APP_WITHDRAW, Action.APP_LIST]


def test_a_restored_server_says_its_packages_again(kit: MissionKit) -> None:
    """GOV-054: the withdrawn stay withdrawn, the bytes are there."""
    good = publish_package(kit.mission, *package(kit))
    bad = publish_package(kit.mission, *package(kit, "1.5", b"bad"))
    withdraw_package(kit.mission, bad.title, "crashes at start")
    back_up(kit.mission, kit.folder / "backup")
    restore(kit.folder / "backup", kit.folder / "again", kit.clock)
    again = Mission.open(kit.folder / "again", kit.clock)
    again.unlock(PASSPHRASE)
    try:
        assert peers_know(again) == [(good.title, True)]
        known = MissionExchange(again)._peer.directory.packages
        assert known.why_withdrawn(bad.hash) == "crashes at start"
    finally:
        again.close()


def policy(app: str) -> bytes:
    text = built_in_text().decode()
    table = "[app]\n"
    before, _, behind = text.partition(table)
    return (before + table + app + "\n[[rules]]" + behind.partition("[[rules]]")[2]).encode()


def test_policy_names_the_lowest_version() -> None:
    """GOV-010, SYNC-138."""
    read = read_policy(policy('minimum_version = "1.4"\nfetch = true'), 1).app
    assert (str(read.minimum), read.fetch) == ("1.4", True)
    plain = read_policy(built_in_text(), 1).app
    assert (plain.minimum, plain.fetch) == (None, False)
    for text, message in (
        ("minimum_version = 1.4", "must be text"),
        ('minimum_version = "new"', "up to four numbers"),
        ('fetch = "yes"', "true or false"),
        ("minimum = 1", "has no 'minimum'"),
    ):
        with pytest.raises(UsageError, match=rf"\[app\].*{message}"):
            read_policy(policy(text), 1)


def test_a_minimum_that_no_package_brings_is_told(
    kit: MissionKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GOV-073."""
    assert minimum_without_package(kit.mission) is None
    asks = read_policy(policy('minimum_version = "1.4"'), 1)
    monkeypatch.setattr(Mission, "policy", lambda _self: asks)
    warned = minimum_without_package(kit.mission)
    assert warned is not None
    assert "1.4" in warned
    publish_package(kit.mission, *package(kit, "1.3", b"older"))
    assert minimum_without_package(kit.mission) == warned
    manifest: Manifest = publish_package(kit.mission, *package(kit, "1.4.0"))
    assert minimum_without_package(kit.mission) is None
    withdraw_package(kit.mission, manifest.title, "why")
    assert minimum_without_package(kit.mission) == warned
