"""SYNC-100 to SYNC-102 at the mission server: what is in force, and what is told of the rest."""

import pytest
from intake_kit import COORDINATOR
from mission import PASSPHRASE, MissionKit
from sealed_device import SealedDevice

from server.governance.actions import Role
from server.governance.decide import Actor
from server.governance.policy import built_in_text
from server.governance.publishing import publish
from server.intake.assigning import assign
from server.intake.compacting import compact_logs
from server.intake.inbox import InboxStore
from server.intake.outbox import broadcast_author, mailbox_author
from server.intake.pipeline import Intake
from shared.errors import PolicyDenied
from shared.ids import AuthorId
from shared.sealing.envelope import Compartment, Kind
from sync.core.attest import Compacted, decode_attestations
from sync.core.batch import SealedEntry
from sync.core.have import LogName


def put_policy(kit: MissionKit, name: str) -> None:
    text = built_in_text().decode().replace('"Default policy"', f'"{name}"')
    for head in ("controller", "legal_basis", "approver"):
        text = text.replace(f'{head} = ""', f'{head} = "x"')
    dates = "[policy]\nfrom_day = 2026-01-01\nuntil_day = 2030-12-31\n"
    _, payloads = kit.station.approve_policy(
        text.replace("[policy]\n", dates, 1).encode(), PASSPHRASE
    )
    publish(kit.mission, payloads)


def entries(kit: MissionKit, author: AuthorId) -> list[SealedEntry]:
    store = InboxStore(kit.mission.stores.inbox, kit.clock)
    log = LogName(author, kit.mission.project().incarnation)
    return [
        entry
        for branch in store.branches(log)
        for entry in store.entries(branch, 1, branch.head.sequence)
    ]


def said(kit: MissionKit) -> list[tuple[int, bool]]:
    """The broadcasts: kind, and whether the payload is there."""
    held = entries(kit, broadcast_author(kit.mission))
    return [(entry.header.kind, bool(entry.payloads)) for entry in held]


def statements(kit: MissionKit) -> list[Compacted]:
    found = []
    for entry in entries(kit, broadcast_author(kit.mission)):
        payload = entry.payloads.get(Compartment.OPEN)
        if entry.header.kind == Kind.ATTESTATION and payload is not None:
            found += [one for one in decode_attestations(payload) if isinstance(one, Compacted)]
    return found


# SYNC-100, SYNC-101
def test_older_policies_go_and_all_are_told(kit: MissionKit, intake: Intake) -> None:
    for name in ("one", "two", "three"):
        put_policy(kit, name)
        intake.drain()
    (done,) = compact_logs(kit.mission)
    assert (done.device, done.entries, done.kept, done.dropped) == ("", 4, 2, 2)
    policies = [(Kind.POLICY, False), (Kind.POLICY, False), (Kind.POLICY, True)]
    assert said(kit) == [(Kind.KEYS, True), *policies, (Kind.ATTESTATION, True)]
    (statement,) = statements(kit)
    assert statement.kept == (1, 4)
    assert statement.log.author == broadcast_author(kit.mission)
    assert compact_logs(kit.mission) == [], "nothing went since: nothing is said"
    put_policy(kit, "four")
    intake.drain()
    (again,) = compact_logs(kit.mission)
    assert again.dropped == 2, "the third policy, and the statement that a new one replaces"
    (newer,) = statements(kit)
    assert newer.kept == (1, 6)
    assert compact_logs(kit.mission) == []


# SYNC-101
def test_of_a_record_a_mailbox_keeps_the_newest_state(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    filled = device.interview()
    other = device.interview()
    intake.drain()
    follower = SealedDevice(kit, "tablet 2")
    for record in (filled, other):
        assign(kit.mission, COORDINATOR, record.record_id.hex(), ["tablet 2"], "statistics")
    revision = filled.revision
    for number in (6, 7):
        changed = device.revise(filled, {"/data/interview/size": number}, (revision,))
        revision = changed.revision
        intake.drain()
    mailbox = mailbox_author(kit.mission, follower.tip.log.author)
    letters = entries(kit, mailbox)
    assert [e.header.kind for e in letters] == [Kind.ASSIGNMENT, Kind.ASSIGNMENT, 49, 49]
    (done,) = compact_logs(kit.mission)
    assert (done.device, done.kept, done.dropped) == ("tablet 2", 2, 2)
    assert [bool(e.payloads) for e in entries(kit, mailbox)] == [False, True, False, True]
    (statement,) = statements(kit)
    assert (statement.log.author, statement.kept) == (mailbox, (2, 4))
    assert [e.hash for e in entries(kit, mailbox)] == [e.hash for e in letters]


def test_who_may_not_compacts_nothing(kit: MissionKit) -> None:
    with pytest.raises(PolicyDenied):
        compact_logs(kit.mission, Actor("x", frozenset({Role.ENUMERATOR})))
