"""Seeds of the soaks: fixed, so that a failure replays, and moved by CAIRN_SOAK_SEED for others."""

import os

STRIDE = 1_000_003


def moved(seed: int) -> int:
    """Return a soak's seed in the series that was asked for; series 0 is the one CI knows."""
    return seed + STRIDE * int(os.environ.get("CAIRN_SOAK_SEED", "0"))
