"""What an expression reads: template paths, each with its anchor.

The anchor is the innermost repeat whose instance the reader and the read node share. A change in
one household member then reaches that member's rules, and not those of its two hundred siblings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.forms.definition import Field, Shape
from shared.forms.xpath.ast import Binary, Call, Expr, Filter, Negate, Path, Step
from shared.forms.xpath.functions import AGGREGATES


@dataclass(frozen=True, slots=True)
class Reference:
    """A template path that an expression reads, and the repeat both ends share ("" for none)."""

    path: str
    anchor: str


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
        if step.axis == "self" or not places:
            # Without a place the path is in a secondary instance, which no answer changes.
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
