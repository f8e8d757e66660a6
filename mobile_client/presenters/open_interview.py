"""One draft being filled, as the screens meet it; `mobile_client/services` implements it."""

from pathlib import Path
from typing import Protocol

from mobile_client.presenters.views import (
    ConsentGiven,
    Language,
    NoticeView,
    OutlineRow,
    ProgressView,
    ScreenView,
)


class OpenInterview(Protocol):
    """One draft being filled. Every change is in the vault before the call returns."""

    @property
    def draft_id(self) -> str:
        """Random name of the draft."""
        ...

    @property
    def title(self) -> str:
        """The form's title in the language shown."""
        ...

    @property
    def languages(self) -> tuple[Language, ...]:
        """The form's languages."""
        ...

    @property
    def language(self) -> Language:
        """The language shown."""
        ...

    def set_language(self, name: str) -> None:
        """Show another of the form's languages; noted in the paradata."""
        ...

    def screen(self) -> ScreenView:
        """Return what stands on the screen; kind CONSENT while the notice is due."""
        ...

    def notice(self) -> NoticeView:
        """Return the notice in the language shown; `screen` has the questions under it."""
        ...

    def consent(self, given: ConsentGiven) -> bool:
        """Take the decision, or the yes to go on; False where it does not carry the interview.

        A False leaves the draft as it was: `decline` ends it.
        """
        ...

    def decline(self, outcome: str) -> None:
        """Destroy the draft and add one to the tally: refused or abandoned."""
        ...

    def progress(self) -> ProgressView:
        """Return how many relevant questions are answered."""
        ...

    def answer(self, path: str, text: str) -> None:
        """Write an answer; "" takes it back."""
        ...

    def attach(self, path: str, source: Path) -> None:
        """Take a file in as the answer of a media question."""
        ...

    def thumbnail(self, path: str) -> bytes:
        """Return a small JPEG of the picture that answers a question, b"" where there is none."""
        ...

    def media(self, name: str) -> Path | None:
        """Return where a label's picture or sound lies; None where it is not on this device."""
        ...

    def next(self) -> bool:
        """Go to the next screen; False where a message on this one must be settled first."""
        ...

    def back(self) -> bool:
        """Go to the screen before; False on the first one."""
        ...

    def jump(self, path: str) -> None:
        """Go to the screen that holds a question, group or repeat."""
        ...

    def add_repeat(self, path: str) -> None:
        """Add an instance at the end and go to its first screen."""
        ...

    def remove_repeat(self, path: str) -> None:
        """Remove the instance with all its answers."""
        ...

    def outline(self) -> tuple[OutlineRow, ...]:
        """Return every relevant question and group in form order."""
        ...

    def violations(self) -> tuple[OutlineRow, ...]:
        """Return the questions whose answer does not do, or that are required and open."""
        ...

    def approve(self, lead: str) -> None:
        """Note that a team lead looked at it and agreed."""
        ...

    def send_back(self, lead: str, reason: str) -> None:
        """Note why a team lead wants it changed."""
        ...

    def needs_approval(self) -> bool:
        """Tell whether policy asks for a team lead's look before finalize."""
        ...

    def close(self) -> None:
        """Put the draft aside; it stays in the vault."""
        ...
