"""Paradata: what the enumerator did when, sealed with the record, so that invented interviews show.

The draft keeps a trail of steps; the record gets its summary (SEAL-062: name -> number or text).
Paths name questions and positions, never answers.
"""

from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from statistics import median
from typing import Any, Final

from shared.canonical import decode, encode

_LENGTH_BYTES: Final = 2
_QUICK_MS: Final = 1_500
"""An answer given faster than a question can be read aloud."""
_PAUSE_MS: Final = 10 * 60_000


class Step(IntEnum):
    """What happened. Numbers stand in drafts: they never change meaning."""

    OPENED = 0
    ANSWERED = 1
    CHANGED = 2
    TAKEN_BACK = 3
    WENT_BACK = 4
    JUMPED = 5
    ADDED = 6
    REMOVED = 7
    LANGUAGE = 8
    CONSENTED = 9
    LEFT = 10
    APPROVED = 11
    SENT_BACK = 12
    RESUMED = 13


_ANSWERS: Final = frozenset({Step.ANSWERED, Step.CHANGED, Step.TAKEN_BACK})


def step(trail: bytes, started_ms: int, now_ms: int, what: Step, path: str = "") -> bytes:
    """Return the trail with one step more; a clock set back gives a time before the last, as is."""
    item = encode([now_ms - started_ms, what, path])
    return trail + len(item).to_bytes(_LENGTH_BYTES, "big") + item


def steps(trail: bytes) -> Iterator[tuple[int, Step, str]]:
    """Yield the steps: milliseconds since the start, what, and where."""
    at = 0
    while at < len(trail):
        length = int.from_bytes(trail[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        time_ms, what, path = decode(trail[at : at + length])
        yield time_ms, Step(what), path
        at += length


def summary(trail: bytes) -> dict[str, Any]:
    """Return what the record keeps of a trail.

    `seconds` lists the time before each answer, in the order they were given; `active_s` leaves
    out pauses over ten minutes.
    """
    found = list(steps(trail))
    counted = {what: sum(each[1] is what for each in found) for what in Step}
    gaps_ms = [later[0] - earlier[0] for earlier, later in pairwise(found) if later[1] in _ANSWERS]
    active_ms = sum(
        gap
        for gap in (later[0] - earlier[0] for earlier, later in pairwise(found))
        if 0 <= gap <= _PAUSE_MS
    )
    return {
        "active_s": active_ms // 1000,
        "answers": sum(counted[what] for what in _ANSWERS),
        "back": counted[Step.WENT_BACK],
        "changed": counted[Step.CHANGED] + counted[Step.TAKEN_BACK],
        "jumps": counted[Step.JUMPED],
        "languages": counted[Step.LANGUAGE],
        "median_ms": int(median(gaps_ms)) if gaps_ms else 0,
        "quick": sum(0 <= gap < _QUICK_MS for gap in gaps_ms),
        "removed": counted[Step.REMOVED],
        "resumed": counted[Step.RESUMED],
        "seconds": " ".join(str(round(gap / 1000)) for gap in gaps_ms),
    }
