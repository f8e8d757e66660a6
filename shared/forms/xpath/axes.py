"""The thirteen axes: each returns the nodes seen from one node, nearest first."""

from collections.abc import Callable
from typing import Final

from shared.forms.xpath.node import Kind, Node, in_scope_namespaces

Axis = Callable[[Node], list[Node]]


def _child(node: Node) -> list[Node]:
    if node.kids:
        return node.kids
    if node.kind is Kind.ELEMENT and node.text:
        return [_leaf_text(node)]
    return []


def _leaf_text(node: Node) -> Node:
    """Return a text node that stands for the text kept on a leaf."""
    text = Node(Kind.TEXT, "#text", node.text)
    text.parent = node
    return text


def _parent(node: Node) -> list[Node]:
    return [] if node.parent is None else [node.parent]


def _self(node: Node) -> list[Node]:
    return [node]


def _ancestor(node: Node) -> list[Node]:
    found: list[Node] = []
    above = node.parent
    while above is not None:
        found.append(above)
        above = above.parent
    return found


def _ancestor_or_self(node: Node) -> list[Node]:
    return [node, *_ancestor(node)]


def _descendant(node: Node) -> list[Node]:
    found: list[Node] = []
    stack = list(reversed(_child(node)))
    while stack:
        below = stack.pop()
        found.append(below)
        if below.kids:
            stack.extend(reversed(below.kids))
        elif below.kind is Kind.ELEMENT and below.text:
            found.append(_leaf_text(below))
    return found


def _descendant_or_self(node: Node) -> list[Node]:
    return [node, *_descendant(node)]


def _siblings(node: Node) -> tuple[list[Node], int]:
    """Return the node's siblings and its index; attributes and namespaces have none."""
    if node.parent is None or node.kind in (Kind.ATTRIBUTE, Kind.NAMESPACE):
        return [], 0
    for index, kid in enumerate(node.parent.kids):
        if kid is node:
            return node.parent.kids, index
    return [], 0


def _following_sibling(node: Node) -> list[Node]:
    kids, index = _siblings(node)
    return kids[index + 1 :]


def _preceding_sibling(node: Node) -> list[Node]:
    kids, index = _siblings(node)
    return kids[:index][::-1]


def _following(node: Node) -> list[Node]:
    found: list[Node] = []
    if node.kind in (Kind.ATTRIBUTE, Kind.NAMESPACE) and node.parent is not None:
        found.extend(_descendant(node.parent))
        node = node.parent
    here: Node | None = node
    while here is not None:
        for sibling in _following_sibling(here):
            found.extend(_descendant_or_self(sibling))
        here = here.parent
    return found


def _preceding(node: Node) -> list[Node]:
    found: list[Node] = []
    if node.kind in (Kind.ATTRIBUTE, Kind.NAMESPACE) and node.parent is not None:
        node = node.parent
    here: Node | None = node
    while here is not None:
        for sibling in _preceding_sibling(here):
            found.extend(reversed(_descendant_or_self(sibling)))
        here = here.parent
    return found


def _attribute(node: Node) -> list[Node]:
    return node.attributes


def _namespace(node: Node) -> list[Node]:
    if node.kind is not Kind.ELEMENT:
        return []
    found: list[Node] = []
    for prefix, uri in sorted(in_scope_namespaces(node).items()):
        declared = Node(Kind.NAMESPACE, prefix, uri)
        declared.parent = node
        found.append(declared)
    return found


AXES: Final[dict[str, Axis]] = {
    "ancestor": _ancestor,
    "ancestor-or-self": _ancestor_or_self,
    "attribute": _attribute,
    "child": _child,
    "descendant": _descendant,
    "descendant-or-self": _descendant_or_self,
    "following": _following,
    "following-sibling": _following_sibling,
    "namespace": _namespace,
    "parent": _parent,
    "preceding": _preceding,
    "preceding-sibling": _preceding_sibling,
    "self": _self,
}

REVERSE: Final = frozenset({"ancestor", "ancestor-or-self", "preceding", "preceding-sibling"})
ONE_EACH_ORDERED: Final = frozenset({"child", "attribute", "self"})
"""Axes that keep document order and make no duplicates when applied to an ordered set."""
