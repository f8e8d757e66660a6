"""Events -> screens: one question each, a field-list group as one, a prompt after each repeat."""

from dataclasses import dataclass

from shared.forms.answer_node import AnswerNode, position_path
from shared.forms.navigation import EventKind, Frame, Trail, Walker


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown at once.

    Attributes:
        kind: start, question, list (a field-list), prompt (add another instance?) or end.
        path: the question's, group's or repeat's path with positions; "" at both ends.
        questions: paths of the questions on it.
        groups: paths of the groups and repeat instances around it, outermost first.
        prompts: on a list, the repeats inside it that may grow.
    """

    kind: str
    path: str = ""
    questions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()


START = Screen("start")
END = Screen("end")


class Screens:
    """Turns a walk into screens; holds where the interview is."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self.trail: Trail = ()
        self.ended = False

    def current(self) -> Screen:
        """Return the screen at the position."""
        if not self.trail:
            return END if self.ended else START
        return self._screen(self.trail)

    def forward(self) -> Screen:
        """Go to the next screen; stays at the end."""
        if not self.ended:
            trail = self._walker.past(self.trail) if self._is_list() else self._after(self.trail)
            self._go(self._settle(trail), at_end=True)
        return self.current()

    def back(self) -> Screen:
        """Go to the previous screen; stays at the start."""
        if self.trail or self.ended:
            trail = self._walker.before(self.trail)
            while trail and not self._shows(trail):
                trail = self._walker.before(trail)
            self._go(self._outermost_list(trail), at_end=False)
        return self.current()

    def go_to(self, node: AnswerNode) -> Screen:
        """Go to the screen that shows a node; the nearest one after it if it has no question."""
        found = self._walker.trail_to(node)
        if found:
            self._go(self._settle(found), at_end=True)
        return self.current()

    def go_to_start(self) -> Screen:
        """Go before the first screen."""
        self._go((), at_end=False)
        return START

    def go_to_end(self) -> Screen:
        """Go after the last screen."""
        self._go((), at_end=True)
        return END

    def leave(self, instance: AnswerNode) -> None:
        """Step out of a repeat instance that is about to go."""
        for depth, frame in enumerate(self.trail):
            if frame.node is instance and not frame.prompt:
                self._go(self._walker.before(self.trail[: depth + 1]), at_end=False)
                return

    # ---- inside

    def _go(self, trail: Trail, *, at_end: bool) -> None:
        self.trail = trail
        self.ended = at_end and not trail

    def _after(self, trail: Trail) -> Trail:
        return self._walker.after(trail)

    def _settle(self, trail: Trail) -> Trail:
        """Go on to the next event that is a screen, and out to the list around it."""
        while trail and not self._shows(trail):
            trail = self._walker.after(trail)
        return self._outermost_list(trail)

    def _shows(self, trail: Trail) -> bool:
        frame = trail[-1]
        return frame.kind in (EventKind.QUESTION, EventKind.PROMPT) or _is_field_list(frame)

    def _outermost_list(self, trail: Trail) -> Trail:
        for depth, frame in enumerate(trail, 1):
            if _is_field_list(frame):
                return trail[:depth]
        return trail

    def _is_list(self) -> bool:
        return bool(self.trail) and _is_field_list(self.trail[-1])

    def _screen(self, trail: Trail) -> Screen:
        frame = trail[-1]
        groups = tuple(
            position_path(f.node) for f in trail[:-1] if f.control.ref == f.node.field.path
        )
        path = position_path(frame.node)
        if frame.prompt:
            return Screen("prompt", frame_path(frame), (), groups)
        if _is_field_list(frame):
            questions, prompts = self._inside(trail)
            return Screen("list", path, questions, groups, prompts)
        return Screen("question", path, (path,), groups)

    def _inside(self, trail: Trail) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the questions and prompts inside a list."""
        questions: list[str] = []
        prompts: list[str] = []
        here = self._walker.after(trail)
        while len(here) > len(trail) and here[: len(trail)] == trail:
            frame = here[-1]
            if frame.kind is EventKind.QUESTION:
                questions.append(position_path(frame.node))
            elif frame.prompt:
                prompts.append(frame_path(frame))
            here = self._walker.after(here)
        return tuple(questions), tuple(prompts)


def frame_path(frame: Frame) -> str:
    """Return a prompt's repeat under its parent, or any other frame's own path."""
    if frame.prompt:
        return f"{position_path(frame.node)}{frame.control.ref[len(frame.node.field.path) :]}"
    return position_path(frame.node)


def _is_field_list(frame: Frame) -> bool:
    return (
        frame.control.kind in ("group", "repeat")
        and not frame.prompt
        and "field-list" in frame.control.appearance.split()
    )
