"""The mission server tells every device of each hub it enrols: SYNC-095."""

from pathlib import Path

from mission import PASSPHRASE, TestClock, make_mission

from server.db import reading
from server.governance.enrolment import enrol, invite
from server.intake.exchange import MissionExchange
from server.intake.pipeline import Intake
from server.jobs.backup import back_up
from server.jobs.restore import restore
from server.mission import Mission
from server.queries import logs
from server.tables.project import DeviceKind
from shared.sealing.enrol import EnrolmentCode, EnrolmentRequest, parse_enrolment_code, sign_request
from shared.sealing.envelope import Compartment
from shared.sealing.keys import AUDIENCE_MISSION, SecretKey, SigningKey, Suite, author_id
from sync.core.attest import Enrolled, decode_attestations
from sync.core.batch import SealedEntry
from sync.core.certificate import PeerRole
from sync.core.directory import Directory, ring_in
from sync.core.have import LogName


def broadcasts(mission: Mission, incarnation: int = 0) -> list[SealedEntry]:
    """Return what the server says to all, once what is due has been written."""
    intake = Intake(mission)
    intake.drain()
    intake.close()
    author = MissionExchange(mission)._peer.me.author
    with reading(mission.stores.inbox) as session:
        (branch,) = logs.branches(session, LogName(author, incarnation))
        return [s.entry for s in logs.stored(session, branch, 1, branch.head.sequence)]


def hearing(code: EnrolmentCode, entries: list[SealedEntry]) -> Directory:
    """Return what a device of this project makes of them."""
    directory = Directory(code.deployment, code.root_fingerprint)
    ring = entries[0].payloads[Compartment.OPEN]
    assert ring is not None
    directory.take_ring(ring_in(ring))
    directory.read(entries)
    return directory


def request(key: SigningKey, code: EnrolmentCode, label: str) -> bytes:
    mailbox = SecretKey.generate(Suite.X25519).public
    return sign_request(key, EnrolmentRequest(code.token, key.public_bytes, mailbox, label))


def test_sync_095_devices_hear_of_each_hub_once_and_again_after_a_restore(tmp_path: Path) -> None:
    kit = make_mission(tmp_path)
    keys = {kind: SigningKey.generate() for kind in (DeviceKind.HUB, DeviceKind.DEVICE)}
    for kind, key in keys.items():
        code = parse_enrolment_code(invite(kit.mission, kind, kind=kind).code.text())
        asked = request(key, code, kind)
        assert enrol(kit.mission, asked) == enrol(kit.mission, asked), "a lost answer"
    hub, device = (author_id(key.public_bytes, AUDIENCE_MISSION) for key in keys.values())
    entries = broadcasts(kit.mission)
    heard = hearing(code, entries)
    assert heard.role(hub) is PeerRole.HUB
    assert heard.certificate(device) is None, "who carries a tablet is nobody else's business"
    assert len(_enrolled(entries)) == 1
    back_up(kit.mission, tmp_path / "backup")
    kit.close()
    restore(tmp_path / "backup", tmp_path / "new", TestClock())
    mission = Mission.open(tmp_path / "new", TestClock())
    mission.unlock(PASSPHRASE)
    assert hearing(code, broadcasts(mission, 1)).role(hub) is PeerRole.HUB
    mission.close()


def _enrolled(entries: list[SealedEntry]) -> list[Enrolled]:
    said = [
        decode_attestations(payload)
        for entry in entries[1:]
        for payload in entry.payloads.values()
        if payload is not None
    ]
    return [item for items in said for item in items if isinstance(item, Enrolled)]
