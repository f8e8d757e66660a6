"""`sum(/data/member/age)` and its kin, from a column where the interview keeps one.

Each is the plain function where it does not: the closure falls back to walking the instances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from shared.forms.xpath.ast import Call, Expr, Path
from shared.forms.xpath.context import Closure, ColumnValues, Context
from shared.forms.xpath.node import Node
from shared.forms.xpath.paths import is_name
from shared.forms.xpath.values import NAN, Value, only_numbers, to_text

if TYPE_CHECKING:
    from shared.forms.xpath.compiler import Compiler

Pick: TypeAlias = Callable[[list[float]], float]


def _sum(column: ColumnValues) -> Value:
    return float(sum(only_numbers(column.numbers())))


def _count(column: ColumnValues) -> Value:
    return float(len(column))


def _extreme(pick: Pick) -> Callable[[ColumnValues], Value]:
    def run(column: ColumnValues) -> Value:
        numbers = only_numbers(column.numbers())
        return pick(numbers) if numbers else NAN

    return run


_RUNS: Final[dict[str, Callable[[ColumnValues], Value]]] = {
    "sum": _sum,
    "count": _count,
    "max": _extreme(max),
    "min": _extreme(min),
}


def compile_aggregate(compiler: Compiler, call: Call, general: Closure) -> Closure:
    """Return a call's closure that reads a column where there is one, else `general`."""
    found = _field(compiler, call.arguments[-1]) if call.arguments else None
    if found is None:
        return general
    repeat, tail = found
    if call.name in _RUNS and len(call.arguments) == 1:
        run = _RUNS[call.name]

        def aggregate(context: Context, node: Node) -> Value:
            columns = context.columns
            column = None if columns is None else columns.of(repeat, tail)
            return general(context, node) if column is None else run(column)

        return aggregate
    if call.name == "join" and len(call.arguments) == 2 and tail:  # noqa: PLR2004
        separator = compiler.closure(call.arguments[0])

        def join(context: Context, node: Node) -> Value:
            columns = context.columns
            column = None if columns is None else columns.of(repeat, tail)
            if column is None:
                return general(context, node)
            return to_text(separator(context, node)).join(column.texts())

        return join
    return general


def _field(compiler: Compiler, tree: Expr) -> tuple[str, tuple[str, ...]] | None:
    """Return (repeat, names below it) of an absolute path through one repeat, or None."""
    if not (compiler.static.form and isinstance(tree, Path)) or not tree.absolute:
        return None
    if tree.base is not None or not all(is_name(step) for step in tree.steps):
        return None
    names = [step.test.name for step in tree.steps]
    prefixes = ["/" + "/".join(names[: depth + 1]) for depth in range(len(names))]
    inside = [depth for depth, one in enumerate(prefixes) if one in compiler.static.repeats]
    if len(inside) != 1:
        return None
    return prefixes[inside[0]], tuple(names[inside[0] + 1 :])
