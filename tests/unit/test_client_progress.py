"""STN-001..006: what a device tells the coordinator of each visit, and that it is no answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from client_kit import MovingClock
from client_project import TestProject, finalized_household, start_household

from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.checks import Visit, checks
from mobile_client.services.client import Client
from mobile_client.services.loaded_form import LoadedForm, loaded_form
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.records.small import Outcome, Progress, decode_progress, encode_progress
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.ring import Role

CANARY = "Zubaida-Canary-7731"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def project() -> TestProject:
    made = TestProject()
    made.publish()
    return made


@pytest.fixture
def client(project: TestProject, tmp_path: Path) -> Client:
    return project.enrolled(tmp_path / "home")


# --- one entry a visit


def test_stn_001_it_stands_right_behind_the_record_or_the_tally(
    client: Client, project: TestProject
) -> None:
    finalized_household(client)
    client.tally("household", "absent")
    start_household(client).decline("abandoned")
    project.sync(client)
    kinds = [entry.header.kind for entry in project.entries()]
    assert kinds == [
        Kind.EPOCH,
        *(Kind.REVISION, Kind.PROGRESS),
        *(Kind.TALLY, Kind.PROGRESS),
        *(Kind.TALLY, Kind.PROGRESS),
    ]
    outcomes = [progress.outcome for progress in project.progress()]
    assert outcomes == [Outcome.FINALIZED, Outcome.ABSENT, Outcome.ABANDONED]
    assert all(set(e.payloads) == {Compartment.PROGRESS} for e in project.entries(Kind.PROGRESS))


def test_stn_001_without_a_coordinator_nothing_is_said(tmp_path: Path) -> None:
    """STN-001."""
    project = TestProject(keys_left_out=frozenset({Role.COORDINATOR}))
    project.publish()
    client = project.enrolled(tmp_path / "home")
    finalized_household(client)
    client.tally("household", "absent")
    project.sync(client)
    assert [e.header.kind for e in project.entries()] == [Kind.EPOCH, Kind.REVISION, Kind.TALLY]


def test_stn_002_of_a_refusal_it_says_what_the_tally_says(
    client: Client, project: TestProject
) -> None:
    """STN-002: round, form, place, outcome and day, and who collected."""
    start_household(client, {"/data/interview/head_name": CANARY}).decline("refused")
    project.sync(client)
    (tally,), (progress,) = project.tallies(), project.progress()
    assert (progress.form_id, progress.round_id, progress.location, progress.outcome) == (
        (tally.form_id, tally.round_id, tally.area, tally.outcome)
    )
    assert (progress.duration_s, progress.flags) == (0, ())
    assert progress.day == tally.day


def test_stn_003_no_answer_no_record_and_no_name(client: Client, project: TestProject) -> None:
    """STN-003."""
    answers = {"/data/interview/head_name": CANARY, "/data/interview/phone": "+249912000111"}
    slip = finalized_household(client, answers)
    project.sync(client)
    (progress,), (body,), (identity,) = project.progress(), project.bodies(), project.identities()
    said = encode_progress(progress)
    assert (progress.round_id, progress.location) == ("3", "Camp A")
    assert bytes(body.record_id) not in said
    for secret in (CANARY, "249912000111", "Amina", slip.code, "water", "Omar"):
        assert secret.encode() not in said
    assert identity.tag_key not in said


def test_stn_003_what_is_asked_late_or_sealed_apart_is_no_place(tmp_path: Path) -> None:
    """STN-003: a form that asks "location" of its respondents does not tell what they said."""
    late = """
| survey |
| | type | name | label | required | bind::cairn:disclosure |
| | text | round | Round | | direct |
| | begin_group | consent | Consent | | |
| | note | consent_notice | We ask. | | open |
| | select_one yes_no | consent_statistics | Keep it? | yes | open |
| | end_group | | | | |
| | text | location | Where do you hide? | | quasi |
| choices |
| | list_name | name | label |
| | yes_no | yes | Yes |
| | yes_no | no | No |
| settings |
| | form_id | form_title | version | cairn_basis | cairn_purposes | cairn_consent |
| | late | Late | 1 | consent | statistics | consent |
"""
    project = TestProject()
    project.publish(late)
    client = project.enrolled(tmp_path / "home")
    client.save_preferences(replace(client.preferences(), round_id="9", location="SITE-1"))
    for end in (client.finalize, lambda draft: client.abandon(draft, "abandoned")):
        interview = client.begin("late")
        interview.answer("/data/round", CANARY)
        interview.answer("/data/consent/consent_statistics", "yes")
        assert interview.consent(ConsentGiven())
        interview.answer("/data/location", CANARY)
        interview.close()
        end(interview.draft_id)
    project.sync(client)
    assert [(p.round_id, p.location) for p in project.progress()] == [("9", "SITE-1")] * 2
    assert [(t.round_id, t.area) for t in project.tallies()] == [("9", "SITE-1")]
    assert [(b.round_id, b.location) for b in project.bodies()] == [("9", "SITE-1")]


def test_stn_004_day_collector_and_reference(client: Client, project: TestProject) -> None:
    """STN-004."""
    finalized_household(client)
    finalized_household(client)
    second = client.add_enumerator("Bashir", "copper seven lantern ridge moss alpaca")
    client.unlock(second, "copper seven lantern ridge moss alpaca")
    finalized_household(client)
    project.sync(client)
    progress = project.progress()
    assert {p.day for p in progress} == {project.clock.at.date().toordinal() - 719_163}
    assert len({p.reference for p in progress}) == 3
    assert [len(p.reference) for p in progress] == [8] * 3
    collectors = [p.collector for p in progress]
    assert collectors[0] == collectors[1] != collectors[2]
    assert {c.hex() for c in collectors} == {row.id for row in client.enumerators()}


def test_stn_004_the_day_is_the_one_at_the_place(tmp_path: Path) -> None:
    """STN-004: At 23:30 UTC it is the next day already in Yangon; the tally keeps UTC."""
    clock = MovingClock(datetime(2026, 6, 1, 23, 30, tzinfo=UTC), 0.0)
    project = TestProject(clock=clock)
    project.publish()
    client = project.enrolled(tmp_path / "home", zone=timezone(timedelta(hours=6, minutes=30)))
    finalized_household(client)
    client.tally("household", "absent")
    project.sync(client)
    first = datetime(2026, 6, 2, tzinfo=UTC).date().toordinal() - 719_163
    assert [p.day for p in project.progress()] == [first, first]
    assert project.tallies()[0].day == first - 1


# --- checks

SURVEY = """
| survey |
| | type | name | label | relevant | calculation | bind::cairn:disclosure |
| | text | location | Location | | | quasi |
| | begin_group | body | Body | | | |
| | geopoint | position | Where are you? | | | quasi |
| | integer | size | How many? | | | quasi |
| | select_one rate | r1 | One | | | open |
| | select_one rate | r2 | Two | | | open |
| | select_one rate | r3 | Three | | | open |
| | select_one rate | r4 | Four | | | open |
| | select_one rate | r5 | Five | | | open |
| | text | t1 | Text | | | quasi |
| | text | t2 | Text | | | quasi |
| | text | t3 | Text | | | quasi |
| | note | check_size | So many? Ask again. | ${size} > 20 | | open |
| | calculate | check_rooms | | | if(${size} > 30, 1, 0) | open |
| | end_group | | | | | |
| choices |
| | list_name | name | label |
| | rate | good | Good |
| | rate | fair | Fair |
| | rate | bad | Bad |
| | rate | dont_know | Does not know |
| settings |
| | form_id | form_title | version | cairn_basis | cairn_purposes |
| | rating | Rating | 1 | observation | statistics |
"""
PLACES = b"name,label,latitude,longitude\nL1,One,6.5,-34.5\nL2,Two,,\n"
FULL = {
    "location": "L1",
    "body/position": "6.5 -34.5 0 10",
    "body/size": "4",
    **{f"body/r{n}": name for n, name in enumerate(("good", "fair", "bad", "good", "fair"), 1)},
    **{f"body/t{n}": CANARY for n in (1, 2, 3)},
}
PACED = {"answers": 20, "quick": 3}


def survey() -> LoadedForm:
    files = {"places.csv": read_attachment("places.csv", PLACES)}
    return loaded_form(read_form(convert(SURVEY).xform), files)


def fired(
    changes: dict[str, str] | None = None,
    *,
    paradata: dict[str, int] | None = None,
    at: datetime = NOON,
) -> tuple[str, ...]:
    loaded = survey()
    interview = Interview(loaded.form, clock_now=NOON, tz=UTC, random_bytes=bytes)
    for path, text in {**FULL, **(changes or {})}.items():
        interview.set(f"/data/{path}", text)
    answers = interview.finalize()
    location = answers.get("/data/location")
    visit = Visit(at, at + timedelta(minutes=20), location, paradata or PACED)
    return checks(loaded, interview, answers, visit)


def test_stn_005_a_good_interview_is_not_flagged() -> None:
    """STN-005."""
    assert fired() == ()


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"body/position": ""}, "no_gps"),
        ({"body/position": "6.5 -34.5 0 140"}, "rough_gps"),
        ({"body/position": "6.56 -34.5 0 10"}, "far"),
        ({f"body/r{n}": "dont_know" for n in (1, 2, 3, 4)}, "dont_knows"),
        ({f"body/t{n}": "" for n in (1, 2, 3)} | {"body/r1": ""}, "missing"),
        ({f"body/r{n}": "good" for n in (1, 2, 3, 4, 5)}, "straight"),
        ({"body/size": "25"}, "check:size"),
    ],
)
def test_stn_005_each_check_fires_alone(changes: dict[str, str], flag: str) -> None:
    """STN-005."""
    assert fired(changes) == (flag,)


@pytest.mark.parametrize(
    "changes",
    [
        {"body/position": "6.5 -34.5 0 100"},
        {"body/position": "6.53 -34.52 0 10"},
        {"body/position": "6.5 -34.5"},
        {"body/position": "9 9 0 10", "location": "L2"},
        {"body/position": "9 9 0 10", "location": "elsewhere"},
        {f"body/r{n}": "dont_know" for n in (1, 2, 3)},
        {"body/t1": "", "body/t2": "", "body/t3": ""},
        {f"body/r{n}": "good" for n in (1, 2, 3, 4)},
        {"body/size": "20"},
    ],
)
def test_stn_005_at_the_limit_none_fires(changes: dict[str, str]) -> None:
    """STN-005."""
    assert fired(changes) == ()


@pytest.mark.parametrize(
    ("hour", "minute", "flags"),
    [(5, 59, ("night",)), (6, 0, ()), (20, 30, ()), (20, 45, ("night",)), (21, 0, ("night",))],
)
def test_stn_005_night_is_told_by_beginning_and_end(
    hour: int, minute: int, flags: tuple[str, ...]
) -> None:
    assert fired(at=NOON.replace(hour=hour, minute=minute)) == flags


def test_stn_005_haste_is_told_by_the_trail() -> None:
    """STN-005."""
    assert fired(paradata={"answers": 20, "quick": 11}) == ("rushed",)
    assert fired(paradata={"answers": 20, "quick": 10}) == ()
    assert fired(paradata={"answers": 9, "quick": 9}) == ()


def test_stn_006_a_calculation_fires_by_its_value() -> None:
    """STN-006."""
    assert fired({"body/size": "31"}) == ("check:size", "check:rooms")


def test_stn_005_flags_are_names_and_never_answers() -> None:
    """STN-005."""
    flags = fired({"body/t1": CANARY, "body/size": "31", "body/position": "9 9 0 400"})
    assert flags == ("rough_gps", "far", "check:size", "check:rooms")


def test_stn_005_a_correction_is_told_as_one(client: Client, project: TestProject) -> None:
    """STN-005."""
    finalized_household(client)
    project.sync(client)
    (body,), revisions = project.bodies(), project.revision_ids()
    project.assign(client, body, tuple(revisions))
    project.sync(client)
    filled = client.case_filling(body.record_id.hex())
    filled.answer("/data/interview/size", "7")
    filled.close()
    client.finalize(filled.draft_id)
    project.sync(client)
    assert [p.flags for p in project.progress()] == [(), ("edited",)]


def test_the_first_format_is_still_read() -> None:
    """SEAL-072: a tablet that was not updated yet is counted too."""
    old = Progress("1", "f", "L", Outcome.FINALIZED, 60, ("edited",))
    assert decode_progress(encode_progress(old)) == old
    assert old.day is None
