"""What each rule reads, and the order in which rules run.

Static: computed once per form from the expressions. A reference says which template path is read
and its anchor: the innermost repeat whose instance the reader and the read node share. A change in
one household member then reaches that member's rules, and not those of its two hundred siblings.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.errors import FormError
from shared.forms.definition import Field, Form, Shape
from shared.forms.xpath.ast import Binary, Call, Expr, Filter, Negate, Path, Step
from shared.forms.xpath.functions import AGGREGATES

CALCULATE: Final = "calculate"
RELEVANT: Final = "relevant"
COUNT: Final = "count"
CHOICES: Final = "choices"
LAST_KINDS: Final = frozenset({COUNT, CHOICES})
"""Rules that run after all others and may set those off again: they change what there is."""


class CycleFound(FormError):
    """Rules of a form depend on each other in a circle."""

    code = "FORM-006"


@dataclass(frozen=True, slots=True)
class Reference:
    """A template path that an expression reads, and the repeat both ends share ("" for none)."""

    path: str
    anchor: str


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path has got to, and the shortest path it passed on the way."""

    path: tuple[str, ...]
    lowest: int


class ReferenceFinder:
    """Finds what expressions read, given the form's fields."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._repeats = {path for path, f in fields.items() if f.shape is Shape.REPEAT}
        self._by_name: dict[str, list[str]] = {}
        for path, found in fields.items():
            self._by_name.setdefault(found.name, []).append(path)

    def references(self, tree: Expr, target: str) -> tuple[Reference, ...]:
        """Return every path `tree` reads when it runs on a node at `target`."""
        parts = tuple(target.strip("/").split("/"))
        found: dict[Reference, None] = {}
        self._visit(tree, [_Place(parts, len(parts))], parts, found, wide=False)
        return tuple(found)

    def _visit(
        self,
        tree: Expr,
        context: list[_Place],
        target: tuple[str, ...],
        found: dict[Reference, None],
        *,
        wide: bool,
    ) -> None:
        if isinstance(tree, Path):
            for place in self._path(tree, context, target, found, wide=wide):
                found[Reference("/" + "/".join(place.path), self._anchor(place))] = None
        elif isinstance(tree, Binary):
            self._binary(tree, context, target, found)
        elif isinstance(tree, Negate):
            self._visit(tree.operand, context, target, found, wide=False)
        elif isinstance(tree, Filter):
            self._visit(tree.primary, context, target, found, wide=True)
            places = self._places_of(tree.primary, context, target, found)
            for predicate in tree.predicates:
                self._visit(predicate, places, target, found, wide=False)
        elif isinstance(tree, Call):
            spread = tree.name in AGGREGATES
            for argument in tree.arguments:
                wide_here = spread or tree.name == "indexed-repeat"
                self._visit(argument, context, target, found, wide=wide_here)
                if tree.name == "indexed-repeat" and isinstance(argument, Path):
                    self._widen(argument, context, target, found)

    def _binary(
        self,
        tree: Binary,
        context: list[_Place],
        target: tuple[str, ...],
        found: dict[Reference, None],
    ) -> None:
        """Visit both sides, going down the left spine by a loop: chains can be long."""
        here: Expr = tree
        while isinstance(here, Binary):
            self._visit(here.right, context, target, found, wide=False)
            here = here.left
        self._visit(here, context, target, found, wide=False)

    def _widen(
        self,
        path: Path,
        context: list[_Place],
        target: tuple[str, ...],
        found: dict[Reference, None],
    ) -> None:
        """Record that `indexed-repeat` reads the path in every instance."""
        for place in self._path(path, context, target, found, wide=True):
            found[Reference("/" + "/".join(place.path), "")] = None

    def _path(
        self,
        path: Path,
        context: list[_Place],
        target: tuple[str, ...],
        found: dict[Reference, None],
        *,
        wide: bool,
    ) -> list[_Place]:
        """Return where a location path ends, visiting its predicates on the way."""
        if path.base is not None:
            places = self._places_of(path.base, context, target, found)
        elif path.absolute:
            places = [_Place((), 0)]
        else:
            places = context
        anchored = path.absolute and not wide
        for step in path.steps:
            places = self._step(step, places)
            if anchored:
                anchored = not step.predicates
                places = [self._reanchored(p, target) for p in places] if anchored else places
            for predicate in step.predicates:
                self._visit(predicate, places, target, found, wide=False)
        return [place for place in places if "/" + "/".join(place.path) in self._fields]

    def _places_of(
        self,
        base: Expr,
        context: list[_Place],
        target: tuple[str, ...],
        found: dict[Reference, None],
    ) -> list[_Place]:
        """Return the places an expression before `/` or `[` stands for; none if elsewhere."""
        if isinstance(base, Path):
            return self._path(base, context, target, found, wide=True)
        if isinstance(base, Filter):
            self._visit(base, context, target, found, wide=True)
            return self._places_of(base.primary, context, target, found)
        if isinstance(base, Call) and base.name == "current":
            return [_Place(target, len(target))]
        self._visit(base, context, target, found, wide=True)
        if isinstance(base, Call) and base.name == "randomize" and base.arguments:
            return self._places_of(base.arguments[0], context, target, found)
        return []

    def _reanchored(self, place: _Place, target: tuple[str, ...]) -> _Place:
        """An absolute path stays inside the instances that hold the target."""
        common = 0
        for ours, theirs in zip(place.path, target, strict=False):
            if ours != theirs:
                break
            common += 1
        return _Place(place.path, common)

    def _step(self, step: Step, places: list[_Place]) -> list[_Place]:
        if step.axis == "self":
            return places
        if step.axis == "attribute":
            return [_Place((*p.path, f"@{step.test.name}"), p.lowest) for p in places]
        if step.axis == "parent":
            return [_Place(p.path[:-1], min(p.lowest, len(p.path) - 1)) for p in places if p.path]
        if step.axis == "child" and step.test.name != "*":
            return [_Place((*p.path, step.test.name), p.lowest) for p in places]
        if step.axis == "child":
            return [
                _Place(tuple(child.strip("/").split("/")), place.lowest)
                for place in places
                for child in self._children(place)
            ]
        if step.axis in ("descendant", "descendant-or-self", "following", "preceding"):
            return [_Place(tuple(path.strip("/").split("/")), 0) for path in self._fields]
        if step.axis in ("following-sibling", "preceding-sibling"):
            return [
                _Place((*p.path[:-1], step.test.name), min(p.lowest, len(p.path) - 1))
                for p in places
            ]
        if step.axis.startswith("ancestor"):
            return [
                _Place(p.path[:depth], min(p.lowest, depth))
                for p in places
                for depth in range(1, len(p.path))
            ]
        return places

    def _children(self, place: _Place) -> Sequence[str]:
        field = self._fields.get("/" + "/".join(place.path))
        return () if field is None else field.children

    def _anchor(self, place: _Place) -> str:
        """Return the innermost repeat at or above the lowest point of the way."""
        for depth in range(min(place.lowest, len(place.path)), 0, -1):
            path = "/" + "/".join(place.path[:depth])
            if path in self._repeats:
                return path
        return ""


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
        raise CycleFound(_describe_cycle(rules, followers, waiting))
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


def _describe_cycle(rules: Sequence[Rule], followers: list[set[int]], waiting: list[int]) -> str:
    """Return `/data/a (calculate) -> /data/b (relevant) -> /data/a`."""
    stuck = {index for index, count in enumerate(waiting) if count}
    before: dict[int, int] = {}
    for index in sorted(stuck):
        for follower in followers[index]:
            before.setdefault(follower, index)
    # Every stuck rule waits for a stuck one, so walking backwards must come round.
    here = min(stuck)
    seen: list[int] = []
    while here not in seen:
        seen.append(here)
        here = before[here]
    circle = seen[seen.index(here) :][::-1]
    steps = [f"{rules[i].target} ({rules[i].kind})" for i in circle]
    return (
        "these depend on each other in a circle: "
        + " -> ".join([*steps, rules[circle[0]].target])
        + ". Take one of them out of the circle"
    )
