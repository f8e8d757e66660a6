"""A text that fits a simple regular expression: literals, classes, groups, `|` and counts.

Enough for phone numbers and codes; what it does not read it leaves out, and the caller checks.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")


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


_CLASSES: Final = {
    "d": "0123456789",
    "w": "abcdefghijklmnopqrstuvwxyz0123456789",
    "s": " ",
    "D": "abc",
    "S": "abc",
    "W": "-",
}
_ANY: Final = "abcdefgh"
_MORE: Final = 6


def sample_of(pattern: str, dice: Dice) -> str:
    """Return a text that probably matches `pattern`."""
    return _Sampler(pattern, dice).alternatives()


class _Sampler:
    """Reads the pattern once, making the text as it goes."""

    def __init__(self, pattern: str, dice: Dice) -> None:
        self._pattern = pattern
        self._dice = dice
        self._at = 0

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def alternatives(self) -> str:
        """Return one of the branches up to the closing bracket or the end."""
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        return self._dice.choice(branches)

    def _sequence(self) -> str:
        out = ""
        while self._peek() and self._peek() not in "|)":
            start = self._at
            part = self._part()
            end = self._at
            low, high = self._count()
            after = self._at
            for turn in range(self._dice.randint(low, high)):
                if turn:
                    # Each turn is drawn anew: read the same part of the pattern again.
                    self._at = start
                    part = self._part()
                out += part
            self._at = max(after, end)
        return out

    def _part(self) -> str:
        character = self._take()
        if character in "^$":
            return ""
        if character == ".":
            return self._dice.choice(_ANY)
        if character == "[":
            return self._dice.choice(self._class())
        if character == "(":
            if self._pattern.startswith("?:", self._at):
                self._at += 2
            inside = self.alternatives()
            self._at += 1
            return inside
        if character == "\\":
            escaped = self._take()
            return self._dice.choice(_CLASSES.get(escaped, escaped or "a"))
        return character

    def _class(self) -> Sequence[str]:
        """Return the characters of a class; a negated one gives what it does not name."""
        negated = self._peek() == "^"
        self._at += negated
        characters = ""
        while self._peek() and (self._peek() != "]" or not characters):
            character = self._take()
            if character == "\\":
                escaped = self._take()
                characters += _CLASSES.get(escaped, escaped)
            elif self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in (
                "]",
                "",
            ):
                self._at += 1
                last = self._take()
                characters += "".join(chr(c) for c in range(ord(character), ord(last) + 1))
            else:
                characters += character
        self._at += 1
        if negated:
            return [c for c in "abcdefghijklmnopqrstuvwxyz0123456789" if c not in characters] or "a"
        return characters or "a"

    def _count(self) -> tuple[int, int]:
        mark = self._peek()
        if mark == "?":
            self._at += 1
            return 0, 1
        if mark in ("*", "+"):
            self._at += 1
            return (0 if mark == "*" else 1), _MORE
        if mark != "{":
            return 1, 1
        end = self._pattern.find("}", self._at)
        low, _, high = self._pattern[self._at + 1 : end].partition(",")
        self._at = end + 1 if end > 0 else len(self._pattern)
        least = int(low) if low.isdigit() else 0
        if "," not in self._pattern[: self._at].rpartition("{")[2]:
            return least, least
        return least, int(high) if high.isdigit() else least + _MORE
