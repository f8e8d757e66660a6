"""The parts of one interview, made and wired together, and brought to where it starts."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from itertools import count
from typing import Required, TypeAlias, TypedDict

from shared.clock import RandomBytes
from shared.errors import FormError
from shared.forms import preload
from shared.forms.actions import FIRST_LOAD, LOAD, ActionRunner, Hooks, NoHooks
from shared.forms.definition import Form
from shared.forms.display import Display
from shared.forms.instance import Tree
from shared.forms.navigation import Walker
from shared.forms.program import Program, program_of
from shared.forms.questions import Questions
from shared.forms.recompute import Keep, Recomputer
from shared.forms.repeats import Repeats
from shared.forms.resting import Resting, resting_of
from shared.forms.screens import Screens
from shared.forms.settling import Settler
from shared.forms.sources import SecondaryInstances
from shared.forms.validate import Validator
from shared.forms.xpath.context import Context
from shared.forms.xpath.tables import Instance

Fill: TypeAlias = Callable[[Tree], dict[str, str]]
"""Write answers into an empty tree and return those that found no place."""


class Around(TypedDict, total=False):
    """What surrounds an interview that takes up earlier answers; see `Interview`."""

    clock_now: Required[datetime]
    tz: Required[tzinfo]
    random_bytes: Required[RandomBytes]
    attachments: Mapping[str, Instance] | None
    properties: Mapping[str, str] | None
    hooks: Hooks | None
    verify: Callable[[bytes, bytes, bytes], bool] | None


class Parts:
    """What an interview is made of; who holds them is `Interview`."""

    def __init__(
        self,
        form: Form,
        context: Context,
        *,
        language: str | None,
        attachments: Mapping[str, Instance],
        hooks: Hooks,
        empty: bool,
    ) -> None:
        """Make and wire the parts; `empty` leaves out the repeat instances the form ships."""
        self.program: Program = program_of(form)
        self.tree = Tree(form, context.random_bytes, empty=empty)
        self.context = context
        context.instances = SecondaryInstances(self.program, attachments)
        context.root = self.tree.document
        context.singles = self.tree.singles
        self.display = Display(self.program, self.tree, context, form.default_language)
        if language is not None:
            self.display.set_language(self.display.known_language(language))
        self.recomputer = Recomputer(self.program, self.tree, context)
        self.recomputer.available_values = self.display.available_values
        self.settler = Settler(self.recomputer, len(form.fields))
        self.actions = ActionRunner(self.program, self.tree, context, hooks, self.settler.changed)
        self.settler.actions = self.actions
        self.recomputer.on_new_instance = self.actions.new_instance
        self.validator = Validator(self.program, self.tree, context, self.display.message)
        self.questions = Questions(self.program, self.display, self.validator)
        self.repeats = Repeats(
            self.program, self.tree, self.recomputer, self.validator, self.settler.settle
        )
        self.screens = Screens(
            Walker(self.tree, form.controls, self.repeats.can_add, self.repeats.grow)
        )
        self.repeats.leave = self.screens.leave

    def begin(self, fill: Fill | None, keep: Keep, properties: Mapping[str, str]) -> dict[str, str]:
        """Bring the answers to where the interview starts, or stood; return what has no place."""
        strangers: dict[str, str] = {}
        if fill is not None:
            strangers = fill(self.tree)
            self.recomputer.enqueue_all(keep)
            self.recomputer.run()
        else:
            self._start_afresh(properties)
        self.actions.load(LOAD)
        self.settler.settle()
        return strangers

    def _start_afresh(self, properties: Mapping[str, str]) -> None:
        preload.apply_start(
            self.tree,
            now=self.context.now,
            zone=self.context.zone,
            random_bytes=self.context.random_bytes,
            properties=properties,
        )
        self.program.resting.apply(self.tree)
        self.recomputer.enqueue_all(Keep.NOTHING, rested=self.program.resting.still)
        self.repeats.fill_fixed()
        self.recomputer.run()
        self.actions.load(FIRST_LOAD)


def resting_of_fresh(form: Form) -> Resting:
    """Return what a form's still rules come to, by starting an interview nobody answers.

    A form that cannot start rests nowhere; whoever starts it is told why.
    """
    numbers = count()
    context = Context(random_bytes=lambda size: next(numbers).to_bytes(size, "big"))
    try:
        parts = Parts(form, context, language=None, attachments={}, hooks=NoHooks(), empty=False)
        parts.begin(None, Keep.NOTHING, {})
    except FormError:
        return Resting()
    return resting_of(form, parts.program.graph, parts.tree)
