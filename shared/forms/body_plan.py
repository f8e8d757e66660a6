"""How a form's finished answers are judged: worked out once for each set of absent fields.

A record answers a part of a form, so judging one must cost what it answers and not what the form
could ask. The plan knows which relevance rules an answer can turn; all others stand as they do
with no answers at all, which a judge (body_judge.py) works out once and keeps.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Final

from shared.forms.definition import Field, Shape
from shared.forms.dependency import RELEVANT, Rule
from shared.forms.program import Program
from shared.forms.types import TypeCheck, type_check
from shared.forms.validate import NEVER

if TYPE_CHECKING:
    from shared.forms.body_judge import BodyJudge

_MOVING: Final = re.compile(
    r"\b(?:now|today|random|uuid|randomize|instance|pulldata|itext|choice-name|id|lang|once"
    r"|position|last|property|version|extract-signed)\s*\(|::|//|\*"
)
"""What may read more than answers, or along axes: such a rule runs for every record."""
_IDLE_MAX: Final = 2
_ZONES_MAX: Final = 4
_PLANS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Check:
    """What an answer of one field must meet: its type and its constraint, "" for none."""

    type_check: TypeCheck | None
    constraint: str


class BodyPlan:
    """What to run and judge for one form without some fields.

    Attributes:
        rules: the relevance rules a holder of the body can judge, by rank.
        readers: form path -> places in `rules` of those that read it.
        moving: places of rules that look at more than answers.
        touched: repeat path -> places of rules that an instance of it may turn.
        checks: form path -> what an answer must meet; fields without rules are left out.
        required: (form path, expression) of fields that may have to be answered.
        groups: (form path, constraint) of groups and repeats that carry one.
    """

    def __init__(self, program: Program, absent: Collection[str]) -> None:
        self.program = program
        body_rules = program.body_rules(absent)
        self.skips = body_rules.skips
        judged = [
            rule
            for rule in program.graph.rules
            if rule.kind == RELEVANT and not self.skips(rule.target, rule.expression)
        ]
        self.rules: tuple[Rule, ...] = tuple(
            sorted(judged, key=lambda rule: program.graph.rank[rule.index])
        )
        self.readers = self._readers()
        self.moving = frozenset(place for place, rule in enumerate(self.rules) if self._moves(rule))
        self.touched = {repeat: self._touched_by(repeat) for repeat in program.form.repeats}
        fields = program.form.fields.values()
        self.checks = {f.path: check for f in fields if (check := self._check(f)) is not None}
        self.required = tuple(
            (f.path, f.required)
            for f in fields
            if f.shape is Shape.VALUE
            and program.is_asked(f.path)
            and f.required not in NEVER
            and not self.skips(f.path, f.required)
        )
        self.groups = tuple(
            (f.path, f.constraint)
            for f in fields
            if f.shape is not Shape.VALUE and f.constraint and not self.skips(f.path, f.constraint)
        )
        self._idle: dict[tzinfo, list[BodyJudge]] = {}

    def _readers(self) -> dict[str, tuple[int, ...]]:
        readers: dict[str, dict[int, None]] = {}
        for place, rule in enumerate(self.rules):
            for reference in rule.references:
                readers.setdefault(reference.path, {})[place] = None
        return {path: tuple(places) for path, places in readers.items()}

    def _moves(self, rule: Rule) -> bool:
        """Tell whether a rule may read what no reference names, such as a whole group's text."""
        fields = self.program.form.fields
        return _MOVING.search(rule.expression) is not None or any(
            fields[reference.path].shape is Shape.GROUP for reference in rule.references
        )

    def _touched_by(self, repeat: str) -> frozenset[int]:
        below = repeat + "/"
        own = (
            place
            for place, rule in enumerate(self.rules)
            if rule.target == repeat or rule.target.startswith(below)
        )
        reading: Iterator[int] = (
            place
            for path, places in self.readers.items()
            if path == repeat or path.startswith(below)
            for place in places
        )
        return frozenset((*own, *reading))

    def _check(self, field: Field) -> Check | None:
        if field.shape is not Shape.VALUE:
            return None
        judged = self.program.is_asked(field.path)
        judged = judged and not self.skips(field.path, field.constraint)
        constraint = field.constraint if judged else ""
        checked = type_check(field.type)
        return Check(checked, constraint) if checked or constraint else None

    # ---- judges at hand

    def take(self, zone: tzinfo) -> "BodyJudge | None":
        """Return a judge that has nothing to do, or None."""
        idle = self._idle.get(zone)
        try:
            return idle.pop() if idle else None
        except IndexError:
            # Another thread took the last one between the two looks.
            return None

    def give_back(self, judge: "BodyJudge") -> None:
        """Keep a judge for the next record; a few of few zones are enough."""
        idle = self._idle.get(judge.zone)
        if idle is None:
            if len(self._idle) >= _ZONES_MAX:
                self._idle = {}
            idle = self._idle.setdefault(judge.zone, [])
        if len(idle) < _IDLE_MAX:
            idle.append(judge)


def plan_of(program: Program, absent: Collection[str]) -> BodyPlan:
    """Return the plan for bodies without these fields; the program keeps the latest few."""
    key = frozenset(absent)
    plans = program.body_plans
    known = plans.get(key)
    if not isinstance(known, BodyPlan):
        if len(plans) >= _PLANS_MAX:
            plans.clear()
        known = plans[key] = BodyPlan(program, key)
    return known
