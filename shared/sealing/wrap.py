"""Wrapping at rest: bytes under a key kept elsewhere (SEAL-088).

The server keeps each accepted payload under a random key of its own; destroying that one key
shreds the payload in every copy and backup.
"""

from typing import Final

from cryptography.exceptions import InvalidTag

from shared.clock import RandomBytes
from shared.errors import TagMismatch
from shared.sealing.cipher import aes_256_gcm

NONCE_BYTES: Final = 12


def wrap(key: bytes, plaintext: bytes, aad: bytes, random_bytes: RandomBytes) -> bytes:
    """Return nonce and ciphertext; `aad` names the place it belongs to (row, column, id)."""
    nonce = random_bytes(NONCE_BYTES)
    return nonce + aes_256_gcm(key).encrypt(nonce, plaintext, aad)


def unwrap(key: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """Return what `wrap` wrapped.

    Raises:
        TagMismatch: another key, another place, or changed bytes.
    """
    try:
        return aes_256_gcm(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        raise TagMismatch("the wrapped bytes were changed, moved, or are another key's") from None
