"""Number functions. Halves round up, as XPath has it; `int` cuts towards zero."""

import math
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

from shared.forms.xpath.context import Context, nodes_of, own_text
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import NAN, Value, only_numbers, text_number, to_number

_RANDOM_BITS: Final = 53
_PLACES_MAX: Final = 300


def _number(context: Context, node: Node, value: Value | None = None) -> float:
    if value is None:
        return text_number(own_text(node), context.zone)
    return to_number(value, context.zone)


def _int(context: Context, _node: Node, value: Value) -> float:
    number = to_number(value, context.zone)
    return number if math.isnan(number) or math.isinf(number) else float(math.trunc(number))


def _round(context: Context, _node: Node, value: Value, places: Value | None = None) -> float:
    # A number typed with a decimal comma is read with a point, as JavaRosa's round() does.
    number = to_number(value.replace(",", ".") if isinstance(value, str) else value, context.zone)
    if math.isnan(number) or math.isinf(number):
        return number
    wanted = 0.0 if places is None else to_number(places, context.zone)
    if math.isnan(wanted):
        return NAN
    return _round_half_up(number, max(-_PLACES_MAX, min(_PLACES_MAX, int(wanted))))


def _round_half_up(number: float, places: int) -> float:
    """Round halves up, as XPath and JavaRosa do, by the digits as written: -1.5 gives -1."""
    try:
        unit = Decimal(1).scaleb(-places)
        scaled = Decimal(repr(number)) / unit + Decimal("0.5")
        rounded = float(scaled.to_integral_value(ROUND_FLOOR) * unit)
    except InvalidOperation:
        return number
    return math.copysign(rounded, number) if rounded == 0 else rounded


def _floor(context: Context, _node: Node, value: Value) -> float:
    number = to_number(value, context.zone)
    return number if math.isnan(number) or math.isinf(number) else float(math.floor(number))


def _ceiling(context: Context, _node: Node, value: Value) -> float:
    number = to_number(value, context.zone)
    if math.isnan(number) or math.isinf(number):
        return number
    return math.copysign(float(math.ceil(number)), number)


def _numbers(context: Context, values: tuple[Value, ...]) -> list[float]:
    numbers: list[float] = []
    for value in values:
        if isinstance(value, list):
            zone = context.zone
            numbers += [text_number(node.value(), zone) for node in value]
        else:
            numbers.append(to_number(value, context.zone))
    return numbers


def _sum(context: Context, _node: Node, value: Value) -> float:
    return float(sum(_numbers(context, (nodes_of(value, "sum()"),))))


def _extreme(pick: Callable[[list[float]], float]) -> Callable[..., Value]:
    def run(context: Context, _node: Node, *values: Value) -> float:
        numbers = _numbers(context, values)
        if not numbers or any(math.isnan(number) for number in numbers):
            return NAN
        return pick(numbers)

    return run


def _sum_in_form(context: Context, _node: Node, value: Value) -> float:
    return float(sum(only_numbers(_numbers(context, (nodes_of(value, "sum()"),)))))


def _extreme_in_form(pick: Callable[[list[float]], float]) -> Callable[..., Value]:
    def run(context: Context, _node: Node, *values: Value) -> float:
        numbers = only_numbers(_numbers(context, values))
        return pick(numbers) if numbers else NAN

    return run


def _pow(context: Context, _node: Node, base: Value, exponent: Value) -> float:
    left, right = to_number(base, context.zone), to_number(exponent, context.zone)
    if math.isinf(right) and abs(left) == 1:
        return NAN
    try:
        result = left**right
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return NAN if isinstance(result, complex) else float(result)


def _atan2(context: Context, _node: Node, y: Value, x: Value) -> float:
    return math.atan2(to_number(y, context.zone), to_number(x, context.zone))


def _real(operation: Callable[[float], float]) -> Function:
    """Return a one-argument function that is NaN outside its domain."""

    def run(context: Context, _node: Node, value: Value) -> float:
        try:
            return operation(to_number(value, context.zone))
        except OverflowError:
            return math.inf
        except ValueError:
            return NAN

    return Function(run, (1, 1))


def _log(number: float) -> float:
    return -math.inf if number == 0 else math.log(number)


def _log10(number: float) -> float:
    return -math.inf if number == 0 else math.log10(number)


def _pi(_context: Context, _node: Node) -> float:
    return math.pi


def _random(context: Context, _node: Node) -> float:
    bits = int.from_bytes(context.random_bytes(7), "big") >> (56 - _RANDOM_BITS)
    return bits / (1 << _RANDOM_BITS)


FUNCTIONS: Final = {
    "number": Function(_number, (0, 1)),
    "int": Function(_int, (1, 1)),
    "round": Function(_round, (1, 2)),
    "floor": Function(_floor, (1, 1)),
    "ceiling": Function(_ceiling, (1, 1)),
    "sum": Function(_sum, (1, 1)),
    "max": Function(_extreme(max), (1, None)),
    "min": Function(_extreme(min), (1, None)),
    "pow": Function(_pow, (2, 2)),
    "abs": _real(abs),
    "sqrt": _real(math.sqrt),
    "exp": _real(math.exp),
    "exp10": _real(lambda number: 10.0**number),
    "log": _real(_log),
    "log10": _real(_log10),
    "sin": _real(math.sin),
    "cos": _real(math.cos),
    "tan": _real(math.tan),
    "asin": _real(math.asin),
    "acos": _real(math.acos),
    "atan": _real(math.atan),
    "atan2": Function(_atan2, (2, 2)),
    "pi": Function(_pi, (0, 0)),
    "random": Function(_random, (0, 0)),
}
IN_FORMS: Final = {
    "sum": Function(_sum_in_form, (1, 1)),
    "max": Function(_extreme_in_form(max), (1, None)),
    "min": Function(_extreme_in_form(min), (1, None)),
}
"""Instead of their namesakes inside a form: what is not answered is left out (FRM-008)."""
