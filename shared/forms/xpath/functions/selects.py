"""Functions of space-separated select answers."""

from typing import Final

from shared.forms.xpath.context import Context
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import Value, to_number, to_text


def _selected(_context: Context, _node: Node, answer: Value, choice: Value) -> bool:
    wanted = to_text(choice).strip()
    chosen = to_text(answer).split()
    return wanted in chosen if wanted else not chosen


def _selected_at(context: Context, _node: Node, answer: Value, place: Value) -> str:
    """Return the choice at a 0-based place, empty outside."""
    chosen = to_text(answer).split()
    number = to_number(place, context.zone)
    if number != number or not 0 <= number < len(chosen):
        return ""
    return chosen[int(number)]


def _count_selected(_context: Context, _node: Node, answer: Value) -> float:
    return float(len(to_text(answer).split()))


FUNCTIONS: Final = {
    "selected": Function(_selected, (2, 2)),
    "is-selected": Function(_selected, (2, 2)),
    "selected-at": Function(_selected_at, (2, 2)),
    "count-selected": Function(_count_selected, (1, 1)),
}
