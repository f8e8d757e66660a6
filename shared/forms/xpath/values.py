"""XPath's four types and ODK's fifth (a date), and how each turns into the others.

A value is str, float, bool, `DateValue` or a list of nodes.
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Final, TypeAlias

from shared.forms.xpath.dates import DateValue, days_of_text
from shared.forms.xpath.node import Node

NodeSet: TypeAlias = list[Node]
Value: TypeAlias = str | float | bool | DateValue | NodeSet

NAN: Final = math.nan
_NUMBER: Final = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)")
_SAME: Final = 1e-12


def number_text(number: float) -> str:
    """Return a number as XPath writes it: no exponent, no `.0`, `-0` as `0`."""
    if number != number:
        return "NaN"
    if number in (math.inf, -math.inf):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number):
        return str(int(number))
    text = repr(number)
    return format(Decimal(text), "f") if "e" in text else text


def text_number(text: str, zone: tzinfo) -> float:
    """Return the number `text` holds, dates as days, NaN for anything else."""
    if text.isdecimal() and text.isascii():
        # Nearly every number in a survey: counts, ages, sizes.
        return float(text)
    text = text.strip()
    if not text:
        return NAN
    try:
        # `float` also reads 1_000, inf and Arabic digits, which XPath does not.
        if _NUMBER.fullmatch(text):
            return float(text)
    except ValueError:
        return NAN
    return days_of_text(text, zone)


def only_numbers(numbers: list[float]) -> list[float]:
    """Return the numbers without NaN, the same list where it has none."""
    total = sum(numbers)
    return numbers if total == total else [number for number in numbers if number == number]


def to_text(value: Value) -> str:
    """XPath's string()."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return value[0].value() if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, DateValue):
        return value.text
    return number_text(value)


def to_number(value: Value, zone: tzinfo = UTC) -> float:
    """XPath's number(), with dates as days since 1970-01-01 UTC."""
    if value.__class__ is float:
        return value
    if isinstance(value, list):
        return text_number(value[0].value(), zone) if value else NAN
    if isinstance(value, DateValue):
        return value.days
    if isinstance(value, str):
        return text_number(value, zone)
    return float(value)


def to_boolean(value: Value) -> bool:
    """XPath's boolean()."""
    if value.__class__ is bool:
        return value
    if isinstance(value, list):
        return len(value) > 1 or (bool(value) and value[0].truth())
    if isinstance(value, float):
        return value == value and value != 0
    if isinstance(value, DateValue):
        return value.days == value.days
    return value != ""


def equal(left: Value, right: Value, zone: tzinfo) -> bool:
    """XPath's `=`; a set equals what any of its nodes equals."""
    if isinstance(left, list):
        if isinstance(right, list):
            return _sets_share(left, right)
        return _set_equals(left, right, zone)
    if isinstance(right, list):
        return _set_equals(right, left, zone)
    if left.__class__ is right.__class__:
        if isinstance(left, DateValue) and isinstance(right, DateValue):
            return left.days == right.days
        if isinstance(left, float) and isinstance(right, float):
            return same_number(left, right)
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    return same_number(to_number(left, zone), to_number(right, zone))


def same_number(left: float, right: float) -> bool:
    """Compare numbers as JavaRosa does, so that 6.1 - 7.8 equals -1.7."""
    return left == right or abs(left - right) < _SAME


def _sets_share(left: NodeSet, right: NodeSet) -> bool:
    if len(left) == 1 and len(right) == 1:
        return left[0].value() == right[0].value()
    texts = {node.value() for node in right}
    return any(node.value() in texts for node in left)


def _set_equals(nodes: NodeSet, value: str | float | bool | DateValue, zone: tzinfo) -> bool:
    if value.__class__ is str:
        return any(node.value() == value for node in nodes)
    if isinstance(value, bool):
        return bool(nodes) == value
    number = to_number(value, zone)
    return any(same_number(text_number(node.value(), zone), number) for node in nodes)


def unequal(left: Value, right: Value, zone: tzinfo) -> bool:
    """XPath's `!=`: for sets, true if any pair differs, so not the opposite of `=`."""
    if isinstance(left, list):
        if isinstance(right, list):
            theirs = {node.value() for node in right}
            return any(theirs - {node.value()} for node in left)
        return _set_differs(left, right, zone)
    if isinstance(right, list):
        return _set_differs(right, left, zone)
    return not equal(left, right, zone)


def _set_differs(nodes: NodeSet, value: str | float | bool | DateValue, zone: tzinfo) -> bool:
    if value.__class__ is str:
        return any(node.value() != value for node in nodes)
    if isinstance(value, bool):
        return bool(nodes) != value
    number = to_number(value, zone)
    return any(not same_number(text_number(node.value(), zone), number) for node in nodes)


ORDERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def ordered(
    compare: Callable[[float, float], bool], left: Value, right: Value, zone: tzinfo
) -> bool:
    """XPath's `<`, `<=`, `>`, `>=`: numbers on both sides, any pair of sets."""
    if isinstance(left, list):
        if len(left) == 1 and not isinstance(right, list):
            # Nearly always: one answer and one number.
            return compare(text_number(left[0].value(), zone), to_number(right, zone))
    elif not isinstance(right, list):
        return compare(to_number(left, zone), to_number(right, zone))
    rights = _numbers(right, zone)
    return any(compare(a, b) for a in _numbers(left, zone) for b in rights)


def _numbers(value: Value, zone: tzinfo) -> Sequence[float]:
    if isinstance(value, list):
        return [text_number(node.value(), zone) for node in value]
    return (to_number(value, zone),)
