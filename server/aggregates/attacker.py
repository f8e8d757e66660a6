"""The attacker: bounds every protected cell by linear programming, from published numbers alone.

Each optimum is a whole table that fits everything published, so it bears witness for all targets
at once, and few programmes are needed. People come in whole numbers: a bound reached only by
fractions proves nothing, so witnesses in whole numbers are sought too (DISC-043). Whoever holds
the releases can run this. Rules DISC-040..045.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from server.aggregates.knowledge import Knowledge, Matrix, to_matrix
from server.aggregates.published import CellName, Target
from shared.errors import LimitExceeded

Values = NDArray[np.float64]
_SLACK = 1e-6
_WHOLE_TIME_LIMIT_S = 30.0
WHOLE_PROGRAMMES_MAX: Final = 400
"""Integer programmes one attack may take; what is not proved safe by then counts as a breach."""
_STATUS = highspy.HighsModelStatus


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
        aims = _Aims(self.knowledge, targets)
        outcome = Outcome(consistent=True)
        solver = _Solver(self.matrix, whole=False)
        if not solver.feasible():
            return Outcome(consistent=False)
        self._chase(aims, solver, outcome)
        outcome.findings = aims.findings()
        return outcome

    def run_whole(self, targets: Sequence[Target], candidates: Iterable[Values] = ()) -> Outcome:
        """Bound every target in whole numbers; `candidates` are tables someone offers as fitting.

        A candidate is believed only after it was checked against every fact. Past a number of
        programmes the rest counts as not proved safe.
        """
        aims = _Aims(self.knowledge, targets)
        outcome = Outcome(consistent=True)
        for candidate in candidates:
            if fits(self.matrix, candidate, whole=True):
                aims.see(candidate)
                outcome.witnesses.append(candidate)
        if not aims.safe().all():
            solver = _Solver(self.matrix, whole=True)
            self._chase(aims, solver, outcome, WHOLE_PROGRAMMES_MAX)
        outcome.findings = aims.findings()
        return outcome

    def unknown_values(self, truth: Mapping[CellName, float]) -> Values:
        """Return true values in the order of the unknown cells; for auditors who hold them."""
        return np.array([truth[name] for name in self.knowledge.unknown], dtype=np.float64)

    def _chase(
        self, aims: "_Aims", solver: "_Solver", outcome: Outcome, most: int | None = None
    ) -> None:
        """Push each target not yet safe up, then down."""
        for place in range(len(aims.targets)):
            for sense in (1.0, -1.0):
                if aims.safe()[place] or (most is not None and outcome.programmes >= most):
                    break
                found = solver.extreme(aims.terms(place), sense)
                outcome.programmes += 1
                if found is None:
                    aims.see_unbounded(place, sense)
                elif solver.trust(found):
                    aims.see(found)
                    outcome.witnesses.append(found)


class _Aims:
    """Targets as sparse rows, and the widest bounds any witness has shown."""

    def __init__(self, knowledge: Knowledge, targets: Sequence[Target]) -> None:
        self.targets = list(targets)
        owner, column, part = [], [], []
        self._fixed = np.zeros(len(self.targets))
        for place, target in enumerate(self.targets):
            for name, coefficient in target.terms:
                if name in knowledge.published:
                    self._fixed[place] += coefficient * knowledge.published[name]
                else:
                    owner.append(place)
                    column.append(knowledge.unknown[name])
                    part.append(coefficient)
        self._owner = np.array(owner, dtype=np.int64)
        self._column = np.array(column, dtype=np.int64)
        self._part = np.array(part, dtype=np.float64)
        has_unknown = np.bincount(self._owner, minlength=len(self.targets)) > 0
        self.low = np.where(has_unknown, np.inf, self._fixed)
        self.high = np.where(has_unknown, -np.inf, self._fixed)
        self._need_low = np.array([target.low for target in self.targets])
        self._need_high = np.array([target.high for target in self.targets])
        self._need_width = np.array([target.width for target in self.targets])

    def terms(self, place: int) -> tuple[NDArray[np.int64], Values]:
        """Return the unknown cells of one target and their coefficients."""
        mine = self._owner == place
        return self._column[mine], self._part[mine]

    def see(self, witness: Values) -> None:
        """Let one fitting table widen the bounds of all targets."""
        parts = self._part * witness[self._column]
        sums = self._fixed + np.bincount(self._owner, weights=parts, minlength=len(self.targets))
        np.minimum(self.low, sums, out=self.low)
        np.maximum(self.high, sums, out=self.high)

    def see_unbounded(self, place: int, sense: float) -> None:
        """Note that a target can grow or fall without end."""
        if sense > 0:
            self.high[place] = np.inf
        else:
            self.low[place] = -np.inf

    def safe(self) -> NDArray[np.bool_]:
        """Tell for each target whether the bounds leave enough doubt."""
        with np.errstate(invalid="ignore"):
            width = self.high - self.low
        enough: NDArray[np.bool_] = (
            (self.low <= self._need_low + _SLACK)
            & (self.high >= self._need_high - _SLACK)
            & (width >= self._need_width - _SLACK)
        )
        return enough

    def findings(self) -> list[Finding]:
        """Return what is known of each target now."""
        safe = self.safe()
        return [
            Finding(target, float(self.low[place]), float(self.high[place]), bool(safe[place]))
            for place, target in enumerate(self.targets)
        ]


class _Solver:
    """One HiGHS model over the unknown cells, solved again and again with another objective."""

    def __init__(self, matrix: Matrix, *, whole: bool) -> None:
        self._matrix, self._whole = matrix, whole
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.setOptionValue("output_flag", False)  # noqa: FBT003 - by position only
        self._solver.setOptionValue("threads", 1)
        self._solver.setOptionValue("presolve", "on" if whole else "off")
        if whole:
            self._solver.setOptionValue("time_limit", _WHOLE_TIME_LIMIT_S)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = matrix.columns, len(matrix.low)
        model.col_cost_ = np.zeros(matrix.columns)
        model.col_lower_ = np.zeros(matrix.columns)
        model.col_upper_ = np.full(matrix.columns, highspy.kHighsInf)
        model.row_lower_, model.row_upper_ = matrix.low, matrix.high
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = matrix.start.astype(np.int32)
        model.a_matrix_.index_ = matrix.column.astype(np.int32)
        model.a_matrix_.value_ = matrix.coefficient
        if whole:
            model.integrality_ = [highspy.HighsVarType.kInteger] * matrix.columns
        self._solver.passModel(model)

    def feasible(self) -> bool:
        """Tell whether any table fits what is known."""
        self._solver.run()
        return self._solver.getModelStatus() in {_STATUS.kOptimal, _STATUS.kModelEmpty}

    def extreme(self, terms: tuple[NDArray[np.int64], Values], sense: float) -> Values | None:
        """Return a fitting table with the target as high (low) as can be; None when unbounded.

        Raises:
            LimitExceeded: the solver gave no answer; then nothing may be released.
        """
        columns, parts = terms
        for column, part in zip(columns, parts, strict=True):
            self._solver.changeColCost(int(column), float(-sense * part))
        self._solver.run()
        status = self._solver.getModelStatus()
        solution = np.array(self._solver.getSolution().col_value)
        for column in columns:
            self._solver.changeColCost(int(column), 0.0)
        if status == _STATUS.kOptimal or (self._whole and status == _STATUS.kTimeLimit):
            return np.round(solution) if self._whole else solution
        if status in {_STATUS.kUnbounded, _STATUS.kUnboundedOrInfeasible}:
            return None
        raise LimitExceeded(f"the audit's programme stopped with {status}; nothing is released")

    def trust(self, found: Values) -> bool:
        """Check a solution against every fact; a solver's word is not proof."""
        return len(found) == self._matrix.columns and fits(self._matrix, found, whole=self._whole)


def fits(matrix: Matrix, values: Values, *, whole: bool) -> bool:
    """Tell whether one table agrees with every fact, and, if asked, counts whole people."""
    if len(values) != matrix.columns or bool((values < -_SLACK).any()):
        return False
    if whole and bool((values != np.round(values)).any()):
        return False
    sums = matrix.product(values)
    slack = 0.0 if whole else _SLACK * (1.0 + np.abs(sums))
    return bool((sums >= matrix.low - slack).all() and (sums <= matrix.high + slack).all())
