"""The attacker: bounds every protected cell by linear programming, from published numbers alone.

Each optimum is a whole table that fits everything published, so it bears witness for all targets
at once, and few programmes are needed. People come in whole numbers: a bound reached only by
fractions proves nothing, so witnesses in whole numbers are sought too (DISC-043). Whoever holds
the releases can run this. Rules DISC-040..045.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np

from server.aggregates.aims import SLACK, Aims, Values
from server.aggregates.knowledge import Knowledge, Matrix, to_matrix
from server.aggregates.programme import Programme
from server.aggregates.published import CellName, Target

WHOLE_PROGRAMMES_MAX: Final = 400
"""Integer programmes one attack may take; what is not proved safe by then counts as a breach."""
_BITS: Final = (0, None, 1)
"""How targets are pushed together before one by one: by a bit of their rank, or all one way."""


@dataclass(frozen=True)
class Finding:
    """What the attack learned of one target: bounds proved possible, and whether that is enough."""

    target: Target
    low: float
    high: float
    safe: bool


@dataclass
class Outcome:
    """The result of one attack.

    Attributes:
        consistent: False where the attacker's assumptions contradict what was published; then
            nothing follows from them.
        witnesses: values of the unknown cells, one array per table that fits: the certificate.
    """

    consistent: bool
    findings: list[Finding] = field(default_factory=list)
    witnesses: list[Values] = field(default_factory=list)
    programmes: int = 0

    @property
    def breaches(self) -> list[Finding]:
        """Targets the attacker comes too close to."""
        return [finding for finding in self.findings if not finding.safe]


class Attack:
    """One attacker with one body of knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.matrix = to_matrix(knowledge)

    def run(self, targets: Sequence[Target]) -> Outcome:
        """Bound every target over the reals."""
        aims = Aims(self.knowledge, targets)
        outcome = Outcome(consistent=True)
        programme = Programme(self.matrix, aims, whole=False)
        first = programme.table()
        if first is None:
            return Outcome(consistent=False)
        if self._trust(first, programme):
            aims.see(first)
            outcome.witnesses.append(first)
        self._chase(aims, programme, outcome)
        outcome.findings = _findings(aims)
        return outcome

    def run_whole(self, targets: Sequence[Target], candidates: Iterable[Values] = ()) -> Outcome:
        """Bound every target in whole numbers; `candidates` are tables someone offers as fitting.

        A candidate is believed only after it was checked against every fact. Past a number of
        programmes the rest counts as not proved safe.
        """
        aims = Aims(self.knowledge, targets)
        outcome = Outcome(consistent=True)
        for candidate in map(np.round, candidates):
            if fits(self.matrix, candidate, whole=True):
                aims.see(candidate)
                outcome.witnesses.append(candidate)
        if not aims.safe().all():
            programme = Programme(self.matrix, aims, whole=True)
            first = programme.table() if not outcome.witnesses else None
            if first is not None and self._trust(first, programme):
                aims.see(first)
                outcome.witnesses.append(first)
            # Without one table that fits, a solver's "no bound" could also mean "no table".
            if outcome.witnesses:
                self._chase(aims, programme, outcome, WHOLE_PROGRAMMES_MAX)
        outcome.findings = _findings(aims)
        return outcome

    def unknown_values(self, truth: Mapping[CellName, float]) -> Values:
        """Return true values in the order of the unknown cells; for auditors who hold them."""
        return np.array([truth[name] for name in self.knowledge.unknown], dtype=np.float64)

    def _chase(
        self, aims: Aims, programme: Programme, outcome: Outcome, most: int | None = None
    ) -> None:
        """Take targets not yet safe to their goals: all together first, then one by one."""
        for senses in _plans(aims):
            if most is not None and outcome.programmes >= most:
                break
            found = programme.push(senses)
            outcome.programmes += 1
            if found is None and len(senses) == 1:
                aims.see_unbounded(*next(iter(senses.items())))
            elif found is not None and self._trust(found, programme):
                aims.see(found)
                outcome.witnesses.append(found)

    def _trust(self, found: Values, programme: Programme) -> bool:
        """Check a solution against every fact; a solver's word is not proof."""
        return fits(self.matrix, found, whole=programme.whole)


def _plans(aims: Aims) -> Iterator[dict[int, int]]:
    """Yield which targets to push which way; goes on from what earlier pushes have shown."""
    for bit, turn in product(_BITS, (1, -1)):
        # Neighbours share a total: one rises best while the other falls.
        ways = {
            place: turn if bit is None or not rank >> bit & 1 else -turn
            for rank, place in enumerate(aims.unsafe())
        }
        lacking = {place: sense for place, sense in ways.items() if not aims.met(place, sense)}
        if len(lacking) > 1:
            yield lacking
    for place in range(len(aims.targets)):
        for sense in (1, -1):
            if not aims.safe()[place] and not aims.met(place, sense):
                yield {place: sense}


def fits(matrix: Matrix, values: Values, *, whole: bool) -> bool:
    """Tell whether one table agrees with every fact, and, if asked, counts whole people."""
    if len(values) != matrix.columns or bool((values < -SLACK).any()):
        return False
    if whole and bool((values != np.round(values)).any()):
        return False
    sums = matrix.product(values)
    slack = 0.0 if whole else SLACK * (1.0 + np.abs(sums))
    return bool((sums >= matrix.low - slack).all() and (sums <= matrix.high + slack).all())


def _findings(aims: Aims) -> list[Finding]:
    """Return what is known of each target now."""
    safe = aims.safe()
    return [
        Finding(target, float(aims.low[place]), float(aims.high[place]), bool(safe[place]))
        for place, target in enumerate(aims.targets)
    ]
