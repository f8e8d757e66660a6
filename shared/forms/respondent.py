"""A respondent who answers any form: walks an interview to its end with valid answers.

For tests, benchmarks and demonstrations. Randomness comes in as an argument, and what matters can
be decided beforehand: `chosen` gives answers by field path (without positions), as texts, as
functions of the question, or, for a repeat, as the number of instances. Everything else is drawn
to suit the question's type, choices and constraint.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

from shared.errors import FormError
from shared.forms.candidates import candidates
from shared.forms.interview import Interview, NodeState
from shared.forms.samples import Dice
from shared.forms.screens import Screen

TRIES_MAX: Final = 60
"""Draws for one question before it is given up; a constraint few values pass needs `chosen`."""
SCREENS_MAX: Final = 20_000
MENDING_ROUNDS_MAX: Final = 12
COMPUTED_STEPS_MAX: Final = 3
_SAME_SHARE: Final = 0.5
"""How often two answers a rule compares are made the same: some must be, some must not."""


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

    code = "FORM-011"


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
        if not self._draw(path, state):
            self._interview.set(path, "")
            if state.required:
                raise NoValidAnswer(f"{path}: none of {TRIES_MAX} answers passes: {state.message}")

    def _draw(self, path: str, state: NodeState) -> bool:
        """Try answers until one passes; an optional file is left out, as there is none to give."""
        if state.kind == "upload" and not state.required:
            return False
        rule = self._interview.form.fields[without_positions(path)].constraint
        offered = candidates(state, rule, self._interview.clock_now, self._dice)
        return any(self._accepts(path, text) for text in islice(offered, TRIES_MAX))

    def _accepts(self, path: str, text: str) -> bool:
        """Store an answer; False if the form refuses it or a rule does not hold."""
        try:
            return self._interview.set(path, text).valid
        except FormError:
            return False

    # ---- mending

    def fill(self) -> bool:
        """Walk to the end and mend what later answers broke; True if nothing is broken then.

        Where `answer_to_end` gives up, this goes on: rules that tie answers together are met by
        answering some of them again.
        """
        self._walk_on()
        for _ in range(MENDING_ROUNDS_MAX):
            broken = self._interview.violations()
            if not broken:
                return True
            for violation in broken:
                self._mend(violation.path)
            self._interview.goto_start()
            self._walk_on(only_empty=True)
        return not self._interview.violations()

    def _walk_on(self, *, only_empty: bool = False) -> None:
        for _ in range(SCREENS_MAX):
            screen = self._interview.next()
            if screen.kind == "end":
                return
            if only_empty and all(self._interview.value(path) for path in screen.questions):
                continue
            with suppress(NoValidAnswer):
                self.answer_screen(screen)
        raise FormError(f"the form does not end after {SCREENS_MAX} screens")

    def _mend(self, path: str) -> None:
        """Answer a broken question anew, or what its rule compares it with."""
        state = self._interview.get(path)
        if state.kind in ("group", "repeat"):
            return
        compared: Sequence[str] = self._interview.read_by(path, "constraint")
        if not state.kind:
            # A value that must be there and is not: answer what it is computed from.
            others = compared = self._asked_behind(path, "calculate")
        elif state.readonly:
            # A note that must be answered is a stop sign: change what put it up.
            others = self._behind_a_stop_sign(path)
            compared = [*self._interview.read_by(path, "relevant", "constraint"), *others]
        elif self._draw(path, state):
            return
        else:
            self._interview.set(path, "")
            others = self._asked_behind(path, "constraint") if state.required else []
        for other in others:
            self._reconsider(other, [peer for peer in compared if peer != other])

    def _behind_a_stop_sign(self, path: str) -> list[str]:
        """Return the questions that put it up, or the nearest group around it."""
        here = path
        while here.count("/") > 1:
            if found := self._asked_behind(here, "relevant"):
                return found
            here = here.rpartition("/")[0]
        return []

    def _asked_behind(self, path: str, rule: str) -> list[str]:
        """Return the questions a rule looks at, through computed fields between them."""
        asked: dict[str, None] = {}
        pending = [(other, COMPUTED_STEPS_MAX) for other in self._interview.read_by(path, rule)]
        while pending:
            other, steps = pending.pop()
            state = self._interview.get(other)
            if state.kind and not state.readonly:
                asked[other] = None
            elif steps:
                behind = self._interview.read_by(other, "calculate")
                pending += [(one, steps - 1) for one in behind]
        return list(asked)

    def _reconsider(self, other: str, peers: Sequence[str]) -> None:
        """Change an answer to what a rule compares it with, or to something else."""
        state = self._interview.get(other)
        if not state.kind or state.readonly or not state.relevant:
            return
        if self._dice.random() < _SAME_SHARE:
            values = [value for peer in peers if (value := self._interview.value(peer))]
            if any(self._accepts(other, value) for value in values):
                return
        self._draw(other, state)


def without_positions(path: str) -> str:
    """Return a path without positions or instance ids."""
    return "/".join(step.partition("[")[0] for step in path.split("/"))


def positions(path: str) -> tuple[int, ...]:
    """Return the positions in a path, outermost first."""
    steps = (step.partition("[")[2].rstrip("]") for step in path.split("/"))
    return tuple(int(step) for step in steps if step.isdigit())


__all__ = ["Chosen", "Dice", "NoValidAnswer", "Question", "Respondent", "positions"]
