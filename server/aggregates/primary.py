"""Which cells must be protected for their own sake, and how far. Rules DISC-021..024.

Works on whole systems: every measure of every table of one form and round at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from server.aggregates.needs import Needs
from server.aggregates.system import Coordinate, Dimension, Form, Key, System
from server.aggregates.thresholds import SensitivityClass


@dataclass(frozen=True)
class MeasureFacts:
    """What is known of one measure beside its numbers.

    Attributes:
        unit: persons, households, locations, events, or amount for anything that is no count.
        contributors: kind of respondent behind the numbers (households, locations).
        counts: contributing respondents by cell; absent cells have none.
        largest: the two largest contributions by cell, for amounts.
    """

    unit: str
    contributors: str
    counts: Mapping[Coordinate, int] = field(default_factory=dict, repr=False)
    largest: Mapping[Coordinate, tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def is_amount(self) -> bool:
        """Tell whether the number is a sum of amounts rather than a count."""
        return self.unit == "amount"


def primary_needs(
    system: System, facts: Mapping[str, MeasureFacts], rule: SensitivityClass
) -> Needs:
    """Return what each cell of a system needs under one class."""
    low = np.full(system.size, np.inf)
    high = np.full(system.size, -np.inf)
    width = np.zeros(system.size)
    reasons = [""] * system.size
    for cell, (measure, where) in enumerate(system.keys):
        if system.virtual[cell]:
            if measure.startswith(ATTRIBUTE):
                reached = min(float(rule.persons), _outside_of(system, cell))
                high[cell], reasons[cell] = reached, "attribute"
            continue
        fact = facts[measure]
        value = float(system.values[cell])
        if reason := _frequency(value, fact, where, rule):
            fewest = float(rule.interval if fact.is_amount else rule.fewest(fact.unit))
            high[cell] = max(value if fact.is_amount else fewest, fewest)
            width[cell] = max(float(rule.interval), _share(value, rule) if fact.is_amount else 0.0)
            reasons[cell] = reason
        if fact.is_amount and (distance := _too_dominated(value, fact, where, rule)) > 0:
            low[cell], high[cell] = value - min(distance, value), value + distance
            reasons[cell] = reasons[cell] or "dominance"
    return Needs(low, high, width, tuple(reasons))


ATTRIBUTE = "outside "
"""First word of the measure of a form that stands for "all but one category"."""


def attribute_forms(
    values: Mapping[Key, float],
    tables: Sequence[tuple[str, tuple[str, ...]]],
    dimensions: Mapping[str, Dimension],
    sensitive: frozenset[str],
) -> list[Form]:
    """Find groups that fall in one category of a sensitive dimension (DISC-024).

    For each, a form stands for the number outside that category, which is zero now.
    """
    found: dict[Key, Form] = {}
    groups: dict[tuple[str, str], set[Coordinate]] = {}
    for measure, names in tables:
        for name in set(names) & sensitive:
            groups.setdefault((measure, name), set())
    for (measure, where), value in values.items():
        for (wanted, name), known in groups.items():
            if measure == wanted and value > 0 and all(part[0] != name for part in where):
                known.add(where)
    for (measure, name), coordinates in groups.items():
        tops = dimensions[name].children.get("_T", ())
        for where in sorted(coordinates):
            keys = {code: (measure, tuple(sorted([*where, (name, code)]))) for code in tops}
            filled = [code for code in tops if values.get(keys[code], 0.0) > 0]
            if len(filled) != 1 or keys[filled[0]] not in values:
                continue
            key = (f"{ATTRIBUTE}{name}={filled[0]}: {measure}", where)
            terms = (((measure, where), 1.0), (keys[filled[0]], -1.0))
            found[key] = Form(key, terms)
    return list(found.values())


def _outside_of(system: System, cell: int) -> float:
    """Return the size of the group a form speaks of: nobody can hide more people than it has."""
    measure, where = system.keys[cell]
    group = (measure.split(": ", 1)[1], where)
    return float(system.values[system.index[group]])


def _frequency(value: float, fact: MeasureFacts, where: Coordinate, rule: SensitivityClass) -> str:
    """Return why a count is too small to be shown; "" when it is not."""
    if value == 0:
        return "zero" if rule.zeros and not fact.is_amount else ""
    if not fact.is_amount and value < rule.fewest(fact.unit):
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
