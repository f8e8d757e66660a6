"""Two tablets disagree; a coordinator settles it at the server; it is never asked again."""

import pytest
from intake_kit import STEWARD, counts
from mission import MissionKit
from sealed_device import SealedDevice
from sqlmodel import select

from server.db import reading
from server.governance.actions import Action, Role
from server.governance.audit import read_line
from server.governance.decide import Actor
from server.intake.correcting import (
    Choice,
    correct,
    list_conflicts,
    own_author,
    resolve_conflict,
    show_conflicts,
)
from server.intake.pipeline import Intake
from server.mission import CONSOLE
from server.settings import StoreUrls
from server.tables.people import AuditLine
from server.tables.records import Revision
from shared.errors import NotFound, PolicyDenied, UsageError

SIZE = "/data/interview/size"


@pytest.fixture
def store_urls() -> StoreUrls:
    """SQLite alone: what differs between the databases is tested in test_intake_taking.py."""
    return StoreUrls()


def disagree(device: SealedDevice, intake: Intake) -> str:
    """Have two tablets edit one household offline; return the record."""
    other = SealedDevice(device.kit, "tablet 2")
    first = device.interview()
    device.revise(first, {SIZE: 5}, (first.revision,))
    other.revise(first, {SIZE: 7}, (first.revision,))
    intake.drain()
    return first.record_id.hex()


def test_a_coordinator_keeps_one_candidate(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-040, INTK-041, SYNC-066."""
    record = disagree(device, intake)
    (row,) = list_conflicts(kit.mission, STEWARD)
    assert (row["record"], row["unit"]) == (record, SIZE)
    (shown,) = show_conflicts(kit.mission, STEWARD, record, "statistics")
    sizes = [one["values"][SIZE] for one in shown["candidates"]]
    assert sorted(sizes) == ["5", "7"]
    choice = Choice(SIZE, candidate=sizes.index("5"))
    revision = resolve_conflict(
        kit.mission, STEWARD, record, choice, "statistics", "asked the head of household"
    )
    assert list_conflicts(kit.mission, STEWARD) == []
    found = counts(kit)
    assert (found["conflicts_open"], found["conflicts_settled"], found["resolved"]) == (0, 1, 4)
    with reading(kit.mission.stores.records) as session:
        row = session.get_one(Revision, revision)
        assert row.author == own_author(kit.mission)
        lines = [read_line(line) for line in session.exec(select(AuditLine.line))]
    assert Action.CONFLICT_RESOLVE.value in {event.action for _, _, _, event in lines}
    with pytest.raises(UsageError, match="not in conflict"):
        resolve_conflict(kit.mission, STEWARD, record, choice, "statistics", "again")


def test_a_third_value_may_be_right(kit: MissionKit, device: SealedDevice, intake: Intake) -> None:
    record = disagree(device, intake)
    choice = Choice(SIZE, values={SIZE: "6"})
    resolve_conflict(kit.mission, STEWARD, record, choice, "statistics", "counted together")
    assert counts(kit)["conflicts_open"] == 0


def test_a_write_concurrent_with_a_resolution_opens_a_new_conflict(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """SYNC-066."""
    third = SealedDevice(kit, "tablet 3")
    first = device.interview()
    device.revise(first, {SIZE: 5}, (first.revision,))
    third.revise(first, {SIZE: 7}, (first.revision,))
    intake.drain()
    record = first.record_id.hex()
    choice = Choice(SIZE, values={SIZE: "6"})
    resolve_conflict(kit.mission, STEWARD, record, choice, "statistics", "counted")
    device.revise(first, {SIZE: 8}, (first.revision,))
    intake.drain()
    found = counts(kit)
    assert (found["conflicts_open"], found["conflicts_settled"]) == (1, 1)


def test_who_may_not_read_may_not_settle(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """GOV-006: neither the machine's administrator, nor for a purpose nobody agreed to."""
    record = disagree(device, intake)
    with pytest.raises(PolicyDenied):
        show_conflicts(kit.mission, CONSOLE, record, "statistics")
    with pytest.raises(PolicyDenied, match="contact"):
        show_conflicts(kit.mission, STEWARD, record, "contact")
    with pytest.raises(PolicyDenied):
        show_conflicts(kit.mission, Actor("e", frozenset({Role.ENUMERATOR})), record, "statistics")
    with pytest.raises(UsageError, match="candidate from 0 to 1"):
        resolve_conflict(kit.mission, STEWARD, record, Choice(SIZE, 2), "statistics", "x")
    with pytest.raises(UsageError, match="say why"):
        resolve_conflict(kit.mission, STEWARD, record, Choice(SIZE, 0), "statistics", "")
    with pytest.raises(NotFound):
        show_conflicts(kit.mission, STEWARD, "00" * 16, "statistics")
    with pytest.raises(UsageError, match="32 digits"):
        show_conflicts(kit.mission, STEWARD, "x", "statistics")


def test_a_correction_is_a_revision_with_its_reason(
    kit: MissionKit, device: SealedDevice, intake: Intake
) -> None:
    """INTK-040."""
    first = device.interview()
    intake.drain()
    record = first.record_id.hex()
    correct(kit.mission, STEWARD, record, {SIZE: "11"}, "statistics", "typing error")
    found = counts(kit)
    assert (found["resolved"], found["analytic_rows"], found["live_records"]) == (2, 1, 1)
    with pytest.raises(UsageError, match="stands aside"):
        correct(kit.mission, STEWARD, record, {SIZE: "4711"}, "statistics", "typing error")
    with pytest.raises(UsageError, match="direct identifier"):
        correct(
            kit.mission, STEWARD, record, {"/data/interview/head_name": "x"}, "statistics", "no"
        )
    with pytest.raises(UsageError, match="has no field"):
        correct(kit.mission, STEWARD, record, {"/data/nothing": "x"}, "statistics", "no")
