"""One field over all instances of its repeat, kept as lists: what `sum` and `join` read.

Without this, each new household member would have every total walk all members again. A column is
made when an aggregate first asks for it and follows each change of its nodes from then on; a change
it cannot follow (an instance removed) drops it, and it is made anew when next asked for.
"""

from datetime import tzinfo

from shared.forms.answer_node import AnswerNode
from shared.forms.instance import Tree
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import text_number


class Column:
    """The values of one field, one per instance; what is not relevant is left out of the answers.

    Attributes:
        hidden: how many are not relevant.
    """

    def __init__(self, tail: tuple[str, ...], zone: tzinfo) -> None:
        self._tail = tail
        self._zone = zone
        self._texts: list[str] = []
        self._numbers: list[float] = []
        self._shown: list[bool] = []
        self.hidden = 0

    def __len__(self) -> int:
        """Return how many nodes are relevant."""
        return len(self._texts) - self.hidden

    def texts(self) -> list[str]:
        """Return the relevant nodes' texts, in document order."""
        if not self.hidden:
            return self._texts
        return [text for text, shown in zip(self._texts, self._shown, strict=True) if shown]

    def numbers(self) -> list[float]:
        """Return the same as numbers; NaN where a text is none."""
        if not self.hidden:
            return self._numbers
        return [number for number, shown in zip(self._numbers, self._shown, strict=True) if shown]

    def take_in(self, instance: AnswerNode) -> bool:
        """Add the next instance's value; False if it has not exactly one node there."""
        here = instance
        for name in self._tail:
            found = here.index.get(name, ())
            if len(found) != 1 or not isinstance(found[0], AnswerNode):
                return False
            here = found[0]
        if (here.kids and self._tail) or len(self._texts) + 1 != instance.place:
            return False
        self._texts.append(here.text)
        self._numbers.append(text_number(here.text, self._zone))
        self._shown.append(here.relevant)
        self.hidden += not here.relevant
        return True

    def follow(self, node: AnswerNode, place: int) -> bool:
        """Take over a node's value and relevance; False if it is not known here."""
        if not 0 < place <= len(self._texts):
            return False
        at = place - 1
        if node.text != self._texts[at]:
            self._texts[at] = node.text
            self._numbers[at] = text_number(node.text, self._zone)
        if node.relevant != self._shown[at]:
            self._shown[at] = node.relevant
            self.hidden += -1 if node.relevant else 1
        return True


class Columns:
    """The columns of one interview, by form path."""

    def __init__(self, tree: Tree, zone: tzinfo) -> None:
        self._tree = tree
        self._zone = zone
        self._columns: dict[str, Column | None] = {}
        self._by_repeat: dict[str, dict[str, None]] = {}

    def of(self, repeat: str, tail: tuple[str, ...]) -> Column | None:
        """Return a column, or None where this repeat's instances do not allow one.

        Args:
            repeat: form path of a repeat outside all others.
            tail: names from its instances down to the field; () for the instances themselves.
        """
        path = "/".join((repeat, *tail))
        if path not in self._columns:
            self._columns[path] = self._made(repeat, tail)
            self._by_repeat.setdefault(repeat, {})[path] = None
        return self._columns[path]

    def _made(self, repeat: str, tail: tuple[str, ...]) -> Column | None:
        above, _, name = repeat.rpartition("/")
        parent = self._tree.singles.get(above)
        column = Column(tail, self._zone)
        instances: list[Node] = parent.index.get(name, []) if isinstance(parent, AnswerNode) else []
        for instance in instances:
            if not isinstance(instance, AnswerNode) or not column.take_in(instance):
                return None
        return column

    def changed(self, node: AnswerNode) -> None:
        """Follow a node whose value or relevance has changed."""
        column = self._columns.get(node.field.path)
        if column is None:
            return
        here: Node | None = node
        while isinstance(here, AnswerNode) and not here.repeat:
            here = here.parent
        if not isinstance(here, AnswerNode) or not column.follow(node, here.place):
            del self._columns[node.field.path]

    def added(self, instance: AnswerNode) -> None:
        """Take in a new last instance."""
        for path in self._by_repeat.get(instance.repeat, ()):
            column = self._columns.get(path)
            if column is not None and not column.take_in(instance):
                del self._columns[path]

    def removed(self, instance: AnswerNode) -> None:
        """Forget the columns of a repeat that has lost an instance."""
        for path in self._by_repeat.pop(instance.repeat, ()):
            self._columns.pop(path, None)
