"""Durations that stand out, by robust limits. Pure; rule STN-040.

Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC 1993: the modified z-score,
and the mean absolute deviation in its place where more than half of the values are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean, median
from typing import Final

DURATIONS_MIN: Final = 10
"""Fewer say nothing of what is usual."""
Z_MAX: Final = 3.5
_MAD_SCALE: Final = 0.6745
_MEAN_AD_SCALE: Final = 0.7979


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which durations an interview is usual.

    Attributes:
        count: interviews with a duration.
        low_s, high_s: None where too few are there, or all took equally long.
    """

    count: int
    median_s: float
    low_s: float | None
    high_s: float | None

    def is_short(self, duration_s: int) -> bool:
        """Tell whether it is too short to be usual."""
        return self.low_s is not None and 0 < duration_s < self.low_s

    def is_long(self, duration_s: int) -> bool:
        """Tell whether it is too long to be usual."""
        return self.high_s is not None and duration_s > self.high_s


def duration_limits(durations_s: Sequence[int]) -> Limits | None:
    """Return the limits of some interviews; None where none has a duration."""
    known = [duration for duration in durations_s if duration > 0]
    if not known:
        return None
    middle = median(known)
    logs = [log(duration) for duration in known]
    centre = median(logs)
    distances = [abs(value - centre) for value in logs]
    spread = median(distances) / _MAD_SCALE or fmean(distances) / _MEAN_AD_SCALE
    if len(known) < DURATIONS_MIN or not spread:
        return Limits(len(known), middle, None, None)
    reach = Z_MAX * spread
    return Limits(len(known), middle, exp(centre - reach), exp(centre + reach))
