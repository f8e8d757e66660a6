"""Keeps computed values, relevance and repeat counts true after every change.

A work list ordered by the rules' static rank: each affected rule runs once per affected node, after
everything it reads. No recursion, so a chain of any length is only a longer list.
"""

import heapq
import math
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum

from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.answer_node import AnswerNode
from shared.forms.columns import Columns
from shared.forms.dependency import CALCULATE, CHOICES, COUNT, RELEVANT, Rule
from shared.forms.instance import Tree
from shared.forms.program import Program
from shared.forms.types import computed_text
from shared.forms.xpath.context import Context
from shared.forms.xpath.values import to_boolean, to_number

_TURNS_PER_RULE_MAX = 25_000
"""How often one rule may be taken up again in one change: more than a repeat has instances."""


class Keep(StrEnum):
    """Which computed values survive when answers are taken up again.

    A draft of the same form keeps all but what the day decides: `uuid()` must not change, nor a
    correction of a computed answer be undone. In a newer form only such corrections are kept.
    """

    NOTHING = "nothing"
    EDITED = "edited"
    COMPUTED = "computed"


class Recomputer:
    """Runs the rules of one interview.

    Attributes:
        available_values: the values a select offers at a node, in order.
        on_change: called with each node whose value a rule changed.
        on_new_instance: called with each repeat instance a count added.
    """

    def __init__(self, program: Program, tree: Tree, context: Context) -> None:
        self._program = program
        self._tree = tree
        self._context = context
        self._graph = program.graph
        self._columns = Columns(tree, context.zone)
        context.columns = self._columns
        self._waiting: dict[int, dict[int, AnswerNode]] = {}
        self._heap: list[tuple[int, int]] = []
        self._set_aside: dict[int, str] = {}
        self._counted: set[tuple[int, int]] = set()
        self._tails: dict[tuple[str, str], tuple[str, ...]] = {}
        self.available_values: Callable[[AnswerNode], dict[str, None]] = lambda _node: {}
        self.on_change: Callable[[AnswerNode], None] = lambda _node: None
        self.on_new_instance: Callable[[AnswerNode], None] = lambda _node: None

    # ---- what to run

    def enqueue_all(
        self, keep: Keep = Keep.NOTHING, *, rested: Collection[int] = frozenset()
    ) -> None:
        """Run every rule on every node.

        Args:
            keep: computed values that stay as they are.
            rested: indexes of rules whose results are there already.
        """
        for rule in self._graph.rules:
            if rule.index in rested:
                continue
            nodes = self._targets(self._tree.root, "", rule)
            if rule.kind == CALCULATE and self._kept(rule, keep):
                nodes = [node for node in nodes if not node.text]
            self._enqueue(rule, nodes)

    def _kept(self, rule: Rule, keep: Keep) -> bool:
        """Tell whether a rule leaves values that are there alone."""
        if keep is Keep.COMPUTED:
            return "today(" not in rule.expression and "now(" not in rule.expression
        field = self._program.form.fields[rule.target]
        return keep is Keep.EDITED and rule.target in self._program.controls and not field.readonly

    def value_changed(self, node: AnswerNode) -> None:
        """Run what reads this node."""
        self._readers_of(node)

    def answered(self, node: AnswerNode) -> None:
        """Forget what a filter took away: somebody has answered anew."""
        self._set_aside.pop(id(node), None)

    def instance_added(self, instance: AnswerNode, *, last: bool = True) -> None:
        """Run the new instance's own rules and what ranges over the repeat.

        Of several instances added at once the last one tells those outside: it is the same for all.
        """
        for rule in self._program.rules_under[instance.repeat]:
            self._enqueue(rule, self._targets(instance, instance.repeat, rule))
        if last:
            for node in self._tree.walk(instance):
                self._readers_of(node)

    def instance_removed(self, instance: AnswerNode, parent: AnswerNode) -> None:
        """Run what ranged over the repeat and what reads the places of later instances."""
        for node in self._tree.walk(instance):
            for index, anchor in self._graph.readers.get(node.field.path, ()):
                if not _within(anchor, instance.repeat):
                    self._enqueue_anchored(index, anchor, parent)
        for sibling in self._tree.instances(parent, instance.field)[instance.place - 1 :]:
            self._readers_of(sibling)

    def _readers_of(self, node: AnswerNode) -> None:
        self._columns.changed(node)
        for index, anchor in self._graph.readers.get(node.field.path, ()):
            self._enqueue_anchored(index, anchor, node)

    def _enqueue_anchored(self, index: int, anchor: str, node: AnswerNode) -> None:
        rule = self._graph.rules[index]
        top: AnswerNode = self._tree.root
        if anchor:
            here = node
            while here.repeat != anchor:
                above = here.parent
                if not isinstance(above, AnswerNode):
                    return
                here = above
            top = here
        self._enqueue(rule, self._targets(top, anchor, rule))

    def _targets(self, top: AnswerNode, anchor: str, rule: Rule) -> list[AnswerNode]:
        """Return the nodes a rule writes below an instance; a count writes on the parent."""
        if not anchor and (single := self._tree.singles.get(rule.target)) is not None:
            return [single] if isinstance(single, AnswerNode) else []
        # A count writes on the repeat's parent, which has the path above.
        path = rule.target.rpartition("/")[0] if rule.kind == COUNT else rule.target
        tail = self._tails.get((anchor, path))
        if tail is None:
            start = anchor or self._tree.root.field.path
            tail = tuple(path[len(start) :].strip("/").split("/")) if path != start else ()
            self._tails[anchor, path] = tail
        here = [top]
        for name in tail:
            here = [k for n in here for k in n.index.get(name, ()) if isinstance(k, AnswerNode)]
        return here

    def _enqueue(self, rule: Rule, nodes: Iterable[AnswerNode]) -> None:
        waiting = self._waiting.get(rule.index)
        if waiting is None:
            waiting = self._waiting[rule.index] = {}
            heapq.heappush(self._heap, (self._graph.rank[rule.index], rule.index))
        for node in nodes:
            waiting[id(node)] = node

    # ---- running

    def run(self) -> None:
        """Run until nothing waits.

        Raises:
            FormError: an expression cannot be evaluated; the message names the field.
            LimitExceeded: rules keep changing each other.
        """
        turns: dict[int, int] = {}
        steps_left = limits.RECOMPUTE_STEPS_MAX
        while self._heap:
            _, index = heapq.heappop(self._heap)
            nodes = self._waiting.pop(index)
            rule = self._graph.rules[index]
            turns[index] = turns.get(index, 0) + 1
            if turns[index] > _TURNS_PER_RULE_MAX:
                raise LimitExceeded(f"{rule.target} keeps changing; its calculation never settles")
            try:
                for node in nodes.values():
                    self._run_one(rule, node)
                    steps_left -= limits.XPATH_STEPS_MAX - self._context.steps_left
            except RecursionError as error:
                self._clear()
                raise LimitExceeded(f"{rule.target}: the expression nests too deep") from error
            except FormError as error:
                self._clear()
                if error.message.startswith(rule.target):
                    raise
                raise type(error)(f"{rule.target} ({rule.kind}): {error.message}") from error
            if steps_left < 0:
                self._clear()
                raise LimitExceeded(
                    f"one change visits more than {limits.RECOMPUTE_STEPS_MAX} nodes, the last "
                    f"ones for {rule.target} ({rule.kind}); let it read less"
                )

    def _clear(self) -> None:
        self._heap.clear()
        self._waiting.clear()

    def _run_one(self, rule: Rule, node: AnswerNode) -> None:
        context = self._context
        context.current = node
        context.position = node.sibling_position()
        context.steps_left = limits.XPATH_STEPS_MAX
        closure = self._program.closure(rule.expression)
        if rule.kind == CALCULATE:
            text = computed_text(closure(context, node), node.field.type, context.zone)
            if text != node.text:
                node.text = text
                self._readers_of(node)
                self.on_change(node)
        elif rule.kind == RELEVANT:
            self._set_relevance(node, to_boolean(closure(context, node)))
        elif rule.kind == CHOICES:
            self._keep_available(node)
        else:
            self._set_count(rule, node)

    def _keep_available(self, node: AnswerNode) -> None:
        """Drop chosen values that the filter no longer offers; they come back if it does again."""
        before = node.text or self._set_aside.get(id(node), "")
        if not before:
            return
        control = self._program.controls[node.field.path]
        available = self.available_values(node)
        if control.kind == "select1":
            kept = before if before in available else ""
        else:
            words = [word for word in before.split() if word in available]
            if control.kind == "rank" and words:
                # A ranking orders everything there is: what is new comes last.
                words += [word for word in available if word not in words]
            kept = " ".join(words)
        if kept != before:
            self._set_aside.setdefault(id(node), before)
        if kept != node.text:
            node.text = kept
            self._readers_of(node)
            self.on_change(node)

    def _set_relevance(self, node: AnswerNode, own: bool) -> None:  # noqa: FBT001 - the verdict
        if node.own_relevant == own:
            return
        node.own_relevant = own
        parent = node.parent
        self.spread_relevance(node, not isinstance(parent, AnswerNode) or parent.relevant)

    def spread_relevance(self, top: AnswerNode, above: bool) -> None:  # noqa: FBT001
        """Bring `relevant` of a node and everything below in line with its ancestors."""
        stack = [(top, above)]
        while stack:
            node, allowed = stack.pop()
            relevant = allowed and node.own_relevant
            if relevant == node.relevant:
                continue
            node.relevant = relevant
            self._readers_of(node)
            if node.kids:
                stack.extend((kid, relevant) for kid in node.answer_children())

    # ---- counted repeats

    def grow(self, path: str, parent: AnswerNode) -> None:
        """Add one instance to a self-feeding repeat if its count asks for more than there are."""
        rule = next(r for r in self._graph.rules if r.kind == COUNT and r.target == path)
        present = len(parent.index.get(self._program.form.fields[path].name, ()))
        wanted = self._wanted(rule, parent)
        if wanted is not None and wanted > present:
            self.add(parent, path)

    def _set_count(self, rule: Rule, parent: AnswerNode) -> None:
        if rule.target in self._program.self_feeding:
            return
        wanted = self._wanted(rule, parent)
        if wanted is None:
            # The count was wiped: the instances and their answers stay until there is a new one.
            return
        repeat = self._program.form.fields[rule.target]
        present = len(parent.index.get(repeat.name, ()))
        if present > wanted:
            for instance in reversed(self._tree.instances(parent, repeat)[wanted:]):
                self.remove(instance)
        for place in range(present, wanted):
            self.add(parent, rule.target, last=place == wanted - 1)

    def _wanted(self, rule: Rule, parent: AnswerNode) -> int | None:
        """Return how many instances a count asks for; None if it is blank and was not before."""
        repeat = self._program.form.fields[rule.target]
        probe = AnswerNode(repeat)
        probe.parent = parent
        # `../n` looks from the repeat; a bare name, which old forms use, from around it.
        at = parent if rule.expression[0].isalpha() and "/" not in rule.expression else probe
        self._context.current = at
        closure = self._program.closure(rule.expression)
        number = to_number(closure(self._context, at), self._context.zone)
        key = id(parent), rule.index
        if math.isnan(number) and key in self._counted:
            return None
        self._counted.add(key)
        wanted = int(number) if number == number and number > 0 else 0  # noqa: PLR0124 - NaN
        if wanted > limits.REPEAT_INSTANCES_MAX:
            raise LimitExceeded(
                f"{repeat.path} is to have {wanted} instances; "
                f"the limit is {limits.REPEAT_INSTANCES_MAX}"
            )
        return wanted

    def add(self, parent: AnswerNode, path: str, *, last: bool = True) -> AnswerNode:
        """Add a repeat instance and enqueue what it touches; `last` of those added at once."""
        instance = self._tree.add_instance(parent, self._program.form.fields[path])
        self._columns.added(instance)
        self.on_new_instance(instance)
        if not parent.relevant:
            instance.relevant = True
            self.spread_relevance(instance, above=False)
        self.instance_added(instance, last=last)
        return instance

    def remove(self, instance: AnswerNode) -> None:
        """Remove a repeat instance and enqueue what it touched."""
        parent = instance.parent
        assert isinstance(parent, AnswerNode)
        self._tree.remove_instance(instance)
        self._columns.removed(instance)
        self.instance_removed(instance, parent)


def _within(anchor: str, repeat: str) -> bool:
    """Tell whether an anchor lies inside (or is) the repeat, so its readers went with it."""
    return anchor == repeat or anchor.startswith(repeat + "/")
