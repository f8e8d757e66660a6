"""Withdrawal codes: what a respondent keeps to take consent back (SEAL-080).

The record holds only the code's hash, so nobody who reads records can withdraw for another.
"""

from hashlib import sha256
from typing import Final

from shared.clock import RandomBytes
from shared.errors import EncodingInvalid
from shared.sealing import crockford
from shared.sealing.labels import label

CODE_BYTES: Final = 13
CODE_HASH_BYTES: Final = 16
_CHARACTERS: Final = 20
_SPARE_BITS: Final = 4
"""13 bytes hold 104 bits; a code has 100."""


def new_code(random_bytes: RandomBytes) -> bytes:
    """Draw a code of 100 random bits."""
    number = int.from_bytes(random_bytes(CODE_BYTES), "big") >> _SPARE_BITS << _SPARE_BITS
    return number.to_bytes(CODE_BYTES, "big")


def check_code(code: bytes) -> bytes:
    """Return `code` if it has the form of one.

    Raises:
        EncodingInvalid: it does not.
    """
    if len(code) != CODE_BYTES or code[-1] & ((1 << _SPARE_BITS) - 1):
        raise EncodingInvalid("a withdrawal code is 100 bits in 13 bytes")
    return code


def code_text(code: bytes) -> str:
    """Return the code as people see it: four groups of five characters."""
    number = int.from_bytes(check_code(code), "big") >> _SPARE_BITS
    return crockford.to_text(number, _CHARACTERS, 5)


def parse_code_text(text: str) -> bytes:
    """Return the code that was typed or scanned.

    Raises:
        EncodingInvalid: not 20 characters of the alphabet; the message says what is wrong.
    """
    number = crockford.from_text(text, _CHARACTERS) << _SPARE_BITS
    return number.to_bytes(CODE_BYTES, "big")


def code_hash(code: bytes) -> bytes:
    """Return the hash by which a record knows its respondent's code."""
    return sha256(label("withdrawal") + check_code(code)).digest()[:CODE_HASH_BYTES]
