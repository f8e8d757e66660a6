"""The linear programme of the protector: move one hidden cell, let as few others as possible give.

A deviation d keeps every row satisfied and every cell non-negative: v + d is another table the
attacker cannot tell from v, if d moves hidden cells only. Cells not yet hidden may give at a cost,
and those that do are what must be hidden too. Source: Kelly, Golden and Assad (1992), Robertson
(1993), in the form with split variables. Rule DISC-030.
"""

import highspy
import numpy as np

from server.aggregates.needs import TOLERANCE
from server.aggregates.system import Floats, Mask, System
from shared.errors import LimitExceeded

_OPTIMAL = highspy.HighsModelStatus.kOptimal
_INFEASIBLE = {
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
}


class Deviations:
    """Minimum-cost deviations of one system, over the cells in `able` (others stay put)."""

    def __init__(self, system: System, cost: Floats, able: Mask) -> None:
        self._cells = np.flatnonzero(able)
        self._count = len(self._cells)
        self._size = system.size
        self._values = system.values
        self._column = np.full(system.size, -1, dtype=np.int64)
        self._column[self._cells] = np.arange(self._count)
        self._solver = _quiet_solver()
        self._solver.passModel(self._model(system, cost[self._cells]))

    def set_cost(self, cell: int, cost: float) -> None:
        """Change what moving a cell by one costs."""
        up = int(self._column[cell])
        self._solver.changeColCost(up, cost)
        self._solver.changeColCost(up + self._count, cost)

    def pin(self, cell: int) -> None:
        """Forbid a cell to move, as if it were published."""
        self._bounds(cell, (0.0, 0.0), (0.0, 0.0))

    def unpin(self, cell: int) -> None:
        """Let a cell move again."""
        self._bounds(cell, (0.0, np.inf), (0.0, float(self._values[cell])))

    def move(self, cell: int, by: float) -> Floats | None:
        """Return the cheapest deviation with d[cell] at least `by` (at most, if negative).

        None when there is none. The cell must not be pinned.
        """
        if by >= 0:
            self._bounds(cell, (by, np.inf), (0.0, 0.0))
        elif -by > self._values[cell] + TOLERANCE:
            return None
        else:
            self._bounds(cell, (0.0, 0.0), (-by, float(self._values[cell])))
        self._solver.run()
        status = self._solver.getModelStatus()
        found = self._deviation() if status == _OPTIMAL else None
        self.unpin(cell)
        if status != _OPTIMAL and status not in _INFEASIBLE:
            raise LimitExceeded(f"the protection programme stopped with {status}")
        return found

    def _deviation(self) -> Floats:
        """Read the solution as one number per cell of the system."""
        solution = np.array(self._solver.getSolution().col_value)
        moved = solution[: self._count] - solution[self._count :]
        nearest = np.round(moved)
        moved = np.where(np.abs(moved - nearest) < TOLERANCE, nearest, moved)
        deviation = np.zeros(self._size)
        deviation[self._cells] = moved
        return deviation

    def _bounds(self, cell: int, up: tuple[float, float], down: tuple[float, float]) -> None:
        """Set how far a cell may rise and fall."""
        column = int(self._column[cell])
        self._solver.changeColBounds(column, *up)
        self._solver.changeColBounds(column + self._count, *down)

    def _model(self, system: System, cost: Floats) -> highspy.HighsLp:
        """Return the model: columns rise then fall, rows those that touch a cell able to move."""
        start, index, value = [0], [], []
        low, high = [], []
        for number, (cells, coefficients) in enumerate(system.rows()):
            columns = self._column[cells]
            touched = columns >= 0
            if not touched.any():
                continue
            columns, parts = columns[touched], coefficients[touched]
            index.append(np.concatenate([columns, columns + self._count]))
            value.append(np.concatenate([parts, -parts]))
            start.append(start[-1] + 2 * len(columns))
            now = float(coefficients @ system.values[cells])
            low.append(system.row_low[number] - now)
            high.append(system.row_high[number] - now)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = 2 * self._count, len(low)
        model.col_cost_ = np.concatenate([cost, cost])
        model.col_lower_ = np.zeros(2 * self._count)
        rise = np.full(self._count, highspy.kHighsInf)
        model.col_upper_ = np.concatenate([rise, system.values[self._cells]])
        model.row_lower_, model.row_upper_ = np.array(low), np.array(high)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(start, dtype=np.int32)
        model.a_matrix_.index_ = _joined(index).astype(np.int32)
        model.a_matrix_.value_ = _joined(value).astype(np.float64)
        return model


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate, also nothing."""
    return np.concatenate(parts) if parts else np.zeros(0)


def _quiet_solver() -> highspy.Highs:
    """Return a solver without output or presolve: each solve starts from the one before."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - highspy takes it by position
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("threads", 1)
    return solver
