"""How one question stands: its label, choices, rules and verdict, as a widget needs them."""

from collections.abc import Sequence
from datetime import tzinfo

from shared.forms.answer_node import AnswerNode, position_path
from shared.forms.definition import Control, Label, Shape
from shared.forms.display import Choice, Display, Shown
from shared.forms.instance import Tree
from shared.forms.navigation import descend
from shared.forms.program import Program
from shared.forms.state import NodeState, Progress
from shared.forms.types import check_range, checked_text, kept_text
from shared.forms.validate import Validator


class Questions:
    """Describes the nodes of one interview."""

    def __init__(self, program: Program, display: Display, validator: Validator) -> None:
        self._program = program
        self._display = display
        self._validator = validator

    def state(self, node: AnswerNode) -> NodeState:
        """Return everything about one node."""
        field = node.field
        control = self.control(node)
        label = self.shown(node)
        hint = self._display.shown(control.hint if control else None, node)
        broken = self._validator.judge(node)
        return NodeState(
            path=position_path(node),
            value=node.text,
            relevant=node.relevant,
            required=self._validator.holds(field.required, node),
            readonly=self._readonly(node),
            valid=broken is None,
            message="" if broken is None else broken.message,
            label=label.text,
            hint=hint.text,
            guidance=hint.guidance or label.guidance,
            media={**hint.media, **label.media},
            appearance=control.appearance if control else "",
            kind=control.kind if control else "",
            type=field.type,
            choices=tuple(self.choices(node)),
            constraint_message=self._display.message(field.constraint_message, node),
            required_message=self._display.message(field.required_message, node),
            attributes=control.attributes if control else {},
        )

    def shown(self, node: AnswerNode) -> Shown:
        """Return a node's label with its media."""
        return self._display.shown(self._label(node), node)

    def choices(self, node: AnswerNode) -> Sequence[Choice]:
        """Return a select's choices as filtered now."""
        control = self.control(node)
        if control is None or control.kind not in ("select1", "select", "rank"):
            return ()
        return self._display.choices(control, node)

    def control(self, node: AnswerNode) -> Control | None:
        """Return the control bound to a node, if it has one."""
        if node.repeat:
            return self._program.repeat_controls.get(node.field.path)
        return self._program.controls.get(node.field.path)

    def stored_text(self, node: AnswerNode, text: str, zone: tzinfo) -> str:
        """Return an answer as it is kept: composed characters, canonical for its type.

        Raises:
            AnswerInvalid: it is not of that type.
        """
        control = self.control(node)
        if control is not None and control.kind == "trigger":
            return "OK" if text not in ("", "false", "0") else ""
        text = checked_text(kept_text(text), node.field.type, zone)
        if control is not None and control.kind == "range":
            check_range(text, control.attributes)
        return text

    def _label(self, node: AnswerNode) -> Label | None:
        """Return a node's label; pyxform writes a repeat's on the group around it."""
        control = self.control(node)
        if node.repeat and (control is None or control.label is None):
            control = self._program.controls.get(node.field.path)
        return control.label if control else None

    def _readonly(self, node: AnswerNode) -> bool:
        """Tell whether a node, or a group around it, is read-only."""
        here: AnswerNode | None = node
        while here is not None:
            if self._validator.holds(here.field.readonly, here):
                return True
            here = here.parent if isinstance(here.parent, AnswerNode) else None
        return False

    # ---- all of them

    def read_by(self, node: AnswerNode, rules: Sequence[str]) -> tuple[str, ...]:
        """Return the paths of the other nodes that a node's rules look at."""
        found: dict[str, None] = {}
        for rule in rules:
            expression: str = getattr(node.field, rule)
            for reference in (
                self._program.references(expression, node.field.path) if expression else ()
            ):
                other = descend(node, reference.path)
                if other is not None and other is not node:
                    found[position_path(other)] = None
        return tuple(found)

    def progress(self, tree: Tree) -> Progress:
        """Return how many of the relevant questions are answered."""
        asked = answered = 0
        for node in tree.walk():
            if node.relevant and node.field.shape is Shape.VALUE:
                control = self._program.controls.get(node.field.path)
                note = node.field.readonly == "true()"
                if control is not None and control.kind != "trigger" and not note:
                    asked += 1
                    answered += node.text != ""
        return Progress(answered, asked)
