"""Keyed stand-ins for ids: stable for one purpose, unlinkable between purposes. Rule DEID-012."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from shared.errors import UsageError

Pseudonymise = Callable[[str, str, bytes], str]
"""Purpose, what is named (record, member, location) and its id in; the pseudonym out."""

KEY_BYTES_MIN: Final = 32
_PSEUDONYM_BYTES: Final = 16


def keyed_pseudonyms(key: bytes) -> Pseudonymise:
    """Return a pseudonym function over one secret key (HMAC-SHA-256, 128 bits kept).

    Raises:
        UsageError: the key is shorter than 32 bytes; record ids could then be tried out.
    """
    if len(key) < KEY_BYTES_MIN:
        raise UsageError(f"a pseudonym key needs at least {KEY_BYTES_MIN} random bytes")

    def pseudonymise(purpose: str, what: str, material: bytes) -> str:
        # Lengths first: ("ab", "c") and ("a", "bc") must not meet.
        parts = [purpose.encode(), what.encode(), material]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(key, message, hashlib.sha256).digest()[:_PSEUDONYM_BYTES].hex()

    return pseudonymise
