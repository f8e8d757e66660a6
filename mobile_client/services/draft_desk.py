"""What stands behind one open draft: the vault it is saved in, the tally, files, policy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mobile_client.vault.drafts import Draft


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """What an open draft may do with the vault and the log.

    Attributes:
        save: write the draft, durable on return.
        decline: destroy the draft and count the outcome.
        take_in: keep a file under the draft's key; returns the answer's text.
        media: where a media file of the form lies, None where it is not here.
        needs_approval: policy asks for a team lead's look.
    """

    save: Callable[[Draft], None]
    decline: Callable[[str, str], None]
    take_in: Callable[[Draft, Path], tuple[Draft, str]]
    media: Callable[[str], Path | None]
    needs_approval: bool = False
