"""What changed between two states of an interview, for whoever reviews a correction.

Only what counts is compared: an answer that is not relevant reads as empty on either side. Repeat
instances are told apart by their ids, so removing the first of three is one change, not three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.forms.answer_node import AnswerNode, address_of, position_path
from shared.forms.definition import Shape
from shared.forms.instance import Tree
from shared.forms.questions import Questions

_SELECTS = frozenset({"select1", "select", "rank"})


class ChangeKind(StrEnum):
    """What became of an answer or of a repeat instance."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: with positions, as the later state counts them; of what is gone, the earlier one.
        address: with instance ids, the same in both.
        label: the question's, in the later state's language; its name where it has none.
        before, after: the stored texts; "" where there is none, and for a repeat instance.
        before_shown, after_shown: as a person reads them: choices by their labels.
        asked: whether a person answers it; False for what is computed.
    """

    kind: ChangeKind
    path: str
    address: str
    label: str
    before: str
    after: str
    before_shown: str
    after_shown: str
    asked: bool


class Side:
    """One state: its relevant answers and repeat instances by address, in form order."""

    def __init__(self, tree: Tree, questions: Questions) -> None:
        self._questions = questions
        self.nodes: Mapping[str, AnswerNode] = {
            address_of(node): node
            for node in tree.walk()
            if node.relevant and (node.repeat or (node.field.shape is Shape.VALUE and node.text))
        }

    def text(self, address: str) -> str:
        """Return the stored text, "" for what is not there and for an instance."""
        node = self.nodes.get(address)
        return "" if node is None or node.repeat else node.text

    def shown(self, address: str) -> str:
        """Return the text as a person reads it."""
        node, text = self.nodes.get(address), self.text(address)
        control = None if node is None else self._questions.control(node)
        if node is None or control is None or control.kind not in _SELECTS:
            return text
        labels = {choice.value: choice.label for choice in self._questions.choices(node)}
        values = [text] if control.kind == "select1" else text.split()
        return ", ".join(labels.get(value) or value for value in values)

    def label(self, node: AnswerNode) -> str:
        """Return the question's label, or the field's name."""
        return self._questions.shown(node).text or node.field.name

    def asked(self, node: AnswerNode) -> bool:
        """Tell whether a person answers it."""
        return bool(node.repeat) or self._questions.control(node) is not None


def differences(earlier: Side, later: Side) -> tuple[Change, ...]:
    """Return every difference: what the later state holds in form order, then what is gone."""
    found: list[Change] = []
    for address, node in later.nodes.items():
        known = address in earlier.nodes
        if not known or earlier.text(address) != later.text(address):
            kind = ChangeKind.CHANGED if known else ChangeKind.ADDED
            found.append(_change(kind, node, later, (earlier, later)))
    for address, node in earlier.nodes.items():
        if address not in later.nodes:
            found.append(_change(ChangeKind.REMOVED, node, earlier, (earlier, later)))
    return tuple(found)


def _change(kind: ChangeKind, node: AnswerNode, holder: Side, sides: tuple[Side, Side]) -> Change:
    address = address_of(node)
    earlier, later = sides
    return Change(
        kind=kind,
        path=position_path(node),
        address=address,
        label=holder.label(node),
        before=earlier.text(address),
        after=later.text(address),
        before_shown=earlier.shown(address),
        after_shown=later.shown(address),
        asked=holder.asked(node),
    )
