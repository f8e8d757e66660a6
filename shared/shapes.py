"""Check decoded values against the shape a rule demands, before anything is done with them.

`shared.canonical` answers "is this one encoding of a value"; these helpers answer "is the value an
array of four, a hash, a count". Each returns the value, typed, or raises EncodingInvalid naming
what was expected, never what was found.
"""

from typing import Any

from shared.errors import EncodingInvalid

UINT_MAX = (1 << 64) - 1


def array(value: object, what: str, size: int | None = None) -> list[Any]:
    """Return `value` as an array, of `size` items if given."""
    if not isinstance(value, list) or (size is not None and len(value) != size):
        raise EncodingInvalid(f"{what} must be an array" + (f" of {size}" if size else ""))
    return value


def mapping(value: object, what: str) -> dict[Any, Any]:
    """Return `value` as a map."""
    if not isinstance(value, dict):
        raise EncodingInvalid(f"{what} must be a map")
    return value


def octets(value: object, what: str, size: int | None = None) -> bytes:
    """Return `value` as a byte string, of `size` bytes if given."""
    if not isinstance(value, bytes) or (size is not None and len(value) != size):
        raise EncodingInvalid(f"{what} must be a byte string" + (f" of {size}" if size else ""))
    return value


def text(value: object, what: str) -> str:
    """Return `value` as text."""
    if not isinstance(value, str):
        raise EncodingInvalid(f"{what} must be text")
    return value


def integer(value: object, what: str) -> int:
    """Return `value` as an integer; true and false are not integers."""
    if type(value) is not int:
        raise EncodingInvalid(f"{what} must be an integer")
    return value


def uint(value: object, what: str, at_most: int = UINT_MAX) -> int:
    """Return `value` as an integer from 0 to `at_most`."""
    if type(value) is not int or not 0 <= value <= at_most:
        raise EncodingInvalid(f"{what} must be an integer from 0 to {at_most}")
    return value


def scalars(value: object, what: str) -> dict[str, str | int | float | bool | None]:
    """Return `value` as a map from text to texts, numbers, yes or no, and null."""
    items = mapping(value, what)
    for name, item in items.items():
        text(name, f"a name in {what}")
        if item is not None and not isinstance(item, str | int | float):
            raise EncodingInvalid(f"{what} holds texts, numbers, yes or no, and null")
    return items


def version(value: object, what: str) -> list[Any]:
    """Return `value` as an array whose first item is the version 1, the only one we read."""
    items = array(value, what)
    if not items or type(items[0]) is not int or items[0] != 1:
        raise EncodingInvalid(f"{what} is not of version 1, the only one read here")
    return items
