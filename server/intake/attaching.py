"""Attachments after their entries: linked to records, opened, wrapped, dropped. INTK-080..087.

A file of 2 GiB is worked on a few chunks a step, so that records never wait behind it, and lies in
memory a few chunks at a time. Every step may be cut short anywhere: what is under way is leased,
and whoever takes it up begins the file again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlmodel import Session

from server.db import reading
from server.intake.actor import INTAKE
from server.intake.file_types import HEAD_BYTES, agrees
from server.intake.held import master_key
from server.intake.kept_files import erase_rows, order_erasure, place_of
from server.intake.opening import Refused
from server.intake.reasons import Reason
from server.intake.rows import quarantine_row
from server.mission import Mission
from server.queries import attachments, detached, quarantine, recordkeys, work
from server.queries.detached import file_of
from server.tables.attachments import Attachment, AttachmentClaim, AttachmentState
from server.tables.quarantine import QuarantineState
from shared.canonical import decode
from shared.clock import RandomBytes
from shared.errors import EncodingInvalid, LimitExceeded, NoKeyMatches, TagMismatch
from shared.records.files import THUMBNAIL_SUFFIX, FileName, read_file_name
from shared.sealing.attachments import SEALED_CHUNK_BYTES, chunk_count, cut, open_chunks
from shared.sealing.envelope import DETACHED_BYTES_MAX, Compartment, parse_header
from shared.sealing.epochs import open_epoch, payload_key
from shared.sealing.wrap import wrap
from sync.core.store import Held

CHUNKS_A_STEP: Final = 32
"""Of a file, at most: 8 MiB."""
_PAGE: Final = 200
_PIECES_AT_ONCE: Final = 8
_BUSY_STEPS: Final = 16
"""While entries come, files are looked for every so many steps."""


@dataclass
class _Job:
    """One file on its way from the inbox into the records store."""

    row: Attachment
    key: bytes = field(repr=False)
    pieces: Iterator[tuple[bytes, bool]] = field(repr=False)
    number: int = 0
    size_bytes: int = 0


class _Aside(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Attaching:
    """Works attachments off; one object a process."""

    def __init__(self, mission: Mission, worker: str) -> None:
        self._mission = mission
        self._worker = worker
        self._job: _Job | None = None
        self._busy_steps = 0

    def step(self, *, busy: bool = False) -> int:
        """Do a bounded piece of work; return how much was done, 0 for nothing.

        Args:
            busy: entries wait; then new files are only looked for now and then.
        """
        if self._job is not None:
            return self._advance(self._job)
        self._busy_steps = self._busy_steps + 1 if busy else 0
        if self._busy_steps % _BUSY_STEPS:
            return 0
        done = self._drop() + self._link()
        self._job = self._next()
        return done + (self._job is not None)

    # --- linking -------------------------------------------------------------------------------

    def _link(self) -> int:
        """Link revisions to the attachment entries before them; return how many revisions."""
        done, after = 0, b""
        while True:
            with reading(self._mission.stores.records) as session:
                page = attachments.claims(session, _PAGE, after)
                session.expunge_all()
            done += sum(self._link_one(claim) for claim in page)
            if len(page) < _PAGE:
                return done
            after = page[-1].entry_hash

    def _link_one(self, claim: AttachmentClaim) -> bool:
        with reading(self._mission.stores.inbox) as session:
            before = detached.entries_before(session, claim.entry_id)
            hashes = [row.hash for row in before if file_of(parse_header(row.header)) is not None]
        with reading(self._mission.stores.keys) as session:
            erased = bool(recordkeys.erased(session, [claim.record_id]))
        named = _named(claim.named)
        with self._mission.records() as session:
            rows = attachments.of_entries(session, hashes)
            if len(rows) < len(hashes):
                return False  # another worker has not committed them yet
            for row in rows.values():
                if row.state == AttachmentState.NAMED.value:
                    _place(row, claim, named)
                    session.add(row)
            if erased:
                order_erasure(session, erase_rows(session, list(rows.values())))
            attachments.drop_claim(session, claim.entry_hash)
        return True

    # --- keeping -------------------------------------------------------------------------------

    def _next(self) -> _Job | None:
        """Return the next whole file, leased."""
        after = b""
        while True:
            with reading(self._mission.stores.records) as session:
                page = attachments.linked(session, _PAGE, after)
                session.expunge_all()
            with reading(self._mission.stores.inbox) as session:
                here = detached.progress(session, {row.payload_hash for row in page})
            for row in page:
                progress = here.get(row.payload_hash)
                if progress is not None and progress.whole:
                    job = self._begin(row, progress)
                    if job is not None:
                        return job
            if len(page) < _PAGE:
                return None
            after = page[-1].entry_hash

    def _begin(self, row: Attachment, progress: Held) -> _Job | None:
        with self._mission.records() as session:
            if not self._lease(session, row):
                return None
            attachments.drop_chunks(session, [row.entry_hash])
        with reading(self._mission.stores.keys) as session:
            keys = recordkeys.keys_of(session, [row.record_id or b""], master_key(self._mission))
        key = keys.get(row.record_id or b"")
        if key is None:
            with self._mission.records() as session:
                attachments.erase(session, [session.get_one(Attachment, row.entry_hash)])
            return None
        try:
            _check_here(row, progress)
            return _Job(row, key, self._pieces(row))
        except _Aside as aside:
            self._set_aside(row, aside)
            return None

    def _advance(self, job: _Job) -> int:
        """Wrap a few more chunks of a file."""
        made: list[dict[str, Any]] = []
        last = False
        try:
            while not last and len(made) < CHUNKS_A_STEP:
                piece, last = next(job.pieces)
                if job.number == 0:
                    _check_type(job.row, piece)
                made.append(
                    _wrapped(job, piece, last=last, random_bytes=self._mission.random_bytes)
                )
                job.number += 1
                job.size_bytes += len(piece)
        except (_Aside, TagMismatch, NoKeyMatches, LimitExceeded, EncodingInvalid) as error:
            self._job = None
            self._set_aside(job.row, _why(error))
            return 1
        now = self._mission.clock.now()
        with self._mission.records() as session:
            if not self._lease(session, job.row):
                self._job = None  # erased meanwhile, or our lease ran out
                return 1
            attachments.add_chunks(session, made)
            if last:
                row = session.get_one(Attachment, job.row.entry_hash)
                row.state = AttachmentState.KEPT.value
                row.kept_bytes = job.size_bytes
                row.worker = row.leased_until = None
                session.add(row)
                digests = [row.entry_hash]
                quarantine.close(session, digests, QuarantineState.REPLAYED, now, INTAKE.name)
        if last:
            self._job = None
        return len(made)

    def _lease(self, session: Session, row: Attachment) -> bool:
        now = self._mission.clock.now()
        until = now + timedelta(seconds=self._mission.settings.intake.lease_s)
        return attachments.lease(session, row.entry_hash, self._worker, now, until)

    def _pieces(self, row: Attachment) -> Iterator[tuple[bytes, bool]]:
        """Return what is kept of a file, chunk by chunk, the last one flagged."""
        blocks = self._received(row.payload_hash)
        if row.compartment == Compartment.DIRECT_ATTACHMENT:
            return cut(blocks, SEALED_CHUNK_BYTES, DETACHED_BYTES_MAX)
        if not row.address:
            raise _Aside(Reason.UNCLAIMED, "no answer of its revision names it")
        try:
            key = self._payload_key(row)
        except (TagMismatch, NoKeyMatches, EncodingInvalid) as error:
            raise _why(error) from error
        count = chunk_count(row.length)
        return (
            (piece, number == count)
            for number, piece in enumerate(open_chunks(key, blocks), start=1)
        )

    def _payload_key(self, row: Attachment) -> bytes:
        with reading(self._mission.stores.inbox) as session:
            (entry,) = work.load(session, [row.entry_id])
            found = work.epoch_payload(session, entry, Compartment.BODY)
        if found is None:
            raise _Aside(Reason.TAMPERED, f"entry {entry.header.epoch} of its log is no epoch")
        keys = self._mission.keychain.intake_keys()
        secret = open_epoch(found[1], keys, entry.header.log, Compartment.BODY)
        return payload_key(secret, entry.header.log, entry.header.salt, Compartment.ATTACHMENT)

    def _received(self, payload_hash: bytes) -> Iterator[bytes]:
        """Yield a payload's bytes out of the inbox, a few pieces at a time."""
        offset = 0
        while True:
            with reading(self._mission.stores.inbox) as session:
                page = detached.pieces(session, payload_hash, offset, _PIECES_AT_ONCE)
            if not page:
                return
            for piece in page:
                yield piece.data
                offset = piece.offset + len(piece.data)

    def _set_aside(self, row: Attachment, aside: _Aside) -> None:
        with reading(self._mission.stores.inbox) as session:
            (entry,) = work.load(session, [row.entry_id])
        refused = Refused(entry, aside.reason, aside.detail, row.record_id)
        now = self._mission.clock.now()
        with self._mission.records() as session:
            quarantine.set_aside(session, [quarantine_row(refused, now, now)])
            attachments.drop_chunks(session, [row.entry_hash])
            held = session.get_one(Attachment, row.entry_hash)
            held.state = AttachmentState.ASIDE.value
            held.worker = held.leased_until = None
            session.add(held)

    # --- what is left in the inbox --------------------------------------------------------------

    def _drop(self) -> int:
        """Drop the received bytes of what is kept or erased; return how many files."""
        mission = self._mission
        with reading(mission.stores.records) as session:
            rows = attachments.undropped(session, _PAGE)
            due = {row.payload_hash for row in rows}
            due -= attachments.needed_by_others(session, due)
            done = [row.entry_hash for row in rows]
        if not done:
            return 0
        for payload_hash in sorted(due):
            with mission.inbox() as session:
                detached.prune(session, payload_hash)
        with mission.records() as session:
            attachments.set_dropped(session, done)
        return len(done)


def _named(content: bytes) -> dict[bytes, tuple[str, FileName]]:
    """Return what a revision's body names, by hash; thumbnails under their own."""
    named: dict[bytes, tuple[str, FileName]] = {}
    for address, text in decode(content):
        file = read_file_name(text)
        if file.thumbnail is not None:
            named[file.thumbnail] = address, file
        named[file.hash] = address, file
    return named


def _place(
    row: Attachment, claim: AttachmentClaim, named: dict[bytes, tuple[str, FileName]]
) -> None:
    """Give an attachment its record, and its field where the body tells."""
    row.state = AttachmentState.LINKED.value
    row.record_id, row.revision_id = claim.record_id, claim.revision_id
    found = named.get(row.payload_hash)
    if found is not None and row.compartment == Compartment.ATTACHMENT:
        row.address, file = found
        row.thumbnail = file.hash != row.payload_hash
        row.suffix = THUMBNAIL_SUFFIX if row.thumbnail else file.suffix


def _check_here(row: Attachment, progress: Held) -> None:
    if progress.length != row.length:
        raise _Aside(Reason.TAMPERED, "the length is another than its header's")
    if progress.received != progress.length:
        raise _Aside(Reason.NO_PAYLOAD, "its bytes are gone")


def _check_type(row: Attachment, piece: bytes) -> None:
    sealed = row.compartment == Compartment.DIRECT_ATTACHMENT
    if not sealed and not agrees(row.suffix, piece[:HEAD_BYTES]):
        raise _Aside(Reason.WRONG_TYPE, f"the content is not what .{row.suffix} says")


def _wrapped(job: _Job, piece: bytes, *, last: bool, random_bytes: RandomBytes) -> dict[str, Any]:
    place = place_of(job.row.entry_hash, job.number, last=last)
    return {
        "entry_hash": job.row.entry_hash,
        "number": job.number,
        "data": wrap(job.key, piece, place, random_bytes),
    }


def _why(error: Exception) -> _Aside:
    match error:
        case _Aside():
            return error
        case NoKeyMatches():
            return _Aside(Reason.UNDECRYPTABLE, error.message)
        case TagMismatch():
            return _Aside(Reason.TAMPERED, error.message)
        case _:
            return _Aside(Reason.UNREADABLE, str(error))
