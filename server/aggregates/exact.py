"""Least loss exactly, for small systems: one integer programme over all targets at once.

A binary per cell says whether it is hidden; each target has a deviation up and one down that move
hidden cells only. Source: Fischetti and Salazar (2000), the extended formulation before
decomposition, which is why it suits small systems only. Rule DISC-032.
"""

from dataclasses import dataclass, field

import highspy
import numpy as np

from server.aggregates.needs import TOLERANCE, Needs
from server.aggregates.system import Floats, Mask, System

_INF = highspy.kHighsInf


@dataclass(frozen=True)
class ExactLimits:
    """How large a system may be, and how long the search."""

    cells_max: int
    targets_max: int
    nodes: int


@dataclass
class _Model:
    """Columns and rows while they are written down."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    binary: list[bool] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    index: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)

    def column(self, low: float, high: float, cost: float = 0.0, *, binary: bool = False) -> int:
        """Add a column; return its number."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.binary.append(binary)
        return len(self.cost) - 1

    def row(self, terms: list[tuple[int, float]], low: float, high: float) -> None:
        """Add a row."""
        self.index.extend(column for column, _ in terms)
        self.value.extend(part for _, part in terms)
        self.start.append(len(self.index))
        self.row_low.append(low)
        self.row_high.append(high)


def protect_exactly(
    system: System, needs: Needs, cost: Floats, must: Mask, limits: ExactLimits
) -> tuple[Mask, list[Floats]] | None:
    """Return the pattern of least cost found and its deviations; None for a system too large.

    Also None when the search found no pattern within its nodes.
    """
    targets = np.flatnonzero(needs.targets)
    if system.size > limits.cells_max or len(targets) > limits.targets_max:
        return None
    model = _Model()
    hide = [
        model.column(1.0 if must[cell] else 0.0, 1.0, float(cost[cell]), binary=True)
        for cell in range(system.size)
    ]
    # Deviations beyond this help nobody in a table this small; a smaller bound only hides more.
    reach = 2 * float(max(needs.width.max(), np.where(needs.high > 0, needs.high, 0).max(), 1.0))
    moves: list[tuple[int, int]] = []
    for target in targets:
        value = float(system.values[target])
        up, down = (_deviation(model, system, hide, reach) for _ in range(2))
        if needs.high[target] > value:
            model.row([(up + int(target), 1.0)], float(needs.high[target]) - value, _INF)
        if needs.low[target] < value:
            model.row([(down + int(target), 1.0)], -_INF, float(needs.low[target]) - value)
        apart = [(up + int(target), 1.0), (down + int(target), -1.0)]
        model.row(apart, float(needs.width[target]), _INF)
        moves.append((up, down))
    solution = _solve(model, limits.nodes)
    if solution is None:
        return None
    hidden = must | (solution[hide] > 0.5)  # noqa: PLR2004 - a binary as the solver gives it
    witnesses = [_snap(solution[first : first + system.size]) for pair in moves for first in pair]
    return hidden, [witness for witness in witnesses if witness.any()]


def _deviation(model: _Model, system: System, hide: list[int], reach: float) -> int:
    """Add one deviation, tied to what is hidden; return its first column."""
    first = len(model.cost)
    for cell in range(system.size):
        fall = min(float(system.values[cell]), reach)
        moved = model.column(-fall, reach)
        model.row([(moved, 1.0), (hide[cell], -reach)], -_INF, 0.0)
        model.row([(moved, 1.0), (hide[cell], fall)], 0.0, _INF)
    for number, (cells, parts) in enumerate(system.rows()):
        now = float(parts @ system.values[cells])
        terms = [(first + int(c), float(p)) for c, p in zip(cells, parts, strict=True)]
        model.row(terms, float(system.row_low[number]) - now, float(system.row_high[number]) - now)
    return first


def _solve(model: _Model, nodes: int) -> Floats | None:
    """Run branch and bound; return the best solution, None when there is none yet."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 - highspy takes it by position
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_max_nodes", nodes)
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(model.cost), len(model.row_low)
    programme.col_cost_ = np.array(model.cost)
    programme.col_lower_, programme.col_upper_ = np.array(model.low), np.array(model.high)
    programme.row_lower_, programme.row_upper_ = np.array(model.row_low), np.array(model.row_high)
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = np.array(model.start, dtype=np.int32)
    programme.a_matrix_.index_ = np.array(model.index, dtype=np.int32)
    programme.a_matrix_.value_ = np.array(model.value)
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    programme.integrality_ = [kinds[binary] for binary in model.binary]
    solver.passModel(programme)
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return np.array(solver.getSolution().col_value)


def _snap(deviation: Floats) -> Floats:
    """Round what is whole but for the solver's tolerance."""
    nearest = np.round(deviation)
    return np.where(np.abs(deviation - nearest) < TOLERANCE, nearest, deviation)
