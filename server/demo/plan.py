"""Who interviews whom, when and on which device: the demonstration's script, from a seed.

Three rounds, four devices. The devices differ in how their records travel: the first two reach the
mission server themselves, the third only its coordinator's hub, the fourth writes a bundle file.
Nothing here is random beyond the seed, and nothing knows how records are sealed or sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final

from server.demo.country import Country, Place

ROUNDS: Final = (1, 2, 3)
DEVICES: Final = ("tablet-1", "tablet-2", "tablet-3", "laptop-4")
ENUMERATORS: Final = {
    "tablet-1": ("Nadia", "Oumar"),
    "tablet-2": ("Salma",),
    "tablet-3": ("Pavlo",),
    "laptop-4": ("Ines",),
}
CONSENT_FORMS: Final = frozenset({"household_registration", "return_intention"})
SHARES: Final = {
    "household_registration": 130,
    "location_assessment": 150,
    "flow_monitoring": 60,
    "event_tracking": 20,
    "return_intention": 40,
}
"""Interviews of each form in a demonstration of 400, over all rounds."""
REFUSED_SHARE: Final = 0.06
ABANDONED_SHARE: Final = 0.03


class Outcome(StrEnum):
    """How an interview ends."""

    FINALIZED = "finalized"
    REFUSED = "refused"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Task:
    """One interview.

    Attributes:
        key: unique in the demonstration, also the seed of its answers.
        late: done in its round, but still on the device when the round's records are carried.
        closed: the location has closed since the round before.
    """

    key: str
    round: int
    device: str
    enumerator: str
    form: str
    place: Place
    outcome: Outcome = Outcome.FINALIZED
    late: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks, and which of them the story's turns happen to (keys of tasks)."""

    seed: int
    tasks: tuple[Task, ...]
    withdrawn: str
    edited_twice: str
    corrected: str
    closed: str

    def of(self, device: str, round_number: int) -> tuple[Task, ...]:
        """Return one device's tasks of one round, in order."""
        return tuple(t for t in self.tasks if t.device == device and t.round == round_number)

    def task(self, key: str) -> Task:
        """Return a task by key."""
        return next(task for task in self.tasks if task.key == key)


def make_plan(seed: int, interviews: int, country: Country) -> Plan:
    """Return the script for about `interviews` interviews, never fewer than 40.

    The number of tasks is exactly `interviews` where it is 40 or more.
    """
    rng = Random(f"plan/{seed}")
    wanted = max(40, interviews)
    tasks = list(_tasks(wanted, country, rng))
    tasks = _with_outcomes(tasks, rng)
    return _with_turns(seed, tasks, rng)


def _tasks(wanted: int, country: Country, rng: Random) -> Iterator[Task]:
    """Yield `wanted` tasks, dealt out by form, round and device."""
    numbers = _apportion(SHARES, wanted)
    locations = list(country.locations)
    rng.shuffle(locations)
    for form, total in numbers.items():
        places: Sequence[Place] = country.flow_points if form == "flow_monitoring" else locations
        for index in range(total):
            round_number = ROUNDS[index * len(ROUNDS) // total]
            of_round = index - next(
                i for i in range(total) if ROUNDS[i * len(ROUNDS) // total] == round_number
            )
            place = places[of_round % len(places)]
            device = DEVICES[_device_of(place, len(DEVICES))]
            crew = ENUMERATORS[device]
            key = f"{form}-r{round_number}-{of_round:03}"
            yield Task(key, round_number, device, crew[index % len(crew)], form, place)


def _apportion(shares: dict[str, int], wanted: int) -> dict[str, int]:
    """Scale shares to a whole-number total by largest remainder (Hamilton's method)."""
    whole = sum(shares.values())
    exact = {name: share * wanted / whole for name, share in shares.items()}
    result = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (result[name] - exact[name], name))
    for name in by_remainder[: wanted - sum(result.values())]:
        result[name] += 1
    return result


def _device_of(place: Place, devices: int) -> int:
    """Return which device works at a place: whole districts, so that a team knows its area."""
    return sum(place.admin2.encode()) % devices


def _with_outcomes(tasks: list[Task], rng: Random) -> list[Task]:
    """Let some respondents refuse and some interviews be abandoned: at least one of each."""
    asked = [i for i, task in enumerate(tasks) if task.form in CONSENT_FORMS]
    rng.shuffle(asked)
    refused = max(1, round(len(asked) * REFUSED_SHARE))
    abandoned = max(1, round(len(asked) * ABANDONED_SHARE))
    for index in asked[:refused]:
        tasks[index] = replace(tasks[index], outcome=Outcome.REFUSED)
    for index in asked[refused : refused + abandoned]:
        tasks[index] = replace(tasks[index], outcome=Outcome.ABANDONED)
    return tasks


def _with_turns(seed: int, tasks: list[Task], rng: Random) -> Plan:
    """Choose the records the story turns on, each another one."""
    chosen: set[str] = set()

    def pick(form: str, round_number: int) -> Task:
        fit = [
            task
            for task in tasks
            if task.form == form
            and task.round == round_number
            and task.outcome is Outcome.FINALIZED
            and task.key not in chosen
        ]
        if not fit:
            raise ValueError(f"no {form} of round {round_number}: ask for more interviews")
        task = rng.choice(fit)
        chosen.add(task.key)
        return task

    withdrawn = pick("household_registration", 1)
    edited = pick("household_registration", 1)
    corrected = pick("location_assessment", 1)
    closing = pick("location_assessment", 3)
    late = pick("location_assessment", 1)
    changed = {
        closing.key: replace(closing, closed=True),
        # The late one waits on the laptop whose stick has already left, the corrected one goes
        # back to a tablet that has a line of its own.
        late.key: _on(replace(late, late=True), "laptop-4"),
        corrected.key: _on(corrected, "tablet-1"),
    }
    final = tuple(changed.get(task.key, task) for task in tasks)
    return Plan(seed, final, withdrawn.key, edited.key, corrected.key, closing.key)


def _on(task: Task, device: str) -> Task:
    """Return the task on another device."""
    return replace(task, device=device, enumerator=ENUMERATORS[device][0])
