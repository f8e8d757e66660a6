"""The forms we ship, filled by the real engine: every question can be reached, rules hold."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from random import Random

import pytest

from forms.build.build import FORMS_DIR, form_names
from forms.build.source import STRUCTURE, UNASKED
from forms.build.source import read as read_source
from server.demo.interviews import ShippedForm, read_shipped
from shared.forms.interview import Interview
from shared.forms.respondent import Question, Respondent

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
AGREED = {
    "respondent_adult": "yes",
    "consent_assistance": "yes",
    "consent_statistics": "yes",
    "consent_referral": "yes",
    "consent_contact": "yes",
    "informant_agrees": "yes",
    "informant_may_contact": "yes",
    "phone": "+999123456",
    "informant_phone": "+999123456",
    "contact_phone": "+999123456",
    "site_status": "open",
    "population_present": "idp returnee host migrant",
    "respondent_age": "34",
}
"""What lets a random respondent see most of a form; everything else is drawn."""
SEEN_OTHERWISE = {
    "guardian_present",
    "guardian_relation",
    "child_assent",
    "close_reason",
    "no_access_reason",
}
"""Asked only where the answers above are others; reached by tests of their own below."""


@cache
def shipped(name: str) -> ShippedForm:
    return read_shipped(FORMS_DIR, name)


def interview(name: str, language: str | None = None) -> Interview:
    form = shipped(name)
    return Interview(
        form.form,
        clock_now=NOW,
        tz=UTC,
        random_bytes=Random(name).randbytes,
        attachments=form.attachments,
        language=language,
    )


def answer(filled: Interview, name: str, **answers: str) -> None:
    paths = shipped(name).paths()
    for question, text in answers.items():
        state = filled.set(paths[question], text)
        assert state.relevant, f"{question} is not asked"
        assert state.valid, f"{question}: {state.message}"


def asked_names(name: str) -> set[str]:
    survey = read_source(FORMS_DIR / "source" / name).survey
    return {row["name"] for row in survey if row["type"].split()[0] not in UNASKED | STRUCTURE}


def birth_date(question: Question) -> str:
    return Random(question.path).choice(["2024-02-29", "2012-11-22", "1990-05-05", "1950-01-31"])


DECIDED = {
    "birth_date": birth_date,
    "members": 3,
    "groups": 3,
    "household_size": "2",
    # Chance alone names a disaster among ten drivers too seldom to be waited for.
    "movement_drivers": "disaster climate",
}


@pytest.mark.parametrize("name", form_names())
def test_every_question_is_reached_by_some_respondent(name: str) -> None:
    wanted = asked_names(name) - SEEN_OTHERWISE
    reached: set[str] = set()
    paths = shipped(name).paths()
    chosen: Mapping[str, object] = {
        **{paths[key]: text for key, text in AGREED.items() if key in paths},
        **{paths[key]: value for key, value in DECIDED.items() if key in paths},
    }
    for seed in range(60):
        filled = interview(name)
        if "ask_diversity" in paths:
            filled.set(paths["ask_diversity"], "yes")
        Respondent(filled, Random(seed), chosen, optional_share=1.0).answer_to_end()  # type: ignore[arg-type]
        assert filled.violations() == ()
        filled.finalize()
        reached |= {value.address.rpartition("/")[2] for value in filled.answers().values}
        if wanted <= reached:
            return
    assert wanted - reached == set()


@pytest.mark.parametrize("name", form_names())
def test_every_screen_shows_text_in_the_language_chosen(name: str) -> None:
    filled = interview(name, "ar")
    paths = shipped(name).paths()
    for path in paths.values():
        state = filled.get(path)
        if state.kind and state.kind not in {"group", "repeat"} and "[" not in path:
            assert any("\u0600" <= letter <= "\u06ff" for letter in state.label), path


def begun(name: str = "household_registration", **changes: str) -> Interview:
    filled = interview(name)
    place = {"round": "1", "admin1": "QQQ01", "admin2": "QQQ0101", "location": "QQQ0101001"}
    answer(filled, name, **{**place, **changes})
    return filled


def test_places_cascade_from_region_to_site() -> None:
    filled = begun()
    paths = shipped("household_registration").paths()
    districts = [choice.value for choice in filled.choices(paths["admin2"])]
    sites = [choice.value for choice in filled.choices(paths["location"])]
    assert districts
    assert all(code.startswith("QQQ01") for code in districts)
    assert len(sites) == 3
    assert all(code.startswith("QQQ0101") for code in sites)


def consented(**changes: str) -> Interview:
    filled = begun()
    first = {"respondent_adult": "yes", "consent_assistance": "yes", "consent_statistics": "yes"}
    rest = {"consent_referral": "no", "consent_contact": "no", "consent_method": "spoken"}
    answer(filled, "household_registration", **{**first, **rest, **changes})
    return filled


def test_no_consent_ends_the_interview() -> None:
    paths = shipped("household_registration").paths()
    filled = begun()
    answer(filled, "household_registration", respondent_adult="yes", consent_assistance="no")
    assert not filled.get(paths["household_size"]).relevant
    assert not filled.get(paths["consent_statistics"]).relevant
    assert filled.get(paths["consent_end_note"]).relevant
    assert consented().get(paths["household_size"]).relevant


def test_a_child_is_interviewed_only_with_guardian_and_assent() -> None:
    name, paths = "household_registration", shipped("household_registration").paths()
    alone = begun()
    answer(alone, name, respondent_adult="no", guardian_present="no")
    assert alone.get(paths["child_alone_note"]).relevant
    assert not alone.get(paths["consent_assistance"]).relevant
    unwilling = begun()
    answer(unwilling, name, respondent_adult="no", guardian_present="yes", child_assent="no")
    assert not unwilling.get(paths["consent_assistance"]).relevant
    willing = begun()
    answer(willing, name, respondent_adult="no", guardian_present="yes")
    answer(willing, name, guardian_relation="parent", child_assent="yes", consent_assistance="yes")
    assert willing.get(paths["household_size"]).relevant


def test_statistics_carry_the_survey_of_intentions() -> None:
    filled = interview("return_intention")
    paths = shipped("return_intention").paths()
    answer(filled, "return_intention", respondent_adult="yes", consent_statistics="no")
    assert not filled.get(paths["intention"]).relevant
    answer(filled, "return_intention", consent_statistics="yes", consent_contact="no")
    assert filled.get(paths["intention"]).relevant
    assert not filled.get(paths["contact_phone"]).relevant


def member(filled: Interview, row: str = "", /, **answers: str) -> str:
    """Give the member at `row`, or one more, these answers; return the path of their row."""
    paths = shipped("household_registration").paths()
    row = row or filled.add_repeat(paths["members"])
    for question, text in answers.items():
        path = paths[question].replace(paths["members"], row)
        state = filled.set(path, text)
        assert state.relevant, question
        assert state.valid, (question, state.message)
    return row


@pytest.mark.parametrize(
    ("born", "years", "band"),
    [
        ("2026-11-21", "0", "0-4"),
        ("2021-11-22", "4", "0-4"),
        ("2021-11-21", "5", "5-11"),
        ("2014-11-22", "11", "5-11"),
        ("2008-11-22", "17", "12-17"),
        ("2008-11-21", "18", "18-59"),
        ("1966-11-22", "59", "18-59"),
        ("1966-11-21", "60", "60+"),
        ("2004-02-29", "22", "18-59"),
    ],
)
def test_age_from_the_date_of_birth(born: str, years: str, band: str) -> None:
    filled = consented()
    row = member(filled, sex="male", birth_date_known="yes", birth_date=born)
    assert filled.value(f"{row}/age_years") == years
    assert filled.value(f"{row}/age_band") == band


def test_a_date_of_birth_in_the_future_is_refused() -> None:
    filled = consented()
    row = member(filled, birth_date_known="yes")
    state = filled.set(f"{row}/birth_date", "2026-11-22")
    assert not state.valid
    assert "between 1900 and today" in state.message


WG = ("seeing", "hearing", "walking", "remembering", "self_care", "communicating")


def with_difficulties(*levels: str) -> str:
    filled = consented()
    given = {f"wg_{name}": level for name, level in zip(WG, levels, strict=True) if level}
    row = member(filled, sex="female", birth_date_known="no", age_stated="30", **given)
    return filled.value(f"{row}/disability")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (("none",) * 6, "no"),
        (("some",) * 6, "no"),
        (("none",) * 5 + ("a_lot",), "yes"),
        (("cannot",) + ("none",) * 5, "yes"),
        (("cannot",) + ("none",) * 4 + ("no_answer",), "missing"),
        (("cannot",) + ("none",) * 4 + ("",), "missing"),
        (("",) * 6, "missing"),
    ],
)
def test_disability_needs_all_six_answers(levels: tuple[str, ...], expected: str) -> None:
    assert with_difficulties(*levels) == expected


def test_children_under_five_are_not_asked_about_difficulties() -> None:
    filled = consented()
    row = member(filled, sex="male", birth_date_known="no", age_stated="4")
    assert filled.value(f"{row}/disability") == "under_5"
    assert not filled.get(f"{row}/washington_group/wg_seeing").relevant


def test_the_list_must_agree_with_the_size_and_have_one_head() -> None:
    name, paths = "household_registration", shipped("household_registration").paths()
    filled = consented()
    answer(filled, name, household_size="2")
    head = {"relation": "head", "sex": "female", "birth_date_known": "no", "age_stated": "40"}
    member(filled, f"{paths['members']}[1]", **head)
    assert not filled.set(paths["roster_complete"], "yes").valid
    second = member(filled, relation="head", sex="male", birth_date_known="no", age_stated="17")
    assert not filled.set(paths["roster_complete"], "yes").valid
    filled.set(f"{second}/relation", "child")
    assert filled.set(paths["roster_complete"], "yes").valid
    assert filled.value(paths["child_count"]) == "1"
    assert filled.value(paths["child_headed"]) == "no"


CRITERIA = {
    "population_status": "idp",
    "eviction_threat": "no",
    "food_access": "enough",
    "feels_safe": "safe",
    "moves_freely": "yes",
    "services_like_neighbours": "yes",
    "income_like_neighbours": "yes",
    "home_secure": "yes",
    "documents_obtainable": "yes",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "overcome"),
        ({"income_like_neighbours": "no"}, "not_overcome"),
        ({"documents_obtainable": "dont_know"}, "unknown"),
        ({"eviction_threat": "yes"}, "not_overcome"),
        ({"feels_safe": "no_answer", "home_secure": "no"}, "not_overcome"),
        ({"food_access": "often"}, "not_overcome"),
    ],
)
def test_unknown_criteria_never_count_as_met(changes: dict[str, str], expected: str) -> None:
    filled = consented()
    answer(filled, "household_registration", **{**CRITERIA, **changes})
    path = shipped("household_registration").paths()["solution_status"]
    assert filled.value(path) == expected


def test_diversity_is_off_unless_the_mission_switches_it_on() -> None:
    filled = consented()
    paths = shipped("household_registration").paths()
    assert not filled.get(paths["diversity_agreed"]).relevant
    filled.set(paths["ask_diversity"], "yes")
    assert filled.get(paths["diversity_agreed"]).relevant
    assert not filled.get(paths["sexual_orientation"]).relevant


def assessed() -> Interview:
    filled = begun("location_assessment")
    answer(
        filled,
        "location_assessment",
        informant_agrees="yes",
        site_status="open",
        site_type="camp",
        population_present="idp returnee",
        idp_households="10",
        idp_persons="50",
    )
    return filled


def test_sex_and_age_must_add_up_before_the_informant_confirms() -> None:
    name, paths = "location_assessment", shipped("location_assessment").paths()
    filled = assessed()
    bands = [
        f"idp_{sex}_{band}" for sex in "fm" for band in ("0_4", "5_11", "12_17", "18_59", "60")
    ]
    answer(filled, name, **dict.fromkeys(bands, "5"))
    assert filled.set(paths["idp_sex_age_agrees"], "yes").valid
    answer(filled, name, idp_f_60="4")
    state = filled.get(paths["idp_sex_age_agrees"])
    assert not state.valid
    assert "differs" in state.message


def test_a_closed_location_asks_for_no_numbers() -> None:
    name, paths = "location_assessment", shipped("location_assessment").paths()
    filled = assessed()
    answer(filled, name, site_status="closed", close_reason="returned")
    assert not filled.get(paths["idp_persons"]).relevant
    assert not filled.get(paths["need_first"]).relevant
    answer(filled, name, site_status="inaccessible", no_access_reason="road")


@pytest.mark.parametrize(
    ("services", "safety", "expected"),
    [
        ("no_problem", "no_problem", "low"),
        ("some", "no_problem", "medium"),
        ("some", "some", "high"),
        ("severe", "severe", "very_high"),
        ("severe", "dont_know", "unknown"),
    ],
)
def test_return_conditions_are_classed_only_when_complete(
    services: str, safety: str, expected: str
) -> None:
    name, paths = "location_assessment", shipped("location_assessment").paths()
    filled = assessed()
    items = [n for n in paths if n.startswith("ri_") and filled.get(paths[n]).kind == "select1"]
    of_services = ("homes", "work", "market", "water", "power", "health", "school", "offices")
    for item in items:
        level = services if item.removeprefix("ri_") in of_services else safety
        answer(filled, name, **{item: level})
    assert len(items) == 15
    assert filled.value(paths["ri_class"]) == expected


def test_hours_of_a_shift_count_past_midnight() -> None:
    name, paths = "flow_monitoring", shipped("flow_monitoring").paths()
    filled = interview(name)
    answer(filled, name, shift_start="22:00:00.000Z", shift_end="06:30:00.000Z")
    assert filled.value(paths["shift_hours"]) == "8.5"
    assert filled.value(paths["shift_date"]) == "2026-11-21"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"event_type": "disaster", "event_hazards": "flood storm"}, "flood"),
        ({"event_type": "climate", "event_slow_onset": "drought"}, "drought"),
        ({"event_type": "conflict"}, "conflict"),
        ({"event_type": "disaster"}, "unknown"),
    ],
)
def test_an_event_has_one_cause_for_its_table(answers: dict[str, str], expected: str) -> None:
    filled = begun("event_tracking")
    answer(filled, "event_tracking", informant_agrees="yes", **answers)
    assert filled.value(shipped("event_tracking").paths()["event_hazard"]) == expected
