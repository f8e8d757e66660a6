"""Clocks that jump by years, both ways, on tablet and server: nothing is lost, stuck or doubled.

Order comes from chains alone (SYNC-060); clocks only date keys, leases and challenges. What a wrong
clock forbids waits, says why, and goes on when the clock is right.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from client_kit import START
from client_project import TestProject, start_household
from intake_kit import counts
from mission import MissionKit
from sealed_device import SealedDevice

from server.intake.pipeline import Intake
from server.queries import work
from shared.errors import KeyNotTrusted

YEARS = [-30, 30]
DAYS = 365


def step(kit: MissionKit) -> None:
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()


@pytest.mark.parametrize("years", YEARS)
def test_a_worker_killed_while_the_servers_clock_was_off_holds_nothing_back(
    kit: MissionKit, device: SealedDevice, years: int
) -> None:
    """INTK-001: a lease made in another year is no lease."""
    device.interview()
    kit.clock.advance(days=DAYS * years)
    with kit.mission.inbox() as session:
        now, settings = kit.mission.clock.now(), kit.mission.settings.intake
        assert work.claim(session, "killed", now, settings.lease_s, 10)
    kit.clock.advance(days=-DAYS * years)
    kit.clock.advance(seconds=settings.lease_s + 1)
    step(kit)
    assert counts(kit)["resolved"] == 1


@pytest.mark.parametrize("years", YEARS)
def test_entries_taken_in_under_any_clock_merge_alike(
    kit: MissionKit, device: SealedDevice, years: int
) -> None:
    """A correction made "before" what it corrects still corrects it."""
    first = device.interview()
    kit.clock.advance(days=DAYS * years)
    step(kit)
    kit.clock.advance(days=-DAYS * years)
    device.revise(first, {"/data/interview/size": 9}, (first.revision,))
    device.revise(first, {"/data/interview/needs": ("food",)}, (first.revision,))
    step(kit)
    found = counts(kit)
    assert (found["received"], found["resolved"], found["quarantined"]) == (3, 3, 0)
    assert (found["live_records"], found["conflicts_open"]) == (1, 0)


@pytest.mark.parametrize("years", YEARS)
def test_a_tablet_whose_clock_is_years_off_keeps_the_interview_until_it_is_right(
    tmp_path: Path, years: int
) -> None:
    """P1, SEAL-043: no key is in force then; the draft stays, and the message says why."""
    today = int(START.timestamp()) // 86_400
    project = TestProject(key_days=(today - 30, today + 2 * DAYS))
    project.publish()
    client = project.enrolled(tmp_path / "home")
    project.clock.at += timedelta(days=DAYS * years)
    interview = start_household(client)
    interview.close()
    with pytest.raises(KeyNotTrusted, match="check the device's date"):
        client.finalize(interview.draft_id)
    assert len(client.drafts()) == 1
    project.sync(client)
    project.clock.at -= timedelta(days=DAYS * years)
    client.finalize(interview.draft_id)
    project.sync(client)
    assert client.counts().received == 1
    assert len(project.bodies()) == 1
    client.close()
