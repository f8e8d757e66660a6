"""`regex()`: the whole text must match, as in JavaRosa, whatever the pattern costs.

Python's engine backtracks, so a pattern such as `(a+)+$` could take for ever. Patterns are checked
before use: bounded length, and no unbounded repeat inside another.
"""

import re
from functools import lru_cache

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.xpath.faults import EvaluationError


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole of `text` matches `pattern`.

    Raises:
        EvaluationError: the pattern cannot be read.
        LimitExceeded: pattern or text is longer than the limit.
    """
    if len(text) > limits.REGEX_INPUT_CHARS_MAX:
        raise LimitExceeded(f"regex() reads at most {limits.REGEX_INPUT_CHARS_MAX} characters")
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > limits.REGEX_CHARS_MAX:
        raise LimitExceeded(f"a pattern is longer than {limits.REGEX_CHARS_MAX} characters")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise EvaluationError(f"regex() cannot read the pattern {pattern!r}: {error}") from error
