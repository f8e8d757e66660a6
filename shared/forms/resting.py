"""How a form stands before anybody answers: worked out once and kept with the compiled form.

Most rules give the same on every fresh interview. Which do is decided here by what they read: a
rule is still if nothing it reads moves, neither time, chance, device, language, files, actions nor
the instances of a repeat. An interview takes the still rules' results over and runs the others, so
that a form of a thousand rules opens without reading their expressions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Field, Form
from shared.forms.dependency import CALCULATE, RELEVANT, Graph, Rule
from shared.forms.instance import Tree

STILL_FUNCTIONS: Final = frozenset(
    {
        "abs", "boolean", "boolean-from-string", "ceiling", "coalesce", "concat", "contains",
        "count-selected", "ends-with", "false", "floor", "if", "int", "max", "min",
        "normalize-space", "not", "number", "pow", "regex", "round", "selected", "selected-at",
        "starts-with", "string", "string-length", "substr", "substring", "substring-after",
        "substring-before", "sum", "translate", "true",
    }
)  # fmt: skip
"""Functions whose result hangs on their arguments only."""
_CALL: Final = re.compile(r"([A-Za-z][\w:.-]*)\s*\(")
_WORDS: Final = frozenset({"and", "or", "div", "mod"})
_MOVING_TEXT: Final = re.compile(r"[@$]|::|\d{4}-\d\d|\d\d:\d\d")
"""Attributes, axes, and texts that may be read as a time, which depends on the zone."""
_TIMES: Final = frozenset({"date", "dateTime", "time"})


@dataclass(frozen=True, slots=True)
class Resting:
    """What the still rules of a form come to on a fresh interview.

    Attributes:
        still: indexes of the rules that need not run.
        shut: paths whose own relevance does not hold.
        computed: path -> text.
    """

    still: frozenset[int] = frozenset()
    shut: tuple[str, ...] = ()
    computed: Mapping[str, str] = field(default_factory=dict)

    def apply(self, tree: Tree) -> None:
        """Bring a fresh tree to where the still rules leave it."""
        for path, text in self.computed.items():
            node = tree.singles.get(path)
            if isinstance(node, AnswerNode):
                node.text = text
        for path in self.shut:
            node = tree.singles.get(path)
            if isinstance(node, AnswerNode):
                node.own_relevant = False
                for below in tree.walk(node):
                    below.relevant = False


def resting_of(form: Form, graph: Graph, tree: Tree) -> Resting:
    """Return what a fresh interview's tree shows of the still rules."""
    still = still_rules(form, graph)
    shut: list[str] = []
    computed: dict[str, str] = {}
    for rule in still:
        node = tree.singles[rule.target]
        assert isinstance(node, AnswerNode)
        if rule.kind == CALCULATE:
            computed[rule.target] = node.text
        elif not node.own_relevant:
            shut.append(rule.target)
    return Resting(frozenset(rule.index for rule in still), tuple(shut), computed)


def still_rules(form: Form, graph: Graph) -> list[Rule]:
    """Return the rules that come to the same on every fresh interview."""
    moving = _Moving(form)
    candidates: list[Rule] = []
    for rule in graph.rules:
        if _may_be_still(form, rule):
            candidates.append(rule)
        else:
            moving.take(rule)
    before = -1
    while before != len(candidates):
        before = len(candidates)
        kept: list[Rule] = []
        for rule in candidates:
            if moving.reach(rule):
                moving.take(rule)
            else:
                kept.append(rule)
        candidates = kept
    return candidates


class _Moving:
    """The fields whose text or relevance may differ between fresh interviews."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._fields: set[str] = set()
        self._above: set[str] = set()
        for path, one in form.fields.items():
            if one.preload[0] or one.name == "instanceID":
                self._add(path)
        for repeat in form.repeats:
            self._add_below(repeat)
        for action in form.actions:
            # Whoever listens to a field is told when a rule changes it at the start.
            self._add(action.target.partition("/@")[0])
            self._add(action.source)

    def take(self, rule: Rule) -> None:
        """Add what a rule decides."""
        if rule.kind == CALCULATE:
            self._add(rule.target)
        else:
            self._add_below(rule.target)

    def reach(self, rule: Rule) -> bool:
        """Tell whether a rule writes or reads what moves, or a group that holds such."""
        paths = _paths(rule)
        return not self._fields.isdisjoint(paths) or not self._above.isdisjoint(paths[1:])

    def _add(self, path: str) -> None:
        if path not in self._fields:
            self._fields.add(path)
            while path := path.rpartition("/")[0]:
                self._above.add(path)

    def _add_below(self, top: str) -> None:
        for path in self._form.fields:
            if (path + "/").startswith(top + "/"):
                self._add(path)


def _may_be_still(form: Form, rule: Rule) -> bool:
    """Tell whether a rule, by itself, depends on nothing that moves."""
    if rule.kind not in (CALCULATE, RELEVANT) or _MOVING_TEXT.search(rule.expression):
        return False
    called = {name for name in _CALL.findall(rule.expression) if name not in _WORDS}
    if not called <= STILL_FUNCTIONS:
        return False
    fields = [form.fields.get(path) for path in _paths(rule)]
    return all(one is not None and not _tells_time(one) for one in fields)


def _tells_time(one: Field) -> bool:
    """Tell whether a fresh interview may hold a time there, which reads by the zone."""
    return one.type in _TIMES and (one.default != "" or one.calculate != "")


def _paths(rule: Rule) -> list[str]:
    """Return what a rule writes, and then what it reads."""
    return [rule.target, *(reference.path for reference in rule.references)]
