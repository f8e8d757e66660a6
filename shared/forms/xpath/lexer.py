"""Expression text -> tokens; `and`, `*` and friends depend on what precedes, as XPath has it."""

import re
from typing import Final, NamedTuple

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.xpath.faults import ExpressionError

NUMBER: Final = "number"
LITERAL: Final = "literal"
OPERATOR: Final = "operator"
NAME: Final = "name"
SYMBOL: Final = "symbol"
PATH: Final = "path"
"""A whole absolute path of plain names, as nearly every path in a form is: one token, not six."""
END: Final = "end"


class Token(NamedTuple):
    """One token and where it starts."""

    kind: str
    text: str
    at: int


_NCNAME: Final = r"[^\W\d][\w.\-·]*"
_TOKEN: Final = re.compile(
    rf"""\s*(?:
    (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<literal>"[^"]*"|'[^']*')
  | (?P<operator>!=|<=|>=|//|[|+\-=<>/])
  | (?P<symbol>\.\.|::|[()\[\].@,$*])
  | (?P<name>{_NCNAME}(?::(?!:)(?:{_NCNAME}|\*))?)
)""",
    re.VERBOSE,
)
_PLAIN_PATH: Final = re.compile(rf"\s*((?:/{_NCNAME})+)(?![\w.\-·]|\s*[/\[(:])")
_TYPOGRAPHIC: Final = ("\u201c", "\u201d", "\u2018", "\u2019")
_WORD_OPERATORS: Final = frozenset({"and", "or", "div", "mod"})
_OPERAND_SYMBOLS: Final = frozenset({")", "]", ".", "..", "*"})


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, ending with one of kind `end`.

    Raises:
        ExpressionError: a character no token starts with, or an unclosed quote.
        LimitExceeded: longer than the limit.
    """
    if len(text) > limits.XPATH_CHARS_MAX:
        raise LimitExceeded(f"an expression is longer than {limits.XPATH_CHARS_MAX} characters")
    tokens: list[Token] = []
    at, end = 0, len(text.rstrip())
    after_operand = False
    while at < end:
        if not after_operand and (plain := _PLAIN_PATH.match(text, at)):
            tokens.append(Token(PATH, plain[1], plain.start(1)))
            at, after_operand = plain.end(), True
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup or ""
        value = match.group(kind)
        start = match.start(kind)
        at = match.end()
        if after_operand and ((kind == NAME and value in _WORD_OPERATORS) or value == "*"):
            kind = OPERATOR
        elif after_operand and kind == NAME and (word := _operator_prefix(value)):
            # `1 div1` and `a and-b`: an operator word may touch what follows it.
            kind, value, at = OPERATOR, word, start + len(word)
        tokens.append(Token(kind, value, start))
        after_operand = kind in (NUMBER, LITERAL, NAME) or (
            kind == SYMBOL and value in _OPERAND_SYMBOLS
        )
    tokens.append(Token(END, "", len(text)))
    return tokens


def _operator_prefix(name: str) -> str:
    """Return the operator word that `name` starts with where it cannot be one name."""
    for word in _WORD_OPERATORS:
        if name.startswith(word) and not name[len(word)].isalpha():
            return word
    return ""


def _unreadable(text: str, at: int) -> ExpressionError:
    rest = text[at:].lstrip()
    place = len(text) - len(rest)
    if rest[:1] in "\"'":
        return ExpressionError(f"the quote opened at character {place + 1} is never closed: {text}")
    if rest[:1] in _TYPOGRAPHIC:
        return ExpressionError(
            f"replace the typographic quote at character {place + 1} by ' : {text}"
        )
    return ExpressionError(f"cannot read {rest[:10]!r} at character {place + 1} of: {text}")
