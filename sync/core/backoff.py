"""Waiting between attempts: doubling, with full jitter, forgotten at any sign of a network.

Rule SYNC-026. Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

from typing import Final

from shared.clock import RandomBytes

FIRST_S: Final = 1.0
LONGEST_S: Final = 300.0
_DRAW_BYTES: Final = 8


class Backoff:
    """How long to wait before the next attempt."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes
        self._ceiling_s = FIRST_S

    def next_wait_s(self, asked_s: float = 0.0) -> float:
        """Return the seconds to wait now; at least what a throttling peer asked for."""
        draw = int.from_bytes(self._random_bytes(_DRAW_BYTES), "big") / (1 << 8 * _DRAW_BYTES)
        wait_s = draw * self._ceiling_s
        self._ceiling_s = min(LONGEST_S, self._ceiling_s * 2)
        return max(wait_s, asked_s)

    def restart(self) -> None:
        """Begin again at the shortest wait: an attempt succeeded, or a network appeared."""
        self._ceiling_s = FIRST_S
