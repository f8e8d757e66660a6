"""Actions on events: setvalue, setgeopoint and recordaudio.

setgeopoint and recordaudio need hardware: the interview asks its `hooks` and stores what they give.
"""

from collections.abc import Callable
from typing import Protocol

from shared.errors import FormError
from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Action
from shared.forms.instance import Tree
from shared.forms.program import Program
from shared.forms.types import computed_text
from shared.forms.xpath.context import Context

FIRST_LOAD = "odk-instance-first-load"
LOAD = "odk-instance-load"
NEW_REPEAT = "odk-new-repeat"
VALUE_CHANGED = "xforms-value-changed"


class Hooks(Protocol):
    """What an interview asks of the device it runs on."""

    def geopoint(self) -> str:
        """Return `lat lon alt accuracy` of the device, or "" when unknown."""
        ...

    def record_audio(self, path: str, quality: str) -> str:
        """Start recording in the background; return the file name stored, or ""."""
        ...


class NoHooks:
    """A device without position or microphone."""

    def geopoint(self) -> str:
        """Return nothing."""
        return ""

    def record_audio(self, path: str, quality: str) -> str:  # noqa: ARG002 - the protocol's shape
        """Record nothing."""
        return ""


class ActionRunner:
    """Runs a form's actions for one interview."""

    def __init__(
        self,
        program: Program,
        tree: Tree,
        context: Context,
        hooks: Hooks,
        changed: Callable[[AnswerNode], None],
    ) -> None:
        self._program = program
        self._tree = tree
        self._context = context
        self._hooks = hooks
        self._changed = changed
        self._by_source: dict[tuple[str, str], list[Action]] = {}
        for action in program.form.actions:
            for event in action.events:
                self._by_source.setdefault((event, action.source), []).append(action)
        self._awaits_instances = any(event == NEW_REPEAT for event, _ in self._by_source)

    def listens(self, path: str) -> bool:
        """Tell whether a change of this field sets something off."""
        return (VALUE_CHANGED, path) in self._by_source

    def load(self, event: str) -> None:
        """Run what waits for the form to load, wherever it stands in the form."""
        for (waits_for, source), actions in self._by_source.items():
            if waits_for == event:
                for action in actions:
                    for node in self._sources(source):
                        self._run(action, node)

    def _sources(self, source: str) -> list[AnswerNode]:
        if not source:
            return [self._tree.root]
        return [node for node in self._tree.walk() if node.field.path == source]

    def new_instance(self, instance: AnswerNode) -> None:
        """Run what waits for a new instance of its repeat."""
        if not self._awaits_instances:
            return
        for node in list(self._tree.walk(instance)):
            for action in self._by_source.get((NEW_REPEAT, node.field.path), ()):
                if node is instance or not node.repeat:
                    self._run(action, node)

    def value_changed(self, node: AnswerNode) -> None:
        """Run what is nested in the control of a field that changed."""
        for action in self._by_source.get((VALUE_CHANGED, node.field.path), ()):
            self._run(action, node)

    def _run(self, action: Action, source: AnswerNode) -> None:
        owner, mark, attribute = action.target.partition("/@")
        targets = self._targets(action, owner, source)
        if len(targets) > 1:
            raise FormError(
                f"a {action.kind} writes {action.target}, which has several instances here; "
                "name one, as in [position() = 1]"
            )
        for target in targets:
            text = self._text(action, target)
            if text is None:
                continue
            if mark:
                target.set_attribute(attribute, text)
            elif text != target.text:
                target.text = text
                self._changed(target)

    def _text(self, action: Action, target: AnswerNode) -> str | None:
        if action.kind == "setgeopoint":
            return self._hooks.geopoint() or None
        if action.kind == "recordaudio":
            return self._hooks.record_audio(target.field.path, action.text) or None
        if not action.value:
            return action.text
        context = self._context
        outer = context.current
        context.current = target
        try:
            value = self._program.closure(action.value)(context, target)
        finally:
            context.current = outer
        return computed_text(value, target.field.type, context.zone)

    def _targets(self, action: Action, owner: str, source: AnswerNode) -> list[AnswerNode]:
        """Return the nodes nearest to the source: in the same repeat instance if inside one."""
        if "[" in action.reference:
            context = self._context
            outer, context.current = context.current, source
            try:
                found = self._program.closure(action.reference)(context, source)
            finally:
                context.current = outer
            nodes = found if isinstance(found, list) else []
            return [node for node in nodes if isinstance(node, AnswerNode)]
        here: AnswerNode | None = source
        while here is not None:
            path = here.field.path
            if owner == path or owner.startswith(path + "/"):
                return below(here, owner[len(path) :])
            here = here.parent if isinstance(here.parent, AnswerNode) else None
        return []


def below(top: AnswerNode, tail: str) -> list[AnswerNode]:
    """Return every node at a relative path of names under a node."""
    found = [top]
    for name in tail.strip("/").split("/"):
        if name:
            kids = (kid for node in found for kid in node.index.get(name, ()))
            found = [kid for kid in kids if isinstance(kid, AnswerNode)]
    return found
