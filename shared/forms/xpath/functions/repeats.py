"""`indexed-repeat`: a value from the n-th instance of a repeat, up to three levels deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.forms.xpath import paths
from shared.forms.xpath.ast import Path
from shared.forms.xpath.context import Closure, Context, nodes_of
from shared.forms.xpath.faults import ExpressionError
from shared.forms.xpath.functions.registry import Function, Special
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import Value, to_number

if TYPE_CHECKING:
    from shared.forms.xpath.ast import Call
    from shared.forms.xpath.compiler import Compiler


def _build(compiler: Compiler, call: Call) -> Closure:
    """Keep, of all the nodes the first path reaches, those under the wanted instances."""
    if len(call.arguments) % 2 == 0:
        raise ExpressionError("indexed-repeat() takes a path, then a repeat and an index for each")
    if not isinstance(call.arguments[0], Path):
        raise ExpressionError("indexed-repeat() needs a path as its first argument")
    target = paths.compile_wide(compiler, call.arguments[0])
    levels = [
        (paths.compile_wide(compiler, repeat), compiler.closure(index))
        for repeat, index in zip(call.arguments[1::2], call.arguments[2::2], strict=True)
    ]

    def indexed(context: Context, node: Node) -> Value:
        found = nodes_of(target(context, node), "indexed-repeat()")
        for repeat, index in levels:
            wanted = to_number(index(context, node), context.zone)
            instances = nodes_of(repeat(context, node), "indexed-repeat()")
            kept = {id(one) for one in instances if one.sibling_position() == wanted}
            found = [one for one in found if _inside(one, kept)]
        return found

    return indexed


def _inside(node: Node | None, instances: set[int]) -> bool:
    while node is not None:
        if id(node) in instances:
            return True
        node = node.parent
    return False


FUNCTIONS: Final[dict[str, Function]] = {}
SPECIAL: Final = {"indexed-repeat": Special(_build, (3, 7))}
