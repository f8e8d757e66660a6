"""Runs a pattern as a set of states over the text: linear in the text, whatever the pattern."""

from dataclasses import dataclass, field
from typing import Final

from shared.errors import LimitExceeded
from shared.forms.xpath.pattern_parser import (
    UNBOUNDED,
    Anchor,
    Char,
    CharTest,
    Choice,
    Look,
    Parsed,
    Repeat,
    Series,
    Tree,
)

_STATES_MAX: Final = 20_000


@dataclass(slots=True)
class _State:
    """Where to go: `free` without reading, or past one character that passes `test`."""

    test: CharTest | None = None
    after: int = -1
    free: list[int] = field(default_factory=list)
    anchor: str = ""
    look: "Machine | None" = None
    wanted: bool = True


class Machine:
    """A pattern as states; built once, used for any text."""

    def __init__(self, parsed: Parsed) -> None:
        self._states: list[_State] = []
        self._end = self._new(_State())
        self._start = self._build(parsed.tree, self._end)

    def _new(self, state: _State) -> int:
        if len(self._states) >= _STATES_MAX:
            raise LimitExceeded("a pattern counts too far; write smaller numbers in { }")
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, tree: Tree, after: int) -> int:
        """Return the state that matches `tree` and goes on to `after`."""
        match tree:
            case Char(test=test):
                return self._new(_State(test=test, after=after))
            case Anchor(kind=kind):
                return self._new(_State(anchor=kind, free=[after]))
            case Look(inside=inside, wanted=wanted):
                machine = Machine(Parsed(inside, simple=False))
                return self._new(_State(look=machine, wanted=wanted, free=[after]))
            case Series(parts=parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case Choice(branches=branches):
                return self._new(_State(free=[self._build(b, after) for b in branches]))
            case Repeat():
                return self._repeat(tree, after)

    def _repeat(self, tree: Repeat, after: int) -> int:
        if tree.most == UNBOUNDED:
            loop = self._new(_State(free=[after]))
            self._states[loop].free.insert(0, self._build(tree.part, loop))
            start = loop
        else:
            start = after
            for _ in range(tree.most - tree.least):
                start = self._new(_State(free=[self._build(tree.part, start), after]))
        for _ in range(tree.least):
            start = self._build(tree.part, start)
        return start

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches."""
        return self._run(text, 0, whole=True)

    def starts(self, text: str, at: int) -> bool:
        """Tell whether some prefix of the text from `at` on matches."""
        return self._run(text, at, whole=False)

    def _run(self, text: str, at: int, *, whole: bool) -> bool:
        here = self._reached([self._start], text, at)
        while at < len(text):
            if not whole and self._end in here:
                return True
            character = text[at]
            moved: list[int] = []
            for index in here:
                state = self._states[index]
                if state.test is not None and state.test(character):
                    moved.append(state.after)
            if not moved:
                return False
            at += 1
            here = self._reached(moved, text, at)
        return self._end in here

    def _reached(self, indexes: list[int], text: str, at: int) -> set[int]:
        """Return these states and all that lie behind free moves."""
        seen: set[int] = set()
        pending = list(indexes)
        while pending:
            index = pending.pop()
            if index in seen:
                continue
            seen.add(index)
            state = self._states[index]
            if state.anchor and not _holds(state.anchor, text, at):
                continue
            if state.look is not None and state.look.starts(text, at) != state.wanted:
                continue
            pending.extend(state.free)
        return seen


def _holds(anchor: str, text: str, at: int) -> bool:
    if anchor == "^":
        return at == 0
    if anchor == "$":
        return at == len(text)
    before = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
    behind = at < len(text) and (text[at].isalnum() or text[at] == "_")
    return (before != behind) == (anchor == "b")
