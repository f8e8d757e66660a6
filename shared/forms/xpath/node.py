"""The one tree that expressions walk: XML documents, answers and choice tables alike.

A leaf keeps its text in `text` and has no children; an element with children keeps text nodes
among them. Answer nodes and table rows subclass `Node` and add what they need.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    """XPath's seven node kinds."""

    DOCUMENT = 0
    ELEMENT = 1
    ATTRIBUTE = 2
    TEXT = 3
    COMMENT = 4
    INSTRUCTION = 5
    NAMESPACE = 6


XML_NAMESPACE: Final = "http://www.w3.org/XML/1998/namespace"


class Node:
    """One node; children and attributes are lists so that trees can be edited in place."""

    __slots__ = (
        "attributes",
        "kids",
        "kind",
        "name",
        "namespaces",
        "parent",
        "prefix",
        "text",
        "uri",
    )

    relevant: bool = True
    """Only answer nodes can be irrelevant; they carry their own slot."""
    repeat: str = ""
    """Path of the repeat this node is an instance of; only answer nodes have one."""

    def __init__(
        self, kind: Kind, name: str = "", text: str = "", *, uri: str = "", prefix: str = ""
    ) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.uri = uri
        self.prefix = prefix
        self.parent: Node | None = None
        self.kids: list[Node] = []
        self.attributes: list[Node] = []
        self.namespaces: dict[str, str] | None = None

    def append(self, child: "Node") -> "Node":
        """Add `child` as the last child and return it."""
        child.parent = self
        self.kids.append(child)
        return child

    def set_attribute(self, name: str, value: str, *, uri: str = "", prefix: str = "") -> "Node":
        """Add or replace an attribute node and return it."""
        for attribute in self.attributes:
            if attribute.name == name and attribute.uri == uri:
                attribute.text = value
                return attribute
        node = Node(Kind.ATTRIBUTE, name, value, uri=uri, prefix=prefix)
        node.parent = self
        self.attributes.append(node)
        return node

    def attribute(self, name: str, default: str = "", *, uri: str | None = None) -> str:
        """Return an attribute's value; `uri` None accepts any namespace."""
        for attribute in self.attributes:
            if attribute.name == name and (uri is None or attribute.uri == uri):
                return attribute.text
        return default

    def value(self) -> str:
        """Return XPath's string-value; what is not relevant reads as empty."""
        if not self.kids:
            return self.text
        if self.kind is Kind.ELEMENT or self.kind is Kind.DOCUMENT:
            return "".join(_texts(self))
        return self.text

    def truth(self) -> bool:
        """Return what one node means as a condition: that it is there."""
        return True

    def children(self, name: str) -> Sequence["Node"]:
        """Return child elements of that local name, in order."""
        return [kid for kid in self.kids if kid.name == name and kid.kind is Kind.ELEMENT]

    def child(self, name: str) -> "Node | None":
        """Return the first child element of that local name, or None."""
        for kid in self.kids:
            if kid.name == name and kid.kind is Kind.ELEMENT:
                return kid
        return None

    def elements(self) -> "list[Node]":
        """Return the child elements."""
        return [kid for kid in self.kids if kid.kind is Kind.ELEMENT]

    def root(self) -> "Node":
        """Return the topmost ancestor."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def sibling_position(self) -> int:
        """Return the 1-based place among same-named element siblings."""
        if self.parent is None:
            return 1
        place = 0
        for kid in self.parent.kids:
            if kid.name == self.name and kid.kind is self.kind:
                place += 1
                if kid is self:
                    return place
        return 1


def _texts(top: Node) -> Iterator[str]:
    """Yield the text below `top` in order, iteratively: depth comes from strangers."""
    stack = [top]
    while stack:
        node = stack.pop()
        if node.kind is Kind.TEXT:
            yield node.text
        elif node.kids:
            if node.relevant:
                stack.extend(reversed(node.kids))
        elif node.kind is Kind.ELEMENT and node.relevant:
            yield node.text


class Places:
    """Where nodes stand among their siblings; each family is counted once, however large."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Kind | None], dict[int, int]] = {}

    def among(self, family: list[Node], node: Node, kind: Kind | None = None) -> int:
        """Return a node's index in its parent's list, among its own kind if one is named.

        A text node that stands for a leaf's text is in no list and comes first.
        """
        key = id(family), kind
        known = self._known.get(key)
        if known is None:
            counted = (one for one in family if kind is None or one.kind is kind)
            known = self._known[key] = {id(one): place for place, one in enumerate(counted)}
        return known.get(id(node), 0)


def order_key(node: Node, places: Places) -> tuple[tuple[int, int], ...]:
    """Return a key that sorts nodes of one tree in document order.

    Namespace and attribute nodes come after their element and before its children.
    """
    found: list[tuple[int, int]] = []
    while node.parent is not None:
        parent = node.parent
        if node.kind is Kind.ATTRIBUTE:
            found.append((1, places.among(parent.attributes, node)))
        elif node.kind is Kind.NAMESPACE:
            names = sorted(in_scope_namespaces(parent))
            found.append((0, names.index(node.name)))
        else:
            found.append((2, places.among(parent.kids, node)))
        node = parent
    found.reverse()
    return tuple(found)


def in_scope_namespaces(element: Node) -> dict[str, str]:
    """Return prefix -> URI in force at an element, `xml` included."""
    chain: list[dict[str, str]] = []
    node: Node | None = element
    while node is not None:
        if node.namespaces:
            chain.append(node.namespaces)
        node = node.parent
    scope = {"xml": XML_NAMESPACE}
    for declared in reversed(chain):
        scope.update(declared)
    return {prefix: uri for prefix, uri in scope.items() if uri}


def positional_path(node: Node, places: Places) -> str:
    """Return a path by element positions: `/*[1]/*[2]/text()[1]`, `/` for the document."""
    parts: list[str] = []
    while node.parent is not None:
        parent = node.parent
        if node.kind is Kind.ATTRIBUTE:
            parts.append(f"@*[local-name()='{node.name}' and namespace-uri()='{node.uri}']")
        elif node.kind is Kind.NAMESPACE:
            parts.append(f"namespace::{node.name}")
        else:
            label = {
                Kind.TEXT: "text()",
                Kind.COMMENT: "comment()",
                Kind.INSTRUCTION: "processing-instruction()",
            }.get(node.kind, "*")
            parts.append(f"{label}[{places.among(parent.kids, node, node.kind) + 1}]")
        node = parent
    return "/" + "/".join(reversed(parts))
