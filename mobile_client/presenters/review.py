"""Review and finalize: what is open or failing, the lead's look where asked, then the seal."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import FinalizePort, Slip
from mobile_client.presenters.presenter import Notice, Presenter, Work, notice_of
from mobile_client.presenters.views import OutlineRow
from shared.errors import CairnError

SEALING_NOTE = (
    "After sealing nobody can read these answers on this device, not even you. "
    "Names and contacts open only at the custodian's station."
)


PICTURES_MAX = 24
"""Thumbnails shown at most: a review must not take the memory of a tablet."""


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture of the draft, small; gone with the draft."""

    path: str
    label: str
    thumbnail: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReviewState:
    """What the review shows.

    Attributes:
        failing: questions whose answer does not do, or required and open: they bar finalize.
        unanswered: relevant questions left open; they do not bar it.
        pictures: what was photographed, while the draft is open.
        identity_count: answers that will be sealed to the custodian.
        needs_approval: a team lead must look first.
    """

    title: str
    failing: tuple[OutlineRow, ...] = ()
    unanswered: tuple[OutlineRow, ...] = ()
    pictures: tuple[PictureRow, ...] = ()
    identity_count: int = 0
    needs_approval: bool = False
    sealing_note: str = SEALING_NOTE
    busy: bool = False
    notice: Notice | None = None

    @property
    def can_finalize(self) -> bool:
        """Whether the finalize button works."""
        return not (self.busy or self.failing or self.needs_approval)


class ReviewPresenter(Presenter[ReviewState]):
    """The last look before the seal; `on_done` gets the slip, or None where it stays a draft."""

    def __init__(
        self,
        interview: OpenInterview,
        finalizing: FinalizePort,
        work: Work,
        *,
        on_open: Callable[[OpenInterview], None],
        on_done: Callable[[Slip | None], None],
    ) -> None:
        super().__init__(ReviewState(title=interview.title))
        self._interview = interview
        self._finalizing = finalizing
        self._work = work
        self._on_open = on_open
        self._on_done = on_done
        self.refresh()

    def refresh(self) -> None:
        """Look through the whole interview again."""
        questions = [row for row in self._interview.outline() if row.kind == "question"]
        self._change(
            failing=self._interview.violations(),
            pictures=self._pictures(questions),
            unanswered=tuple(row for row in questions if not row.answered),
            identity_count=sum(row.shield and row.answered for row in questions),
            needs_approval=self._interview.needs_approval(),
        )

    def _pictures(self, questions: list[OutlineRow]) -> tuple[PictureRow, ...]:
        found: list[PictureRow] = []
        for row in questions:
            small = self._interview.thumbnail(row.path) if row.answered else b""
            if small:
                found.append(PictureRow(row.path, row.label, small))
            if len(found) == PICTURES_MAX:
                break
        return tuple(found)

    def go_to(self, path: str) -> None:
        """Open the question of a line."""
        self._interview.jump(path)
        self._on_open(self._interview)

    def approve(self, lead: str) -> None:
        """A team lead looked at it on this device and agrees."""
        if not lead.strip():
            self._change(notice=Notice("The team lead's code is missing."))
            return
        self._interview.approve(lead.strip())
        self._change(notice=None)
        self.refresh()

    def send_back(self, lead: str, reason: str) -> None:
        """A team lead wants something changed; the draft says why."""
        if not reason.strip():
            self._change(notice=Notice("Say what should be changed."))
            return
        self._interview.send_back(lead.strip(), reason.strip())
        self.keep()

    def keep(self) -> None:
        """Leave it as a draft."""
        self._interview.close()
        self._on_done(None)

    def finalize(self) -> None:
        """Seal, append, and destroy the draft."""
        if self.state.busy:
            return
        if not self.state.can_finalize:
            self._change(notice=Notice("Some questions still need an answer. Open them below."))
            return
        self._change(busy=True, notice=None)
        draft_id = self._interview.draft_id
        self._interview.close()
        self._work.run(lambda: self._finalizing.finalize(draft_id), self._sealed, self._failed)

    def _sealed(self, slip: Slip) -> None:
        self._change(busy=False)
        self._on_done(slip)

    def _failed(self, error: CairnError) -> None:
        self._change(busy=False, notice=notice_of(error))
        self.refresh()
