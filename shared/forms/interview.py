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

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Unpack

from shared.clock import RandomBytes
from shared.errors import FormError, SubmissionInvalid
from shared.forms import answers as answers_
from shared.forms import draft as draft_
from shared.forms import preload
from shared.forms.actions import Hooks, NoHooks
from shared.forms.answers import Answers
from shared.forms.definition import Form, Shape
from shared.forms.difference import Change, Side, differences
from shared.forms.display import Choice, Shown
from shared.forms.entities import EntityChange, entities_of
from shared.forms.instance import PathUnknown
from shared.forms.instance_xml import read_instance
from shared.forms.parts import Around, Fill, Parts
from shared.forms.recompute import Keep
from shared.forms.screens import Screen
from shared.forms.state import NodeState, Progress
from shared.forms.validate import Violation
from shared.forms.xpath.context import Context
from shared.forms.xpath.tables import Instance


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
        parts = Parts(
            form,
            Context(now=clock_now, zone=tz, random_bytes=random_bytes),
            language=language,
            attachments=attachments or {},
            hooks=hooks or NoHooks(),
            empty=fill is not None,
        )
        parts.context.verify = verify
        self._program = parts.program
        self._tree = parts.tree
        self._context = parts.context
        self._display = parts.display
        self._recomputer = parts.recomputer
        self._settler = parts.settler
        self._validator = parts.validator
        self._questions = parts.questions
        self._repeats = parts.repeats
        self._screens = parts.screens
        self._strangers = parts.begin(fill, keep, properties or {})

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
        self._display.set_language(self._display.known_language(language))

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
        text = self._questions.stored_text(node, text, self._context.zone)
        self._recomputer.answered(node)
        if text != node.text:
            node.text = text
            self._settler.note(node)
        self._settler.changed(node)
        self._settler.settle()
        return self.get(path)

    def value(self, path: str) -> str:
        """Return a node's stored text, relevant or not; `/data/x/@name` reads an attribute."""
        owner, mark, name = path.partition("/@")
        return self._tree.find(owner).attribute(name) if mark else self._tree.find(path).text

    def get(self, path: str) -> NodeState:
        """Return everything about one node."""
        return self._questions.state(self._tree.find(path))

    def shown(self, path: str) -> Shown:
        """Return a node's label with its media."""
        return self._questions.shown(self._tree.find(path))

    def choices(self, path: str) -> tuple[Choice, ...]:
        """Return a select's choices as filtered now."""
        return tuple(self._questions.choices(self._tree.find(path)))

    # ---- repeats

    def count(self, path: str) -> int:
        """Return how many instances a repeat has: `/data/member`, `/data/house[2]/member`."""
        return self._repeats.count(path)

    def instances(self, path: str) -> tuple[str, ...]:
        """Return the paths of a repeat's instances."""
        return self._repeats.instances(path)

    def add_repeat(self, path: str) -> str:
        """Add an instance at the end of a repeat and return its path.

        Raises:
            FormError: the form fixes the number of instances.
        """
        return self._repeats.add(path)

    def remove_repeat(self, path: str) -> None:
        """Remove one instance: `/data/member[2]`.

        Raises:
            FormError: not a repeat instance, or the form fixes their number.
        """
        self._repeats.remove(path)

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
        """Return the other nodes that a node's rules (`constraint`, `relevant` ...) look at."""
        return self._questions.read_by(self._tree.find(path), rules)

    def goto_start(self) -> Screen:
        """Go before the first screen."""
        return self._screens.go_to_start()

    def goto(self, path: str) -> Screen:
        """Go to the screen with this node."""
        return self._screens.go_to(self._tree.find(path))

    def progress(self) -> Progress:
        """Return how many of the relevant questions are answered."""
        return self._questions.progress(self._tree)

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
    def restore(cls, form: Form, data: bytes, **around: Unpack[Around]) -> "Interview":
        """Return the interview of a draft, at the question it stood at.

        Raises:
            DraftUnreadable: not a draft of this form.
        """
        draft = draft_.decode(data)
        if draft.form_id != form.id:
            raise draft_.DraftUnreadable(f"the draft is of form {draft.form_id!r}, not {form.id!r}")
        interview = cls(
            form,
            language=draft.language if draft.language in form.languages else None,
            keep=Keep.COMPUTED if draft.form_hash == form.hash else Keep.EDITED,
            fill=lambda tree: draft_.put(
                tree, {**draft.strangers, **draft.values}, draft.instances
            ),
            **around,
        )
        if draft.at:
            # A question the newer form lacks, or hides now: the interview goes on from the start.
            with suppress(PathUnknown):
                interview.goto(draft.at)
        return interview

    @classmethod
    def from_answers(
        cls, form: Form, answers: Answers, *, language: str | None = None, **around: Unpack[Around]
    ) -> "Interview":
        """Return an interview holding finished answers."""
        return cls(
            form,
            language=language,
            fill=lambda tree: draft_.put(tree, answers.as_dict(), list(answers.instances)),
            keep=Keep.COMPUTED,
            **around,
        )

    @classmethod
    def from_instance_xml(
        cls,
        form: Form,
        xml: bytes | str,
        *,
        language: str | None = None,
        editing: bool = False,
        **around: Unpack[Around],
    ) -> "Interview":
        """Return an interview holding ODK instance XML, as Collect or Kobo sends it.

        Computed answers stay as sent. `editing` makes it a new instance that replaces the old one:
        all is computed anew, and deprecatedID names the old.

        Raises:
            FormError: malformed, or of another form.
        """
        keep = Keep.NOTHING if editing else Keep.COMPUTED
        interview = cls(
            form, language=language, fill=lambda tree: read_instance(tree, xml), keep=keep, **around
        )
        if editing:
            interview.replace_instance_id()
        return interview

    def replace_instance_id(self) -> None:
        """Give the instance a new id and keep the old one as deprecatedID, where there is one."""
        for path in preload.apply_edit(self._tree, self._context.random_bytes):
            self._settler.changed(self._tree.find(path))
        self._settler.settle()

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
            self._settler.changed(self._tree.find(path))
        self._settler.settle()
        return answers_.collect(self._tree)

    def answers(self) -> Answers:
        """Return the relevant answers as they stand, unchecked."""
        return answers_.collect(self._tree)

    @property
    def left_over(self) -> Mapping[str, str]:
        """Address -> answer that this version of the form has no place for; drafts carry it on."""
        return self._strangers

    def changes_since(self, earlier: "Interview") -> tuple[Change, ...]:
        """Return what is different here from an earlier state, also of an older form version."""
        before = Side(earlier._tree, earlier._questions)  # noqa: SLF001 - the same class
        return differences(before, Side(self._tree, self._questions))

    def entities(self) -> tuple[EntityChange, ...]:
        """Return the entities these answers create or update."""
        return entities_of(self._tree)

    def instance_xml(self) -> str:
        """Return the relevant answers as ODK instance XML."""
        return answers_.instance_xml(self._tree)


__all__ = ["Fill", "Interview", "NodeState", "Progress"]
