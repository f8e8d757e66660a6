"""One node of the answers, and how it is named: by instance ids (address) or by positions."""

from collections.abc import Callable, Sequence

from shared.forms.definition import Field, Shape
from shared.forms.types import NUMBER_TYPES
from shared.forms.xpath.node import Kind, Node


class AnswerNode(Node):
    """One node of the answers.

    Attributes:
        own_relevant: its own rule's verdict; `relevant` is false also when an ancestor's is.
        repeat: the repeat's path if this is one of its instances, else "".
        uid: the instance id in hex; place: 1-based position among the instances.
        index: child name -> children of that name.
    """

    __slots__ = ("field", "index", "own_relevant", "place", "relevant", "repeat", "uid")

    def __init__(self, field: Field, *, text: str = "", uid: str = "") -> None:
        # Written out instead of calling Node's: forms make nodes by the thousand.
        self.kind = Kind.ELEMENT
        self.name = field.name
        self.text = text
        self.uri = field.uri
        self.prefix = field.prefix
        self.parent = None
        self.kids = []
        self.attributes = []
        self.namespaces = None
        self.field = field
        self.relevant = True
        self.own_relevant = True
        self.repeat = field.path if field.shape is Shape.REPEAT else ""
        self.uid = uid
        self.place = 1
        self.index: dict[str, list[Node]] = {}

    def children(self, name: str) -> Sequence[Node]:
        """Return the children of that name by look-up."""
        return self.index.get(name, ())

    def child(self, name: str) -> Node | None:
        """Return the first child of that name."""
        found = self.index.get(name)
        return found[0] if found else None

    def value(self) -> str:
        """Return the text, empty when not relevant."""
        if not self.relevant:
            return ""
        return super().value() if self.kids else self.text

    def truth(self) -> bool:
        """Return the answer as a condition, by its type, as JavaRosa does.

        `relevant="/data/agreed"` holds for true and 1, not for false, 0 or no answer.
        """
        if self.kids or self.field.shape is not Shape.VALUE:
            return self.relevant
        text = self.value()
        if self.field.type == "boolean":
            return text in ("true", "1")
        if self.field.type in NUMBER_TYPES:
            return text not in ("", "0", "0.0", "-0")
        return text != ""

    def sibling_position(self) -> int:
        """Return the place among the repeat's instances."""
        return self.place

    def append(self, child: Node) -> Node:
        """Add a child at the end."""
        known = self.index.get(child.name)
        if known is None:
            self.index[child.name] = [child]
        else:
            known.append(child)
        child.parent = self
        self.kids.append(child)
        return child

    def bound_attributes(self) -> list["AnswerNode"]:
        """Return the attributes that have a bind of their own: they are answers too."""
        return [one for one in self.attributes if isinstance(one, AnswerNode)]

    def answer_children(self) -> list["AnswerNode"]:
        """Return the children as answer nodes."""
        return [kid for kid in self.kids if isinstance(kid, AnswerNode)]


def address_of(node: AnswerNode) -> str:
    """Return the node's address: its path with instance ids."""
    return _spell(node, lambda one: f"[{one.uid}]")


def position_path(node: AnswerNode) -> str:
    """Return the node's path with positions: `/data/member[2]/age`."""
    return _spell(node, lambda one: f"[{one.place}]")


def _spell(node: AnswerNode, mark: Callable[[AnswerNode], str]) -> str:
    parts: list[str] = []
    here: Node | None = node
    while isinstance(here, AnswerNode):
        at = "@" if here.kind is Kind.ATTRIBUTE else ""
        parts.append(at + here.name + (mark(here) if here.repeat else ""))
        here = here.parent
    return "/" + "/".join(reversed(parts))
