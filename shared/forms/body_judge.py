"""Judges one body after another on one tree: write the answers, run what they turn, take them out.

Between two records the tree stands as it does without any answer. Nothing of a record stays: what
was written or turned is listed on the way and put back.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from heapq import heapify, heappop, heappush
from typing import Final

from shared import limits
from shared.clock import RandomBytes
from shared.errors import FormError, LimitExceeded
from shared.forms import draft as draft_
from shared.forms.answer_node import AnswerNode, address_of
from shared.forms.answers import Answers
from shared.forms.body_plan import BodyPlan
from shared.forms.instance import Tree
from shared.forms.sources import SecondaryInstances
from shared.forms.types import AnswerInvalid
from shared.forms.validate import Validator, Violation
from shared.forms.xpath.context import Closure, Context
from shared.forms.xpath.tables import Instance
from shared.forms.xpath.values import to_boolean

_TURNS_PER_RULE_MAX: Final = 100


class BodyJudge:
    """Judges bodies of one form in one time zone.

    Attributes:
        zone: the zone dates are read in; what no answer turns may depend on it.
    """

    def __init__(self, plan: BodyPlan, zone: tzinfo, now: datetime, random_bytes: RandomBytes):
        """Build the tree without answers and run every rule on it once."""
        self.zone = zone
        self._plan = plan
        program = plan.program
        self._tree = Tree(program.form, random_bytes, empty=True)
        for node in self._tree.walk():
            # A body lists every value: a default that is not among them was wiped.
            if not node.kids:
                node.text = ""
        self._context = Context(now=now, zone=zone, random_bytes=random_bytes)
        self._context.root = self._tree.document
        self._context.singles = self._tree.singles
        self._validator = Validator(program, self._tree, self._context, lambda _label, _node: "")
        self._closures: list[Closure | None] = [None] * len(plan.rules)
        self._always = set(plan.moving)
        self._waiting: set[int] = set()
        self._heap: list[int] = []
        self._turned: list[tuple[AnswerNode, bool, bool]] = []
        self._rest()

    def _rest(self) -> None:
        """Bring the empty tree to rest; a rule that fails without answers is left to each body."""
        for place in range(len(self._plan.rules)):
            if place in self._plan.moving:
                continue
            try:
                self._run([place])
            except FormError:
                self._waiting.clear()
                self._always.add(place)
        self._turned.clear()

    def judge(
        self,
        answers: Answers,
        now: datetime,
        random_bytes: RandomBytes,
        attachments: Mapping[str, Instance],
    ) -> tuple[Violation, ...]:
        """Return the rules that the answers break.

        After an error the judge is spent: its tree is neither the record's nor empty.
        """
        context = self._context
        context.now, context.random_bytes = now, random_bytes
        context.instances = SecondaryInstances(self._plan.program, attachments)
        sent = answers.as_dict()
        placed = draft_.place(self._tree, sent, answers.instances)
        self._run(self._turned_by(placed))
        found: tuple[Violation, ...] = ()
        if placed.strangers or self._has_problem(placed.written):
            found = tuple(self._report(sent, placed.strangers))
        self._clear(placed)
        return found

    # ---- relevance

    def _turned_by(self, placed: draft_.Placed) -> set[int]:
        """Return the rules that these answers may turn."""
        readers, touched = self._plan.readers, self._plan.touched
        places = set(self._always)
        for instance in placed.instances:
            places |= touched[instance.repeat]
            parent = instance.parent
            if isinstance(parent, AnswerNode) and not parent.relevant:
                instance.relevant = True
                self._spread(instance, relevant=False)
        for node in placed.written:
            if (reading := readers.get(node.field.path)) is not None:
                places.update(reading)
        return places

    def _run(self, places: Iterable[int]) -> None:
        """Run rules in the order of their rank, and those that their verdicts turn."""
        self._waiting.update(places)
        heap = self._heap = list(self._waiting)
        heapify(heap)
        turns_left = _TURNS_PER_RULE_MAX * (len(self._plan.rules) + 1)
        while heap:
            place = heappop(heap)
            self._waiting.discard(place)
            turns_left -= 1
            rule = self._plan.rules[place]
            if turns_left < 0:
                raise LimitExceeded(f"{rule.target} keeps changing; its relevance never settles")
            try:
                self._run_one(place, rule.target, rule.expression)
            except RecursionError as error:
                raise LimitExceeded(f"{rule.target}: the expression nests too deep") from error
            except FormError as error:
                raise type(error)(f"{rule.target} ({rule.kind}): {error.message}") from error

    def _run_one(self, place: int, target: str, expression: str) -> None:
        closure = self._closures[place]
        if closure is None:
            closure = self._closures[place] = self._plan.program.closure(expression)
        context = self._context
        for node in self._nodes(target):
            context.current = node
            context.position = node.place
            context.steps_left = limits.XPATH_STEPS_MAX
            own = to_boolean(closure(context, node))
            if own != node.own_relevant:
                self._turned.append((node, node.own_relevant, node.relevant))
                node.own_relevant = own
                parent = node.parent
                above = not isinstance(parent, AnswerNode) or parent.relevant
                self._spread(node, relevant=above)

    def _spread(self, top: AnswerNode, *, relevant: bool) -> None:
        """Bring a node and everything below in line with what is above it."""
        readers, waiting = self._plan.readers, self._waiting
        stack: list[tuple[AnswerNode, bool]] = [(top, relevant)]
        while stack:
            node, allowed = stack.pop()
            now = allowed and node.own_relevant
            if now == node.relevant:
                continue
            self._turned.append((node, node.own_relevant, node.relevant))
            node.relevant = now
            for place in readers.get(node.field.path, ()):
                if place not in waiting:
                    waiting.add(place)
                    heappush(self._heap, place)
            if node.kids:
                stack.extend((kid, now) for kid in node.answer_children())

    def _nodes(self, path: str) -> list[AnswerNode]:
        """Return the nodes at a form path, in every instance of the repeats around it."""
        single = self._tree.singles.get(path)
        if isinstance(single, AnswerNode):
            return [single]
        here = [self._tree.root]
        for name in path.split("/")[2:]:
            here = [k for n in here for k in n.index.get(name, ()) if isinstance(k, AnswerNode)]
        return here

    # ---- verdicts

    def _has_problem(self, written: Iterable[AnswerNode]) -> bool:
        """Tell whether any rule is broken, looking only where one can be."""
        plan, holds = self._plan, self._validator.holds
        for node in written:
            if not node.text:
                continue
            if not node.relevant:
                return True
            check = plan.checks.get(node.field.path)
            if check is None:
                continue
            if check.type_check is not None:
                try:
                    check.type_check(node.text.strip(), self.zone)
                except AnswerInvalid:
                    return True
            if check.constraint and not holds(check.constraint, node):
                return True
        return self._lacks_answer() or any(
            node.relevant and not holds(constraint, node)
            for path, constraint in plan.groups
            for node in self._nodes(path)
        )

    def _lacks_answer(self) -> bool:
        singles = self._tree.singles
        for path, expression in self._plan.required:
            single = singles.get(path)
            if single is not None and (single.text or not single.relevant):
                continue
            for node in self._nodes(path):
                if not node.text and node.relevant and self._validator.holds(expression, node):
                    return True
        return False

    def _report(self, sent: Mapping[str, str], strangers: Collection[str]) -> Iterator[Violation]:
        """Yield everything that is wrong, in form order: the whole of the form is looked at."""
        yield from self._validator.violations(skip=self._plan.skips)
        for address in strangers:
            yield Violation(address, address, "unknown", "The form has no such field.")
        for node in self._tree.walk():
            if node.text and not node.kids and not node.relevant:
                address = address_of(node)
                if address in sent:
                    yield Violation(address, address, "relevant", "Not asked, yet answered.")

    def _clear(self, placed: draft_.Placed) -> None:
        """Take the record out again."""
        for node, own, relevant in reversed(self._turned):
            node.own_relevant, node.relevant = own, relevant
        self._turned.clear()
        for node in placed.written:
            node.text = ""
        holders = {id(one.parent): one.parent for one in placed.instances}
        for holder in holders.values():
            assert isinstance(holder, AnswerNode)
            for name in {kid.name for kid in holder.kids if kid.repeat}:
                del holder.index[name]
            holder.kids = [kid for kid in holder.kids if not kid.repeat]
