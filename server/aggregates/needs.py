"""How uncertain an attacker must be left about each cell. Rule DISC-020."""

from dataclasses import dataclass

import numpy as np

from server.aggregates.system import Floats, Mask

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Needs:
    """Per cell: the attacker's lower bound must be <= low, the upper >= high, high - low >= width.

    A cell that needs nothing has low = inf, high = -inf, width = 0. `reasons` names why a cell
    needs protection ("" for none).
    """

    low: Floats
    high: Floats
    width: Floats
    reasons: tuple[str, ...]

    @property
    def targets(self) -> Mask:
        """Cells that need anything."""
        return (self.width > 0) | (self.high > -np.inf) | (self.low < np.inf)

    def met(self, low: Floats, high: Floats) -> Mask:
        """Tell for each cell whether bounds an attacker reached leave enough doubt."""
        return (
            (low <= self.low + TOLERANCE)
            & (high >= self.high - TOLERANCE)
            & (high - low >= self.width - TOLERANCE)
        )


def no_needs(size: int) -> Needs:
    """Return needs that ask nothing of any cell."""
    return Needs(np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size), tuple([""] * size))


def combine(first: Needs, second: Needs) -> Needs:
    """Return needs that hold both; the first reason stands."""
    return Needs(
        np.minimum(first.low, second.low),
        np.maximum(first.high, second.high),
        np.maximum(first.width, second.width),
        tuple(one or other for one, other in zip(first.reasons, second.reasons, strict=True)),
    )
