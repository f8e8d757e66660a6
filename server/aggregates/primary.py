"""Which cells must be protected for their own sake, and how far. Rules DISC-021..024.

Works on whole systems: every measure of every table of one form and round at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from server.aggregates.needs import Needs
from server.aggregates.system import Coordinate, Form, Key, System, TableSpec
from server.aggregates.thresholds import SensitivityClass


@dataclass(frozen=True)
class MeasureFacts:
    """What is known of one measure beside its numbers.

    Attributes:
        units: what is counted (persons, households, locations, events), or amount; several where
            products name one number differently, and then the strictest counts.
        contributors: kind of respondent behind the numbers (households, locations).
        counts: contributing respondents by cell; absent cells have none.
        largest: the two largest contributions by cell, for amounts.
    """

    units: frozenset[str]
    contributors: str
    counts: Mapping[Coordinate, int] = field(default_factory=dict, repr=False)
    largest: Mapping[Coordinate, tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def is_amount(self) -> bool:
        """Tell whether the number is a sum of amounts rather than a count."""
        return self.units == {"amount"}

    def fewest(self, rule: SensitivityClass) -> int:
        """Return the fewest that may be shown."""
        return max(rule.fewest(unit) for unit in self.units)


@dataclass(frozen=True)
class Rest:
    """A group without one of its parts: no cell of a table, but one subtraction away."""

    form: Form
    disclosure: str
    """Class of the field that sets the part apart."""


def primary_needs(
    system: System,
    facts: Mapping[str, MeasureFacts],
    rule: SensitivityClass,
    rests: Sequence[Rest] = (),
) -> Needs:
    """Return what each cell of a system needs under one class."""
    forms = {rest.form.key: rest for rest in rests}
    low = np.full(system.size, np.inf)
    high = np.full(system.size, -np.inf)
    width = np.zeros(system.size)
    reasons = [""] * system.size
    for cell, (measure, where) in enumerate(system.keys):
        if system.virtual[cell]:
            if rest := forms.get((measure, where)):
                high[cell], width[cell], reasons[cell] = _rest(system, cell, rest, facts, rule)
            continue
        fact = facts[measure]
        value = float(system.values[cell])
        if reason := _frequency(value, fact, where, rule):
            fewest = float(rule.interval if fact.is_amount else fact.fewest(rule))
            high[cell] = max(value if fact.is_amount else fewest, fewest)
            width[cell] = max(float(rule.interval), _share(value, rule) if fact.is_amount else 0.0)
            reasons[cell] = reason
        if fact.is_amount and (distance := _too_dominated(value, fact, where, rule)) > 0:
            low[cell], high[cell] = value - min(distance, value), value + distance
            reasons[cell] = reasons[cell] or "dominance"
    return Needs(low, high, width, tuple(reasons))


def category_rests(
    values: Mapping[Key, float], spec: TableSpec, classes: Mapping[str, str]
) -> Iterator[Rest]:
    """Yield the rests of one table's groups that fall in one category of a dimension (DISC-024).

    And, where choices overlap, of every group and category: "all but those" is a count as well.
    """
    axes = [spec.axes[name] for name in spec.dimensions]
    for codes in product(*(axis.codes for axis in axes)):
        whole = spec.key(codes)
        if values.get(whole, 0.0) <= 0:
            continue
        for place, axis in enumerate(axes):
            if codes[place] != axis.top:
                continue
            tops = axis.parents if axis.overlaps else axis.children.get(axis.top, ())
            parts = [spec.key((*codes[:place], code, *codes[place + 1 :])) for code in tops]
            filled = [part for part in parts if values.get(part, 0.0) > 0]
            if axis.overlaps or len(filled) == 1:
                for part in filled:
                    yield rest_of(whole, part, classes[axis.name])


def rest_of(whole: Key, part: Key, disclosure: str) -> Rest:
    """Return the number of a group outside one of its parts, as a form."""
    measure, where = whole
    extra = " ".join(f"{name}={code}" for name, code in part[1] if (name, code) not in where)
    return Rest(
        Form((f"outside {extra}: {measure}", where), ((whole, 1.0), (part, -1.0))), disclosure
    )


def _rest(
    system: System,
    cell: int,
    rest: Rest,
    facts: Mapping[str, MeasureFacts],
    rule: SensitivityClass,
) -> tuple[float, float, str]:
    """Return upper bound, width and reason that a rest needs."""
    whole = rest.form.terms[0][0]
    fact, value = facts[whole[0]], float(system.values[cell])
    fewest = float(fact.fewest(rule))
    if fact.is_amount:
        return -np.inf, 0.0, ""
    if value == 0 and rest.disclosure in rule.attributes:
        # Nobody can hide more people than the group has.
        return min(fewest, float(system.values[system.index[whole]])), 0.0, "attribute"
    if 0 < value < fewest:
        return fewest, float(rule.interval), "rest"
    return -np.inf, 0.0, ""


def _frequency(value: float, fact: MeasureFacts, where: Coordinate, rule: SensitivityClass) -> str:
    """Return why a count is too small to be shown; "" when it is not."""
    if value == 0:
        return "zero" if rule.zeros and not fact.is_amount else ""
    if not fact.is_amount and value < fact.fewest(rule):
        return "frequency"
    # A dozen people may be one family: who answered counts as well as whom it is about.
    if fact.counts.get(where, 0) < rule.fewest(fact.contributors):
        return "contributors"
    return ""


def _too_dominated(
    value: float, fact: MeasureFacts, where: Coordinate, rule: SensitivityClass
) -> float:
    """Return how far bounds must lie from an amount; 0 when no contributor stands out.

    Source: p% rule and (1, k) dominance rule, Hundepool et al., Statistical Disclosure Control
    (2012), section 4.2: the second largest contributor subtracts its own amount from the total.
    """
    first, second = fact.largest.get(where, (0.0, 0.0))
    share = rule.p_percent / 100 * first
    distance = share - (value - first - second)
    if value > 0 and first > rule.dominance * value:
        distance = max(distance, share)
    return max(distance, 0.0)


def _share(value: float, rule: SensitivityClass) -> float:
    """Return the part of an amount its bounds must at least span."""
    return rule.p_percent / 100 * value
