"""Assigned cases: letters of the server's mailbox, opened at unlock and kept in memory (GOV-063).

A letter holds a record's merged state in the shape of a revision whose parents are all its heads;
it never holds a direct identifier. A correction made here is laid over the letter until a newer one
arrives, so that a second correction builds on the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from mobile_client.presenters.rows import CaseRow
from mobile_client.services.cases import decode_base, encode_base
from mobile_client.services.project import Project
from mobile_client.vault.vault import Vault
from shared.canonical import decode
from shared.errors import CairnError, NotFound
from shared.records.codec import decode_body, form_key
from shared.records.revision import DELETED, RevisionBody
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey
from shared.sealing.mailbox import open_mail

CORRECTION: Final = "correction"
_BODY_KINDS: Final = frozenset({Kind.ASSIGNMENT, Kind.STATE})
_KINDS: Final = _BODY_KINDS | {Kind.CONFLICT}
_SHORT: Final = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One assigned record as this device knows it.

    Attributes:
        letter: place of the newest letter in the mailbox.
        conflicts: addresses on which others wrote something else at the same time.
    """

    body: RevisionBody
    letter: int
    conflicts: tuple[str, ...] = ()


class CaseBook:
    """The cases of this device, for whoever unlocked it."""

    def __init__(self, project: Project, vault: Vault, mailbox: SecretKey | None) -> None:
        self._project = project
        self._vault = vault
        self._mailbox = mailbox
        self._cases: dict[str, Case] = {}
        self._lines: dict[str, tuple[str, CaseRow]] = {}
        self._seen: dict[str, int] = {}
        self.unreadable = 0

    def rows(self, text: str, limit: int) -> tuple[CaseRow, ...]:
        """Return the cases that hold every word typed, first those just changed."""
        self.refresh()
        words = text.casefold().split()
        found: list[CaseRow] = []
        for line, row in reversed(self._lines.values()):
            if all(word in line for word in words):
                found.append(row)
                if len(found) >= limit:
                    break
        return tuple(found)

    def find(self, record_id: str) -> Case:
        """Return a case.

        Raises:
            NotFound: it is not assigned to this device, or its letter has not arrived.
        """
        self.refresh()
        if record_id not in self._cases:
            raise NotFound(f"record {record_id} is not assigned to this device; hand over first")
        return self._cases[record_id]

    def refresh(self) -> None:
        """Open the letters that arrived since, and lay the own corrections over them."""
        if self._mailbox is None:
            return
        for sequence, kind, content in self._letters(self._mailbox):
            self._take(sequence, kind, content)
        for _, item in self._vault.items(CORRECTION):
            self._lay_over(item)
        self._forget_withdrawn()

    def _forget_withdrawn(self) -> None:
        """Drop the cases whose respondent withdrew, and what was kept of correcting them."""
        withdrawn = self._project.peer.directory.withdrawn
        gone = {
            record_id
            for record_id, case in self._cases.items()
            if any(consent.withdrawal_hash in withdrawn for consent in case.body.consents)
        }
        for record_id in gone:
            del self._cases[record_id], self._lines[record_id]
        kept = [(n, i) for n, i in self._vault.items(CORRECTION) if i["record_id"].hex() in gone]
        if kept:
            with self._vault.transaction():
                for name, _ in kept:
                    self._vault.drop(name)

    def corrected(self, case: Case, body: RevisionBody, revision_id: bytes) -> dict[str, Any]:
        """Return what the vault keeps of a correction: the state it left the case in."""
        values = {**case.body.patch, **body.patch}
        gone = [address for address, value in values.items() if value is DELETED]
        kept = {
            address: value
            for address, value in values.items()
            if not any(address == each or address.startswith(each + "/") for each in gone)
        }
        return {
            "record_id": bytes(body.record_id),
            "letter": case.letter,
            "parents": [revision_id],
            "base": encode_base(kept),
        }

    def _letters(self, mailbox: SecretKey) -> Iterator[tuple[int, int, Any]]:
        peer = self._project.peer
        for log in sorted(peer.store.have().points):
            server_log = peer.directory.server_log(log.author)
            if server_log is None or server_log.device != peer.me.author:
                continue
            place = f"{log.author.hex()}:{log.incarnation}"
            for branch in peer.store.branches(log)[:1]:
                after = self._seen.get(place, 0)
                for entry in peer.store.entries(branch, after + 1, branch.head.sequence):
                    self._seen[place] = entry.header.sequence
                    payload = entry.payloads.get(Compartment.MAILBOX)
                    if payload is None or entry.header.kind not in _KINDS:
                        continue
                    try:
                        plain = open_mail(payload, [mailbox], entry.header)
                        yield entry.header.sequence, entry.header.kind, decode(plain)
                    except CairnError:
                        # To an earlier key of this device, or of a newer kind: counted and shown.
                        self.unreadable += 1

    def _take(self, sequence: int, kind: int, content: Any) -> None:
        if kind in _BODY_KINDS:
            try:
                _, body = decode_body(content[1], self._project.library.codebooks())
            except CairnError:
                self.unreadable += 1
                return
            record_id = body.record_id.hex()
            self._lines.pop(record_id, None)
            self._keep(record_id, Case(body, sequence))
        elif kind == Kind.CONFLICT:
            record_id = bytes(content[1]).hex()
            if record_id in self._cases:
                conflicts = tuple(str(address) for address in content[2])
                self._keep(record_id, replace(self._cases[record_id], conflicts=conflicts))

    def _lay_over(self, item: dict[str, Any]) -> None:
        record_id = item["record_id"].hex()
        case = self._cases.get(record_id)
        if case is not None and case.letter <= item["letter"]:
            body = replace(
                case.body, parents=tuple(item["parents"]), patch=decode_base(item["base"])
            )
            self._keep(record_id, replace(case, body=body))

    def _keep(self, record_id: str, case: Case) -> None:
        """Keep a case and the line it is searched by: a search is a scan of lines in memory."""
        self._cases[record_id] = case
        row = self._row(record_id, case)
        self._lines[record_id] = f"{row.label} {row.detail} {record_id}".casefold(), row

    def _row(self, record_id: str, case: Case) -> CaseRow:
        title = self._project.library.by_key(form_key(case.body.form_hash).hex()).form.title
        return CaseRow(
            record_id=record_id,
            form_id=case.body.form_id,
            label=" · ".join(part for part in (title, case.body.location) if part),
            detail=f"{record_id[:_SHORT]} {case.body.round_id}".strip(),
            conflicts=len(case.conflicts),
        )
