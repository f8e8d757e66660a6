"""A regular expression -> a tree: literals, classes, groups, `|`, counts and anchors.

Backreferences and lookbehind are refused: no linear-time matcher has them, and no form needs them.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.forms.xpath.faults import EvaluationError

CharTest: TypeAlias = Callable[[str], bool]

_DIGITS: Final = frozenset("0123456789")
_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPACE: Final = frozenset(" \t\n\r\f\v")
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_NAMED: Final[dict[str, CharTest]] = {
    "Alpha": lambda c: c.isascii() and c.isalpha(),
    "Digit": lambda c: c in _DIGITS,
    "Alnum": lambda c: c.isascii() and c.isalnum(),
    "Upper": lambda c: c.isascii() and c.isupper(),
    "Lower": lambda c: c.isascii() and c.islower(),
    "Space": lambda c: c in _SPACE,
    "Punct": lambda c: c.isascii() and c.isprintable() and not c.isalnum() and c != " ",
}
_VARIABLE_COUNTS_MAX: Final = 3
_DEPTH_MAX: Final = 50
UNBOUNDED: Final = -1


@dataclass(frozen=True, slots=True)
class Char:
    """One character that passes a test."""

    test: CharTest


@dataclass(frozen=True, slots=True)
class Anchor:
    """`^`, `$`, `b` (word boundary) or `B`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Look:
    """What follows must match, or must not."""

    inside: "Tree"
    wanted: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Parts one after another."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several branches."""

    branches: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part from `least` to `most` times; `most` UNBOUNDED for no end."""

    part: "Tree"
    least: int
    most: int


Tree: TypeAlias = Char | Anchor | Look | Series | Choice | Repeat


@dataclass(frozen=True, slots=True)
class Parsed:
    """A pattern's tree, and whether a backtracking matcher is harmless on it."""

    tree: Tree
    simple: bool


def parse_pattern(pattern: str) -> Parsed:
    """Return a pattern's tree.

    Raises:
        EvaluationError: it cannot be read; the message says where.
    """
    parser = _Parser(pattern)
    tree = parser.choice()
    if not parser.at_end():
        raise parser.error("a ) closes nothing")
    return Parsed(tree, parser.simple and parser.variable_counts <= _VARIABLE_COUNTS_MAX)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self.variable_counts = 0
        self.simple = True

    def at_end(self) -> bool:
        return self._at >= len(self._pattern)

    def error(self, what: str) -> EvaluationError:
        return EvaluationError(
            f"regex() cannot read the pattern {self._pattern!r}: {what}, character {self._at + 1}"
        )

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        if self.at_end():
            raise self.error("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _accept(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def choice(self) -> Tree:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self.error("groups nest too deep")
        branches = [self._sequence()]
        while self._accept("|"):
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while not self.at_end() and self._peek() not in "|)":
            parts.append(self._counted(self._part()))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def _counted(self, part: Tree) -> Tree:
        while self._peek() in ("*", "+", "?", "{") and self._peek():
            bounds = self._bounds()
            if bounds is None:
                break
            least, most = bounds
            if not isinstance(part, Char) and most != 1:
                # A count around a group is where backtracking explodes.
                self.simple = False
            if least != most:
                self.variable_counts += 1
            # Lazy and possessive marks change which match is found, not whether there is one.
            if not self._accept("?"):
                self._accept("+")
            part = Repeat(part, least, most)
        return part

    def _bounds(self) -> tuple[int, int] | None:
        mark = self._take()
        if mark != "{":
            return {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}[mark]
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at : end].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise self.error("a count is written {2} or {2,5}")
        self._at = end + 1
        least = int(low)
        most = int(high) if high else (UNBOUNDED if comma else least)
        if most != UNBOUNDED and most < least:
            raise self.error("a count ends before it starts")
        return least, most

    def _part(self) -> Tree:
        character = self._take()
        if character == ".":
            return Char(lambda c: c not in "\n\r")
        if character in "^$":
            return Anchor(character)
        if character == "[":
            return Char(self._class())
        if character == "(":
            return self._group()
        if character == "\\":
            return self._escape()
        if character in "*+?":
            raise self.error(f"a {character} repeats nothing")
        return Char(lambda c: c == character)

    def _group(self) -> Tree:
        look: bool | None = None
        if self._accept("?="):
            look = True
        elif self._accept("?!"):
            look = False
        elif not self._accept("?:") and self._peek() == "?":
            raise self.error("of (?...) only (?:, (?= and (?! are known")
        inside = self.choice()
        if not self._accept(")"):
            raise self.error("a ( is never closed")
        if look is None:
            return inside
        self.simple = False
        return Look(inside, look)

    def _escape(self) -> Tree:
        character = self._take()
        if character in "bB":
            return Anchor(character)
        if character.isdecimal() and character != "0":
            raise self.error("backreferences are not known")
        if character in "AZz":
            return Anchor("^" if character == "A" else "$")
        return Char(self._escaped(character))

    def _escaped(self, character: str) -> CharTest:
        known: dict[str, CharTest] = {
            "d": lambda c: c in _DIGITS,
            "D": lambda c: c not in _DIGITS,
            "w": lambda c: c in _WORD,
            "W": lambda c: c not in _WORD,
            "s": lambda c: c in _SPACE,
            "S": lambda c: c not in _SPACE,
        }
        if character in known:
            return known[character]
        if character in "pP":
            self.simple = False
            test = self._property()
            return test if character == "p" else lambda c: not test(c)
        if character in "ux":
            digits = 4 if character == "u" else 2
            code = self._pattern[self._at : self._at + digits]
            self._at += digits
            try:
                literal = chr(int(code, 16))
            except ValueError as error:
                raise self.error(f"\\{character} needs {digits} hex digits") from error
            return lambda c: c == literal
        literal = _CONTROLS.get(character, character)
        return lambda c: c == literal

    def _property(self) -> CharTest:
        """Read `{L}` or `L`: a Unicode category, or a POSIX name."""
        name = self._take()
        if name == "{":
            end = self._pattern.find("}", self._at)
            name = self._pattern[self._at : end] if end > 0 else ""
            self._at = end + 1
        name = name.removeprefix("Is")
        if name in _NAMED:
            return _NAMED[name]
        if name[:1] in "LMNPSZC" and 0 < len(name) <= 2:  # noqa: PLR2004 - such as L or Lu
            return lambda c: unicodedata.category(c).startswith(name)
        raise self.error(f"the class \\p{{{name}}} is not known")

    def _class(self) -> CharTest:
        negated = self._accept("^")
        tests: list[CharTest] = []
        singles: set[str] = set()
        first = True
        while first or self._peek() != "]":
            first = False
            self._member(tests, singles)
        self._at += 1
        known = frozenset(singles)

        def member(character: str) -> bool:
            return character in known or any(test(character) for test in tests)

        return (lambda c: not member(c)) if negated else member

    def _member(self, tests: list[CharTest], singles: set[str]) -> None:
        """Read one character, range or escape of a class."""
        low = self._take()
        if low == "[" or (low == "&" and self._peek() == "&"):
            raise self.error("classes inside classes are not known; write \\[ for the character")
        if low == "\\":
            escaped = self._take()
            if escaped in "dDwWsSpPux":
                tests.append(self._escaped(escaped))
                return
            low = _CONTROLS.get(escaped, escaped)
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            singles.add(low)
            return
        self._at += 1
        high = self._take()
        if high == "\\":
            high = self._take()
        if high < low:
            raise self.error(f"the range {low}-{high} is backwards")
        tests.append(lambda c: low <= c <= high)
