"""The small entries: tally, progress, withdrawal, status (SEAL-072). None holds an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.sealing.labels import label
from shared.sealing.withdrawal import check_code
from shared.shapes import array, integer, octets, scalars, text, uint

REFERENCE_BYTES: Final = 8
_PROGRESS_FIRST: Final = 6
"""Items of a progress entry before day, collector and reference were added."""
_PROGRESS: Final = 9


class Outcome(StrEnum):
    """How a visit ended."""

    REFUSED = "refused"
    ABSENT = "absent"
    INACCESSIBLE = "inaccessible"
    ABANDONED = "abandoned"
    FINALIZED = "finalized"


def _outcome(value: object) -> Outcome:
    try:
        return Outcome(text(value, "outcome"))
    except ValueError:
        raise EncodingInvalid(f"an outcome is one of {', '.join(Outcome)}") from None


@dataclass(frozen=True, slots=True)
class Tally:
    """A count without a record: all that stays of a visit where nobody agreed or was met.

    Attributes:
        area: p-code of the area, or "" where it is not known.
        day: days since 1970-01-01 by the device's clock.
    """

    form_id: str
    round_id: str
    area: str
    day: int
    outcome: Outcome
    count: int = 1


def encode_tally(tally: Tally) -> bytes:
    """Return the plaintext of compartment 1 of a tally entry."""
    return encode(
        [tally.form_id, tally.round_id, tally.area, tally.day, tally.outcome, tally.count]
    )


def decode_tally(plaintext: bytes) -> Tally:
    """Return the tally, or raise EncodingInvalid."""
    items = array(decode(plaintext), "a tally", 6)
    return Tally(
        form_id=text(items[0], "form id"),
        round_id=text(items[1], "round"),
        area=text(items[2], "area"),
        day=uint(items[3], "day"),
        outcome=_outcome(items[4]),
        count=uint(items[5], "count"),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How one visit went, for the coordinator: completeness and quality, no answers.

    Attributes:
        flags: names of the checks that fired (checks.py), and of the form's own.
        day: days since 1970-01-01 by the device's calendar; None in an entry of the first format.
        collector: which of a tablet's enumerators, 8 random bytes; empty where it is not known.
        reference: 8 bytes by which an interview sealed twice is counted once; empty likewise.
    """

    round_id: str
    form_id: str
    location: str
    outcome: Outcome
    duration_s: int
    flags: tuple[str, ...] = ()
    day: int | None = None
    collector: bytes = b""
    reference: bytes = b""


def encode_progress(progress: Progress) -> bytes:
    """Return the plaintext of compartment 4 of a progress entry."""
    first = [
        progress.round_id,
        progress.form_id,
        progress.location,
        progress.outcome,
        progress.duration_s,
        progress.flags,
    ]
    if progress.day is None:
        return encode(first)
    return encode([*first, progress.day, progress.collector, progress.reference])


def decode_progress(plaintext: bytes) -> Progress:
    """Return the progress, or raise EncodingInvalid."""
    items = array(decode(plaintext), "progress")
    if len(items) not in (_PROGRESS_FIRST, _PROGRESS):
        raise EncodingInvalid(f"progress has {_PROGRESS} items; a newer device wrote this one")
    later: dict[str, Any] = {}
    if len(items) == _PROGRESS:
        later = {
            "day": integer(items[6], "day"),
            "collector": _short(items[7], "collector"),
            "reference": _short(items[8], "reference"),
        }
    return Progress(
        round_id=text(items[0], "round"),
        form_id=text(items[1], "form id"),
        location=text(items[2], "location"),
        outcome=_outcome(items[3]),
        duration_s=uint(items[4], "duration"),
        flags=tuple(text(flag, "flag") for flag in array(items[5], "flags")),
        **later,
    )


def _short(value: object, what: str) -> bytes:
    data = octets(value, what)
    if len(data) not in (0, REFERENCE_BYTES):
        raise EncodingInvalid(f"a {what} has {REFERENCE_BYTES} bytes, or none")
    return data


def visit_reference(record_id: bytes, tag_key: bytes) -> bytes:
    """Return what an interview is known by in progress; it leads to no record (STN-004)."""
    return sha256(label("progress") + record_id + tag_key).digest()[:REFERENCE_BYTES]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A respondent's code, handed over on any device; it names no person and no record."""

    code: bytes = field(repr=False)


def encode_withdrawal(withdrawal: Withdrawal) -> bytes:
    """Return the plaintext of compartment 1 of a withdrawal entry."""
    return encode([check_code(withdrawal.code)])


def decode_withdrawal(plaintext: bytes) -> Withdrawal:
    """Return the withdrawal, or raise EncodingInvalid."""
    (code,) = array(decode(plaintext), "a withdrawal", 1)
    return Withdrawal(check_code(octets(code, "withdrawal code")))


@dataclass(frozen=True, slots=True)
class Status:
    """What a device says of itself: version, free space, unsent entries, battery."""

    facts: Mapping[str, str | int | float | bool | None]


def encode_status(status: Status) -> bytes:
    """Return the plaintext of compartment 1 of a status entry."""
    return encode(scalars(dict(status.facts), "a status"))


def decode_status(plaintext: bytes) -> Status:
    """Return the status, or raise EncodingInvalid."""
    return Status(scalars(decode(plaintext), "a status"))
