"""The attacker's programme: how far can targets go in a table that fits all that is known?

Each target gets two further columns, one that may rise with it and one that may fall with it, each
no farther than its goal. So one solution takes many targets to their goals at once, and a solution
never wanders farther than the answer needs.
"""

from collections.abc import Mapping
from math import isinf

import highspy
import numpy as np

from server.aggregates.aims import Aims, Values
from server.aggregates.knowledge import Matrix
from shared.errors import LimitExceeded

_WHOLE_TIME_LIMIT_S = 30.0
_STATUS = highspy.HighsModelStatus
_INF = highspy.kHighsInf


class Programme:
    """One HiGHS model over the unknown cells, solved again and again with other aims."""

    def __init__(self, matrix: Matrix, aims: Aims, *, whole: bool) -> None:
        self._matrix, self._aims, self.whole = matrix, aims, whole
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver.setOptionValue("output_flag", False)  # noqa: FBT003 - by position only
        self._solver.setOptionValue("threads", 1)
        self._solver.setOptionValue("presolve", "on")
        if whole:
            self._solver.setOptionValue("time_limit", _WHOLE_TIME_LIMIT_S)
        self._solver.passModel(self._model())

    def table(self) -> Values | None:
        """Return one table that fits what is known; None when none does.

        Raises:
            LimitExceeded: the solver could not tell; then nothing may be released.
        """
        self._solver.run()
        status = self._solver.getModelStatus()
        if status in {_STATUS.kOptimal, _STATUS.kModelEmpty}:
            return self._solution()
        if status in {_STATUS.kInfeasible, _STATUS.kUnboundedOrInfeasible}:
            return None  # nothing is sought yet, so no bound is missing
        if self.whole and status == _STATUS.kTimeLimit:
            return None
        raise LimitExceeded(f"the audit's programme stopped with {status}; nothing is released")

    def push(self, senses: Mapping[int, int]) -> Values | None:
        """Return a table that takes targets towards their goals; None when one has no bound.

        Args:
            senses: 1 (up) or -1 (down) by target.

        Raises:
            LimitExceeded: the solver gave no answer; then nothing may be released.
        """
        used, endless = {}, False
        for place, sense in senses.items():
            column, goal = self._helper(place, sense), self._aims.goal(place, sense)
            self._solver.changeColBounds(column, *((-_INF, goal) if sense > 0 else (goal, _INF)))
            self._solver.changeColCost(column, -float(sense))
            used[column] = sense
            endless |= isinf(goal)
        # Such programmes are so degenerate that going on from the last basis takes ten times as
        # long as presolving and starting afresh (measured).
        self._solver.clearSolver()
        self._solver.run()
        status = self._solver.getModelStatus()
        solution = self._solution()
        for column in used:
            self._solver.changeColCost(column, 0.0)
        if status == _STATUS.kOptimal or (self.whole and status == _STATUS.kTimeLimit):
            return solution
        # Towards an end a missing bound is the solver's trouble, and must not count as doubt.
        if endless and status in {_STATUS.kUnbounded, _STATUS.kUnboundedOrInfeasible}:
            return None
        raise LimitExceeded(f"the audit's programme stopped with {status}; nothing is released")

    def _solution(self) -> Values:
        found = np.array(self._solver.getSolution().col_value)[: self._matrix.columns]
        return np.round(found) if self.whole else found

    def _helper(self, place: int, sense: int) -> int:
        """Return the column that rises (falls) with a target."""
        return self._matrix.columns + 2 * place + (0 if sense > 0 else 1)

    def _model(self) -> highspy.HighsLp:
        matrix, aims = self._matrix, self._aims
        cells, helpers = matrix.columns, 2 * len(aims.targets)
        start, column = list(matrix.start), [matrix.column]
        value, low, high = [matrix.coefficient], list(matrix.low), list(matrix.high)
        for place, fixed in enumerate(aims.fixed):
            mine = aims.owner == place
            for sense in (1, -1):
                column.append(np.append(aims.column[mine], self._helper(place, sense)))
                value.append(np.append(aims.part[mine], -1.0))
                start.append(start[-1] + int(mine.sum()) + 1)
                low.append(-fixed if sense > 0 else -_INF)
                high.append(_INF if sense > 0 else -fixed)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = cells + helpers, len(low)
        model.col_cost_ = np.zeros(cells + helpers)
        model.col_lower_ = np.concatenate([np.zeros(cells), np.full(helpers, -_INF)])
        model.col_upper_ = np.full(cells + helpers, _INF)
        model.row_lower_, model.row_upper_ = np.array(low), np.array(high)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(start, dtype=np.int32)
        model.a_matrix_.index_ = np.concatenate(column).astype(np.int32)
        model.a_matrix_.value_ = np.concatenate(value)
        if self.whole:
            kinds = highspy.HighsVarType
            model.integrality_ = [kinds.kInteger] * cells + [kinds.kContinuous] * helpers
        return model
