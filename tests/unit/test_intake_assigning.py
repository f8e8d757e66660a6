"""INTK-042, GOV-063: who is told what of a record, as the device's own case book reads it."""

from typing import Any

import pytest
from mission import MissionKit
from sealed_device import ANSWERS, SealedDevice, codebook

from server.db import reading
from server.governance.actions import Role
from server.governance.decide import Actor
from server.governance.enrolment import revoke
from server.intake.assigning import assign
from server.intake.inbox import InboxStore
from server.intake.outbox import mailbox_author
from server.intake.pipeline import Intake
from server.queries import conflicts
from shared.canonical import decode
from shared.errors import NotFound, PolicyDenied, UsageError
from shared.records.codec import Codebooks, decode_body
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.mailbox import open_mail
from sync.core.have import LogName

COORDINATOR = Actor("ana", frozenset({Role.COORDINATOR}))


def letters(kit: MissionKit, device: SealedDevice) -> list[tuple[int, Any]]:
    """What lies in a device's mailbox, opened with its key."""
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    log = LogName(mailbox_author(kit.mission, device.tip.log.author), 0)
    found = []
    for branch in store.branches(log):
        for entry in store.entries(branch, 1, branch.head.sequence):
            plain = open_mail(entry.payloads[Compartment.MAILBOX], [device.mailbox], entry.header)
            found.append((entry.header.kind, decode(plain)))
    return found


def test_an_assigned_device_gets_the_state_and_nothing_direct(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    intake.drain()
    other = SealedDevice(kit, "tablet 2")
    record = filled.record_id.hex()
    assert assign(kit.mission, COORDINATOR, record, ["tablet 2"], "statistics") == ["tablet 2"]
    ((kind, content),) = letters(kit, other)
    _, body = decode_body(content[1], Codebooks(codebook()))
    assert kind == Kind.ASSIGNMENT
    assert (body.record_id, body.parents) == (filled.record_id, (filled.revision,))
    assert dict(body.patch) == dict(ANSWERS)
    assert body.tags == {}
    assert letters(kit, device) == []


def test_a_follower_hears_of_a_change_and_of_an_open_question(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    intake.drain()
    other = SealedDevice(kit, "tablet 2")
    assign(kit.mission, COORDINATOR, filled.record_id.hex(), ["tablet 2"], "statistics")
    size = "/data/interview/size"
    for one, number in ((device, 6), (other, 7)):
        one.revise(filled, {size: number}, (filled.revision,))
    intake.drain()
    with reading(kit.mission.stores.records) as session:
        assert [one.address for one in conflicts.open_of(session, filled.record_id)] == [size]
    told = letters(kit, other)
    assert told[0][0] == Kind.ASSIGNMENT
    assert told[-1] == (Kind.CONFLICT, [1, bytes(filled.record_id), [size]])
    assert Kind.STATE in {kind for kind, _ in told}
    assert letters(kit, device) == [(Kind.CONFLICT, [1, bytes(filled.record_id), [size]])]


def test_what_cannot_be_assigned_is_told(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    intake.drain()
    record = filled.record_id.hex()
    with pytest.raises(UsageError, match="at least one device"):
        assign(kit.mission, COORDINATOR, record, [], "statistics")
    with pytest.raises(NotFound):
        assign(kit.mission, COORDINATOR, record, ["nobody"], "statistics")
    with pytest.raises(NotFound):
        assign(kit.mission, COORDINATOR, "00" * 16, ["tablet 1"], "statistics")
    with pytest.raises(PolicyDenied):
        assign(kit.mission, COORDINATOR, record, ["tablet 1"], "")
    nobody = Actor("x", frozenset({Role.ADMINISTRATOR}))
    with pytest.raises(PolicyDenied):
        assign(kit.mission, nobody, record, ["tablet 1"], "statistics")
    revoke(kit.mission, "tablet 1", "stolen")
    with pytest.raises(UsageError, match="is revoked"):
        assign(kit.mission, COORDINATOR, record, ["tablet 1"], "statistics")
