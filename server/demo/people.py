"""The people of the demonstration: what they answer where it matters, by question name.

What a product counts is decided here, consistently (members add up to the household, sex and age
to the location's total); everything else the random respondent makes up. Every name, phone number
and remark carries a canary mark (server/demo/canaries.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from server.demo.canaries import NAME_MARK, PHONE_MARK
from server.demo.plan import Outcome, Task

Answer = str | int | Callable[[tuple[int, ...]], str | int]
"""A text, a number of repeat instances, or a function of the positions."""

_GIVEN: Final = (
    "Amal",
    "Bilal",
    "Chaya",
    "Daoud",
    "Esra",
    "Farid",
    "Ganna",
    "Hamid",
    "Iman",
    "Jory",
)
_ENDINGS: Final = ("ani", "eri", "osi", "ulu", "ima", "ade", "oro", "iba")
_RELATIONS: Final = ("child", "child", "child", "parent", "sibling", "grandchild", "in_law")
_STATUS: Final = (*("idp",) * 12, *("returnee",) * 4, "returnee_abroad", "host", "migrant")
_DRIVERS: Final = (
    ("conflict",) * 5 + ("disaster",) * 4 + ("climate",) * 2 + ("eviction", "communal")
)
_AGE_BANDS_DTM: Final = ("0_4", "5_11", "12_17", "18_59", "60")
_AGE_BANDS_FLOW: Final = ("0_4", "5_17", "18_59", "60")
_REASONS: Final = ("conflict", "communal", "disaster", "climate", "eviction", "other")
_SHELTERS: Final = (
    "rented", "host_family", "collective", "emergency",
    "makeshift", "unfinished", "open_air", "other",
)  # fmt: skip
_SHELTER_WEIGHTS: Final = (10, 30, 8, 20, 18, 6, 3, 5)


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a household."""

    name: str
    relation: str
    sex: str
    born: date
    age_years: int
    knows_birth_date: bool
    difficulty: str


def answers_for(task: Task, seed: int, today: date) -> Mapping[str, Answer]:
    """Return the decided answers of one interview, by question name."""
    rng = Random(f"people/{seed}/{task.key}")
    place: dict[str, Answer] = {
        "round": str(task.round),
        "admin1": task.place.admin1,
        "admin2": task.place.admin2,
        "location": task.place.location,
    }
    makers: dict[str, Callable[[Task, Random, date], Mapping[str, Answer]]] = {
        "household_registration": _household,
        "location_assessment": _location,
        "flow_monitoring": _flow,
        "event_tracking": _event,
        "return_intention": _intention,
    }
    return {**place, **makers[task.form](task, rng, today)}


def person_name(rng: Random) -> str:
    """Return a name that carries the mark."""
    return f"{rng.choice(_GIVEN)} {NAME_MARK}{rng.choice(_ENDINGS)}"


def phone_number(rng: Random) -> str:
    """Return a phone number that carries the mark."""
    return f"+{PHONE_MARK}{rng.randint(1000, 9999)}"


def remark(rng: Random) -> str:
    """Return a sentence that carries the mark."""
    return f"Ask for {NAME_MARK}{rng.choice(_ENDINGS)} near the well"


def split(total: int, weights: Sequence[float], rng: Random) -> list[int]:
    """Deal `total` out at random by weight; the parts add up to it."""
    parts = [0] * len(weights)
    for index in rng.choices(range(len(weights)), weights, k=total):
        parts[index] += 1
    return parts


def _consent(task: Task, purposes: Sequence[str], rng: Random) -> dict[str, Answer]:
    """Return the answers of a consent group; the first purpose decides.

    Who agrees at all agrees to statistics: a record without has no analytic row (DEID-015), and
    the demonstration's sums count every live record there.
    """
    decisions: dict[str, Answer] = {"respondent_adult": "yes", "consent_method": "spoken"}
    agreed = task.outcome is not Outcome.REFUSED
    for index, purpose in enumerate(purposes):
        settled = index == 0 or purpose == "statistics"
        granted = agreed if settled else rng.random() < 0.8
        decisions[f"consent_{purpose}"] = "yes" if granted else "no"
    return decisions


def _members(count: int, rng: Random, today: date) -> list[Member]:
    members = []
    for index in range(count):
        age = rng.randint(19, 75) if index < 2 else rng.choice((1, 3, 6, 9, 12, 15, 17, 24, 66))
        # Away from the birthday, so that an age does not turn over in mid-demonstration.
        born = today - timedelta(days=age * 365 + age // 4 + rng.randint(40, 300))
        relation = ("head", "spouse")[index] if index < 2 else rng.choice(_RELATIONS)
        members.append(
            Member(
                person_name(rng),
                relation,
                rng.choice(("female", "male")),
                born,
                age,
                rng.random() < 0.6,
                rng.choices(("none", "some", "a_lot", "cannot"), (78, 14, 6, 2))[0],
            )
        )
    return members


def _household(task: Task, rng: Random, today: date) -> Mapping[str, Answer]:
    size = rng.choices(range(1, 10), (6, 10, 14, 18, 18, 14, 10, 6, 4))[0]
    members = _members(size, rng, today)
    displaced = today - timedelta(days=rng.randint(60, 1500))
    arrived = displaced + timedelta(days=rng.randint(1, 50))
    driver = rng.choice(_DRIVERS)

    def of(attribute: Callable[[Member], str]) -> Callable[[tuple[int, ...]], str]:
        return lambda positions: attribute(members[positions[-1] - 1])

    return {
        **_consent(task, ("assistance", "statistics", "referral", "contact"), rng),
        "registration_type": "new",
        "population_status": rng.choice(_STATUS),
        "household_size": str(size),
        "address": remark(rng),
        "household_position": f"{task.place.latitude:.5f} {task.place.longitude:.5f} 0 8",
        "phone": phone_number(rng),
        "members": size,
        "member_name": of(lambda m: m.name),
        "relation": of(lambda m: m.relation),
        "sex": of(lambda m: m.sex),
        "birth_date_known": of(lambda m: "yes" if m.knows_birth_date else "no"),
        "birth_date": of(lambda m: m.born.isoformat()),
        "age_stated": of(lambda m: str(m.age_years)),
        "wg_seeing": "none",
        "wg_hearing": "none",
        "wg_walking": of(lambda m: m.difficulty),
        "wg_remembering": "none",
        "wg_self_care": "none",
        "wg_communicating": "none",
        "roster_complete": "yes",
        "origin_place": remark(rng),
        "displaced_on": displaced.isoformat(),
        "arrived_on": min(arrived, today).isoformat(),
        "driver_main": driver,
        "drivers_all": driver,
        "referral_person": person_name(rng),
        "respondent_remarks": remark(rng),
    }


def _informant(rng: Random) -> dict[str, Answer]:
    return {
        "informant_agrees": "yes",
        "informant_may_contact": rng.choice(("yes", "yes", "no")),
        "informant_name": person_name(rng),
        "informant_phone": phone_number(rng),
        "assessor_remarks": remark(rng),
    }


def _location(task: Task, rng: Random, today: date) -> Mapping[str, Answer]:
    del today
    # The place decides the size, so that a location's stock moves little from round to round.
    steady = Random(f"stock/{task.place.location}")
    households = max(1, int(steady.lognormvariate(3.4, 0.9) * (1 + 0.06 * rng.randint(-2, 2))))
    persons = households + split(households * 4, (1,), rng)[0]
    sex_age = split(persons, (9, 10, 8, 19, 5, 9, 10, 8, 18, 4), rng)
    reasons = split(persons, tuple(steady.random() for _ in _REASONS), rng)
    shelters = split(households, _SHELTER_WEIGHTS, rng)
    present = ["idp"] + [g for g in ("returnee", "host") if steady.random() < 0.6]
    returnees = max(1, int(steady.lognormvariate(2.6, 0.8)))
    bands = [f"{sex}_{band}" for sex in ("f", "m") for band in _AGE_BANDS_DTM]
    numbers: dict[str, Answer] = {
        "idp_households": str(households),
        "idp_persons": str(persons),
        "idp_arrived_round": str(rng.randint(0, persons // 5)),
        "idp_left_round": str(rng.randint(0, persons // 8)),
        "idp_origin_persons": str(rng.randint(1, persons)),
        "idp_disability_persons": str(persons // 14),
        "idp_female_headed": str(households // 4),
        "idp_child_alone": str(persons // 60),
        "returnee_households": str(returnees),
        "returnee_persons": str(returnees * 5),
        "returnee_girls": str(returnees),
        "returnee_boys": str(returnees),
        "returnee_women": str(returnees),
        "returnee_men": str(returnees * 2),
        "returnee_abroad": str(returnees // 3),
        "host_households": str(households * 3),
        "host_persons": str(households * 16),
    }
    numbers.update({f"idp_{b}": str(n) for b, n in zip(bands, sex_age, strict=True)})
    numbers.update({f"idp_reason_{r}": str(n) for r, n in zip(_REASONS, reasons, strict=True)})
    numbers.update({f"idp_shelter_{s}": str(n) for s, n in zip(_SHELTERS, shelters, strict=True)})
    return {
        **_informant(rng),
        **numbers,
        "site_status": "closed" if task.closed else "open",
        "close_reason": "returned",
        "site_position": f"{task.place.latitude:.5f} {task.place.longitude:.5f} 0 8",
        "population_present": " ".join(present),
        "idp_sex_age_agrees": "yes",
        "idp_reason_agrees": "yes",
        "idp_shelter_agrees": "yes",
        "returnee_agrees": "yes",
    }


def _flow(task: Task, rng: Random, today: date) -> Mapping[str, Answer]:
    del task
    groups = rng.randint(3, 7)
    sizes = [rng.randint(1, 24) for _ in range(groups)]
    splits = [split(size, (3, 7, 14, 2, 3, 7, 12, 2), rng) for size in sizes]
    bands = [f"flow_{sex}_{band}" for sex in ("f", "m") for band in _AGE_BANDS_FLOW]
    answers: dict[str, Answer] = {
        "shift_date": (today - timedelta(days=rng.randint(0, 3))).isoformat(),
        "shift_start": "07:00:00.000Z",
        "shift_end": "15:00:00.000Z",
        "shift_hours_right": "yes",
        "groups": groups,
        "group_size": lambda positions: str(sizes[positions[-1] - 1]),
        "group_sum_agrees": "yes",
        "shift_remarks": remark(rng),
    }

    def of_band(index: int) -> Callable[[tuple[int, ...]], str]:
        return lambda positions: str(splits[positions[-1] - 1][index])

    answers.update({band: of_band(index) for index, band in enumerate(bands)})
    for count in ("flow_pregnant", "flow_disability", "flow_child_alone", "flow_ill"):
        answers[count] = lambda positions: str(min(1, sizes[positions[-1] - 1] // 9))
    return answers


def _event(task: Task, rng: Random, today: date) -> Mapping[str, Answer]:
    del task
    households = rng.randint(4, 220)
    persons = households + split(households * 4, (1,), rng)[0]
    parts = split(persons, (24, 24, 22, 20, 5, 5), rng)
    names = ("girls", "boys", "women", "men", "older_women", "older_men")
    happened = today - timedelta(days=rng.randint(4, 25))
    return {
        **_informant(rng),
        "event_date": happened.isoformat(),
        "arrival_date": (happened + timedelta(days=rng.randint(0, 4))).isoformat(),
        "event_households": str(households),
        "event_persons": str(persons),
        "sex_age_known": "yes",
        **{f"event_{name}": str(n) for name, n in zip(names, parts, strict=True)},
        "event_sum_agrees": "yes",
        "event_child_alone": str(persons // 50),
        "event_disability": str(persons // 14),
        "event_open_air": str(households // 6),
    }


def _intention(task: Task, rng: Random, today: date) -> Mapping[str, Answer]:
    size = rng.randint(1, 9)
    return {
        **_consent(task, ("statistics", "contact"), rng),
        "respondent_age": str(rng.randint(18, 80)),
        "household_size": str(size),
        "household_children": str(rng.randint(0, size - 1)),
        "displaced_on": (today - timedelta(days=rng.randint(60, 1500))).isoformat(),
        "contact_phone": phone_number(rng),
        "respondent_remarks": remark(rng),
    }
