"""Crockford's base 32: codes that people read out, write down and type.

No I, L, O or U in the alphabet; what looks like one of them is read as the digit it looks like.
Source: https://www.crockford.com/base32.html
"""

from typing import Final

from shared.errors import EncodingInvalid

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {char: value for value, char in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}


def to_text(number: int, length: int, group: int) -> str:
    """Return `number` as `length` characters, in groups joined by hyphens."""
    chars = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length))]
    return "-".join("".join(chars[i : i + group]) for i in range(0, length, group))


def from_text(text: str, length: int) -> int:
    """Return the number that `text` spells; case, hyphens and spaces do not matter.

    Raises:
        EncodingInvalid: a character that is not of the alphabet, or not `length` of them.
    """
    chars = [char for char in text.upper() if char not in "- \t\r\n"]
    if len(chars) != length:
        raise EncodingInvalid(f"the code has {len(chars)} characters; it needs {length}")
    number = 0
    for char in chars:
        if char not in _VALUES:
            raise EncodingInvalid(f"the code has a character that codes never have: {char!r}")
        number = number << 5 | _VALUES[char]
    return number
