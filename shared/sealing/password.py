"""Login passwords of people at the server: Argon2id, as PHC text (GOV-040).

Not for vaults or key files: those derive a key (passphrase.py), this only recognises a password.
"""

from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared.clock import RandomBytes
from shared.errors import PassphraseWrong

MEMORY_KIB: Final = 64 << 10
ITERATIONS: Final = 3
LANES: Final = 1
"""RFC 9106's second recommendation with one lane: about 0.15 s on one core."""
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def hash_password(password: str, random_bytes: RandomBytes) -> str:
    """Return the text to keep of a password."""
    derive = Argon2id(
        salt=random_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=ITERATIONS,
        lanes=LANES,
        memory_cost=MEMORY_KIB,
    )
    return derive.derive_phc_encoded(password.encode())


def check_password(password: str, kept: str) -> None:
    """Check a password against the text that was kept of it.

    Raises:
        PassphraseWrong: it is another password.
    """
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept)
    except InvalidKey:
        raise PassphraseWrong("the name or the password is wrong") from None
