"""The real clock and time zone: fetched here and nowhere else on the client."""

import time
from datetime import UTC, datetime, tzinfo


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - a composition root

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start that never goes back."""
        return time.monotonic()


def local_zone() -> tzinfo:
    """Return the zone this machine is set to."""
    zone = datetime.now(UTC).astimezone().tzinfo  # noqa: TID251 - a composition root
    return zone or UTC
