"""`regex()`: the whole text must match, as in JavaRosa, and matching takes linear time.

Python's own engine backtracks, so `(a+)+b` could take for ever. Simple patterns, which nearly all
are, go to it; every other pattern runs as a set of states over the text (Thompson 1968), whose cost
is bounded by text times pattern. The classes for digits, words and spaces are ASCII, as in Java.
"""

import re
from functools import lru_cache

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.pattern_parser import Parsed, parse_pattern
from shared.forms.xpath.pattern_states import Machine


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole of `text` matches `pattern`.

    Raises:
        EvaluationError: the pattern cannot be read, or uses what has no linear-time form.
        LimitExceeded: pattern or text is longer than the limit.
    """
    if len(text) > limits.REGEX_INPUT_CHARS_MAX:
        raise LimitExceeded(f"regex() reads at most {limits.REGEX_INPUT_CHARS_MAX} characters")
    matcher = _matcher(pattern)
    if isinstance(matcher, Machine):
        return matcher.matches(text)
    return matcher.fullmatch(text) is not None


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> "Machine | re.Pattern[str]":
    if len(pattern) > limits.REGEX_CHARS_MAX:
        raise LimitExceeded(f"a pattern is longer than {limits.REGEX_CHARS_MAX} characters")
    parsed: Parsed = parse_pattern(pattern)
    if parsed.simple:
        try:
            return re.compile(pattern, re.ASCII)
        except (re.error, OverflowError) as error:
            raise EvaluationError(f"regex() cannot read {pattern!r}: {error}") from error
    return Machine(parsed)
