"""The demonstration's people answer every shipped form validly, consistently and with canaries."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.demo.canaries import NAME_MARK, PHONE_MARK
from server.demo.country import read_country
from server.demo.interviews import Filled, ShippedForm, fill, read_shipped, revise
from server.demo.plan import SHARES, Outcome, Plan, Task, make_plan
from server.demo.season import COMPLAINTS, FEMALE_HEADED, WATER, two_visits

FORMS = Path(__file__).parents[2] / "forms"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(3, 120, read_country(FORMS / "media"))


@pytest.fixture(scope="module")
def shipped() -> dict[str, ShippedForm]:
    return {name: read_shipped(FORMS, name) for name in SHARES}


def some(plan: Plan, form: str, outcome: Outcome = Outcome.FINALIZED) -> list[Task]:
    return [task for task in plan.tasks if task.form == form and task.outcome is outcome][:6]


@pytest.mark.parametrize("form", SHARES)
def test_answers_are_valid_and_marked(
    form: str, plan: Plan, shipped: dict[str, ShippedForm]
) -> None:
    for task in some(plan, form):
        filled = fill(task, shipped[form], 3, NOW)
        assert filled.truth["/data/place/location"] == task.place.location
        assert NAME_MARK not in str(filled.truth)
        assert PHONE_MARK not in str(filled.truth)
        assert len(filled.asked) > 20
    assert any(NAME_MARK in str(fill(t, shipped[form], 3, NOW).asked) for t in some(plan, form))


def test_household_members_add_up(plan: Plan, shipped: dict[str, ShippedForm]) -> None:
    form = "household_registration"
    for task in some(plan, form):
        truth = fill(task, shipped[form], 3, NOW).truth
        size = int(truth["/data/interview/household/household_size"])
        assert int(truth["/data/interview/roster_check/member_count"]) == size


def test_sex_and_age_add_up_to_the_location(plan: Plan, shipped: dict[str, ShippedForm]) -> None:
    form = "location_assessment"
    for task in some(plan, form):
        truth = fill(task, shipped[form], 3, NOW).truth
        total = int(truth["/data/population/idp/idp_persons"])
        assert int(truth["/data/population/idp_sex_age/idp_sex_age_sum"]) == total


def test_a_refusal_leaves_no_truth(plan: Plan, shipped: dict[str, ShippedForm]) -> None:
    refusals = [t for form in SHARES for t in some(plan, form, Outcome.REFUSED)]
    for task in refusals:
        filled = fill(task, shipped[task.form], 3, NOW)
        assert filled.truth == {}
        assert "no" in filled.asked.values()
        assert NAME_MARK not in str(filled.asked)


def test_one_seed_one_answer(plan: Plan, shipped: dict[str, ShippedForm]) -> None:
    task = some(plan, "event_tracking")[0]
    first: Filled = fill(task, shipped["event_tracking"], 3, NOW)
    assert first == fill(task, shipped["event_tracking"], 3, NOW)
    assert first != fill(task, shipped["event_tracking"], 4, NOW)


def test_a_revision_changes_what_it_names_and_what_follows(
    plan: Plan, shipped: dict[str, ShippedForm]
) -> None:
    form = shipped["household_registration"]
    first = fill(some(plan, "household_registration")[0], form, 3, NOW)
    same = revise(first, {}, form, NOW)
    assert same.asked == first.asked
    assert same.truth.keys() == first.truth.keys()
    rooms = "/data/interview/shelter/shelter_type"
    changed = revise(first, {rooms: "open_air"}, form, NOW)
    assert changed.truth[rooms] == "open_air"
    assert "/data/interview/shelter/sleeping_rooms" not in changed.truth


@pytest.mark.parametrize("seed", range(5))
def test_the_turns_of_the_story_can_be_played_with_any_people(
    seed: int, shipped: dict[str, ShippedForm]
) -> None:
    """Whatever was answered first, two visits disagree, and a figure can be corrected."""
    story = make_plan(seed, 40, read_country(FORMS / "media"))
    task = story.task(story.edited_twice)
    before = fill(task, shipped[task.form], seed, NOW)
    for visit in two_visits(before.asked):
        after = revise(before, visit, shipped[task.form], NOW)
        assert after.truth != before.truth
        assert all(before.asked.get(path) != text for path, text in visit.items())
    first, second = two_visits(before.asked)
    assert {path for path in first if second.get(path) not in {None, first[path]}}
    task = story.task(story.corrected)
    assert FEMALE_HEADED in fill(task, shipped[task.form], seed, NOW).asked


@pytest.mark.parametrize("answer", ["yes", "no", "dont_know", "prefer_not", ""])
def test_two_visits_disagree_whatever_was_said_before(answer: str) -> None:
    first, second = two_visits({COMPLAINTS: answer, WATER: answer})
    assert answer != first[COMPLAINTS] != second[COMPLAINTS] != answer
    assert second[WATER] != answer
