"""One interview: the answers to one form, as client and server see them.

    form = read_form(xform_bytes)
    interview = Interview(form, clock_now=clock.now(), tz=zone, random_bytes=os.urandom)
    interview.set("/data/name", "Amina")
    interview.get("/data/name").valid                 # True
    interview.add_repeat("/data/member")              # '/data/member[1]'
    screen = interview.next()                         # Screen(kind='question', path='/data/name')
    draft = interview.snapshot()                      # bytes, for the vault
    interview = Interview.restore(form, draft, clock_now=..., tz=zone, random_bytes=os.urandom)
    if not interview.violations():
        answers = interview.finalize()                # Answers: values, instances

Paths take positions (`/data/member[2]/age`) or instance ids (`/data/member[ab12cd34ef567890]/age`).
Every change recomputes what depends on it before the call returns. The interview reads no clock:
set `clock_now` before a change if its time matters.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import TypeAlias

from shared.clock import RandomBytes
from shared.errors import FormError, SubmissionInvalid
from shared.forms import answers as answers_
from shared.forms import draft as draft_
from shared.forms import preload
from shared.forms.actions import FIRST_LOAD, LOAD, ActionRunner, Hooks, NoHooks
from shared.forms.answers import Answers
from shared.forms.definition import Control, Form, Label, Shape
from shared.forms.display import Choice, Display, Shown
from shared.forms.entities import EntityChange, entities_of
from shared.forms.instance import AnswerNode, PathUnknown, Tree, position_path
from shared.forms.instance_xml import read_instance
from shared.forms.navigation import Walker, descend
from shared.forms.program import Program, program_of
from shared.forms.recompute import Keep, Recomputer
from shared.forms.screens import Screen, Screens
from shared.forms.sources import SecondaryInstances
from shared.forms.state import NodeState, Progress
from shared.forms.types import check_range, checked_text, composed
from shared.forms.validate import Validator, Violation
from shared.forms.xpath.context import Context
from shared.forms.xpath.tables import Instance

Fill: TypeAlias = Callable[[Tree], dict[str, str]]
"""Write answers into an empty tree and return those that found no place."""


class Interview:
    """One form being filled, or read back."""

    def __init__(
        self,
        form: Form,
        *,
        clock_now: datetime,
        tz: tzinfo,
        random_bytes: RandomBytes,
        language: str | None = None,
        attachments: Mapping[str, Instance] | None = None,
        properties: Mapping[str, str] | None = None,
        hooks: Hooks | None = None,
        verify: Callable[[bytes, bytes, bytes], bool] | None = None,
        fill: Fill | None = None,
        keep: Keep = Keep.NOTHING,
    ) -> None:
        """Start a new interview, or take up an earlier one.

        Args:
            form: what is asked.
            clock_now: the current instant, time zone aware.
            tz: the zone dates are read and written in.
            random_bytes: for instance ids, uuid() and random().
            language: one of the form's; None: the form's default.
            attachments: external secondary instances by file name (sources.read_attachment).
            properties: deviceid, username, phonenumber, email ... for preloads.
            hooks: position and audio of the device.
            verify: checks (public key, message, signature) by Ed25519 for extract-signed().
            keep: computed values among them that stay as they are.
            fill: writes earlier answers into an empty tree; None starts afresh.
        """
        self.form = form
        self._program: Program = program_of(form)
        self._tree = Tree(form, random_bytes, empty=fill is not None)
        self._context = Context(
            now=clock_now,
            zone=tz,
            random_bytes=random_bytes,
            instances=SecondaryInstances(self._program, attachments or {}),
        )
        self._context.root = self._tree.document
        self._context.singles = self._tree.singles
        self._context.verify = verify
        chosen = form.default_language if language is None else self._known(language)
        self._display = Display(self._program, self._tree, self._context, chosen)
        self._recomputer = Recomputer(self._program, self._tree, self._context)
        self._actions = ActionRunner(
            self._program, self._tree, self._context, hooks or NoHooks(), self._changed
        )
        self._recomputer.available_values = self._display.available_values
        self._recomputer.on_change = self._note_change
        self._recomputer.on_new_instance = self._actions.new_instance
        self._fired: list[AnswerNode] = []
        self._validator = Validator(self._program, self._tree, self._context, self._message)
        self._screens = Screens(Walker(self._tree, form.controls, self._can_add, self._grow))
        self._strangers: dict[str, str] = {}
        if fill is None:
            preload.apply_start(
                self._tree,
                now=clock_now,
                zone=tz,
                random_bytes=random_bytes,
                properties=properties or {},
            )
        else:
            self._strangers = fill(self._tree)
        self._recomputer.enqueue_all(keep)
        if fill is None:
            self._fill_fixed_repeats()
        self._recomputer.run()
        if fill is None:
            self._actions.load(FIRST_LOAD)
        self._actions.load(LOAD)
        self._settle()

    def _fill_fixed_repeats(self) -> None:
        """Give a repeat nobody may add to one instance, where the form ships none."""
        for path, control in self._program.repeat_controls.items():
            if control.fixed and not control.count:
                parent = self._tree.singles.get(path.rpartition("/")[0])
                if isinstance(parent, AnswerNode) and not parent.children(path.rpartition("/")[2]):
                    self._recomputer.add(parent, path)

    # ---- time and language

    @property
    def clock_now(self) -> datetime:
        """The instant `now()` and `today()` read."""
        return self._context.now

    @clock_now.setter
    def clock_now(self, now: datetime) -> None:
        self._context.now = now

    @property
    def language(self) -> str:
        """The language texts are shown in."""
        return self._display.language

    @language.setter
    def language(self, language: str) -> None:
        self._display.set_language(self._known(language))

    def _known(self, language: str) -> str:
        """Return the form's name for a language: `French (fr)` also answers to `fr`."""
        for name in self.form.languages:
            if language in (name, name.partition("(")[0].strip()) or f"({language})" in name:
                return name
        if not self.form.languages:
            return ""
        raise FormError(
            f"the form has no language {language!r}; it has {', '.join(self.form.languages)}"
        )

    # ---- answers

    def set(self, path: str, text: str) -> NodeState:
        """Store an answer and recompute; return the question as it stands then.

        Raises:
            AnswerInvalid: the text is not of the field's type; nothing is stored.
            PathUnknown: no such node.
        """
        node = self._tree.find(path)
        if node.field.shape is not Shape.VALUE:
            raise FormError(f"{path} is a {node.field.shape}; only questions take answers")
        text = self._stored_text(node, text)
        self._recomputer.answered(node)
        if text != node.text:
            node.text = text
            self._note_change(node)
        self._changed(node)
        self._settle()
        return self.get(path)

    def _stored_text(self, node: AnswerNode, text: str) -> str:
        """Return an answer as it is kept: composed characters, canonical for its type."""
        control = self._control(node)
        if control is not None and control.kind == "trigger":
            return "OK" if text not in ("", "false", "0") else ""
        text = checked_text(composed(text), node.field.type, self._context.zone)
        if control is not None and control.kind == "range":
            check_range(text, control.attributes)
        return text

    def value(self, path: str) -> str:
        """Return a node's stored text, relevant or not; `/data/x/@name` reads an attribute."""
        owner, mark, name = path.partition("/@")
        return self._tree.find(owner).attribute(name) if mark else self._tree.find(path).text

    def get(self, path: str) -> NodeState:
        """Return everything about one node."""
        node = self._tree.find(path)
        field = node.field
        control = self._control(node)
        label = self._display.shown(self._label(node), node)
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
            choices=tuple(self._choices_of(control, node)),
            constraint_message=self._message(field.constraint_message, node),
            required_message=self._message(field.required_message, node),
            attributes=control.attributes if control else {},
        )

    def _readonly(self, node: AnswerNode) -> bool:
        """Tell whether a node, or a group around it, is read-only."""
        here: AnswerNode | None = node
        while here is not None:
            if self._validator.holds(here.field.readonly, here):
                return True
            here = here.parent if isinstance(here.parent, AnswerNode) else None
        return False

    def shown(self, path: str) -> Shown:
        """Return a node's label with its media."""
        node = self._tree.find(path)
        return self._display.shown(self._label(node), node)

    def choices(self, path: str) -> tuple[Choice, ...]:
        """Return a select's choices as filtered now."""
        node = self._tree.find(path)
        return tuple(self._choices_of(self._control(node), node))

    def _choices_of(self, control: Control | None, node: AnswerNode) -> Sequence[Choice]:
        if control is None or control.kind not in ("select1", "select", "rank"):
            return ()
        return self._display.choices(control, node)

    def _control(self, node: AnswerNode) -> Control | None:
        if node.repeat:
            return self._program.repeat_controls.get(node.field.path)
        return self._program.controls.get(node.field.path)

    def _label(self, node: AnswerNode) -> Label | None:
        """Return a node's label; pyxform writes a repeat's on the group around it."""
        control = self._control(node)
        if node.repeat and (control is None or control.label is None):
            control = self._program.controls.get(node.field.path)
        return control.label if control else None

    def _message(self, label: Label | None, node: AnswerNode) -> str:
        return self._display.shown(label, node).text

    # ---- repeats

    def count(self, path: str) -> int:
        """Return how many instances a repeat has: `/data/member`, `/data/house[2]/member`."""
        parent, name = self._repeat_parent(path)
        return len(parent.index.get(name, ()))

    def instances(self, path: str) -> tuple[str, ...]:
        """Return the paths of a repeat's instances."""
        parent, name = self._repeat_parent(path)
        nodes = parent.index.get(name, ())
        return tuple(position_path(node) for node in nodes if isinstance(node, AnswerNode))

    def add_repeat(self, path: str) -> str:
        """Add an instance at the end of a repeat and return its path.

        Raises:
            FormError: the form fixes the number of instances.
        """
        parent, name = self._repeat_parent(path)
        target = f"{parent.field.path}/{name}"
        control = self._program.repeat_controls.get(target)
        if control is not None and not self._can_add(control, parent):
            raise FormError(f"the form decides how many {name} there are; none can be added here")
        instance = self._recomputer.add(parent, target)
        self._settle()
        return position_path(instance)

    def remove_repeat(self, path: str) -> None:
        """Remove one instance: `/data/member[2]`.

        Raises:
            FormError: not a repeat instance, or the form fixes their number.
        """
        node = self._tree.find(path)
        if not node.repeat:
            raise FormError(f"{path} is not an instance of a repeat")
        control = self._program.repeat_controls.get(node.repeat)
        if control is not None and (control.fixed or control.count):
            raise FormError(f"the form decides how many {node.name} there are; none can be removed")
        self._screens.leave(node)
        self._recomputer.remove(node)
        self._settle()

    def _repeat_parent(self, path: str) -> tuple[AnswerNode, str]:
        parent_path, _, name = path.rpartition("/")
        name = name.partition("[")[0]
        parent = self._tree.find(parent_path)
        field = self.form.fields.get(f"{parent.field.path}/{name}")
        if field is None or field.shape is not Shape.REPEAT:
            raise FormError(f"{path} is not a repeat of this form")
        return parent, name

    def _can_add(self, control: Control, parent: AnswerNode) -> bool:
        """Tell whether an enumerator may add an instance there."""
        if control.count or control.fixed or not parent.relevant:
            return False
        field = self.form.fields[control.ref]
        if not field.relevant:
            return True
        probe = AnswerNode(field)
        probe.parent = parent
        return self._validator.holds(field.relevant, probe)

    def _grow(self, control: Control, parent: AnswerNode) -> None:
        """Add an instance where a count that depends on its own repeat asks for one more."""
        if control.ref in self._program.self_feeding:
            self._recomputer.grow(control.ref, parent)
            self._settle()

    # ---- recomputing

    def _changed(self, node: AnswerNode) -> None:
        self._recomputer.value_changed(node)

    def _note_change(self, node: AnswerNode) -> None:
        if self._actions.listens(node.field.path):
            self._fired.append(node)

    def _settle(self) -> None:
        """Run rules and actions until nothing changes; actions that feed themselves stop."""
        rounds = 0
        self._recomputer.run()
        while self._fired:
            rounds += 1
            if rounds > len(self.form.fields) + 100:
                self._fired.clear()
                raise FormError("value-changed actions of this form set each other off for ever")
            waiting, self._fired = self._fired, []
            for node in waiting:
                self._actions.value_changed(node)
            self._recomputer.run()

    # ---- moving

    def at(self) -> Screen:
        """Return the current screen."""
        return self._screens.current()

    def next(self) -> Screen:
        """Go forward one screen."""
        return self._screens.forward()

    def prev(self) -> Screen:
        """Go back one screen."""
        return self._screens.back()

    def read_by(self, path: str, *rules: str) -> tuple[str, ...]:
        """Return the paths of the other nodes that a node's rules look at.

        Args:
            path: the node.
            rules: `constraint`, `relevant`, `required` ...
        """
        node = self._tree.find(path)
        found: dict[str, None] = {}
        for rule in rules:
            expression = getattr(node.field, rule)
            for reference in (
                self._program.references(expression, node.field.path) if expression else ()
            ):
                other = descend(node, reference.path)
                if other is not None and other is not node:
                    found[position_path(other)] = None
        return tuple(found)

    def goto_start(self) -> Screen:
        """Go before the first screen."""
        return self._screens.go_to_start()

    def goto(self, path: str) -> Screen:
        """Go to the screen with this node."""
        return self._screens.go_to(self._tree.find(path))

    def progress(self) -> Progress:
        """Return how many of the relevant questions are answered."""
        asked = answered = 0
        for node in self._tree.walk():
            if node.relevant and node.field.shape is Shape.VALUE:
                control = self._program.controls.get(node.field.path)
                if control is not None and control.kind != "trigger":
                    asked += 1
                    answered += node.text != ""
        return Progress(answered, asked)

    def violations(self, path: str | None = None) -> tuple[Violation, ...]:
        """Return every broken rule, in form order, of the whole or below one node."""
        top = None if path is None else self._tree.find(path)
        return tuple(self._validator.violations(top))

    # ---- keeping

    def snapshot(self) -> bytes:
        """Return the draft: everything needed to go on later."""
        values, instances = draft_.take(self._tree)
        return draft_.encode(
            draft_.Draft(
                form_id=self.form.id,
                form_hash=self.form.hash,
                language=self.language,
                at=self._screens.current().path,
                values=values,
                instances=instances,
                strangers=self._strangers,
            )
        )

    @classmethod
    def restore(
        cls,
        form: Form,
        data: bytes,
        *,
        clock_now: datetime,
        tz: tzinfo,
        random_bytes: RandomBytes,
        attachments: Mapping[str, Instance] | None = None,
        properties: Mapping[str, str] | None = None,
        hooks: Hooks | None = None,
    ) -> "Interview":
        """Return the interview of a draft, at the question it stood at.

        Raises:
            DraftUnreadable: not a draft of this form.
        """
        draft = draft_.decode(data)
        if draft.form_id != form.id:
            raise draft_.DraftUnreadable(f"the draft is of form {draft.form_id!r}, not {form.id!r}")
        interview = cls(
            form,
            clock_now=clock_now,
            tz=tz,
            random_bytes=random_bytes,
            language=draft.language if draft.language in form.languages else None,
            attachments=attachments,
            properties=properties,
            hooks=hooks,
            keep=Keep.COMPUTED if draft.form_hash == form.hash else Keep.EDITED,
            fill=lambda tree: draft_.put(
                tree, {**draft.strangers, **draft.values}, draft.instances
            ),
        )
        if draft.at:
            # A question the newer form lacks, or hides now: the interview goes on from the start.
            with suppress(PathUnknown):
                interview.goto(draft.at)
        return interview

    @classmethod
    def from_answers(
        cls,
        form: Form,
        answers: Answers,
        *,
        clock_now: datetime,
        tz: tzinfo,
        random_bytes: RandomBytes,
        language: str | None = None,
        attachments: Mapping[str, Instance] | None = None,
    ) -> "Interview":
        """Return an interview holding finished answers, as the server validates them."""
        return cls(
            form,
            clock_now=clock_now,
            tz=tz,
            random_bytes=random_bytes,
            language=language,
            attachments=attachments,
            fill=lambda tree: draft_.put(tree, answers.as_dict(), list(answers.instances)),
            keep=Keep.COMPUTED,
        )

    @classmethod
    def from_instance_xml(
        cls,
        form: Form,
        xml: bytes | str,
        *,
        clock_now: datetime,
        tz: tzinfo,
        random_bytes: RandomBytes,
        language: str | None = None,
        attachments: Mapping[str, Instance] | None = None,
        editing: bool = False,
    ) -> "Interview":
        """Return an interview holding ODK instance XML, as Collect or Kobo sends it.

        `editing` makes it a new instance that replaces the old one: deprecatedID names that.

        Raises:
            FormError: malformed, or of another form.
        """
        interview = cls(
            form,
            clock_now=clock_now,
            tz=tz,
            random_bytes=random_bytes,
            language=language,
            attachments=attachments,
            fill=lambda tree: read_instance(tree, xml),
        )
        if editing:
            interview.replace_instance_id()
        return interview

    def replace_instance_id(self) -> None:
        """Give the instance a new id and keep the old one as deprecatedID, where there is one."""
        for path in preload.apply_edit(self._tree, self._context.random_bytes):
            self._changed(self._tree.find(path))
        self._settle()

    # ---- finishing

    def finalize(self, *, clock_now: datetime | None = None) -> Answers:
        """Return the relevant answers, after the form's own end-of-interview values.

        Raises:
            SubmissionInvalid: some rule is broken; `violations` lists them all.
        """
        if clock_now is not None:
            self.clock_now = clock_now
        broken = self.violations()
        if broken:
            first = broken[0]
            raise SubmissionInvalid(
                f"{len(broken)} answer(s) need attention, the first at {first.path}", broken
            )
        for path in preload.apply_end(self._tree, now=self.clock_now, zone=self._context.zone):
            self._changed(self._tree.find(path))
        self._settle()
        return answers_.collect(self._tree)

    def answers(self) -> Answers:
        """Return the relevant answers as they stand, unchecked."""
        return answers_.collect(self._tree)

    def entities(self) -> tuple[EntityChange, ...]:
        """Return the entities these answers create or update."""
        return entities_of(self._tree)

    def instance_xml(self) -> str:
        """Return the relevant answers as ODK instance XML."""
        return answers_.instance_xml(self._tree)


__all__ = ["Fill", "Interview", "NodeState", "Progress"]
