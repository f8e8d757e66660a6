"""Boolean functions; `if`, `once` and `coalesce` evaluate only what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.forms.xpath.context import Closure, Context
from shared.forms.xpath.functions.registry import Function, Special
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import Value, to_boolean, to_number, to_text

if TYPE_CHECKING:
    from shared.forms.xpath.ast import Call
    from shared.forms.xpath.compiler import Compiler


def _boolean(_context: Context, _node: Node, value: Value) -> bool:
    return to_boolean(value)


def _not(_context: Context, _node: Node, value: Value) -> bool:
    return not to_boolean(value)


def _true(_context: Context, _node: Node) -> bool:
    return True


def _false(_context: Context, _node: Node) -> bool:
    return False


def _boolean_from_string(_context: Context, _node: Node, value: Value) -> bool:
    return to_text(value) in ("true", "1")


def _checklist(context: Context, _node: Node, least: Value, most: Value, *votes: Value) -> bool:
    """True when at least `least` and at most `most` of the votes are true; -1: no bound."""
    return _between(context, float(sum(_votes(votes))), least, most)


def _weighted_checklist(
    context: Context, _node: Node, least: Value, most: Value, *pairs: Value
) -> bool:
    votes = _votes(pairs[0::2])
    weights = _weights(context, pairs[1::2])
    return _between(context, sum(w for v, w in zip(votes, weights, strict=False) if v), least, most)


def _votes(values: tuple[Value, ...]) -> list[bool]:
    votes: list[bool] = []
    for value in values:
        if isinstance(value, list):
            votes.extend(_vote(node.value()) for node in value)
        else:
            votes.append(to_boolean(value))
    return votes


def _vote(text: str) -> bool:
    """Return a stored answer as a vote: yes unless empty."""
    return text != ""


def _weights(context: Context, values: tuple[Value, ...]) -> list[float]:
    weights: list[float] = []
    for value in values:
        if isinstance(value, list):
            weights.extend(to_number([node], context.zone) for node in value)
        else:
            weights.append(to_number(value, context.zone))
    return weights


def _between(context: Context, total: float, least: Value, most: Value) -> bool:
    low, high = to_number(least, context.zone), to_number(most, context.zone)
    return (low < 0 or total >= low) and (high < 0 or total <= high)


def _build_if(compiler: Compiler, call: Call) -> Closure:
    condition, then, otherwise = (compiler.closure(part) for part in call.arguments)
    return lambda c, n: then(c, n) if to_boolean(condition(c, n)) else otherwise(c, n)


def _build_once(compiler: Compiler, call: Call) -> Closure:
    """Keep the node's own value when it has one."""
    first = compiler.closure(call.arguments[0])

    def once(context: Context, node: Node) -> Value:
        own = node.value()
        return own if own != "" else first(context, node)

    return once


def _build_coalesce(compiler: Compiler, call: Call) -> Closure:
    parts = [compiler.closure(part) for part in call.arguments]

    def coalesce(context: Context, node: Node) -> Value:
        for part in parts:
            text = to_text(part(context, node))
            if text not in ("", "NaN"):
                return text
        return ""

    return coalesce


FUNCTIONS: Final = {
    "boolean": Function(_boolean, (1, 1)),
    "not": Function(_not, (1, 1)),
    "true": Function(_true, (0, 0)),
    "false": Function(_false, (0, 0)),
    "boolean-from-string": Function(_boolean_from_string, (1, 1)),
    "checklist": Function(_checklist, (3, None)),
    "weighted-checklist": Function(_weighted_checklist, (4, None)),
}
SPECIAL: Final = {
    "if": Special(_build_if, (3, 3)),
    "once": Special(_build_once, (1, 1)),
    "coalesce": Special(_build_coalesce, (1, None)),
}
