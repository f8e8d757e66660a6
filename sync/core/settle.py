"""Settling one unit: what several live writes of a field or group come to. Rules SYNC-062, 063.

A live write is one that no later write of the same unit knew of. One distinct value needs no rule;
several are settled by the unit's rule, or stay an open conflict with a provisional value that no
clock and no order of arrival can move.
"""

import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.ids import RevisionId
from shared.records.revision import Value
from sync.core.rules import REVIEW, MergeRules

Rank = tuple[int, RevisionId]


@dataclass(frozen=True, slots=True)
class Member:
    """One address of a written unit: its value, or for a direct field the tag of its value.

    Attributes:
        source: the revision whose body or identity blob holds the value.
    """

    source: RevisionId
    value: Value = None
    tag: bytes | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """What one revision wrote to one unit, completed to the whole unit."""

    place: int
    rank: Rank
    members: Mapping[str, Member]

    @property
    def revision_id(self) -> RevisionId:
        """The revision that wrote."""
        return self.rank[1]

    def key(self) -> Hashable:
        """Return what two writes of equal values have in common."""
        return frozenset(
            (address, value_key(member.value) if member.tag is None else member.tag)
            for address, member in self.members.items()
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the values in conflict and the revisions that wrote it, sorted.

    Attributes:
        values: address -> value, of the body.
        tags: address -> equality tag, of the direct fields.
        deleted: the candidate is that the instance or record is gone.
    """

    revisions: tuple[RevisionId, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    tags: Mapping[str, bytes] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A unit's members as shown, and the candidates where they are only provisional."""

    members: Mapping[str, Member]
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Attestations:
    """What the server has attested about revisions and respondents.

    Attributes:
        written_ms: revision -> its true time, the device's clock set right by its attested offset.
        withdrawn: hashes of withdrawal codes that were presented.
    """

    written_ms: Mapping[RevisionId, int] = field(default_factory=dict)
    withdrawn: frozenset[bytes] = frozenset()


def value_key(value: Value) -> Hashable:
    """Return a key equal for equal values: 2 is 2.0, text by NFC and single spaces, never a mix."""
    match value:
        case None:
            return ()
        case bool():
            return ("boolean", value)
        case int() | float():
            return ("number", value)
        case str():
            return ("text", " ".join(unicodedata.normalize("NFC", value).split()))
        case _:
            return ("list", tuple(value))


def settle(writes: Sequence[Write], rules: MergeRules, attested: Attestations) -> Settled:
    """Return what the live writes of one unit come to; cost linear in their number."""
    newest = max(writes, key=lambda write: write.rank)
    if len(writes) == 1:
        return Settled(newest.members)
    by_key: dict[Hashable, list[Write]] = {}
    for write in sorted(writes, key=lambda write: write.rank, reverse=True):
        by_key.setdefault(write.key(), []).append(write)
    if len(by_key) == 1:
        return Settled(newest.members)
    settled = _by_rule(writes, rules, attested)
    if settled is not None:
        return Settled(settled)
    return Settled(newest.members, tuple(_candidate(same) for same in by_key.values()))


def _candidate(same: Sequence[Write]) -> Candidate:
    members = same[0].members
    return Candidate(
        revisions=tuple(sorted(write.revision_id for write in same)),
        values={a: m.value for a, m in sorted(members.items()) if m.tag is None},
        tags={a: m.tag for a, m in sorted(members.items()) if m.tag is not None},
    )


def _by_rule(
    writes: Sequence[Write], rules: MergeRules, attested: Attestations
) -> Mapping[str, Member] | None:
    """Return the members that the unit's rule makes of the writes; None where it cannot."""
    addresses = {address for write in writes for address in write.members}
    names = {rules.rule(address) for address in addresses}
    rule = names.pop() if len(names) == 1 else REVIEW
    if rule in {"latest", "earliest"}:
        return _by_time(writes, attested, latest=rule == "latest")
    combine = _COMBINERS.get(rule)
    if combine is None or len(addresses) != 1:
        return None
    (address,) = addresses
    members = [write.members[address] for write in writes]
    if any(member.tag is not None for member in members):
        return None
    value = combine([member.value for member in members], rules, address)
    if isinstance(value, _Unsettled):
        return None
    same = [w for w in writes if value_key(w.members[address].value) == value_key(value)]
    source = max(same or writes, key=lambda write: write.rank).revision_id
    return {address: Member(source, value)}


def _by_time(
    writes: Sequence[Write], attested: Attestations, *, latest: bool
) -> Mapping[str, Member] | None:
    times = attested.written_ms
    if any(write.revision_id not in times for write in writes):
        return None
    sign = 1 if latest else -1
    return max(writes, key=lambda w: (sign * times[w.revision_id], w.rank)).members


class _Unsettled:
    """Says that a rule cannot decide between these values."""


_UNSETTLED = _Unsettled()
_Combined = Value | _Unsettled
_Combine = Callable[[Sequence[Value], MergeRules, str], _Combined]


def _extreme(values: Sequence[Value], *, greatest: bool) -> _Combined:
    """Return the greatest or least; values differ, so not all are answers taken back."""
    given = [value for value in values if value is not None]
    numbers = [v for v in given if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(given):
        return max(numbers) if greatest else min(numbers)
    texts = [value for value in given if isinstance(value, str)]
    if len(texts) == len(given):
        return max(texts) if greatest else min(texts)
    return _UNSETTLED


def _union(values: Sequence[Value], rules: MergeRules, address: str) -> _Combined:
    """Return every choice that any writer chose, in form order, then by name."""
    chosen: set[str] = set()
    for value in values:
        if isinstance(value, tuple):
            chosen.update(value)
        elif isinstance(value, str):
            chosen.add(value)
        elif value is not None:
            return _UNSETTLED
    order = _choice_order(rules, address)
    return tuple(sorted(chosen, key=lambda name: (order.get(name, len(order)), name)))


def _restrictive(values: Sequence[Value], rules: MergeRules, address: str) -> _Combined:
    """Return what permits least.

    Nothing before anything; false before true; the choice that stands later in the form's list; of
    chosen sets what all have in common; of numbers the smaller.
    """
    if any(value is None for value in values):
        return None
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(isinstance(value, tuple) for value in values):
        order = _choice_order(rules, address)
        common = set.intersection(*(set(v) for v in values if isinstance(v, tuple)))
        return tuple(sorted(common, key=lambda name: (order.get(name, len(order)), name)))
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        order = _choice_order(rules, address)
        if len(texts) == len(values) and all(text in order for text in texts):
            return max(texts, key=lambda text: order[text])
        return _UNSETTLED
    return _extreme(values, greatest=False)


def _choice_order(rules: MergeRules, address: str) -> dict[str, int]:
    return {name: number for number, name in enumerate(rules.choices_of(address))}


_COMBINERS: dict[str, _Combine] = {
    "max": lambda values, _rules, _address: _extreme(values, greatest=True),
    "min": lambda values, _rules, _address: _extreme(values, greatest=False),
    "union": _union,
    "restrictive": _restrictive,
}
