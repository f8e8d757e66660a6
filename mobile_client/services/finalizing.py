"""Finalize, tally, withdraw: the steps from a draft to the log, safe to be killed between any two.

    plan      the entry that ends the draft is made, and its hash saved in the draft
    append    it stands in the log, durable, together with what belongs to it
    done      one vault transaction: the record's row and the slip come, the draft goes
    destroy   the draft's key is overwritten

After a kill the log says whether a planned draft is done: if the entry stands there, `recover`
goes on from "done"; if not, the draft is a draft. So nothing is lost and nothing doubled.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Final

from mobile_client.presenters.ports import Preferences, Slip
from mobile_client.services.assemble import Assembled, Setting, assemble, placed
from mobile_client.services.case_book import CORRECTION, CaseBook
from mobile_client.services.cases import base_of
from mobile_client.services.entity_book import EntityBook
from mobile_client.services.file_drawer import FileDrawer
from mobile_client.services.library import Library
from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.log_author import LogAuthor, Sealed, SealedFile
from mobile_client.services.media import drop_media, sweep_media
from mobile_client.services.project import Project
from mobile_client.services.questions import barring, form_path
from mobile_client.services.reporting import Ended, counted, flags_of, told
from mobile_client.vault.drafts import Draft, MediaFile
from mobile_client.vault.vault import Vault
from shared.canonical import decode, encode
from shared.clock import Clock, RandomBytes
from shared.errors import SubmissionInvalid
from shared.forms.answers import Answer, Answers
from shared.forms.draft import decode as decode_snapshot
from shared.forms.entities import datasets_of
from shared.forms.interview import Interview
from shared.records.codec import body_cbor, encode_body, encode_identity, revision_id
from shared.records.small import (
    REFERENCE_BYTES,
    Outcome,
    Withdrawal,
    encode_withdrawal,
    visit_reference,
)
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.log_writer import Appended
from shared.sealing.withdrawal import code_text, parse_code_text

RECORD: Final = "record"
SLIP: Final = "slip"


@dataclass(frozen=True, slots=True)
class Desk:
    """What finalizing works with."""

    vault: Vault
    project: Project
    clock: Clock
    zone: tzinfo
    random_bytes: RandomBytes
    media_folder: Path
    enumerator: str
    preferences: Callable[[], Preferences]
    cases: CaseBook
    entities: EntityBook

    @property
    def log(self) -> LogAuthor:
        """The log written now; another one after this device was found restored (SYNC-005)."""
        return self.project.log

    @property
    def library(self) -> Library:
        """The forms here."""
        return self.project.library


class Finalizer:
    """Ends drafts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ---- a record

    def finalize(self, draft_id: str) -> Slip:
        """Seal a draft and destroy it; return the respondent's slip.

        Raises:
            SubmissionInvalid: some answers do not do; the draft stays.
            ConsentMissing: consent is not in force; the draft stays.
            KeyNotTrusted, StoreFull: nothing was written; the draft stays.
        """
        desk = self._desk
        draft = desk.vault.drafts.load(draft_id)
        if self._stands(draft):
            return self._done(draft)
        loaded = desk.library.version(draft.form_hash)
        interview = self._restored(loaded, draft)
        answers = self._answers(loaded, draft, interview)
        draft = replace(draft, sealed_at_ms=self._now_ms(), outcome="")
        setting, base = self._setting(draft), base_of(draft)
        # What is dropped for want of consent is known before any file is sealed (CONS-006).
        dropped = assemble(loaded, draft, answers, setting, files={}, base=base).dropped
        drawer = FileDrawer(self._desk.media_folder, self._desk.log, draft.media)
        for answer in answers.values:
            if answer.text in draft.media and answer.address not in dropped:
                drawer.put(answer.text, direct=answer.path in loaded.direct)
        made = assemble(
            loaded,
            draft,
            answers,
            setting,
            files=drawer.names,
            base=base,
            flags=flags_of(loaded, draft, interview, answers, setting),
        )
        draft = replace(draft, after=self._after(loaded, draft, made))
        planned = self._append_record(loaded, draft, made, drawer.sealed())
        return self._done(planned)

    def _after(self, loaded: LoadedForm, draft: Draft, made: Assembled) -> bytes:
        """Return what the vault keeps of a correction, nothing for a record of one's own."""
        if not draft.parents:
            return b""
        case = self._desk.cases.find(draft.record_id.hex())
        cbor = body_cbor(made.body, loaded.codebook)
        revision = revision_id(loaded.codebook.form_hash, cbor)
        return encode(self._desk.cases.corrected(case, made.body, revision))

    def _answers(self, loaded: LoadedForm, draft: Draft, interview: Interview) -> Answers:
        """Return the finished answers; of a correction, also without the identity kept elsewhere.

        A case comes without its direct identifiers: that they are open here is no fault.
        """
        if not draft.parents:
            return interview.finalize(clock_now=self._desk.clock.now())
        if broken := barring(interview, loaded, correction=True):
            raise SubmissionInvalid(
                f"{len(broken)} answer(s) need attention, the first at {broken[0].path}", broken
            )
        return interview.answers()

    def _append_record(
        self, loaded: LoadedForm, draft: Draft, made: Assembled, files: list[SealedFile]
    ) -> Draft:
        revision = {Compartment.BODY: encode_body(made.body, loaded.codebook)}
        if made.identity.patch:
            revision[Compartment.IDENTITY] = encode_identity(made.identity, loaded.codebook)
        entries = [Sealed(Kind.REVISION, revision)]
        entries += told(self._desk.log, made.progress)
        return self._append(draft, entries, files)

    def _setting(self, draft: Draft | None = None) -> Setting:
        preferences = self._desk.preferences()
        offset = self._desk.zone.utcoffset(self._desk.clock.now())
        return Setting(
            enumerator=self._desk.enumerator,
            offset_min=0 if offset is None else int(offset.total_seconds()) // 60,
            round_id=preferences.round_id,
            location=preferences.location,
            reason="follow-up" if draft is not None and draft.parents else "",
            collector=bytes.fromhex(self._desk.vault.owner),
        )

    # ---- an end without a record

    def tally(self, form_id: str, outcome: str) -> None:
        """Count a visit that made no draft: refused, absent or inaccessible."""
        reference = self._desk.random_bytes(REFERENCE_BYTES)
        ended = self._ended(form_id, outcome, self._setting(), reference)
        self._desk.log.append(counted(self._desk.log, ended))

    def decline(self, draft_id: str, outcome: str) -> None:
        """Destroy a draft and count why: refused or abandoned. Nothing else of it remains."""
        draft = self._desk.vault.drafts.load(draft_id)
        if not (draft.outcome and self._stands(draft)):
            # The word to end is kept first: after a kill it is carried out, not forgotten.
            draft = replace(draft, outcome=Outcome(outcome).value, planned=None)
            self._desk.vault.drafts.save(draft)
            reference = visit_reference(draft.record_id, draft.tag_key)
            ended = self._ended(draft.form_id, outcome, self._placed(draft), reference)
            draft = self._append(draft, counted(self._desk.log, ended), [])
        self._done(draft)

    def _ended(self, form_id: str, outcome: str, setting: Setting, reference: bytes) -> Ended:
        at = self._desk.clock.now().astimezone(self._desk.zone)
        return Ended(form_id, Outcome(outcome), setting, reference, at)

    def _placed(self, draft: Draft) -> Setting:
        """Return round and location, all that a tally may take from a draft (CONS-003)."""
        loaded, setting = self._desk.library.version(draft.form_hash), self._setting(draft)
        values = decode_snapshot(draft.snapshot).values if draft.snapshot else {}
        given = [Answer(path, form_path(path), text) for path, text in values.items() if text]
        return placed(loaded, given, setting)

    # ---- withdrawal

    def withdraw(self, code: str) -> None:
        """Append a withdrawal for the code on a slip, made on this device or any other.

        Raises:
            EncodingInvalid: it is not a code; the message says what is wrong.
        """
        withdrawal = Withdrawal(parse_code_text(code))
        plaintexts = {Compartment.BODY: encode_withdrawal(withdrawal)}
        self._desk.log.append([Sealed(Kind.WITHDRAWAL, plaintexts)])

    # ---- the way

    def recover(self) -> None:
        """Finish what a kill interrupted; called once after unlock."""
        kept: list[MediaFile] = []
        for draft_id in self._desk.vault.drafts.ids():
            draft = self._desk.vault.drafts.load(draft_id)
            kept += draft.media.values()
            if self._stands(draft):
                self._done(draft)
            elif draft.outcome:
                self.decline(draft_id, draft.outcome)
        sweep_media(self._desk.media_folder, self._desk.enumerator, kept)

    def slips(self) -> tuple[Slip, ...]:
        """Return the slips not yet given to their respondents."""
        found = self._desk.vault.items(SLIP)
        return tuple(Slip(item["record_id"].hex(), item["code"]) for _, item in found)

    def slip_given(self, record_id: str) -> None:
        """Forget a slip: the respondent has it."""
        with self._desk.vault.transaction():
            for name, item in self._desk.vault.items(SLIP):
                if item["record_id"].hex() == record_id:
                    self._desk.vault.drop(name)

    def _append(self, draft: Draft, entries: list[Sealed], files: list[SealedFile]) -> Draft:
        """Append the entries that end a draft; return the draft as it was planned."""
        planned = draft

        def plan(first: Appended) -> None:
            nonlocal planned
            header = first.entry.header
            place = (header.incarnation, header.sequence, bytes(first.hash))
            planned = replace(draft, planned=place)
            self._desk.vault.drafts.save(planned)

        self._desk.log.append(entries, files=files, planned=plan)
        return planned

    def _stands(self, draft: Draft) -> bool:
        return draft.planned is not None and self._desk.log.stands(*draft.planned)

    def _done(self, draft: Draft) -> Slip:
        """Note the record, drop the draft and overwrite its key."""
        vault = self._desk.vault
        slip = Slip(draft.record_id.hex(), code_text(draft.code) if draft.code else "")
        with vault.transaction():
            if not draft.outcome and draft.planned is not None:
                incarnation, sequence, _ = draft.planned
                vault.put(
                    RECORD,
                    {
                        "record_id": draft.record_id,
                        "form_id": draft.form_id,
                        "title": draft.title,
                        "at_ms": draft.sealed_at_ms,
                        "incarnation": incarnation,
                        "sequence": sequence,
                    },
                )
                if slip.code and draft.consent is not None and draft.consent.decisions:
                    vault.put(SLIP, {"record_id": draft.record_id, "code": slip.code})
                else:
                    slip = Slip(slip.record_id, "")
            if draft.after:
                for name, item in vault.items(CORRECTION):
                    if item["record_id"] == draft.record_id:
                        vault.drop(name)
                vault.put(CORRECTION, decode(draft.after))
            if not draft.outcome and not draft.parents:
                self._note_entities(draft)
            slot = vault.drafts.drop(draft.draft_id)
        vault.drafts.destroy_key(draft.draft_id, slot)
        drop_media(self._desk.media_folder, draft.media.values())
        return slip

    def _note_entities(self, draft: Draft) -> None:
        """Let follow-up forms on this device find what this interview made or changed."""
        loaded = self._desk.library.version(draft.form_hash)
        if datasets_of(loaded.form):
            self._desk.entities.note(loaded, self._restored(loaded, draft))

    def _restored(self, loaded: LoadedForm, draft: Draft) -> Interview:
        desk = self._desk
        return Interview.restore(
            loaded.form,
            draft.snapshot,
            clock_now=desk.clock.now(),
            tz=desk.zone,
            random_bytes=desk.random_bytes,
            attachments=desk.entities.files(loaded),
        )

    def _now_ms(self) -> int:
        return int(self._desk.clock.now().timestamp() * 1000)
