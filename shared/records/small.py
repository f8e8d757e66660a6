"""The small entries: tally, progress, withdrawal, status (SEAL-072). None holds an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.sealing.withdrawal import check_code
from shared.shapes import array, octets, scalars, text, uint


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
        flags: names of the form's quality checks that fired.
    """

    round_id: str
    form_id: str
    location: str
    outcome: Outcome
    duration_s: int
    flags: tuple[str, ...] = ()


def encode_progress(progress: Progress) -> bytes:
    """Return the plaintext of compartment 4 of a progress entry."""
    return encode(
        [
            progress.round_id,
            progress.form_id,
            progress.location,
            progress.outcome,
            progress.duration_s,
            progress.flags,
        ]
    )


def decode_progress(plaintext: bytes) -> Progress:
    """Return the progress, or raise EncodingInvalid."""
    items = array(decode(plaintext), "progress", 6)
    return Progress(
        round_id=text(items[0], "round"),
        form_id=text(items[1], "form id"),
        location=text(items[2], "location"),
        outcome=_outcome(items[3]),
        duration_s=uint(items[4], "duration"),
        flags=tuple(text(flag, "flag") for flag in array(items[5], "flags")),
    )


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
