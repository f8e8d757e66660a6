"""Functions of node-sets and of the context: count, position, instance, current, randomize."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

from shared.forms.xpath.context import Closure, Context, nodes_of
from shared.forms.xpath.functions.registry import Function, Special
from shared.forms.xpath.node import Node
from shared.forms.xpath.steps import in_document_order
from shared.forms.xpath.values import NodeSet, Value, to_number, to_text

if TYPE_CHECKING:
    from shared.forms.xpath.ast import Call
    from shared.forms.xpath.compiler import Compiler

_PARK_MILLER_MODULUS: Final = 2147483647
_PARK_MILLER_FACTOR: Final = 16807


def _count(_context: Context, _node: Node, value: Value) -> float:
    return float(len(nodes_of(value, "count()")))


def _count_non_empty(_context: Context, _node: Node, value: Value) -> float:
    """Count nodes that have text or child elements."""
    nodes = nodes_of(value, "count-non-empty()")
    return float(sum(1 for node in nodes if node.value() != "" or node.elements()))


def _id(context: Context, node: Node, value: Value) -> NodeSet:
    """Return the elements whose `id` attribute is one of the words given."""
    texts = [n.value() for n in value] if isinstance(value, list) else [to_text(value)]
    wanted = {word for text in texts for word in text.split()}
    found: list[Node] = []
    stack = [context.root if context.root is not None else node.root()]
    while stack:
        here = stack.pop()
        context.spend(1)
        if any(a.name in ("id", "xml:id") and a.text in wanted for a in here.attributes):
            found.append(here)
        stack.extend(reversed(here.kids))
    return in_document_order(found)


def _lang(_context: Context, node: Node, value: Value) -> bool:
    wanted = to_text(value).lower()
    here: Node | None = node
    while here is not None:
        for attribute in here.attributes:
            if attribute.name == "lang" and attribute.prefix == "xml":
                language = attribute.text.lower()
                return language == wanted or language.startswith(wanted + "-")
        here = here.parent
    return False


def _randomize(context: Context, _node: Node, value: Value, seed: Value | None = None) -> NodeSet:
    """Shuffle inside-out; with a seed by Park and Miller's generator, as every ODK engine does.

    Source: Park and Miller 1988, "minimal standard" multiplicative generator.
    """
    nodes = nodes_of(value, "randomize()")
    if seed is None:
        state = int.from_bytes(context.random_bytes(4), "big") % (_PARK_MILLER_MODULUS - 1) + 1
    else:
        state = _seed_state(seed, context)
    shuffled: list[Node] = []
    for place, node in enumerate(nodes):
        state = state * _PARK_MILLER_FACTOR % _PARK_MILLER_MODULUS
        chance = (state - 1) / (_PARK_MILLER_MODULUS - 1)
        swap = math.floor(chance * (place + 1))
        if swap == place:
            shuffled.append(node)
        else:
            shuffled.append(shuffled[swap])
            shuffled[swap] = node
    return shuffled


def _seed_state(seed: Value, context: Context) -> int:
    """Return the generator's first state for a seed, 1 to modulus - 1."""
    number = to_number(seed, context.zone)
    whole = 0
    if not math.isnan(number) and not math.isinf(number):
        whole = int(number)
    elif text := to_text(seed):
        # A seed that is no number counts by the first eight bytes of its SHA-256.
        whole = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
    state = int(math.fmod(whole, _PARK_MILLER_MODULUS))
    return state if state > 0 else state + _PARK_MILLER_MODULUS - 1


def _build_position(compiler: Compiler, call: Call) -> Closure:
    """`position()` in a predicate, or `position(..)`: the place among same-named siblings."""
    if not call.arguments:
        return lambda context, _node: float(context.position)
    target = compiler.argument(call.arguments[0], call.name)

    def position(context: Context, node: Node) -> Value:
        nodes = nodes_of(target(context, node), "position()")
        return float(nodes[0].sibling_position()) if nodes else math.nan

    return position


def _build_last(_compiler: Compiler, _call: Call) -> Closure:
    return lambda context, _node: float(context.size)


def _build_current(_compiler: Compiler, _call: Call) -> Closure:
    def current(context: Context, node: Node) -> Value:
        return [context.current if context.current is not None else node]

    return current


def _build_instance(compiler: Compiler, call: Call) -> Closure:
    name = compiler.closure(call.arguments[0])

    def instance(context: Context, node: Node) -> Value:
        return [context.instance(to_text(name(context, node)).strip())]

    return instance


FUNCTIONS: Final = {
    "count": Function(_count, (1, 1)),
    "count-non-empty": Function(_count_non_empty, (1, 1)),
    "id": Function(_id, (1, 1)),
    "lang": Function(_lang, (1, 1)),
    "randomize": Function(_randomize, (1, 2)),
}
SPECIAL: Final = {
    "position": Special(_build_position, (0, 1)),
    "last": Special(_build_last, (0, 0)),
    "current": Special(_build_current, (0, 0)),
    "instance": Special(_build_instance, (1, 1)),
}
