"""The demonstration's script: exact counts, every turn of the story, the same for one seed."""

from pathlib import Path

import pytest

from server.demo.country import read_country
from server.demo.plan import CONSENT_FORMS, DEVICES, ROUNDS, SHARES, Outcome, make_plan

MEDIA = Path(__file__).parents[2] / "forms" / "media"


@pytest.mark.parametrize("interviews", [60, 137, 400])
def test_every_interview_is_planned_once(interviews: int) -> None:
    plan = make_plan(7, interviews, read_country(MEDIA))
    assert len(plan.tasks) == interviews
    assert len({task.key for task in plan.tasks}) == interviews
    assert {task.round for task in plan.tasks} == set(ROUNDS)
    assert {task.form for task in plan.tasks} == set(SHARES)
    assert {task.device for task in plan.tasks} == set(DEVICES)
    assert sum(len(plan.of(d, r)) for d in DEVICES for r in ROUNDS) == interviews


def test_shares_add_up_to_four_hundred() -> None:
    assert sum(SHARES.values()) == 400


def test_the_story_has_all_its_turns() -> None:
    plan = make_plan(7, 60, read_country(MEDIA))
    outcomes = [task.outcome for task in plan.tasks]
    assert outcomes.count(Outcome.REFUSED) >= 1
    assert outcomes.count(Outcome.ABANDONED) >= 1
    assert all(t.form in CONSENT_FORMS for t in plan.tasks if t.outcome is not Outcome.FINALIZED)
    turns = {plan.withdrawn, plan.edited_twice, plan.corrected, plan.closed}
    assert len(turns) == 4
    assert plan.task(plan.closed).closed
    assert plan.task(plan.closed).round == 3
    assert [task.device for task in plan.tasks if task.late] == ["laptop-4"]


def test_one_seed_one_script() -> None:
    country = read_country(MEDIA)
    assert make_plan(7, 60, country) == make_plan(7, 60, country)
    assert make_plan(7, 60, country) != make_plan(8, 60, country)


def test_locations_are_assessed_once_a_round() -> None:
    plan = make_plan(7, 400, read_country(MEDIA))
    for number in ROUNDS:
        seen = [
            t.place.location
            for t in plan.tasks
            if t.form == "location_assessment" and t.round == number
        ]
        assert len(seen) == len(set(seen))
