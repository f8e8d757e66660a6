"""What the attacker aims at: targets as sparse rows, and the widest bounds any table has shown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.aggregates.knowledge import Knowledge
from server.aggregates.published import Target

Values = NDArray[np.float64]
SLACK = 1e-6


class Aims:
    """Targets of one attack. A target is a fixed part plus coefficients times unknown cells.

    Attributes:
        owner, column, part: the sparse rows: target, unknown cell, coefficient.
        fixed: what published cells contribute to each target.
        low, high: the widest bounds a fitting table has shown so far.
    """

    def __init__(self, knowledge: Knowledge, targets: Sequence[Target]) -> None:
        self.targets = list(targets)
        owner, column, part = [], [], []
        self.fixed = np.zeros(len(self.targets))
        for place, target in enumerate(self.targets):
            for name, coefficient in target.terms:
                if name in knowledge.published:
                    self.fixed[place] += coefficient * knowledge.published[name]
                else:
                    owner.append(place)
                    column.append(knowledge.unknown[name])
                    part.append(coefficient)
        self.owner = np.array(owner, dtype=np.int64)
        self.column = np.array(column, dtype=np.int64)
        self.part = np.array(part, dtype=np.float64)
        has_unknown = np.bincount(self.owner, minlength=len(self.targets)) > 0
        self.low = np.where(has_unknown, np.inf, self.fixed)
        self.high = np.where(has_unknown, -np.inf, self.fixed)
        self._need_low = np.array([target.low for target in self.targets])
        self._need_high = np.array([target.high for target in self.targets])
        self._need_width = np.array([target.width for target in self.targets])

    def see(self, witness: Values) -> None:
        """Let one fitting table widen the bounds of all targets."""
        parts = self.part * witness[self.column]
        sums = self.fixed + np.bincount(self.owner, weights=parts, minlength=len(self.targets))
        np.minimum(self.low, sums, out=self.low)
        np.maximum(self.high, sums, out=self.high)

    def see_unbounded(self, place: int, sense: int) -> None:
        """Note that a target can grow (1) or fall (-1) without end."""
        if sense > 0:
            self.high[place] = np.inf
        else:
            self.low[place] = -np.inf

    def goal(self, place: int, sense: int) -> float:
        """Return how far up (1) or down (-1) a table must take a target to leave enough doubt.

        What the other side has shown already counts towards the width; without a bound there,
        any width is reached.
        """
        width = self._need_width[place]
        if sense > 0:
            low = self.low[place]
            return float(max(self._need_high[place], low + width if low > -np.inf else -np.inf))
        high = self.high[place]
        return float(min(self._need_low[place], high - width if high < np.inf else np.inf))

    def met(self, place: int, sense: int) -> bool:
        """Tell whether a table has shown that goal."""
        if sense > 0:
            return bool(self.high[place] >= self.goal(place, sense) - SLACK)
        return bool(self.low[place] <= self.goal(place, sense) + SLACK)

    def safe(self) -> NDArray[np.bool_]:
        """Tell for each target whether the bounds leave enough doubt."""
        with np.errstate(invalid="ignore"):
            width = self.high - self.low
        enough: NDArray[np.bool_] = (
            (self.low <= self._need_low + SLACK)
            & (self.high >= self._need_high - SLACK)
            & (width >= self._need_width - SLACK)
        )
        return enough

    def unsafe(self) -> list[int]:
        """Return the targets that still lack doubt, by place."""
        return [int(place) for place in np.flatnonzero(~self.safe())]
