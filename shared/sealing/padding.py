"""Padme: lengths tell little (SEAL-045).

Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
PURBs", PoPETs 2019, section 4.3.
"""

from typing import Final

from shared.errors import EncodingInvalid

PADDED_BYTES_MIN: Final = 128
"""Short payloads are all this long: the steps below would tell a refusal's tally from a visit's."""
_END: Final = b"\x80"


def padded_length(length: int) -> int:
    """Return the length to which `length` bytes are padded: at most 12 % more, or the minimum."""
    if length <= PADDED_BYTES_MIN:
        return PADDED_BYTES_MIN
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def pad(plaintext: bytes) -> bytes:
    """Append 0x80 and zeros up to the padded length."""
    size = len(plaintext) + 1
    return plaintext + _END + bytes(padded_length(size) - size)


def unpad(padded: bytes) -> bytes:
    """Take off what `pad` added.

    Raises:
        EncodingInvalid: the length or the end is not what `pad` makes.
    """
    plaintext = padded.rstrip(b"\0")
    if plaintext[-1:] != _END or len(padded) != padded_length(len(plaintext)):
        raise EncodingInvalid("the payload's padding is wrong")
    return plaintext[:-1]
