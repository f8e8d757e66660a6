"""Which answers break the form's rules: required, constraint, type.

The same on phone and server. A server that holds only the body cannot judge a rule that reads a
direct identifier; such rules are skipped, and the device has signed for them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared import limits
from shared.forms.answer_node import AnswerNode, address_of, position_path
from shared.forms.definition import Field, Label, Shape
from shared.forms.instance import Tree
from shared.forms.program import Program
from shared.forms.types import AnswerInvalid, checked_text
from shared.forms.xpath.context import Context
from shared.forms.xpath.languages import BROKEN_RULE, in_language
from shared.forms.xpath.values import to_boolean

Skip: TypeAlias = Callable[[str, str], bool]
"""Tell, by form path and expression, which rules to leave unjudged."""

ALWAYS: Final = frozenset({"true()", "1"})
NEVER: Final = frozenset({"", "false()", "0"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        path: with positions, for screens; address: with instance ids, for records.
        rule: required, constraint or type.
        message: in the interview's language.
    """

    path: str
    address: str
    rule: str
    message: str


class Validator:
    """Judges the nodes of one interview."""

    def __init__(
        self,
        program: Program,
        tree: Tree,
        context: Context,
        message: Callable[[Label | None, AnswerNode], str],
    ) -> None:
        self._program = program
        self._tree = tree
        self._context = context
        self._message = message

    def holds(self, expression: str, node: AnswerNode) -> bool:
        """Return a boolean rule's verdict at a node."""
        if expression in NEVER:
            return False
        if expression in ALWAYS:
            return True
        context = self._context
        outer = context.current
        context.current = node
        context.steps_left = limits.XPATH_STEPS_MAX
        try:
            return to_boolean(self._program.closure(expression)(context, node))
        finally:
            context.current = outer

    def judge(self, node: AnswerNode, skip: Skip | None = None) -> Violation | None:
        """Return what is wrong with one node, or None."""
        field = node.field
        skip = skip or _skip_nothing
        if not node.relevant:
            return None
        if field.shape is Shape.VALUE and not self._program.is_asked(field.path):
            # As in JavaRosa: what nobody is asked is not held to its rules, only to its type.
            return self._type_problem(node, field)
        if node.text == "" and field.shape is Shape.VALUE:
            skipped = field.required in NEVER or skip(field.path, field.required)
            if skipped or not self.holds(field.required, node):
                return None
            return self._violation(node, "required", field.required_message)
        if problem := self._type_problem(node, field):
            return problem
        if not field.constraint or skip(field.path, field.constraint):
            return None
        if self.holds(field.constraint, node):
            return None
        return self._violation(node, "constraint", field.constraint_message)

    def _type_problem(self, node: AnswerNode, field: Field) -> Violation | None:
        if field.shape is not Shape.VALUE or field.type == "string":
            return None
        try:
            checked_text(node.text, field.type, self._context.zone)
        except AnswerInvalid as error:
            return Violation(position_path(node), address_of(node), "type", error.message)
        return None

    def _violation(self, node: AnswerNode, rule: str, label: Label | None) -> Violation:
        text = self._message(label, node)
        if not text:
            text = in_language(self._context.language, BROKEN_RULE[rule])
        return Violation(position_path(node), address_of(node), rule, text)

    def violations(
        self, top: AnswerNode | None = None, skip: Skip | None = None
    ) -> Iterator[Violation]:
        """Yield every broken rule below a node, in form order."""
        stack = [top or self._tree.root]
        while stack:
            node = stack.pop()
            if not node.relevant:
                continue
            field = node.field
            if field.required or field.constraint or field.type != "string":
                found = self.judge(node, skip)
                if found is not None:
                    yield found
            if node.kids:
                stack.extend(reversed(node.answer_children()))


def _skip_nothing(_path: str, _expression: str) -> bool:
    return False
