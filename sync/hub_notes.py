"""Hubs a peer knows, and the notes they signed for what they took. Rules SYNC-043, SYNC-045."""

from collections.abc import Callable, Iterable

from shared.errors import CairnError, KeyNotTrusted
from shared.ids import AuthorId
from shared.sealing.receipts import Note, Signed, open_note
from sync.core.certificate import PeerRole
from sync.core.directory import Directory
from sync.core.have import LogName, Point
from sync.core.hub_code import HubCode, decode_hub_code
from sync.core.store import LogStore
from sync.core.withheld import note_name

NOTE, HUB = "note", "hub"
"""Kinds of paper in the store."""


class HubNotes:
    """The hubs known to one peer and their notes, in its store."""

    def __init__(
        self, store: LogStore, directory: Directory, holds: Callable[[LogName, Point], bool]
    ) -> None:
        self._store, self._directory, self._holds = store, directory, holds

    def know_hub(self, code: HubCode) -> None:
        """Keep a hub that was shown to this device: its notes are believed.

        Raises:
            KeyNotTrusted: the hub serves another project.
        """
        if code.deployment != self._directory.deployment:
            raise KeyNotTrusted("this hub serves another project")
        self._store.save_paper(HUB, code.hub, Signed(code.encode(), b""))

    def hubs(self) -> list[HubCode]:
        """Return the hubs that were shown to this device."""
        return [decode_hub_code(paper.data) for _, paper in self._store.papers(HUB)]

    def opened(self) -> list[Note]:
        """Return the notes held, of hubs known here."""
        notes = (self._open(signed) for _, signed in self._store.papers(NOTE))
        return [note for note in notes if note is not None]

    def take(self, notes: Iterable[Signed]) -> None:
        """Keep what is newer and signed by a hub known here."""
        held = dict(self._store.papers(NOTE))
        for signed in notes:
            note = self._open(signed)
            if note is None:
                continue
            name = note_name(note)
            before = self._open(held[name]) if name in held else None
            # A hub that withholds and signs anew each day must not push its deadline on so.
            if before is None or (note.issued_ms >= before.issued_ms and self._has_all(before)):
                self._store.save_paper(NOTE, name, signed)
                held[name] = signed

    def _has_all(self, note: Note) -> bool:
        """Tell whether everything a note names has come here."""
        return all(
            self._holds(LogName(reach.author, reach.incarnation), Point(reach.sequence, reach.hash))
            for reach in note.have
        )

    def _open(self, signed: Signed) -> Note | None:
        for hub, public_key in self._keys().items():
            try:
                note = open_note(signed.data, signed.signature, public_key)
            except CairnError:
                continue
            return note if note.hub == hub else None
        return None

    def _keys(self) -> dict[AuthorId, bytes]:
        keys = {code.hub: code.public_key for code in self.hubs()}
        for certificate in self._directory.certificates():
            if certificate.role is PeerRole.HUB:
                keys[certificate.author] = certificate.public_key
        return keys
