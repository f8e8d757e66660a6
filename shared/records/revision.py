"""Record and revision: what one finalize, correction or resolution says, before it is sealed.

A record is the set of its revisions. A revision names the revisions it knew of (parents) and what
it changes (patch). Its answers are two halves for two readers: `RevisionBody` for the mission
server, `Identity` for the custodian, bound together by the record id and the equality tags.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from shared.ids import FormHash, RecordId, RevisionId
from shared.records.consent import Consent


class Deletion(Enum):
    """The one value that removes: a repeat instance, or with the record's root a whole record."""

    DELETED = "deleted"


DELETED: Final = Deletion.DELETED

Value = str | int | float | bool | tuple[str, ...] | None
"""A typed answer; None is an answer taken back. Choice lists are tuples of choice names."""

Patch = Mapping[str, Value | Deletion]
"""Address -> value. An instance's own address carries its order (int) or DELETED."""


@dataclass(frozen=True, slots=True)
class RevisionBody:
    """All but direct identifiers (SEAL-062).

    Attributes:
        at_ms: device clock, milliseconds since 1970 UTC; shown, never used to order.
        offset_min: the device's offset from UTC in minutes at that time.
        enumerator: who collected, by project-wide code.
        tags: identity address -> 8-byte equality tag (SEAL-050).
        resolves: addresses of the conflicts this revision settles; empty for an interview.
        reason: why a correction or resolution was made; empty for an interview.
        started_ms: when the interview began; None where it is not an interview.
        paradata: how the interview went (screens, pauses, language switches): name -> value; never
            an answer.
    """

    record_id: RecordId
    parents: tuple[RevisionId, ...]
    form_id: str
    form_hash: FormHash
    at_ms: int
    offset_min: int
    enumerator: str
    patch: Patch
    round_id: str = ""
    location: str = ""
    consents: tuple[Consent, ...] = ()
    tags: Mapping[str, bytes] = field(default_factory=dict)
    resolves: tuple[str, ...] = ()
    reason: str = ""
    started_ms: int | None = None
    paradata: Mapping[str, str | int | float | bool | None] | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Direct identifiers, for the custodian only (SEAL-063).

    Which revision it belongs to is told by the entry it lies in; the tags of that revision's body
    can be recomputed with `tag_key`, so a blob put in another's place is found out.
    """

    record_id: RecordId
    tag_key: bytes
    patch: Patch
