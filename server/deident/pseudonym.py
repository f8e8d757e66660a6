"""Keyed stand-ins for ids: stable for one purpose, unlinkable between purposes. Rule DEID-012."""

import hmac
from collections.abc import Callable
from functools import lru_cache
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
        message = _lead(purpose, what) + len(material).to_bytes(4, "big") + material
        return hmac.digest(key, message, "sha256")[:_PSEUDONYM_BYTES].hex()

    return pseudonymise


@lru_cache(maxsize=64)
def _lead(purpose: str, what: str) -> bytes:
    """Return the two names with their lengths: ("ab", "c") and ("a", "bc") must not meet."""
    parts = (purpose.encode(), what.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
