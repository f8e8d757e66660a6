"""From one change to rest: rules and value-changed actions in turn, until neither has work."""

from collections.abc import Callable
from typing import Final

from shared.errors import FormError
from shared.forms.actions import ActionRunner
from shared.forms.answer_node import AnswerNode
from shared.forms.recompute import Recomputer

_ROUNDS_BEYOND_FIELDS: Final = 100


class Settler:
    """Brings one interview to rest after a change.

    Attributes:
        actions: runs what waits for a change; set once it exists, for it reports changes here.
    """

    actions: ActionRunner

    def __init__(self, recomputer: Recomputer, fields: int) -> None:
        self._recomputer = recomputer
        self._rounds_max = fields + _ROUNDS_BEYOND_FIELDS
        self._fired: list[AnswerNode] = []
        recomputer.on_change = self.note

    @property
    def changed(self) -> Callable[[AnswerNode], None]:
        """Take a node whose value something other than a rule wrote."""
        return self._recomputer.value_changed

    def note(self, node: AnswerNode) -> None:
        """Remember a changed node if an action waits for it."""
        if self.actions.listens(node.field.path):
            self._fired.append(node)

    def settle(self) -> None:
        """Run rules and actions until nothing changes; actions that feed themselves stop.

        Raises:
            FormError: they set each other off for ever.
        """
        rounds = 0
        self._recomputer.run()
        while self._fired:
            rounds += 1
            if rounds > self._rounds_max:
                self._fired.clear()
                raise FormError("value-changed actions of this form set each other off for ever")
            waiting, self._fired = self._fired, []
            for node in waiting:
                self.actions.value_changed(node)
            self._recomputer.run()
