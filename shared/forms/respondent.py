"""A respondent who answers any form: walks an interview to its end with valid answers.

For tests, benchmarks and demonstrations. Randomness comes in as an argument, and what matters can
be decided beforehand: `chosen` gives answers by field path (without positions), as texts, as
functions of the question, or, for a repeat, as the number of instances. Everything else is drawn
to suit the question's type, choices and constraint.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Protocol, TypeVar

from shared.errors import FormError
from shared.forms.interview import Interview, NodeState
from shared.forms.screens import Screen

T = TypeVar("T")

TRIES_MAX: Final = 60
"""Draws for one question before it is given up; a constraint few values pass needs `chosen`."""
SCREENS_MAX: Final = 20_000


class Dice(Protocol):
    """What is needed of `random.Random`."""

    def random(self) -> float:
        """Return a float in [0, 1)."""
        ...

    def randint(self, a: int, b: int) -> int:
        """Return an integer in [a, b]."""
        ...

    def choice(self, seq: Sequence[T]) -> T:
        """Return one of a sequence."""
        ...

    def sample(self, population: Sequence[Any], k: int) -> list[Any]:
        """Return k different ones."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a function in `chosen` is told: where it is asked, and the interview so far."""

    path: str
    positions: tuple[int, ...]
    state: NodeState
    interview: Interview


Chosen = Mapping[str, str | int | Callable[[Question], str | int]]


class NoValidAnswer(FormError):
    """No draw passed the question's constraint; decide it with `chosen`."""

    code = "FORM-010"


class Respondent:
    """Answers one interview.

    Args:
        interview: at its start, or anywhere in it.
        dice: a seeded `random.Random`.
        chosen: answers decided beforehand, by field path.
        optional_share: how many questions that are not required get an answer.
        repeats_max: most instances of a repeat that `chosen` says nothing about.
    """

    def __init__(
        self,
        interview: Interview,
        dice: Dice,
        chosen: Chosen | None = None,
        *,
        optional_share: float = 0.7,
        repeats_max: int = 3,
    ) -> None:
        self._interview = interview
        self._dice = dice
        self._chosen = chosen or {}
        self._optional_share = optional_share
        self._repeats_max = repeats_max
        self._wanted: dict[str, int] = {}

    def answer_to_end(self) -> None:
        """Walk forward to the end, answering every question on the way.

        Raises:
            NoValidAnswer: a question could not be answered.
        """
        for _ in range(SCREENS_MAX):
            screen = self._interview.next()
            if screen.kind == "end":
                return
            self.answer_screen(screen)
        raise FormError(f"the form does not end after {SCREENS_MAX} screens")

    def answer_screen(self, screen: Screen) -> None:
        """Answer what one screen asks; add a repeat instance where more are wanted."""
        if screen.kind == "prompt":
            self._maybe_add(screen.path)
            return
        asked = list(screen.questions)
        while asked:
            path = asked.pop(0)
            state = self._interview.get(path)
            if state.relevant and not state.readonly:
                self._answer(path, state)

    def _maybe_add(self, path: str) -> None:
        have = self._interview.count(path)
        if path not in self._wanted:
            decided = self._decided(path, None)
            self._wanted[path] = (
                int(decided)
                if decided is not None
                else self._dice.randint(0 if have == 0 else 1, self._repeats_max)
            )
        if have < self._wanted[path]:
            # The walk stands at the prompt: go into the new instance, or its questions are passed.
            self.answer_screen(self._interview.goto(self._interview.add_repeat(path)))

    def _decided(self, path: str, state: NodeState | None) -> str | int | None:
        value = self._chosen.get(without_positions(path))
        if not callable(value):
            return value
        state = state or self._interview.get(path)
        return value(Question(path, positions(path), state, self._interview))

    def _answer(self, path: str, state: NodeState) -> None:
        decided = self._decided(path, state)
        if decided is not None:
            after = self._interview.set(path, str(decided))
            if not after.valid:
                raise NoValidAnswer(f"{path}: the chosen answer is refused: {after.message}")
            return
        if not state.required and self._dice.random() >= self._optional_share:
            return
        for attempt in range(TRIES_MAX):
            text = self._draw(state, attempt)
            if text is None:
                return
            if self._interview.set(path, text).valid:
                return
        self._interview.set(path, "")
        if state.required:
            raise NoValidAnswer(f"{path}: none of {TRIES_MAX} answers passes: {state.message}")

    def _draw(self, state: NodeState, attempt: int) -> str | None:
        """Return a text to try, or None where nothing can be given."""
        if state.kind in ("select1", "select", "rank"):
            return self._draw_choice(state, attempt)
        if state.kind == "trigger":
            return "OK"
        if state.kind == "upload":
            return None
        if state.kind == "range":
            return self._draw_range(state)
        draw = _DRAWS.get(state.type, _draw_text)
        return draw(self._dice, attempt)

    def _draw_choice(self, state: NodeState, attempt: int) -> str | None:
        names = [choice.value for choice in state.choices]
        if not names:
            return None
        if state.kind == "select1":
            return self._dice.choice(names)
        if state.kind == "rank":
            return " ".join(self._dice.sample(names, len(names)))
        # Later tries take fewer: "none of these" beside others is what constraints refuse.
        most = 1 if attempt > TRIES_MAX // 3 else min(3, len(names))
        return " ".join(self._dice.sample(names, self._dice.randint(1, most)))

    def _draw_range(self, state: NodeState) -> str:
        start = float(state.attributes.get("start") or 0)
        end = float(state.attributes.get("end") or 10)
        step = float(state.attributes.get("step") or 1)
        steps = int(abs(end - start) / abs(step))
        sign = 1 if end >= start else -1
        value = start + sign * abs(step) * self._dice.randint(0, steps)
        return str(int(value)) if value == int(value) else f"{value:g}"


def without_positions(path: str) -> str:
    """Return a path without positions or instance ids."""
    return "/".join(step.partition("[")[0] for step in path.split("/"))


def positions(path: str) -> tuple[int, ...]:
    """Return the positions in a path, outermost first."""
    steps = (step.partition("[")[2].rstrip("]") for step in path.split("/"))
    return tuple(int(step) for step in steps if step.isdigit())


def _draw_integer(dice: Dice, attempt: int) -> str:
    # Small numbers first: counts, ages and sizes; then wider.
    return str(dice.randint(0, 12 if attempt < TRIES_MAX // 2 else 120))


def _draw_decimal(dice: Dice, attempt: int) -> str:
    return f"{dice.randint(0, 99 if attempt < TRIES_MAX // 2 else 9999) / 10:g}"


def _draw_date(dice: Dice, attempt: int) -> str:
    reach = 700 if attempt < TRIES_MAX // 2 else 20_000
    return (date(2026, 6, 30) - timedelta(days=dice.randint(0, reach))).isoformat()


def _draw_time(dice: Dice, attempt: int) -> str:
    del attempt
    return f"{dice.randint(6, 19):02}:{dice.randint(0, 59):02}:00.000Z"


def _draw_moment(dice: Dice, attempt: int) -> str:
    return f"{_draw_date(dice, attempt)}T{_draw_time(dice, attempt)}"


def _draw_point(dice: Dice, attempt: int) -> str:
    del attempt
    latitude = dice.randint(-60_0000, 60_0000) / 10_000
    longitude = dice.randint(-170_0000, 170_0000) / 10_000
    return f"{latitude:g} {longitude:g} 0 {dice.randint(1, 20)}"


def _draw_line(dice: Dice, attempt: int) -> str:
    return ";".join(_draw_point(dice, attempt) for _ in range(3))


def _draw_shape(dice: Dice, attempt: int) -> str:
    points = [_draw_point(dice, attempt) for _ in range(3)]
    return ";".join([*points, points[0]])


_WORDS: Final = ("river", "market", "north", "school", "bridge", "well", "hill", "road", "camp")


def _draw_text(dice: Dice, attempt: int) -> str:
    if attempt % 3 == 1:
        return str(dice.randint(10_0000_0000, 99_9999_9999))
    return " ".join(dice.sample(_WORDS, 1 + attempt % 3))


_DRAWS: Final[dict[str, Callable[[Dice, int], str]]] = {
    "int": _draw_integer,
    "integer": _draw_integer,
    "decimal": _draw_decimal,
    "date": _draw_date,
    "time": _draw_time,
    "dateTime": _draw_moment,
    "geopoint": _draw_point,
    "geotrace": _draw_line,
    "geoshape": _draw_shape,
}
