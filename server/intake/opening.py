"""Open an entry: from sealed bytes to what it says, or to the reason it cannot be told.

Nothing is written here. Epoch secrets are opened with the intake keys and kept in memory only: the
epoch entry stays in the inbox as received, so that destroying a period's intake key closes every
copy of it (INTK-010).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from server.intake.forms import FormAtHand, FormShelf, UnknownForm
from server.intake.reasons import Reason
from server.mission import Mission
from server.queries import work
from server.queries.detached import file_of
from server.queries.work import Claimed
from shared.errors import (
    EncodingInvalid,
    FormError,
    LimitExceeded,
    NoKeyMatches,
    TagMismatch,
)
from shared.ids import RevisionId
from shared.records.codec import decode_body
from shared.records.revision import RevisionBody
from shared.records.small import (
    Status,
    Tally,
    Withdrawal,
    decode_status,
    decode_tally,
    decode_withdrawal,
)
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.epochs import open_epoch, open_payload

EPOCHS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class OpenRevision:
    """A revision as opened: `plaintext` and `identity` are what is wrapped and kept."""

    entry: Claimed
    id: RevisionId
    body: RevisionBody
    form: FormAtHand = field(repr=False)
    plaintext: bytes = field(repr=False)
    identity: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenTally:
    """A count without a record."""

    entry: Claimed
    tally: Tally


@dataclass(frozen=True, slots=True)
class OpenWithdrawal:
    """A respondent's code."""

    entry: Claimed
    withdrawal: Withdrawal


@dataclass(frozen=True, slots=True)
class OpenStatus:
    """What a device says of itself."""

    entry: Claimed
    status: Status


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry that intake does not open: its payloads stay for whom they are sealed to."""

    entry: Claimed


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that cannot be taken in yet. `detail` names ids and fields, never answers."""

    entry: Claimed
    reason: Reason
    detail: str
    record_id: bytes | None = None
    codes: tuple[tuple[bytes, str], ...] = ()
    """Hashes of the withdrawal codes in it and whose they are: a withdrawal reaches it here too."""


Opened = OpenRevision | OpenTally | OpenWithdrawal | OpenStatus | Carried | Refused


class _Cannot(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Opener:
    """Opens entries with the keys and forms of one mission."""

    def __init__(self, mission: Mission, forms: FormShelf) -> None:
        self._keys = mission.keychain.intake_keys()
        self._forms = forms
        self._secrets: OrderedDict[int, bytes] = OrderedDict()
        self._ids: dict[tuple[bytes, int, int, int], int] = {}

    def open(self, session: Session, entry: Claimed) -> Opened:  # noqa: PLR0911 - one a kind
        """Return what an entry says; `session` reads the inbox store."""
        try:
            match entry.header.kind:
                case Kind.REVISION | Kind.RESOLUTION:
                    return self._revision(session, entry)
                case Kind.TALLY:
                    return OpenTally(entry, decode_tally(self._body(session, entry)))
                case Kind.WITHDRAWAL:
                    return OpenWithdrawal(entry, decode_withdrawal(self._body(session, entry)))
                case Kind.STATUS:
                    return OpenStatus(entry, decode_status(self._body(session, entry)))
                case Kind.ATTACHMENT if file_of(entry.header) is None:
                    return Refused(entry, Reason.UNREADABLE, "it names no file, or several")
                case _:
                    return Carried(entry)
        except _Cannot as cannot:
            return Refused(entry, cannot.reason, cannot.detail)
        except (EncodingInvalid, LimitExceeded) as error:
            return Refused(entry, Reason.UNREADABLE, error.message)

    def _revision(self, session: Session, entry: Claimed) -> Opened:
        plaintext = self._body(session, entry)
        try:
            revision_id, body = decode_body(plaintext, self._forms.codebook)
        except UnknownForm as error:
            return Refused(entry, Reason.UNKNOWN_FORM, error.message)
        except FormError as error:
            return Refused(entry, Reason.UNREADABLE, error.message)
        form = self._forms.by_hash(body.form_hash)
        identity = entry.payloads.get(Compartment.IDENTITY)
        return OpenRevision(entry, revision_id, body, form, plaintext, identity)

    def _body(self, session: Session, entry: Claimed) -> bytes:
        """Open compartment 1."""
        sealed = entry.payloads.get(Compartment.BODY)
        if sealed is None:
            raise _Cannot(Reason.NO_PAYLOAD, "the entry holds nothing for the mission server")
        if entry.header.epoch == 0:
            raise _Cannot(Reason.TAMPERED, "the entry names no epoch, so it is not sealed")
        secret = self._secret(session, entry)
        try:
            return open_payload(secret, entry.header, Compartment.BODY, sealed)
        except TagMismatch as error:
            raise _Cannot(Reason.TAMPERED, error.message) from error

    def _secret(self, session: Session, entry: Claimed) -> bytes:
        header = entry.header
        name = (header.author, header.incarnation, entry.branch, header.epoch)
        epoch_id = self._ids.get(name)
        if epoch_id is not None and epoch_id in self._secrets:
            self._secrets.move_to_end(epoch_id)
            return self._secrets[epoch_id]
        found = work.epoch_payload(session, entry, Compartment.BODY)
        if found is None:
            raise _Cannot(Reason.TAMPERED, f"entry {header.epoch} of its log is no epoch")
        epoch_id, payload = found
        try:
            secret = open_epoch(payload, self._keys, header.log, Compartment.BODY)
        except NoKeyMatches as error:
            raise _Cannot(Reason.UNDECRYPTABLE, error.message) from error
        except TagMismatch as error:
            raise _Cannot(Reason.TAMPERED, error.message) from error
        self._ids[name] = epoch_id
        self._secrets[epoch_id] = secret
        if len(self._secrets) > EPOCHS_MAX:
            gone, _ = self._secrets.popitem(last=False)
            self._ids = {k: v for k, v in self._ids.items() if v != gone}
        return secret
