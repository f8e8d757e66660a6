"""Paradata: what the enumerator did when, sealed with the record, so that invented interviews show.

A trail is a run of small CBOR arrays `[milliseconds since the start, step, path]`. Paths name
questions and positions, never answers. It is part of the record's body and through it of the log's
hash chain.
"""

from enum import IntEnum

from shared.canonical import encode


class Step(IntEnum):
    """What happened. Numbers are on the wire: they never change meaning."""

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
    FINALIZED = 13


def step(trail: bytes, started_ms: int, now_ms: int, what: Step, path: str = "") -> bytes:
    """Return the trail with one step more; a clock set back gives a negative time, as it was."""
    return trail + encode([now_ms - started_ms, what, path])
