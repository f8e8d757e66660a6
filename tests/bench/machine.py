"""How fast this machine is beside the one the goals were measured on (issue 3).

A goal in records a second means nothing on a machine half as fast, or one that others use as well:
each figure is printed as measured, and beside it what it comes to at the reference's speed.
"""

import time

from shared.sealing.keys import SigningKey, verify

REFERENCE_VERIFICATIONS_PER_S = 14_000
"""Ed25519 verifications a second and core of the reference machine (issue 3)."""
_ROUNDS, _EACH = 5, 400


def verifications_per_s() -> float:
    """Return this machine's Ed25519 verifications a second of CPU: the best of a few rounds."""
    key = SigningKey.generate()
    public, message = key.public_bytes, bytes(100)
    signature = key.sign("bench", message)
    best = 0.0
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_EACH):
            verify(public, "bench", message, signature)
        best = max(best, _EACH / (time.process_time() - began))
    return best


def speed_to_reference() -> float:
    """Return how fast one core here is to the reference machine's; 1 is as fast."""
    return verifications_per_s() / REFERENCE_VERIFICATIONS_PER_S
