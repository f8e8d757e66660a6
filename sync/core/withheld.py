"""Naming a hub that withholds: it signed for entries that never came on (design: Logs and sync).

A device passes a hub's hand-over note on by any road. Once the deadline has passed and the mission
server still lacks what the note names, the hub is named. Rule SYNC-045.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from shared.ids import AuthorId
from shared.sealing.receipts import Note
from sync.core.have import LogName, Point

HOLDS_MS = 7 * 24 * 3600 * 1000
"""How long a hub may be without a line before its keeper is asked; a policy may say otherwise."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Entries that a hub signed for and that are not here after the deadline."""

    hub: AuthorId
    log: LogName
    through: int
    signed_ms: int


def note_name(note: Note) -> bytes:
    """Return the name a note is kept under: one a hub and set of authors (16 bytes)."""
    authors = sorted({reach.author for reach in note.have})
    return sha256(b"".join((note.hub, *authors))).digest()[:16]


def withheld(
    notes: Iterable[Note],
    holds: Callable[[LogName, Point], bool],
    now_ms: int,
    deadline_ms: int = HOLDS_MS,
) -> list[Withheld]:
    """Return what hubs signed for longer than `deadline_ms` ago and `holds` does not find."""
    missing: list[Withheld] = []
    for note in notes:
        if now_ms - note.issued_ms < deadline_ms:
            continue
        for reach in note.have:
            log = LogName(reach.author, reach.incarnation)
            if not holds(log, Point(reach.sequence, reach.hash)):
                missing.append(Withheld(note.hub, log, reach.sequence, note.issued_ms))
    return missing
