"""Merge: a record's state as a pure function of the revisions held. Rules SYNC-060 to SYNC-068.

`resolve` is the function; `RecordMerge` computes it one revision at a time, so that appending to a
long history replays nothing. No clock and no order of arrival can move the result: where concurrent
values are left to a person, the one shown has the greatest causal depth, then the greatest id.
Direct identifiers merge blind, by equality tag, and the answer names the revision that holds each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.ids import RevisionId
from shared.records.address import enclosing_instances, is_instance
from shared.records.consent import Consent, Decision
from shared.records.revision import DELETED, Deletion, RevisionBody, Value
from sync.core.consents import Consents
from sync.core.existence import RECORD, Existence, scope_of
from sync.core.graph import RevisionGraph
from sync.core.rules import MergeRules, is_group
from sync.core.settle import (
    Attestations,
    Candidate,
    Member,
    Rank,
    Settled,
    Write,
    settle,
)

NOTHING_ATTESTED = Attestations()


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision and its id."""

    id: RevisionId
    body: RevisionBody


@dataclass(frozen=True, slots=True)
class RecordState:
    """What the revisions of one record come to.

    Attributes:
        values: address -> value of the body, without what is deleted; an instance's own address
            carries its order. Where a conflict is open the value is provisional.
        conflicts: unit -> candidates, the provisional one first. A unit is an address, a group
            (`scope#name`), or a deleted scope (an instance, or `/` for the record).
        heads: revisions that no other knew of: the parents of the next.
        held: revisions whose parents are missing; not applied.
        gone: instances that are deleted, and `/` when the record is.
        identity_sources: address of a direct field -> revision whose identity blob holds it.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    heads: tuple[RevisionId, ...] = ()
    held: tuple[RevisionId, ...] = ()
    gone: frozenset[str] = frozenset()
    consents: Mapping[str, Consent] = field(default_factory=dict)
    identity_sources: Mapping[str, RevisionId] = field(default_factory=dict)

    @property
    def deleted(self) -> bool:
        """Whether the whole record is deleted."""
        return RECORD in self.gone


class RecordMerge:
    """One record's revisions, merged as they come."""

    def __init__(self, rules: MergeRules) -> None:
        self._rules = rules
        self._graph: RevisionGraph = RevisionGraph()
        self._bodies: dict[RevisionId, RevisionBody] = {}
        self._writes: dict[str, list[Write]] = {}
        self._live: dict[str, list[Write]] = {}
        self._existence = Existence()
        self._consents = Consents()

    def add(self, revision: Revision) -> None:
        """Take in one revision; one already here changes nothing."""
        if revision.id in self._bodies:
            return
        self._bodies[revision.id] = revision.body
        self._consents.hear(revision.body.consents)
        for ready in self._graph.add(revision.id, revision.body.parents):
            self._apply(ready)

    def _apply(self, revision_id: RevisionId) -> None:
        body = self._bodies[revision_id]
        place = self._graph.place(revision_id)
        known, rank = self._graph.known(place), self._graph.rank(place)
        self._existence.apply(place, known, body)
        self._consents.apply(place, known, rank, body.consents)
        settles = {self._unit_named(address) for address in body.resolves}
        for unit, written in self._units_of(body, revision_id, settles).items():
            members: Mapping[str, Member] = written
            if unit in settles or is_group(unit):
                members = self._complete(unit, written, known, settles=unit in settles)
            if not members:
                continue
            write = Write(place, rank, members)
            self._writes.setdefault(unit, []).append(write)
            live = self._live.setdefault(unit, [])
            live[:] = [older for older in live if not known >> older.place & 1]
            live.append(write)

    def _units_of(
        self, body: RevisionBody, revision_id: RevisionId, settles: set[str]
    ) -> dict[str, dict[str, Member]]:
        """Return what the revision wrote or settled, by unit; deletions are kept elsewhere."""
        units: dict[str, dict[str, Member]] = {unit: {} for unit in sorted(settles)}
        for address, value in body.patch.items():
            if value is not DELETED:
                member = Member(revision_id, value)
            elif scope_of(address) is None:
                member = Member(revision_id)
            else:
                continue
            units.setdefault(self._rules.unit(address), {})[address] = member
        for address, tag in body.tags.items():
            units.setdefault(self._rules.unit(address), {})[address] = Member(revision_id, tag=tag)
        return units

    def _unit_named(self, address: str) -> str:
        return address if is_group(address) else self._rules.unit(address)

    def _complete(
        self, unit: str, written: Mapping[str, Member], known: int, *, settles: bool
    ) -> Mapping[str, Member]:
        """Return the whole unit: what was written, and the rest as the writer knew it (SYNC-062).

        A resolution that picks a tag holds no blob itself: its source stays the revision that does.
        """
        seen = self._live_within(unit, known)
        if not seen:
            return written
        before = settle(seen, self._rules, NOTHING_ATTESTED).members
        if not settles:
            return {**before, **written}
        holders = {(a, m.tag): m for write in seen for a, m in write.members.items() if m.tag}
        picked = {a: holders.get((a, m.tag), m) if m.tag else m for a, m in written.items()}
        return {**before, **picked}

    def _live_within(self, unit: str, known: int) -> list[Write]:
        """Return the unit's writes that were live in the history `known` alone."""
        live: list[Write] = []
        covered = 0
        for write in reversed(self._writes.get(unit, ())):
            if known >> write.place & 1:
                if not covered >> write.place & 1:
                    live.append(write)
                covered |= self._graph.known(write.place)
        return live

    def state(self, attested: Attestations = NOTHING_ATTESTED) -> RecordState:
        """Return what the revisions so far come to."""
        gone, conflicts = self._existence.judge(self._graph)
        values: dict[str, Value] = {}
        sources: dict[str, RevisionId] = {}
        for unit, live in self._live.items():
            settled = self._settled(unit, live, attested)
            members = {a: m for a, m in settled.members.items() if not _is_gone(a, gone)}
            if settled.candidates and members:
                conflicts[unit] = settled.candidates
            for address, member in members.items():
                if member.tag is None:
                    values[address] = member.value
                else:
                    sources[address] = member.source
        return RecordState(
            values=dict(sorted(values.items())),
            conflicts=dict(sorted(c for c in conflicts.items() if not _is_gone(c[0], gone))),
            heads=self._graph.heads,
            held=self._graph.held,
            gone=gone,
            consents=self._consents.state(attested.withdrawn),
            identity_sources=dict(sorted(sources.items())),
        )

    def _settled(self, unit: str, live: Sequence[Write], attested: Attestations) -> Settled:
        if len(live) == 1:
            return Settled(live[0].members)
        settled = settle(live, self._rules, attested)
        # Where two tablets ordered one instance differently, nobody need be asked.
        return Settled(settled.members) if is_instance(unit) else settled


def _is_gone(address: str, gone: frozenset[str]) -> bool:
    if not gone:
        return False
    return (
        RECORD in gone
        or address in gone
        or any(scope in gone for scope in enclosing_instances(address))
    )


def resolve(
    revisions: Iterable[Revision],
    rules: MergeRules,
    attested: Attestations = NOTHING_ATTESTED,
) -> RecordState:
    """Return the state of a record: equal inputs in any order, any number of times, equal state."""
    listed = tuple(revisions)
    if len(listed) == 1 and _only_writes(listed[0].body):
        return _sole_state(listed[0], attested)
    merge = RecordMerge(rules)
    for revision in listed:
        merge.add(revision)
    return merge.state(attested)


def _only_writes(body: RevisionBody) -> bool:
    """Tell whether a revision begins a record and does nothing but write it: as nearly all do."""
    return not (
        body.parents
        or body.resolves
        or DELETED in body.patch.values()
        or not body.patch.keys().isdisjoint(body.tags)
    )


def _sole_state(revision: Revision, attested: Attestations) -> RecordState:
    """Return what one first revision comes to: what it says, unless its respondent withdrew.

    The same as RecordMerge's state, at a tenth of the work; a property test holds them equal.
    """
    body = revision.body
    consents: dict[str, Consent] = {}
    for consent in body.consents:
        if not consent.decisions:
            continue
        if consent.withdrawal_hash in attested.withdrawn:
            gone = dict.fromkeys(consent.decisions, Decision.WITHDRAWN)
            consents[consent.respondent] = replace(consent, decisions=gone)
        else:
            consents[consent.respondent] = consent
    return RecordState(
        values={a: v for a, v in sorted(body.patch.items()) if not isinstance(v, Deletion)},
        heads=(revision.id,),
        consents=consents,
        identity_sources=dict.fromkeys(sorted(body.tags), revision.id),
    )


__all__ = [
    "Attestations",
    "Candidate",
    "Rank",
    "RecordMerge",
    "RecordState",
    "Revision",
    "resolve",
]
