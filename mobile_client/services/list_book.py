"""Case lists of this device: letters of the server's mailbox, kept in the vault, read by forms.

A letter brings a list whole, as a step from the version before, or takes it back. Each is applied
in one transaction with the note of how far the mailbox was read, so a power cut leaves the old
list or the new one. Rules LIST-014, LIST-030 to LIST-033.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from mobile_client.presenters.rows import ListRow
from mobile_client.services.project import Project
from mobile_client.vault.vault import Vault
from shared.errors import CairnError, EncodingInvalid, LimitExceeded
from shared.forms.sources import table_of
from shared.forms.xpath.tables import Instance
from shared.records.list_delta import BaseUnknown, apply_delta, decode_delta
from shared.records.list_letter import (
    How,
    ListLetter,
    packed_blocks,
    read_letter,
    unpacked_blocks,
)
from shared.records.lists import BLOCK_BYTES, rows_in
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey
from shared.sealing.mailbox import open_mail

_LIST: Final = "list"
_BLOCK: Final = "list block"
_PART: Final = "list part"
_READ: Final = "list mail"


@dataclass(frozen=True, slots=True)
class _Held:
    """A list as the vault has it; `item` is the name of its head item."""

    item: str
    content: dict[str, Any]


class ListBook:
    """The case lists of whoever unlocked this device."""

    def __init__(self, project: Project, vault: Vault, mailbox: SecretKey | None) -> None:
        self._project = project
        self._vault = vault
        self._mailbox = mailbox
        self._tables: dict[str, tuple[bytes, Instance]] = {}
        self.unreadable = 0

    def rows(self) -> tuple[ListRow, ...]:
        """Return the lists here, with the version of each."""
        self.refresh()
        return tuple(
            ListRow(name, held.content["serial"], held.content["digest"].hex(), personal=True)
            for name, held in sorted(self._held().items())
            if held.content["digest"]
        )

    def tables(self) -> Mapping[str, Instance]:
        """Return the lists as forms read them, by file name; each is read once a version."""
        self.refresh()
        held = {n: h.content for n, h in self._held().items() if h.content["digest"]}
        self._tables = {
            name: table
            for name, table in self._tables.items()
            if name in held and held[name]["digest"] == table[0]
        }
        for name, content in held.items():
            if name not in self._tables:
                rows = rows_in(self._blocks(content), name)
                table = table_of(name, next(rows, ()), rows)
                self._tables[name] = content["digest"], table
        return {f"{name}.csv": table for name, (_, table) in self._tables.items()}

    def wanted(self) -> list[str]:
        """Return the lists of which a step could not be applied and was not asked for yet."""
        self.refresh()
        return sorted(name for name, held in self._held().items() if held.content["wanted"])

    def asked(self, names: Iterable[str]) -> None:
        """Note that the server was asked for these lists."""
        held = self._held()
        with self._vault.transaction():
            for name in names:
                self._keep(name, {**held[name].content, "wanted": False}, held[name])

    # ---- letters

    def refresh(self) -> None:
        """Apply the letters that arrived since."""
        if self._mailbox is None:
            return
        for place, sequence, incarnation, letter in self._letters(self._mailbox):
            with self._vault.transaction():
                self._take(letter, incarnation)
                self._note_read(place, sequence)

    def _letters(self, mailbox: SecretKey) -> Iterator[tuple[str, int, int, ListLetter | None]]:
        """Yield the mailbox's letters not read yet, by incarnation and sequence."""
        peer = self._project.peer
        logs = sorted(peer.store.have().points, key=lambda log: log.incarnation)
        for log in logs:
            server_log = peer.directory.server_log(log.author)
            if server_log is None or server_log.device != peer.me.author:
                continue
            place = f"{log.author.hex()}:{log.incarnation}"
            for branch in peer.store.branches(log)[:1]:
                after = self._read().get(place, 0)
                for entry in peer.store.entries(branch, after + 1, branch.head.sequence):
                    payload = entry.payloads.get(Compartment.MAILBOX)
                    if entry.header.kind != Kind.CASE_LIST or payload is None:
                        continue
                    letter = None
                    try:
                        letter = read_letter(open_mail(payload, [mailbox], entry.header))
                    except CairnError:
                        self.unreadable += 1
                    yield place, entry.header.sequence, log.incarnation, letter

    def _take(self, letter: ListLetter | None, incarnation: int) -> None:
        """Keep one part of a letter; apply the letter when all are here."""
        if letter is None:
            return
        held = self._held().get(letter.name)
        version = incarnation, letter.serial
        if held is not None and version <= (held.content["incarnation"], held.content["serial"]):
            return  # LIST-031
        if letter.how is How.DROP:
            self._drop_parts(letter.name)
            self._forget(letter.name, held)
            return
        parts = self._with_part(letter, incarnation)
        if len(parts) < letter.parts:
            return
        self._drop_parts(letter.name)
        try:
            if letter.how is How.WHOLE:
                self._take_whole(letter, incarnation, parts, held)
            else:
                self._take_step(letter, incarnation, parts, held)
        except (BaseUnknown, EncodingInvalid, LimitExceeded):
            content = held.content if held else self._empty()
            self._keep(letter.name, {**content, "wanted": True}, held)

    def _with_part(self, letter: ListLetter, incarnation: int) -> list[bytes]:
        """Keep a part; return all of its letter in order, the others' of that list forgotten."""
        parts = {letter.part: letter.data}
        mine = [incarnation, letter.serial, letter.parts]
        for item, content in self._vault.items(_PART):
            if content["name"] != letter.name:
                continue
            if content["of"] == mine:
                parts.setdefault(content["part"], content["data"])
            else:
                self._vault.drop(item)
        if len(parts) < letter.parts:
            content = {"name": letter.name, "of": mine, "part": letter.part, "data": letter.data}
            self._vault.put(_PART, content)
        return [parts[number] for number in sorted(parts)]

    def _drop_parts(self, name: str) -> None:
        for item, content in self._vault.items(_PART):
            if content["name"] == name:
                self._vault.drop(item)

    def _take_whole(
        self, letter: ListLetter, incarnation: int, parts: list[bytes], held: _Held | None
    ) -> None:
        digest = sha256()

        def heard() -> Iterator[bytes]:
            for block in unpacked_blocks(parts):
                digest.update(block)
                yield block

        # All of it is looked at before anything is written: a bad letter changes nothing.
        for _ in heard():
            pass
        self._replace(letter, incarnation, digest.digest(), unpacked_blocks(parts), held)

    def _take_step(
        self, letter: ListLetter, incarnation: int, parts: list[bytes], held: _Held | None
    ) -> None:
        delta = decode_delta(b"".join(unpacked_blocks(parts)))
        if held is None or held.content["digest"] != delta.base:
            raise BaseUnknown("the change of a case list starts from a version that is not here")
        for _ in apply_delta(self._blocks(held.content), delta):
            pass
        blocks = apply_delta(self._blocks(held.content), delta)
        self._replace(letter, incarnation, delta.result, blocks, held)

    # ---- the vault

    def _replace(
        self,
        letter: ListLetter,
        incarnation: int,
        digest: bytes,
        blocks: Iterable[bytes],
        held: _Held | None,
    ) -> None:
        written = [self._vault.put(_BLOCK, {"data": b}) for b in _even(packed_blocks(blocks))]
        for name in held.content["blocks"] if held else ():
            self._vault.drop(name)
        content = {
            "serial": letter.serial,
            "incarnation": incarnation,
            "digest": digest,
            "blocks": written,
            "wanted": False,
        }
        self._keep(letter.name, content, held)

    def _forget(self, name: str, held: _Held | None) -> None:
        """Take a list off the vault; a letter that comes later may bring it back."""
        if held is None:
            return
        for block in held.content["blocks"]:
            self._vault.drop(block)
        self._vault.drop(held.item)
        self._tables.pop(name, None)

    def _keep(self, name: str, content: dict[str, Any], held: _Held | None) -> None:
        self._vault.put(_LIST, {**content, "name": name}, held.item if held else "")

    @staticmethod
    def _empty() -> dict[str, Any]:
        return {"serial": 0, "incarnation": 0, "digest": b"", "blocks": [], "wanted": False}

    def _held(self) -> dict[str, _Held]:
        return {c["name"]: _Held(item, c) for item, c in self._vault.items(_LIST)}

    def _blocks(self, content: dict[str, Any]) -> Iterator[bytes]:
        """Yield a held list's bytes, one sealed block in memory at a time."""
        return unpacked_blocks(self._vault.get(_BLOCK, b)["data"] for b in content["blocks"])

    def _read(self) -> dict[str, int]:
        return {c["place"]: c["through"] for _, c in self._vault.items(_READ)}

    def _note_read(self, place: str, sequence: int) -> None:
        items = {c["place"]: item for item, c in self._vault.items(_READ)}
        self._vault.put(_READ, {"place": place, "through": sequence}, items.get(place, ""))


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces gathered to blocks of BLOCK_BYTES."""
    rest = b""
    for piece in pieces:
        rest += piece
        while len(rest) >= BLOCK_BYTES:
            yield rest[:BLOCK_BYTES]
            rest = rest[BLOCK_BYTES:]
    if rest:
        yield rest
