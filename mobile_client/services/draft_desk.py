"""What stands behind one open draft: the vault it is saved in, the tally, files, policy."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mobile_client.device.services import Wish
from mobile_client.vault.drafts import Draft, MediaFile


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """What an open draft may do with the vault and the log.

    Attributes:
        save: write the draft, durable on return.
        decline: destroy the draft and count the outcome.
        take_in: keep a file under the draft's key as the form wishes; returns the answer's text.
        drop: destroy files that no answer names any more.
        thumbnail: open a file's thumbnail; b"" where it has none.
        media: where a media file of the form lies, None where it is not here.
        needs_approval: policy asks for a team lead's look.
    """

    save: Callable[[Draft], None]
    decline: Callable[[str, str], None]
    take_in: Callable[[Draft, Path, Wish], tuple[Draft, str]]
    drop: Callable[[Iterable[MediaFile]], None]
    thumbnail: Callable[[MediaFile], bytes]
    media: Callable[[str], Path | None]
    needs_approval: bool = False
