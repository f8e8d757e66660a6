"""Time and randomness as arguments: the two things the shared rooms never fetch themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Composition roots pass a real one, tests a fake."""

    def now(self) -> datetime:
        """Return the current instant, time zone aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start that never goes back."""
        ...


RandomBytes = Callable[[int], bytes]
"""Return n cryptographically random bytes (`os.urandom` in composition roots)."""
