"""Files under a passphrase: vaults and key files (SEAL-087).

Argon2id makes each guess dear; AES-256-GCM makes a wrong passphrase and a changed file look alike,
so nobody learns from the answer which it was. How strong a passphrase is: strength.py.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import EncodingInvalid, LimitExceeded, PassphraseWrong
from shared.sealing.keys import KEY_BYTES
from shared.sealing.labels import label
from shared.shapes import array, octets, uint, version

MEMORY_KIB_MAX: Final = 1 << 20
ITERATIONS_MAX: Final = 64
LANES_MAX: Final = 16
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs. Argon2 needs at least 8 KiB a lane."""

    memory_kib: int
    iterations: int
    lanes: int


VAULT_COST: Final = Cost(memory_kib=64 << 10, iterations=3, lanes=1)
"""A tablet's unlock: 0.17 s on the reference core, 0.3-0.6 s on a field tablet.

Source: RFC 9106, section 4, second recommended option, with one lane as tablets throttle.
"""
KEY_FILE_COST: Final = Cost(memory_kib=256 << 10, iterations=4, lanes=1)
"""The steward's root and custodian keys: opened rarely, on a laptop."""
TEST_COST: Final = Cost(memory_kib=64, iterations=1, lanes=1)
"""For tests and training data only: it protects nothing."""


def check_cost(cost: Cost) -> Cost:
    """Return `cost` if it is within bounds; a hostile file must not eat the machine.

    Raises:
        LimitExceeded: it is not.
    """
    if not (
        1 <= cost.lanes <= LANES_MAX
        and 1 <= cost.iterations <= ITERATIONS_MAX
        and 8 * cost.lanes <= cost.memory_kib <= MEMORY_KIB_MAX
    ):
        raise LimitExceeded(
            f"a passphrase's cost must be 1-{LANES_MAX} lanes, 1-{ITERATIONS_MAX} iterations and "
            f"8 KiB a lane up to {MEMORY_KIB_MAX} KiB of memory"
        )
    return cost


def derive_key(passphrase: str, salt: bytes, cost: Cost, hardware_secret: bytes = b"") -> bytes:
    """Return 32 bytes that cost `cost` to compute for each guess."""
    argon = Argon2id(
        salt=salt + hardware_secret,
        length=KEY_BYTES,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return argon.derive(_passphrase_bytes(passphrase))


def _passphrase_bytes(passphrase: str) -> bytes:
    try:
        return unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise EncodingInvalid("the passphrase holds a lone surrogate; type it again") from None


def seal_file(  # noqa: PLR0913 - keyword-only past the first three
    passphrase: str,
    plaintext: bytes,
    purpose: str,
    *,
    cost: Cost,
    random_bytes: RandomBytes,
    hardware_secret: bytes = b"",
) -> bytes:
    """Return the bytes of a file that only the passphrase (and that hardware) opens.

    Args:
        passphrase: as typed; normalised to NFC, so keyboards that compose differently agree.
        plaintext: what to protect.
        purpose: what the file is; a file made for one purpose opens for no other.
        cost: VAULT_COST or KEY_FILE_COST, or one calibrated to the device.
        random_bytes: source of salt and nonce.
        hardware_secret: a secret bound to this machine, if it has one.
    """
    check_cost(cost)
    salt, nonce = random_bytes(_SALT_BYTES), random_bytes(_NONCE_BYTES)
    key = AESGCM(derive_key(passphrase, salt, cost, hardware_secret))
    ciphertext = key.encrypt(nonce, plaintext, _associated_data(purpose))
    return encode([1, cost.memory_kib, cost.iterations, cost.lanes, salt, nonce, ciphertext])


def open_file(passphrase: str, data: bytes, purpose: str, *, hardware_secret: bytes = b"") -> bytes:
    """Return what `seal_file` protected.

    Raises:
        PassphraseWrong: wrong passphrase, purpose or hardware, or a changed file: they look alike.
        EncodingInvalid: not such a file at all.
        LimitExceeded: it asks for more work than any file of ours.
    """
    items = array(version(decode(data), "a passphrase file"), "a passphrase file", 7)
    cost = check_cost(
        Cost(uint(items[1], "memory"), uint(items[2], "time"), uint(items[3], "lanes"))
    )
    salt = octets(items[4], "salt", _SALT_BYTES)
    nonce = octets(items[5], "nonce", _NONCE_BYTES)
    key = AESGCM(derive_key(passphrase, salt, cost, hardware_secret))
    try:
        return key.decrypt(nonce, octets(items[6], "ciphertext"), _associated_data(purpose))
    except InvalidTag:
        raise PassphraseWrong(
            "the passphrase does not open this file; check the spelling and the keyboard's language"
        ) from None


def _associated_data(purpose: str) -> bytes:
    return label("passphrase") + purpose.encode()
