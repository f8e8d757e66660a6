"""The interview: one question or field-list a screen, every answer durable before the next.

`answer` returns after the vault has it; the screen may then go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.presenter import Notice, Presenter, notice_of
from mobile_client.presenters.views import (
    Language,
    OutlineRow,
    ProgressView,
    ScreenKind,
    ScreenView,
)
from shared.errors import CairnError


@dataclass(frozen=True, slots=True)
class InterviewState:
    """What the interview shows.

    Attributes:
        outline: the jump list while it is open, else empty.
        blocked: paths on this screen whose message must be settled before going on.
    """

    draft_id: str
    title: str
    language: Language
    languages: tuple[Language, ...]
    screen: ScreenView = field(default_factory=lambda: ScreenView(ScreenKind.END))
    progress: ProgressView = field(default_factory=ProgressView)
    outline: tuple[OutlineRow, ...] = ()
    blocked: tuple[str, ...] = ()
    notice: Notice | None = None

    @property
    def jumping(self) -> bool:
        """Whether the jump list is open."""
        return bool(self.outline)


class InterviewPresenter(Presenter[InterviewState]):
    """Carries the enumerator's steps to the open interview and shows what comes of them."""

    def __init__(
        self,
        interview: OpenInterview,
        *,
        on_consent: Callable[[OpenInterview], None],
        on_end: Callable[[OpenInterview], None],
        on_leave: Callable[[], None],
    ) -> None:
        super().__init__(
            InterviewState(
                draft_id=interview.draft_id,
                title=interview.title,
                language=interview.language,
                languages=interview.languages,
            )
        )
        self._interview = interview
        self._on_consent = on_consent
        self._on_end = on_end
        self._on_leave = on_leave
        self._show()

    def answer(self, path: str, text: str) -> None:
        """Write an answer; it is in the vault when this returns. "" takes it back."""
        self._do(lambda: self._interview.answer(path, text))

    def attach(self, path: str, source: Path) -> None:
        """Take a file in as the answer of a media question."""
        self._do(lambda: self._interview.attach(path, source))

    def thumbnail(self, path: str) -> bytes:
        """Return a small JPEG of the picture that answers a question, b"" where there is none."""
        return self._interview.thumbnail(path)

    def media(self, name: str) -> Path | None:
        """Return where a label's picture lies; None where it is not on this device."""
        return self._interview.media(name)

    def next(self) -> None:
        """Go on, unless a message on this screen must be settled first."""
        moved = self._do(self._interview.next)
        if moved is False:
            self._change(
                blocked=tuple(q.path for q in self.state.screen.questions if q.message),
            )
        elif self.state.screen.kind is ScreenKind.END:
            self._on_end(self._interview)
        elif self.state.screen.kind is ScreenKind.CONSENT:
            self._on_consent(self._interview)

    def back(self) -> None:
        """Go one screen back; from the first one, leave to the drafts."""
        if self._do(self._interview.back) is False:
            self.leave()

    def jump(self, path: str) -> None:
        """Go to a question, group or repeat."""
        self._do(lambda: self._interview.jump(path))

    def add_repeat(self, path: str) -> None:
        """Add one more instance and go to its first question."""
        self._do(lambda: self._interview.add_repeat(path))

    def remove_repeat(self, path: str) -> None:
        """Remove an instance with all its answers."""
        self._do(lambda: self._interview.remove_repeat(path))

    def open_outline(self) -> None:
        """Show the jump list."""
        self._change(outline=self._interview.outline())

    def close_outline(self) -> None:
        """Close the jump list."""
        self._change(outline=())

    def choose_language(self, name: str) -> None:
        """Show the form in another of its languages."""
        self._do(lambda: self._interview.set_language(name))

    def decline(self, outcome: str = "refused") -> None:
        """The respondent does not want to go on: destroy the draft, count it, and leave."""
        try:
            self._interview.decline(outcome)
        except CairnError as error:
            self._change(notice=notice_of(error))
            return
        self._on_leave()

    def review(self) -> None:
        """Go to the review at once."""
        self._on_end(self._interview)

    def leave(self) -> None:
        """Put the draft aside."""
        self._interview.close()
        self._on_leave()

    def _do(self, step: Callable[[], bool | None]) -> bool | None:
        try:
            moved = step()
        except CairnError as error:
            self._show(notice=notice_of(error))
            return None
        self._show()
        return moved

    def _show(self, notice: Notice | None = None) -> None:
        interview = self._interview
        self._change(
            title=interview.title,
            language=interview.language,
            screen=interview.screen(),
            progress=interview.progress(),
            outline=(),
            blocked=(),
            notice=notice,
        )
