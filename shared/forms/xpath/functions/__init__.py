"""The function library: one file per family, gathered here by name.

A plain function gets its arguments evaluated: `run(context, node, *values)`. A special one builds
its own closure, because it decides what to evaluate (`if`) or needs the syntax (`position()`).
"""

from __future__ import annotations

import difflib
from typing import Final

from shared.forms.xpath.faults import ExpressionError
from shared.forms.xpath.functions import (
    booleans,
    dates,
    digests,
    geo,
    nodesets,
    numbers,
    repeats,
    selects,
    strings,
    texts,
)
from shared.forms.xpath.functions.registry import Function, Special

_FAMILIES: Final = (
    strings,
    booleans,
    numbers,
    nodesets,
    dates,
    selects,
    repeats,
    geo,
    digests,
    texts,
)
PLAIN: Final[dict[str, Function]] = {
    name: function for family in _FAMILIES for name, function in family.FUNCTIONS.items()
}
IN_FORMS: Final[dict[str, Function]] = {**PLAIN, **numbers.IN_FORMS}
"""Plain functions as a form has them."""
SPECIAL: Final[dict[str, Special]] = {
    **booleans.SPECIAL,
    **nodesets.SPECIAL,
    **repeats.SPECIAL,
    **texts.SPECIAL,
}
AGGREGATES: Final = frozenset(
    {
        "area",
        "avg",
        "checklist",
        "concat",
        "count",
        "count-non-empty",
        "distance",
        "enclosed-area",
        "join",
        "max",
        "min",
        "randomize",
        "sum",
    }
)
"""Functions whose path arguments range over all repeat instances."""


def check_arity(name: str, given: int, least: int, most: int | None) -> None:
    """Refuse a wrong number of arguments.

    Raises:
        ExpressionError: says how many the function takes.
    """
    if given >= least and (most is None or given <= most):
        return
    if most is None:
        wanted = f"at least {least}"
    elif least == most:
        wanted = str(least)
    else:
        wanted = f"{least} to {most}"
    raise ExpressionError(f"{name}() takes {wanted} argument(s), it is given {given}")


_ELSEWHERE: Final = {
    "average": "sum",
    "cond": "if",
    "iif": "if",
    "len": "string-length",
    "length": "string-length",
    "lower": "translate",
    "lower-case": "translate",
    "trim": "normalize-space",
    "upper": "translate",
    "upper-case": "translate",
}
"""Functions of other form dialects and of spreadsheets, and what does their work here."""


def hint(name: str) -> str:
    """Return `; did you mean ...()?` or nothing."""
    known = _ELSEWHERE.get(name.lower())
    near = difflib.get_close_matches(name.lower(), [*PLAIN, *SPECIAL], n=1, cutoff=0.7)
    close = [known] if known else near
    return f"; did you mean {close[0]}()?" if close else ""
