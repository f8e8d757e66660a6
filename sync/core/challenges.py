"""Proof of who sends an HTTP message: a signature over a challenge that works once (SYNC-030)."""

from collections import OrderedDict
from hashlib import sha256
from typing import Final

from shared.clock import Clock, RandomBytes
from shared.errors import SignatureInvalid
from shared.ids import AuthorId
from shared.sealing.keys import SigningKey, verify

CHALLENGE_BYTES: Final = 16
CHALLENGE_LIFE_S: Final = 600.0
OPEN_MAX: Final = 10_000
"""Challenges open at once; the oldest gives way, and its caller asks for another."""


def sign_exchange(key: SigningKey, challenge: bytes, body: bytes) -> bytes:
    """Sign a message's bytes for one challenge."""
    return key.sign("exchange", challenge + sha256(body).digest())


def check_exchange(public_key: bytes, challenge: bytes, body: bytes, signature: bytes) -> None:
    """Check what `sign_exchange` made.

    Raises:
        SignatureInvalid: another key, challenge or body.
    """
    verify(public_key, "exchange", challenge + sha256(body).digest(), signature)


class Challenges:
    """The challenges that one responder process has given out."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._open: OrderedDict[bytes, tuple[AuthorId, float]] = OrderedDict()

    def issue(self, author: AuthorId) -> bytes:
        """Return a new challenge for an author."""
        challenge = self._random_bytes(CHALLENGE_BYTES)
        self._open[challenge] = author, self._clock.monotonic_s() + CHALLENGE_LIFE_S
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)
        return challenge

    def spend(self, author: AuthorId, challenge: bytes) -> None:
        """Use a challenge up.

        Raises:
            SignatureInvalid: it was never given to that author, was used, or is too old.
        """
        owner, until_s = self._open.pop(challenge, (None, 0.0))
        if owner != author or self._clock.monotonic_s() > until_s:
            raise SignatureInvalid("the challenge is not open; ask for a new one")
