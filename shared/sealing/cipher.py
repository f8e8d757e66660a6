"""AES-256-GCM and nothing weaker: the library would take a shorter key without a word."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import EncodingInvalid
from shared.sealing.keys import KEY_BYTES


def aes_256_gcm(key: bytes) -> AESGCM:
    """Return the cipher under a 32-byte key.

    Raises:
        EncodingInvalid: the key is of another size.
    """
    if len(key) != KEY_BYTES:
        raise EncodingInvalid(f"an encryption key is {KEY_BYTES} bytes")
    return AESGCM(key)
