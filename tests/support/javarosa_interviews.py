"""One random interview, led by JavaRosa and by our engine side by side, compared after each step.

What is compared at every node that both find relevant: value, required, read-only, and whether its
constraint holds; relevance itself at every node; of every answered select the choices it offers.
Values that hang on chance or on the moment are left out, with all that is computed from them.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from javarosa import JavaRosa

from server.commands.console import SystemClock
from shared.errors import FormError
from shared.forms.answer_node import AnswerNode, position_path
from shared.forms.candidates import candidates
from shared.forms.definition import Form, Shape
from shared.forms.dependency import CALCULATE, COUNT, RELEVANT
from shared.forms.interview import Interview
from shared.forms.sources import read_attachment
from shared.forms.xpath.tables import Instance

_CHANCE = re.compile(r"\b(?:random|uuid|now|once|randomize)\(")
_ASKED = frozenset({"input", "select1", "select", "rank", "range", "trigger", "upload"})
_EMPTIED = 0.08
_REPEAT_TURNS = 0.15
_INSTANCES_MAX = 4
_SMALL_DIFFERENCE = 1e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the engines part.

    Attributes:
        id: form, kind and field: what an exception is listed under.
    """

    id: str
    path: str
    ours: object
    theirs: object


def media_of(folder: Path | None) -> dict[str, Instance]:
    """Return the files beside a form as secondary instances."""
    found: dict[str, Instance] = {}
    for path in sorted(folder.iterdir()) if folder else ():
        if path.suffix in (".csv", ".geojson", ".xml"):
            found[path.name] = read_attachment(path.name, path.read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class Subject:
    """A form to compare on.

    Attributes:
        name: what differences are listed under.
        attachments: the files beside the form.
        listed: ids of known differences; the interview goes on past them.
    """

    name: str
    form: Form
    attachments: Mapping[str, Instance] = field(default_factory=dict)
    listed: Collection[str] = ()


class SideBySide:
    """One interview in both engines."""

    def __init__(self, subject: Subject, javarosa: JavaRosa, dice: Random) -> None:
        """Begin; JavaRosa has the form loaded, `dice` decides what is answered."""
        self._name = subject.name
        self._form = form = subject.form
        self._javarosa = javarosa
        self._dice = dice
        self._listed = subject.listed
        self.seen: set[str] = set()
        self.interview = Interview(
            form,
            clock_now=SystemClock().now(),
            tz=UTC,
            random_bytes=os.urandom,
            attachments=subject.attachments,
        )
        self._chance = chance_fields(form, self.interview)
        self._counts = count_fields(self.interview)
        javarosa.ask("open")

    def run(self, steps: int) -> Iterator[Difference]:
        """Yield the differences of the first step that shows any."""
        for turn in range(steps + 1):
            found = [*(self._turn() if turn else ()), *self._compared()]
            if turn == steps:
                found += self._choices_compared()
            self.seen |= {difference.id for difference in found}
            found = [difference for difference in found if difference.id not in self._listed]
            if found:
                yield from found
                return

    # ---- steps

    def _turn(self) -> list[Difference]:
        if self._dice.random() < _REPEAT_TURNS and (moved := self._repeat_turn()) is not None:
            return moved
        return self._answer_turn()

    def _answer_turn(self) -> list[Difference]:
        asked = [node for node in self._walk() if self._can_answer(node)]
        if not asked:
            return []
        empty = [node for node in asked if not node.text]
        node = self._dice.choice(empty if empty and self._dice.random() < 0.7 else asked)
        path = position_path(node)
        text = self._drawn(path)
        try:
            self.interview.set(path, text)
        except FormError:
            return []
        holds = self._javarosa.ask("set", path=path, value=node.text)
        ours = self._holds(node)
        return [] if holds == ours else [self._difference("constraint", node, ours, holds)]

    def _drawn(self, path: str) -> str:
        if self._dice.random() < _EMPTIED:
            return ""
        name = _without_positions(path)
        if name in self._counts:
            return str(self._dice.randint(0, _INSTANCES_MAX))
        rule = self._form.fields[name].constraint
        offered = candidates(self.interview.get(path), rule, self.interview.clock_now, self._dice)
        drawn = list(islice(offered, self._dice.randint(1, 5)))
        return drawn[-1] if drawn else ""

    def _repeat_turn(self) -> list[Difference] | None:
        """Add or remove an instance; None where the form has none to add or remove."""
        places = [
            f"{position_path(parent)}/{path.rpartition('/')[2]}"
            for path, control in self.interview._program.repeat_controls.items()
            if not control.count and not control.fixed
            for parent in self._walk()
            if parent.field.path == path.rpartition("/")[0] and parent.relevant
        ]
        if not places:
            return None
        place = self._dice.choice(places)
        count = self.interview.count(place)
        if count and (count >= _INSTANCES_MAX or self._dice.random() < 0.3):
            gone = f"{place}[{self._dice.randint(1, count)}]"
            self.interview.remove_repeat(gone)
            self._javarosa.ask("remove_repeat", path=gone)
            return []
        try:
            self.interview.add_repeat(place)
        except FormError:
            return []
        self._javarosa.ask("add_repeat", path=place)
        return []

    # ---- what stands

    def _compared(self) -> Iterator[Difference]:
        self._javarosa.ask("walk")
        theirs = {row[0]: row for row in self._javarosa.ask("state")}
        while (beyond := self._beyond_count(theirs)) is not None:
            self._javarosa.ask("remove_repeat", path=beyond)
            theirs = {row[0]: row for row in self._javarosa.ask("state")}
        for node in self._walk():
            path = position_path(node)
            row = theirs.pop(path, None)
            if row is None:
                yield self._difference("missing", node, path, None)
                continue
            yield from self._node_compared(node, row)
        for path, row in theirs.items():
            yield Difference(f"{self._name} extra {path}", path, None, row)

    def _beyond_count(self, theirs: Mapping[str, object]) -> str | None:
        """Return the last instance JavaRosa keeps, and sums over, beyond what a count asks for."""
        for repeat, control in self.interview._program.repeat_controls.items():
            if not control.count:
                continue
            found = [path for path in theirs if _without_positions(path) == repeat]
            for path in reversed(found):
                above, _, place = path.removesuffix("]").rpartition("[")
                if int(place) > self._count(above):
                    return path
        return None

    def _count(self, path: str) -> int:
        try:
            return self.interview.count(path)
        except FormError:
            return 0

    def _node_compared(self, node: AnswerNode, row: list[object]) -> Iterator[Difference]:
        if node.field.path in self._chance:
            return
        _, relevant, required, readonly, text, holds = row
        if relevant != node.relevant:
            yield self._difference("relevant", node, node.relevant, relevant)
        if not node.relevant or node.field.shape is not Shape.VALUE:
            return
        if not same_text(node.text, str(text), node.field.type):
            yield self._difference("value", node, node.text, text)
        validator, questions = self.interview._validator, self.interview._questions
        ours = validator.holds(node.field.required, node)
        if ours != required:
            yield self._difference("required", node, ours, required)
        if questions._readonly(node) != readonly:
            yield self._difference("readonly", node, not readonly, readonly)
        if node.text and (verdict := self._holds(node)) != holds:
            yield self._difference("constraint", node, (node.text, verdict), (text, holds))

    def _choices_compared(self) -> Iterator[Difference]:
        """Yield the selects that offer different choices."""
        for node in self._walk():
            control = self.interview._questions.control(node)
            if control is None or control.kind not in ("select1", "select", "rank"):
                continue
            if not node.relevant or node.field.path in self._chance:
                continue
            path = position_path(node)
            ours = [choice.value for choice in self.interview.choices(path)]
            theirs = self._javarosa.ask("choices", path=path)
            if ours != theirs:
                yield self._difference("choices", node, ours[:9], theirs[:9])

    def _walk(self) -> Iterator[AnswerNode]:
        return self.interview._tree.walk()

    def _can_answer(self, node: AnswerNode) -> bool:
        control = self.interview._questions.control(node)
        return (
            control is not None
            and control.kind in _ASKED
            and node.field.shape is Shape.VALUE
            and node.relevant
            and not self.interview._questions._readonly(node)
        )

    def _holds(self, node: AnswerNode) -> bool:
        constraint = node.field.constraint
        if not constraint or not node.text:
            return True
        return self.interview._validator.holds(constraint, node)

    def _difference(self, kind: str, node: AnswerNode, ours: object, theirs: object) -> Difference:
        return Difference(
            f"{self._name} {kind} {node.field.path}", position_path(node), ours, theirs
        )

    @property
    def repeatable(self) -> bool:
        """Tell whether reading an instance of this form computes the same values again."""
        rules = self.interview._program.graph.rules
        return not any(_CHANCE.search(rule.expression) for rule in rules)


def chance_fields(form: Form, interview: Interview) -> frozenset[str]:
    """Return the fields whose values hang on chance, the moment or the device."""
    found = {one.path for one in form.fields.values() if one.preload[0]}
    rules = interview._program.graph.rules
    before = -1
    while before != len(found):
        before = len(found)
        for rule in rules:
            reads = {reference.path for reference in rule.references}
            if not (_CHANCE.search(rule.expression) or reads & found):
                continue
            if rule.kind == CALCULATE:
                found.add(rule.target)
            elif rule.kind == RELEVANT:
                found |= {p for p in form.fields if (p + "/").startswith(rule.target + "/")}
    return frozenset(found)


def count_fields(interview: Interview) -> frozenset[str]:
    """Return the fields that decide, directly or through calculations, how often a repeat is."""
    rules = interview._program.graph.rules
    found = {r.path for rule in rules if rule.kind == COUNT for r in rule.references}
    before = -1
    while before != len(found):
        before = len(found)
        for rule in rules:
            if rule.kind == CALCULATE and rule.target in found:
                found |= {reference.path for reference in rule.references}
    return frozenset(found)


def _without_positions(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def same_text(ours: str, theirs: str, kind: str) -> bool:
    """Tell whether two texts of a bind type say the same.

    JavaRosa writes a time with its zone, which is UTC here, numbers with as many decimals as it
    likes, a shape's points with or without a blank between them, and of an instant, which it holds
    as a fraction of days, sometimes the millisecond before.
    """
    if ours == theirs:
        return True
    if kind == "dateTime" and ours and theirs:
        mine, other = (datetime.fromisoformat(text) for text in (ours, theirs))
        return abs(mine - other) <= timedelta(milliseconds=1)
    if kind == "time":
        return ours == theirs.removesuffix("Z")
    mine, other = (re.findall(r"[^\s;]+", text) for text in (ours, theirs))
    if kind == "string" and len(mine) > 1 and sorted(mine) == sorted(other):
        # What several choices were made is a set.
        return True
    return len(mine) == len(other) and all(map(_same_word, mine, other))


def _same_word(ours: str, theirs: str) -> bool:
    try:
        a, b = float(ours), float(theirs)
    except ValueError:
        return ours == theirs
    return abs(a - b) <= _SMALL_DIFFERENCE * max(1.0, abs(b))
