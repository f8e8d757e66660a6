"""Rows of the home screen's lists: people, forms, drafts, records, cases. Plain values only."""

from dataclasses import dataclass, field
from enum import StrEnum

from mobile_client.presenters.views import Language, ProgressView


class EntryState(StrEnum):
    """Where a finalized record is; shown by shape and word."""

    ON_DEVICE = "on_device"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class EnumeratorRow:
    """One person who uses this device."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FormRow:
    """One form that can be filled here."""

    form_id: str
    title: str
    version: str
    basis: str
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One unfinished interview.

    Attributes:
        ready: all questions answered well; finalize can take it.
        needs_consent: opening it asks again whether the respondent agrees to go on.
        returned: why a team lead sent it back; "" where nobody did.
    """

    draft_id: str
    form_id: str
    title: str
    started_ms: int
    updated_ms: int
    progress: ProgressView = field(default_factory=ProgressView)
    ready: bool = False
    needs_consent: bool = True
    returned: str = ""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One finalized record: no answer of it can be read here any more.

    Attributes:
        record_id: 32 hex digits.
        readable_until_ms: policy keeps a readable copy until then; None where it keeps none.
        carrier: which hub or bundle took it, "" while nobody did.
    """

    record_id: str
    form_id: str
    title: str
    finalized_ms: int
    state: EntryState = EntryState.ON_DEVICE
    readable_until_ms: int | None = None
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One list that forms read, in the version that is here.

    Attributes:
        digest: SHA-256 of its content, hex.
        personal: a case list of this device, which lies in the vault.
    """

    name: str
    serial: int
    digest: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One assigned household or site."""

    record_id: str
    form_id: str
    label: str
    detail: str = ""
    conflicts: int = 0
    editable: bool = True


@dataclass(frozen=True, slots=True)
class HubRow:
    """A hub that a search found.

    Attributes:
        known_by: code, certificate, or "" where this device does not know it.
        why_not: why it cannot be used, "" where it can; a catalogue key where it is a usual one.
        address: what a hand-over takes as destination, "" where it cannot be used.
        taken_ms: when it last signed for records that this device knows of; None where never.
    """

    hub: str
    label: str
    known_by: str
    why_not: str = ""
    address: str = ""
    taken_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HubsFound:
    """A search for hubs, as it goes or at its end.

    Attributes:
        share: of its time that is over, 0 to 1.
        notice: why nothing could be heard at all; "" where the search worked.
    """

    rows: tuple[HubRow, ...] = ()
    share: float = 0.0
    notice: str = ""
