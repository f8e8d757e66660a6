"""The rules of a form and the order in which they run, worked out once from what each reads."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.errors import FormError
from shared.forms.definition import Form
from shared.forms.references import Reference

CALCULATE: Final = "calculate"
RELEVANT: Final = "relevant"
COUNT: Final = "count"
CHOICES: Final = "choices"
LAST_KINDS: Final = frozenset({COUNT, CHOICES})
"""Rules that run after all others and may set those off again: they change what there is."""


_CIRCLES_MAX: Final = 20

Circle: TypeAlias = tuple[tuple[str, str], ...]
"""Rules, as (field, kind), each of which reads the one before it, the first the last."""


class CycleFound(FormError):
    """Rules of a form depend on each other in a circle."""

    code = "FORM-006"

    def __init__(self, circles: Iterable[Circle]) -> None:
        self.circles = tuple(circles)
        first = self.circles[0]
        steps = [f"{target} ({kind})" for target, kind in first]
        more = len(self.circles) - 1
        super().__init__(
            "these depend on each other in a circle: "
            + " -> ".join([*steps, first[0][0]])
            + ". Take one of them out of the circle"
            + (f"; {more} more circle(s) wait behind this one" if more else "")
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Something recomputed on its own: a calculation, relevance, repeat count or choice list."""

    index: int
    kind: str
    target: str
    expression: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """All rules with the order they run in.

    Attributes:
        rank: rule index -> place in the order.
        readers: template path -> (rule index, anchor) of every rule that reads it.
    """

    rules: tuple[Rule, ...]
    rank: tuple[int, ...]
    readers: Mapping[str, tuple[tuple[int, str], ...]]

    def self_feeding(self) -> frozenset[str]:
        """Return repeats whose count depends on their own instances.

        "One more while the last one says so": taken at once, such a repeat would never stop
        growing, so it grows when somebody walks past its last instance.
        """
        return frozenset(
            rule.target for rule in self.rules if rule.kind == COUNT and self._reaches(rule)
        )

    def _reaches(self, count: Rule) -> bool:
        """Tell whether what a repeat holds leads back to its count."""
        seen: set[int] = set()
        pending = self._readers_below(count.target)
        while pending:
            index = pending.pop()
            if index in seen:
                continue
            seen.add(index)
            rule = self.rules[index]
            if rule.index == count.index:
                return True
            pending += self._readers_below(rule.target)
        return False

    def _readers_below(self, path: str) -> list[int]:
        """Return the rules that read a path or anything inside it."""
        below = path + "/"
        return [
            index
            for read, readers in self.readers.items()
            if read == path or read.startswith(below)
            for index, _ in readers
        ]


def build_graph(form: Form, rules: Sequence[Rule]) -> Graph:
    """Return the rules in an order where each runs after what it reads.

    Raises:
        CycleFound: names the fields of the circle.
    """
    readers: dict[str, list[tuple[int, str]]] = {}
    for rule in rules:
        for reference in rule.references:
            readers.setdefault(reference.path, []).append((rule.index, reference.anchor))
    rank = _ranked(form, rules)
    return Graph(tuple(rules), rank, {path: tuple(dict.fromkeys(r)) for path, r in readers.items()})


def _followers(form: Form, rules: Sequence[Rule]) -> list[set[int]]:
    """Return, for each rule, the rules that must run after it."""
    followers: list[set[int]] = [set() for _ in rules]
    sources = _Sources(form, rules)
    for rule in rules:
        for reference in rule.references:
            if _crosses_instances(form, rule, reference):
                # The value of another instance of the same field: ordered when it runs.
                continue
            for source in sources.of(reference.path):
                if rules[source].kind not in LAST_KINDS and rule.kind not in LAST_KINDS:
                    followers[source].add(rule.index)
    return followers


def _ranked(form: Form, rules: Sequence[Rule]) -> tuple[int, ...]:
    """Return each rule's place in a topological order (Kahn)."""
    followers = _followers(form, rules)
    waiting = [0] * len(rules)
    for after in followers:
        for index in after:
            waiting[index] += 1
    # A heap of (late, index): counts and choices come last, each kind in form order.
    late = [rule.kind in LAST_KINDS for rule in rules]
    ready = [(late[index], index) for index, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, index = heapq.heappop(ready)
        order.append(index)
        for follower in followers[index]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (late[follower], follower))
    if len(order) < len(rules):
        raise CycleFound(
            tuple((rules[index].target, rules[index].kind) for index in circle)
            for circle in _circles(followers, waiting)
        )
    rank = [0] * len(rules)
    for place, index in enumerate(order):
        rank[index] = place
    return tuple(rank)


def _crosses_instances(form: Form, rule: Rule, reference: Reference) -> bool:
    """Tell whether a rule reads its own field in another instance of the same repeat."""
    if reference.path != rule.target or rule.kind != CALCULATE:
        return False
    innermost = ""
    for path in form.repeats:
        if rule.target.startswith(path + "/") and len(path) > len(innermost):
            innermost = path
    return bool(innermost) and reference.anchor != innermost


class _Sources:
    """Which rules can change what a reader of a path sees."""

    def __init__(self, form: Form, rules: Sequence[Rule]) -> None:
        self._form = form
        self._by_target: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_target.setdefault(rule.target, []).append(rule)
        self._cache: dict[str, tuple[int, ...]] = {}

    def of(self, path: str) -> tuple[int, ...]:
        known = self._cache.get(path)
        if known is None:
            known = self._cache[path] = tuple(self._find(path))
        return known

    def _find(self, path: str) -> Iterator[int]:
        for rule in self._by_target.get(path, ()):
            yield rule.index
        above = path.rpartition("/")[0]
        while above:
            for rule in self._by_target.get(above, ()):
                if rule.kind != CALCULATE:
                    yield rule.index
            above = above.rpartition("/")[0]


def _circles(followers: Sequence[set[int]], waiting: Sequence[int]) -> Iterator[list[int]]:
    """Yield circles of rules that share no rule, a few at most."""
    stuck = {index for index, count in enumerate(waiting) if count}
    for _ in range(_CIRCLES_MAX):
        _drop_loose(stuck, followers)
        if not stuck:
            return
        before: dict[int, int] = {}
        for index in sorted(stuck):
            for follower in followers[index] & stuck:
                before.setdefault(follower, index)
        # Every stuck rule waits for a stuck one, so walking backwards must come round.
        here = min(stuck)
        seen: list[int] = []
        while here not in seen:
            seen.append(here)
            here = before[here]
        circle = seen[seen.index(here) :][::-1]
        first = circle.index(min(circle))
        yield circle[first:] + circle[:first]
        stuck -= set(circle)


def _drop_loose(stuck: set[int], followers: Sequence[set[int]]) -> None:
    """Take out rules that wait for no stuck one."""
    while True:
        held: set[int] = set()
        for index in stuck:
            held |= followers[index]
        loose = stuck - held
        if not loose:
            return
        stuck -= loose
