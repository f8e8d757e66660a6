"""Walking a form in order, one event at a time: group, repeat instance, question, repeat prompt.

A position is a trail of frames from the outside in; the next one is found from it alone, so a step
costs the same in the first and in the two-hundredth instance. What is not relevant is passed over
with all it holds. How events become screens is in screens.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Control
from shared.forms.instance import Tree
from shared.forms.xpath.node import Node


class EventKind(StrEnum):
    """What a walk meets."""

    START = "start"
    GROUP = "group"
    REPEAT = "repeat"
    QUESTION = "question"
    PROMPT = "prompt"
    END = "end"


@dataclass(frozen=True, slots=True)
class Frame:
    """One level of a position: a control and the node it stands on.

    For a repeat the node is the instance; `prompt` marks the place after the last one, whose node
    is the parent. A group without a node of its own stands on its context.
    """

    control: Control
    node: AnswerNode
    prompt: bool = False

    @property
    def kind(self) -> EventKind:
        """What this frame is."""
        if self.prompt:
            return EventKind.PROMPT
        if self.control.kind == "repeat":
            return EventKind.REPEAT
        return EventKind.GROUP if self.control.kind == "group" else EventKind.QUESTION


Trail = tuple[Frame, ...]
"""From the outermost frame to the event itself; () is both ends of the form."""


class Walker:
    """Finds neighbours of a position in one interview."""

    def __init__(
        self,
        tree: Tree,
        controls: Sequence[Control],
        can_add: Callable[[Control, AnswerNode], bool],
        grow: Callable[[Control, AnswerNode], None] = lambda _control, _parent: None,
    ) -> None:
        """Take what the interview knows.

        Args:
            tree: the answers.
            controls: the form's body.
            can_add: whether an enumerator may add an instance of a repeat at a node.
            grow: adds an instance where a count that feeds on its own repeat asks for one.
        """
        self._grow = grow
        self._tree = tree
        self._controls = controls
        self._can_add = can_add

    def first(self) -> Trail:
        """Return the first event, or () if nothing is relevant."""
        return self._enter((), self._controls, self._tree.root, 0, 1)

    def last(self) -> Trail:
        """Return the last event, or ()."""
        trail = self._enter((), self._controls, self._tree.root, len(self._controls) - 1, -1)
        return self._deepest(trail)

    def after(self, trail: Trail) -> Trail:
        """Return the event after this one, or () at the end."""
        if not trail:
            return self.first()
        frame = trail[-1]
        if frame.kind in (EventKind.GROUP, EventKind.REPEAT) and frame.node.relevant:
            inside = self._enter(trail, frame.control.children, frame.node, 0, 1)
            if inside:
                return inside
        return self.past(trail)

    def past(self, trail: Trail) -> Trail:
        """Return the event after everything inside this one."""
        while trail:
            found = self._sibling(trail, 1)
            if found:
                return found
            trail = trail[:-1]
        return ()

    def before(self, trail: Trail) -> Trail:
        """Return the event before this one, or () at the start."""
        if not trail:
            return self.last()
        found = self._sibling(trail, -1)
        if found:
            return self._deepest(found)
        return trail[:-1]

    # ---- inside

    def _deepest(self, trail: Trail) -> Trail:
        """Go to the last event inside a position."""
        while trail and trail[-1].kind in (EventKind.GROUP, EventKind.REPEAT):
            frame = trail[-1]
            children = frame.control.children
            inside = self._enter(trail, children, frame.node, len(children) - 1, -1)
            if not inside:
                break
            trail = inside
        return trail

    def _sibling(self, trail: Trail, direction: int) -> Trail:
        """Return the next (1) or previous (-1) relevant frame under the same parent frame."""
        outer, frame = trail[:-1], trail[-1]
        controls = outer[-1].control.children if outer else self._controls
        context = outer[-1].node if outer else self._tree.root
        if direction > 0 and frame.kind is EventKind.REPEAT:
            self._grow_past(frame)
        if frame.control.kind == "repeat":
            beside = self._beside(frame, direction)
            if beside is not None:
                return (*outer, beside)
        index = next(i for i, control in enumerate(controls) if control is frame.control)
        return self._enter(outer, controls, context, index + direction, direction)

    def _grow_past(self, frame: Frame) -> None:
        """Let a repeat grow when its last instance is left."""
        parent = frame.node.parent
        if not frame.control.count or not isinstance(parent, AnswerNode):
            return
        if parent.index[frame.node.name][-1] is frame.node:
            self._grow(frame.control, parent)

    def _grow_first(self, control: Control, context: AnswerNode) -> None:
        """Let an empty repeat have its first instance when it is reached."""
        parent = descend(context, control.ref.rpartition("/")[0])
        if parent is not None and parent.relevant:
            self._grow(control, parent)

    def _enter(
        self,
        outer: Trail,
        controls: Sequence[Control],
        context: AnswerNode,
        index: int,
        direction: int,
    ) -> Trail:
        """Return the first relevant frame from `index` on, or ()."""
        while 0 <= index < len(controls):
            frame = self._edge(controls[index], context, direction)
            if frame is None and direction > 0 and controls[index].count:
                self._grow_first(controls[index], context)
                frame = self._edge(controls[index], context, direction)
            if frame is not None:
                return (*outer, frame)
            index += direction
        return ()

    def _edge(self, control: Control, context: AnswerNode, direction: int) -> Frame | None:
        """Return the first (1) or last (-1) relevant frame of a control under one node."""
        if control.kind == "repeat":
            return self._outer_instance(control, context, direction)
        if not control.ref:
            return Frame(control, context)
        node = descend(context, control.ref)
        if node is None:
            # A group around a repeat carries the repeat's own path and no node.
            return Frame(control, context) if control.kind == "group" else None
        return Frame(control, node) if node.relevant else None

    # ---- repeats: found from the instance at hand, however many there are

    def _outer_instance(
        self, control: Control, context: AnswerNode, direction: int
    ) -> Frame | None:
        parent = descend(context, control.ref.rpartition("/")[0])
        if parent is None or not parent.relevant:
            return None
        siblings = _instances(control, parent)
        if direction < 0:
            return self._prompt(control, parent) or _nearest(
                control, siblings, len(siblings) - 1, -1
            )
        return _nearest(control, siblings, 0, 1) or self._prompt(control, parent)

    def _beside(self, frame: Frame, direction: int) -> Frame | None:
        """Return the next or previous frame of the same repeat; none from one that is gone."""
        control = frame.control
        parent = frame.node if frame.prompt else frame.node.parent
        if not isinstance(parent, AnswerNode) or not parent.relevant:
            return None
        siblings = _instances(control, parent)
        if frame.prompt:
            if direction > 0 or not self._can_add(control, parent):
                return None
            return _nearest(control, siblings, len(siblings) - 1, -1)
        here = frame.node.place - 1
        if not frame.node.relevant or here >= len(siblings) or siblings[here] is not frame.node:
            return None
        found = _nearest(control, siblings, here + direction, direction)
        return self._prompt(control, parent) if found is None and direction > 0 else found

    def _prompt(self, control: Control, parent: AnswerNode) -> Frame | None:
        return Frame(control, parent, prompt=True) if self._can_add(control, parent) else None

    # ---- straight to a node

    def trail_to(self, node: AnswerNode) -> Trail:
        """Return the position of a node: its question, instance or group; () if it has none."""
        chain: dict[int, AnswerNode] = {}
        repeats: dict[str, AnswerNode] = {}
        here: AnswerNode | None = node
        while here is not None:
            chain[id(here)] = here
            if here.repeat:
                repeats[here.repeat] = here
            here = here.parent if isinstance(here.parent, AnswerNode) else None
        if not all(one.relevant for one in chain.values()):
            return ()
        pending: list[tuple[Trail, Control, AnswerNode]] = [
            ((), control, self._tree.root) for control in reversed(self._controls)
        ]
        while pending:
            outer, control, context = pending.pop()
            if control.kind == "repeat":
                instance = repeats.get(control.ref)
                frame = None if instance is None else Frame(control, instance)
            else:
                frame = self._edge(control, context, 1)
            if frame is None or id(frame.node) not in chain:
                continue
            if frame.node is node and (frame.kind is not EventKind.GROUP or _stands_on(frame)):
                return (*outer, frame)
            trail = (*outer, frame)
            pending.extend((trail, kid, frame.node) for kid in reversed(control.children))
        return ()


def _stands_on(frame: Frame) -> bool:
    """Tell whether a group has a node of its own."""
    return frame.control.ref == frame.node.field.path


def _instances(control: Control, parent: AnswerNode) -> Sequence[Node]:
    return parent.index.get(control.ref.rpartition("/")[2], ())


def _nearest(control: Control, nodes: Sequence[Node], at: int, direction: int) -> Frame | None:
    """Return the first relevant instance from a place on."""
    while 0 <= at < len(nodes):
        node = nodes[at]
        if isinstance(node, AnswerNode) and node.relevant:
            return Frame(control, node)
        at += direction
    return None


def descend(context: AnswerNode, path: str) -> AnswerNode | None:
    """Return the node at a form path below (or at) `context`, not entering repeats."""
    prefix = context.field.path
    if path == prefix:
        return context
    if not path.startswith(prefix + "/"):
        above = context.parent
        return descend(above, path) if isinstance(above, AnswerNode) else None
    node = context
    for name in path[len(prefix) + 1 :].split("/"):
        found = node.child(name)
        if not isinstance(found, AnswerNode) or found.repeat:
            return None
        node = found
    return node
