"""Plan and apply: what is done with a received run, case by case, and the answer to its sender.

`plan` is pure and total over the cases; `take_run` is the three moves on any store, inside the
store's transaction. Rules SYNC-013 to SYNC-015.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, assert_never

from sync.core.batch import Run, SealedEntry, UnreadableRun
from sync.core.classify import (
    Begins,
    Case,
    Continues,
    Duplicate,
    Forged,
    Forks,
    Gap,
    Overgrown,
    Stranger,
    classify,
)
from sync.core.have import BRANCHES_MAX, LogName
from sync.core.store import Branch, LogStore


class OutcomeCode(IntEnum):
    """What became of an entry (SYNC-013)."""

    STORED = 0
    DUPLICATE = 1
    GAP = 2
    FORK = 3
    QUARANTINED = 4
    REFUSED = 5
    WANTED = 6


class Outcome(NamedTuple):
    """What became of the entries of a log from `sequence` on."""

    log: LogName
    sequence: int
    code: OutcomeCode
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extend:
    """Append the entries from index `start` to a branch; None: to the first branch of a new log."""

    branch: Branch | None
    start: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Open a new branch that leaves `branch` before index `start`, and append to it."""

    branch: Branch
    start: int


@dataclass(frozen=True, slots=True)
class KeepAside:
    """Keep the run apart, with its bytes and the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Change nothing."""


Action = Extend | Fork | KeepAside | Leave


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and what to answer."""

    action: Action
    code: OutcomeCode
    reason: str = ""


def plan(case: Case, *, keeps_strangers: bool) -> Plan:  # noqa: PLR0911 - one a case
    """Return what a case asks for.

    Args:
        case: what the run was classified as.
        keeps_strangers: a mission server keeps what it cannot check; hubs and devices refuse it.
    """
    match case:
        case Duplicate():
            return Plan(Leave(), OutcomeCode.DUPLICATE)
        case Begins():
            return Plan(Extend(None, 0), OutcomeCode.STORED)
        case Continues(branch, start):
            return Plan(Extend(branch, start), OutcomeCode.STORED)
        case Forks(branch, start):
            return Plan(Fork(branch, start), OutcomeCode.FORK, "kept as a second branch")
        case Gap():
            return Plan(Leave(), OutcomeCode.GAP, "an earlier entry is missing")
        case Stranger():
            return _unchecked("unknown_device", keeps_strangers=keeps_strangers)
        case Forged():
            return _unchecked("bad_signature", keeps_strangers=keeps_strangers)
        case Overgrown():
            reason = f"the log has {BRANCHES_MAX} branches already"
            return Plan(Leave(), OutcomeCode.REFUSED, reason)
    assert_never(case)


def _unchecked(reason: str, *, keeps_strangers: bool) -> Plan:
    if keeps_strangers:
        return Plan(KeepAside(reason), OutcomeCode.QUARANTINED, reason)
    return Plan(Leave(), OutcomeCode.REFUSED, reason)


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a run came to.

    Attributes:
        outcome: for the answer.
        new: the entries that are stored now and were not before.
    """

    outcome: Outcome
    new: tuple[SealedEntry, ...] = ()


def take_run(
    store: LogStore, run: Run, public_key: bytes | None, *, keeps_strangers: bool = False
) -> Taken:
    """Classify a run, plan and apply, in one transaction of the store."""
    with store.transaction():
        case = classify(run, public_key, store.branches(run.log), store.hash_at)
        made = plan(case, keeps_strangers=keeps_strangers)
        first = run.entries[0].header.sequence
        new: tuple[SealedEntry, ...] = ()
        match made.action:
            case Extend(branch, start):
                target = store.open_branch(run.log, None, 0) if branch is None else branch
                new = run.entries[start:]
                store.extend(target, new, run.signed_on, run.signature)
                first += start
            case Fork(branch, start):
                target = store.open_branch(run.log, branch, first + start - 1)
                new = run.entries[start:]
                store.extend(target, new, run.signed_on, run.signature)
                first += start
            case KeepAside(reason):
                store.keep_aside(run, reason)
            case Leave():
                pass
            case _ as never:
                assert_never(never)
    return Taken(Outcome(run.log, first, made.code, made.reason), new)


def refuse_unreadable(run: UnreadableRun) -> Outcome:
    """Return the answer to a run that is not well formed."""
    return Outcome(run.log, run.first, OutcomeCode.REFUSED, run.error.message)
