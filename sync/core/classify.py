"""Classify: name the case that a received run is, from what is held of its log. Nothing is changed.

The first of three moves: classify, plan, apply. Rules SYNC-004, SYNC-013 to SYNC-015.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.errors import SignatureInvalid
from shared.ids import EntryHash
from shared.sealing.envelope import verify_head
from sync.core.batch import Run
from sync.core.have import BRANCHES_MAX
from sync.core.store import Branch

HashAt = Callable[[Branch, int], EntryHash | None]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Every entry is held already."""


@dataclass(frozen=True, slots=True)
class Begins:
    """The first entries of a log nothing is held of."""


@dataclass(frozen=True, slots=True)
class Continues:
    """Entries from index `start` on go on from the head of `branch`."""

    branch: Branch
    start: int


@dataclass(frozen=True, slots=True)
class Forks:
    """From index `start` on the run leaves `branch`."""

    branch: Branch
    start: int


@dataclass(frozen=True, slots=True)
class Gap:
    """An entry before the first is missing."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """No key is known for the author."""


@dataclass(frozen=True, slots=True)
class Forged:
    """The signature is not the author's."""


@dataclass(frozen=True, slots=True)
class Overgrown:
    """The log has as many branches as are kept."""


Case = Duplicate | Begins | Continues | Forks | Gap | Stranger | Forged | Overgrown


def classify(
    run: Run, public_key: bytes | None, branches: Sequence[Branch], hash_at: HashAt
) -> Case:
    """Return which case `run` is; cost linear in its entries times the log's branches."""
    if public_key is None:
        return Stranger()
    case = _place(run, branches, hash_at)
    if isinstance(case, Duplicate | Gap):
        return case  # what is held was verified when it came; a gap is asked for again
    try:
        verify_head(public_key, run.head, run.signature)
    except SignatureInvalid:
        return Forged()
    return case


def _place(run: Run, branches: Sequence[Branch], hash_at: HashAt) -> Case:
    """Find where the run joins what is held: along the branch that shares most of it."""
    before = run.before
    if not branches:
        return Begins() if before.sequence == 0 else Gap()
    best: Branch | None = None
    shared = -1
    for branch in branches:
        if before.sequence and hash_at(branch, before.sequence) != before.hash:
            continue
        count = _shared_entries(run, branch, hash_at)
        if count > shared:
            best, shared = branch, count
    if best is None:
        return Gap()
    if shared == len(run.entries):
        return Duplicate()
    if best.head.sequence == before.sequence + shared:
        return Continues(best, shared)
    if len(branches) >= BRANCHES_MAX:
        return Overgrown()
    return Forks(best, shared)


def _shared_entries(run: Run, branch: Branch, hash_at: HashAt) -> int:
    """Return how many leading entries of the run lie on the branch.

    Equal hashes at one place mean equal logs up to there, so the last shared entry is searched by
    halving.
    """
    low, high = 0, min(len(run.entries), max(0, branch.head.sequence - run.before.sequence))
    while low < high:
        middle = (low + high + 1) // 2
        entry = run.entries[middle - 1]
        if hash_at(branch, entry.header.sequence) == entry.hash:
            low = middle
        else:
            high = middle - 1
    return low
