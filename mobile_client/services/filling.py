"""One open draft: the interview engine, the notice before it goes on, and the vault behind it.

`answer` has the draft on the medium before it returns, so whatever was shown as answered survives a
kill. Nothing past the notice is shown before consent is in force (CONS-003, CONS-004).
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from mobile_client.presenters.views import (
    ConsentGiven,
    Language,
    NoticeView,
    OutlineRow,
    ProgressView,
    QuestionView,
    ScreenKind,
    ScreenView,
)
from mobile_client.services.draft_desk import DraftDesk
from mobile_client.services.languages import language_of
from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.notice import NoticeReader
from mobile_client.services.notice_gate import NoticeGate
from mobile_client.services.paradata import Step, step
from mobile_client.services.questions import (
    barring,
    outline,
    question_view,
    repeat_view,
    trail,
    violation_rows,
    wish_of,
)
from mobile_client.vault.drafts import Draft
from shared.clock import Clock
from shared.errors import CairnError, FormError, SubmissionInvalid
from shared.forms.draft import decode as decode_snapshot
from shared.forms.interview import Interview
from shared.forms.validate import Violation

STEPS_MAX: Final = 10_000
"""Screens passed over in one step forward or back, before a form is held to be at fault."""


class Filling:
    """An interview being filled; what screens see as `OpenInterview`."""

    def __init__(
        self,
        loaded: LoadedForm,
        interview: Interview,
        draft: Draft,
        desk: DraftDesk,
        clock: Clock,
    ) -> None:
        self._loaded = loaded
        self._interview = interview
        self._draft = draft
        self._desk = desk
        self._clock = clock
        self._notice = NoticeReader(loaded, interview)
        self._gate = NoticeGate(loaded)
        self._judged: frozenset[str] = frozenset()
        self._settle(forward=True)

    # ---- what it is

    @property
    def draft_id(self) -> str:
        """Random name of the draft."""
        return self._draft.draft_id

    @property
    def draft(self) -> Draft:
        """The draft as it was saved last."""
        return self._draft

    @property
    def title(self) -> str:
        """The form's title."""
        return self._loaded.form.title or self._loaded.form.id

    @property
    def languages(self) -> tuple[Language, ...]:
        """The form's languages."""
        return self._loaded.languages

    @property
    def language(self) -> Language:
        """The language shown."""
        return language_of(self._interview.language)

    def set_language(self, name: str) -> None:
        """Show another of the form's languages; noted in the paradata."""
        self._interview.language = name
        self._save(Step.LANGUAGE)

    # ---- the notice

    def notice(self) -> NoticeView:
        """Return the notice in the language shown."""
        return self._notice.view(resuming=self._draft.reconfirm)

    def consent(self, given: ConsentGiven) -> bool:
        """Take the decision, or the yes to go on; False where it does not carry the interview."""
        if self._draft.reconfirm:
            self._save(Step.CONSENTED, reconfirm=False)
            return True
        group = self._loaded.notice_group
        if broken := self._interview.violations(group):
            raise SubmissionInvalid(f"{len(broken)} question(s) under the notice are open", broken)
        kept, in_force = self._notice.decision(given, self._now_ms())
        if not in_force:
            return False
        self._save(Step.CONSENTED, consent=kept)
        self._settle(forward=True)
        return True

    def decline(self, outcome: str) -> None:
        """Destroy the draft and add one to the tally: refused or abandoned."""
        self._desk.decline(self.draft_id, outcome)

    @property
    def notice_due(self) -> bool:
        """Whether the notice is still to be decided."""
        return self._gate.due(self._draft)

    # ---- the screen

    def screen(self) -> ScreenView:
        """Return what stands on the screen; kind CONSENT while the notice is due."""
        engine = self._interview.at()
        if self._gate.at(engine, self._draft):
            paths = () if self._draft.reconfirm else self._notice.questions()
            return ScreenView(ScreenKind.CONSENT, self._views(paths))
        if engine.kind in ("start", "end"):
            return ScreenView(ScreenKind.END)
        around = trail(self._interview, self._loaded, engine.groups)
        if engine.kind == "prompt":
            roster = repeat_view(self._interview, self._loaded, engine.path)
            return ScreenView(ScreenKind.REPEAT, repeat=roster, trail=around)
        roster_path = engine.prompts[0] if engine.prompts else ""
        return ScreenView(
            ScreenKind.QUESTIONS,
            self._views(engine.questions),
            repeat_view(self._interview, self._loaded, roster_path) if roster_path else None,
            around,
        )

    def _views(self, paths: tuple[str, ...]) -> tuple[QuestionView, ...]:
        return tuple(
            question_view(self._interview, self._loaded, path, judged=path in self._judged)
            for path in paths
        )

    def progress(self) -> ProgressView:
        """Return how many relevant questions are answered."""
        progress = self._interview.progress()
        return ProgressView(progress.answered, progress.asked)

    def media(self, name: str) -> Path | None:
        """Return where a label's picture or sound lies; None where it is not on this device."""
        return self._desk.media(name)

    # ---- answers

    def answer(self, path: str, text: str) -> None:
        """Write an answer; "" takes it back. It is on the medium when this returns."""
        self._gate.check(path, self._draft)
        before = self._interview.value(path)
        self._tick()
        self._interview.set(path, text)
        what = Step.ANSWERED if not before else Step.CHANGED if text else Step.TAKEN_BACK
        self._save_without(frozenset({before}) & self._draft.media.keys(), what, path)

    def attach(self, path: str, source: Path) -> None:
        """Take a file in as the answer of a media question; the one it replaces is destroyed."""
        self._gate.check(path, self._draft)
        wish = wish_of(self._interview, self._loaded, path)
        kept = self._draft
        self._draft, name = self._desk.take_in(kept, source, wish)
        try:
            self.answer(path, name)
        except CairnError:
            self._desk.drop([self._draft.media[name]])
            self._draft = kept
            raise

    def thumbnail(self, path: str) -> bytes:
        """Return a small JPEG of the picture that answers a question, b"" where there is none."""
        file = self._draft.media.get(self._interview.value(path))
        return b"" if file is None else self._desk.thumbnail(file)

    def add_repeat(self, path: str) -> None:
        """Add an instance at the end and go to its first screen."""
        self._gate.check(path, self._draft)
        self._tick()
        instance = self._interview.add_repeat(path)
        self._save(Step.ADDED, instance)
        self._interview.goto(instance)
        self._settle(forward=True)

    def remove_repeat(self, path: str) -> None:
        """Remove the instance with all its answers."""
        self._tick()
        self._interview.remove_repeat(path)
        self._save_without(frozenset(self._draft.media), Step.REMOVED, path)
        self._settle(forward=True)

    # ---- moving

    def next(self) -> bool:
        """Go to the next screen; False where a message on this one must be settled first."""
        engine = self._interview.at()
        if self._gate.at(engine, self._draft):
            return False
        broken = {v.path for path in engine.questions for v in self._barring(path)}
        if broken:
            self._judged = frozenset(broken)
            return False
        self._judged = frozenset()
        self._interview.next()
        self._settle(forward=True)
        return True

    def back(self) -> bool:
        """Go to the screen before; False on the first one."""
        self._judged = frozenset()
        if self._draft.reconfirm or self._interview.at().kind == "start":
            return False
        here = self._interview.at().path
        self._interview.prev()
        self._settle(forward=False)
        if self._interview.at().kind == "start":
            self._settle(forward=True)
            return False
        self._note(Step.WENT_BACK, here)
        return True

    def jump(self, path: str) -> None:
        """Go to the screen that holds a question, group or repeat."""
        if not self.notice_due or self._gate.before(path):
            self._judged = frozenset()
            self._interview.goto(path)
            self._note(Step.JUMPED, path)
            self._settle(forward=True)

    def _settle(self, *, forward: bool) -> None:
        """Pass over what is not shown: the start, and the notice once it is decided."""
        for _ in range(STEPS_MAX):
            engine = self._interview.at()
            if engine.kind == "end" or (engine.kind == "start" and not forward):
                return
            decided = not self.notice_due and self._gate.holds(engine.path)
            if engine.kind != "start" and not decided:
                return
            if forward:
                self._interview.next()
            else:
                self._interview.prev()
        raise FormError("the form's screens do not come to an end; tell the coordinator")

    # ---- the whole

    def outline(self) -> tuple[OutlineRow, ...]:
        """Return every relevant question and group, up to the notice while it is due."""
        rows = (
            row for row in outline(self._interview, self._loaded) if not self._gate.holds(row.path)
        )
        if not self.notice_due or self._draft.reconfirm:
            return tuple(rows)
        return tuple(row for row in rows if self._gate.before(row.path))

    def violations(self) -> tuple[OutlineRow, ...]:
        """Return the questions that bar finalize."""
        correction = bool(self._draft.parents)
        return violation_rows(self._interview, self._loaded, correction=correction)

    def _barring(self, path: str | None = None) -> tuple[Violation, ...]:
        correction = bool(self._draft.parents)
        return barring(self._interview, self._loaded, path, correction=correction)

    def approve(self, lead: str) -> None:
        """Note that a team lead looked at it and agreed."""
        self._save(Step.APPROVED, approved_by=lead, returned="")

    def send_back(self, lead: str, reason: str) -> None:
        """Note why a team lead wants it changed."""
        self._save(Step.SENT_BACK, approved_by="", returned=f"{lead}: {reason}")

    def needs_approval(self) -> bool:
        """Tell whether policy asks for a team lead's look before finalize."""
        return self._desk.needs_approval and not self._draft.approved_by

    def close(self) -> None:
        """Put the draft aside; it stays in the vault."""
        ready = not self.notice_due and not self._barring()
        self._save(Step.LEFT, ready=ready)

    # ---- keeping

    def _save(self, what: Step, path: str = "", **changes: object) -> None:
        """Note the step and write the draft; on an error the interview goes on unsaved."""
        progress = self._interview.progress()
        ready = bool(changes.pop("ready", False))
        draft = replace(
            self._draft,
            **changes,  # type: ignore[arg-type]
            updated_ms=self._now_ms(),
            snapshot=self._interview.snapshot(),
            answered=progress.answered,
            asked=progress.asked,
            ready=ready,
            paradata=self._trail(what, path),
        )
        self._desk.save(draft)
        self._draft = draft

    def _save_without(self, names: frozenset[str], what: Step, path: str) -> None:
        """Save, and destroy the files among `names` that no answer gives any more."""
        if not names:
            self._save(what, path)
            return
        left = set(decode_snapshot(self._interview.snapshot()).values.values())
        media = self._draft.media
        gone = {name: media[name] for name in names if name not in left}
        self._save(what, path, media={n: f for n, f in media.items() if n not in gone})
        self._desk.drop(gone.values())

    def _note(self, what: Step, path: str) -> None:
        """Note a step that changes no answer; the next answer writes it."""
        self._draft = replace(self._draft, paradata=self._trail(what, path))

    def _trail(self, what: Step, path: str) -> bytes:
        draft = self._draft
        return step(draft.paradata, draft.started_ms, self._now_ms(), what, path)

    def _tick(self) -> None:
        self._interview.clock_now = self._clock.now()

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
