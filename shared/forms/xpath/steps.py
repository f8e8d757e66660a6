"""One location step at a time: axis, node test, predicates; and document order.

What every kind of path shares. Which way a whole path runs is decided in paths.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from shared.forms.xpath.ast import Expr, NodeTest, Step
from shared.forms.xpath.axes import AXES, ONE_EACH_ORDERED, REVERSE
from shared.forms.xpath.context import Closure, Context, nodes_of
from shared.forms.xpath.faults import ExpressionError
from shared.forms.xpath.node import Kind, Node, Places, order_key
from shared.forms.xpath.values import NodeSet, to_boolean

if TYPE_CHECKING:
    from shared.forms.xpath.compiler import Compiler

_VISITS_TO_ORDER: Final = 4
_XHTML: Final = "http://www.w3.org/1999/xhtml"

Selector: TypeAlias = Callable[[Context, list[Node]], list[Node]]
"""What one step makes of a whole node-set."""


def compile_step(compiler: Compiler, step: Step) -> Selector:
    """Return what one step makes of a whole node-set."""
    axis = AXES[step.axis]
    accept = _test(compiler, step)
    filters = [predicate(compiler, part) for part in step.predicates]
    backwards = step.axis in REVERSE
    ordered = step.axis in ONE_EACH_ORDERED

    def select(context: Context, nodes: list[Node]) -> list[Node]:
        found: list[Node] = []
        for node in nodes:
            seen = axis(node)
            context.spend(len(seen) + 1)
            kept = [one for one in seen if accept(one)]
            for keep in filters:
                kept = keep(context, kept)
            if backwards:
                kept.reverse()
            found.extend(kept)
        if len(nodes) > 1 and (not ordered or _nested(nodes)):
            # To put a node in its place costs what some visits do.
            context.spend(_VISITS_TO_ORDER * len(found))
            return in_document_order(found)
        return found

    return select


def _nested(nodes: list[Node]) -> bool:
    """Tell whether some node lies inside another, so that children may come out of order."""
    present = {id(node) for node in nodes}
    return any(node.parent is not None and id(node.parent) in present for node in nodes)


def predicate(compiler: Compiler, tree: Expr) -> Selector:
    """Return a filter for one predicate: a number means a position."""
    test = compiler.closure(tree)

    def keep(context: Context, nodes: list[Node]) -> list[Node]:
        outer = context.position, context.size
        context.size = len(nodes)
        context.spend(len(nodes))
        kept: list[Node] = []
        for place, node in enumerate(nodes, 1):
            context.position = place
            result = test(context, node)
            wanted = result == place if result.__class__ is float else to_boolean(result)
            if wanted:
                kept.append(node)
        context.position, context.size = outer
        return kept

    return keep


def _test(compiler: Compiler, step: Step) -> Callable[[Node], bool]:
    """Return the node test of a step on its axis' principal node kind."""
    test = step.test
    if test.kind == "node":
        return lambda _node: True
    if test.kind != "name":
        return _kind_test(test)
    principal = {"attribute": Kind.ATTRIBUTE, "namespace": Kind.NAMESPACE}.get(
        step.axis, Kind.ELEMENT
    )
    name = test.name
    if test.prefix:
        uri = _namespace(compiler, test.prefix)
        if uri is None:
            return lambda node: (
                node.kind is principal and node.prefix == test.prefix and (name in ("*", node.name))
            )
        return lambda node: node.kind is principal and node.uri == uri and name in ("*", node.name)
    if name == "*":
        return lambda node: node.kind is principal
    if compiler.static.form:
        return lambda node: node.name == name and node.kind is principal
    # A name without prefix is in no namespace, or in the form's own, but never means XHTML.
    return lambda node: node.name == name and node.kind is principal and node.uri != _XHTML


def _kind_test(test: NodeTest) -> Callable[[Node], bool]:
    kind = {"text": Kind.TEXT, "comment": Kind.COMMENT, "pi": Kind.INSTRUCTION}[test.kind]
    if test.name != "*":
        return lambda node: node.kind is kind and node.name == test.name
    return lambda node: node.kind is kind


def _namespace(compiler: Compiler, prefix: str) -> str | None:
    """Return the URI of a prefix; forms may use an undeclared one and mean the prefix itself."""
    uri = compiler.static.namespaces.get(prefix)
    if uri is None and not compiler.static.form:
        raise ExpressionError(f"the namespace prefix {prefix!r} is not declared")
    return uri


def union(parts: list[Closure]) -> Closure:
    """Return the closure of `a | b | ...`: each node once, in document order."""

    def run(context: Context, node: Node) -> NodeSet:
        found: list[Node] = []
        for part in parts:
            found.extend(nodes_of(part(context, node), "|"))
        return in_document_order(found)

    return run


def in_document_order(nodes: list[Node]) -> list[Node]:
    """Return each node once, in document order; trees keep the order they came in."""
    unique = list({_identity(node): node for node in nodes}.values())
    if len(unique) < 2:  # noqa: PLR2004
        return unique
    trees: dict[int, int] = {}
    keys = {}
    places = Places()
    for node in unique:
        place = trees.setdefault(id(node.root()), len(trees))
        keys[id(node)] = (place, order_key(node, places))
    return sorted(unique, key=lambda node: keys[id(node)])


def _identity(node: Node) -> tuple[int, str]:
    """Return what makes two stand-ins for one text or namespace node the same node."""
    if node.kind is Kind.NAMESPACE:
        return id(node.parent), node.name
    if node.kind is Kind.TEXT and node.parent is not None and not node.parent.kids:
        return id(node.parent), "#text"
    return id(node), ""
