"""Canonical CBOR: one value, one encoding; whatever is not that encoding is refused.

A strict profile of RFC 8949 (section 4.2.1), rules SEAL-001 to SEAL-004: definite and shortest
heads, sorted unique map keys, no tags, no NaN. Hashes and signatures are over bytes, so a second
spelling of a value would be a second identity for it. Shapes (which array means what) belong to
the callers; `shared/shapes.py` helps them.
"""

# ruff: noqa: PLR2004 - the numbers here are the bit patterns of RFC 8949, section 3.

import struct
from collections.abc import Callable
from enum import Enum
from math import isfinite
from typing import Any, Final

from shared.errors import EncodingInvalid, LimitExceeded
from shared.limits import CBOR_DEPTH_MAX, CBOR_ITEMS_MAX

_CUT: Final = "the encoding ends in the middle of an item"
_INT_MIN: Final = -(1 << 63)
_UINT_MAX: Final = (1 << 64) - 1
_EXACT_MAX: Final = 1 << 53
"""Below it every integral float is an exact integer and is written as one (SEAL-002)."""

_FLOAT: Final = struct.Struct(">d")


# --- encoding ---------------------------------------------------------------------------------


def encode(value: object) -> bytes:
    """Return the one encoding of `value`.

    Takes int, float, str, bytes, bool, None, and lists, tuples and dicts of them; dict keys are
    int, str or bytes.

    Raises:
        EncodingInvalid: a type, number or text that has no canonical encoding.
        LimitExceeded: nested deeper than CBOR_DEPTH_MAX.
    """
    parts: list[bytes] = []
    _write(value, parts, CBOR_DEPTH_MAX)
    return b"".join(parts)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major | number,))
    if number < 0x100:
        return bytes((major | 24, number))
    if number < 0x10000:
        return bytes((major | 25,)) + number.to_bytes(2, "big")
    if number < 0x100000000:
        return bytes((major | 26,)) + number.to_bytes(4, "big")
    return bytes((major | 27,)) + number.to_bytes(8, "big")


_SMALL: Final = tuple(bytes((n,)) for n in range(24))


def _write(value: object, parts: list[bytes], depth: int) -> None:
    writer = _WRITERS.get(type(value)) or _inherited_writer(value)
    writer(value, parts, depth)


def _inherited_writer(value: object) -> "_Writer":
    """Find the writer of an IntEnum, StrEnum, named tuple and the like, and remember it."""
    for base in (int, str, bytes, tuple, list, dict):
        if isinstance(value, base):
            writer = _WRITERS[type(value)] = _WRITERS[base]
            return writer
    raise EncodingInvalid(f"{type(value).__name__} has no canonical encoding")


def _write_int(value: int, parts: list[bytes], _depth: int) -> None:
    if 0 <= value < 24:
        parts.append(_SMALL[value])
    elif 0 <= value <= _UINT_MAX:
        parts.append(_head(0x00, value))
    elif _INT_MIN <= value < 0:
        parts.append(_head(0x20, -1 - value))
    else:
        raise EncodingInvalid("an integer lies outside -2^63 .. 2^64-1")


def _write_float(value: float, parts: list[bytes], depth: int) -> None:
    if not isfinite(value):
        raise EncodingInvalid("NaN and infinity have no canonical encoding")
    if abs(value) < _EXACT_MAX and value.is_integer():
        _write_int(int(value), parts, depth)
    else:
        parts.append(b"\xfb" + _FLOAT.pack(value))


def _write_text(value: str, parts: list[bytes], _depth: int) -> None:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        raise EncodingInvalid("text holds a lone surrogate, which UTF-8 cannot carry") from None
    parts.append(_head(0x60, len(data)))
    parts.append(data)


def _write_bytes(value: bytes, parts: list[bytes], _depth: int) -> None:
    parts.append(_head(0x40, len(value)))
    parts.append(value)


def _write_array(value: list[object], parts: list[bytes], depth: int) -> None:
    if not depth:
        raise LimitExceeded(f"a value is nested deeper than {CBOR_DEPTH_MAX}")
    parts.append(_head(0x80, len(value)))
    depth -= 1
    for item in value:
        writer = _WRITERS.get(type(item)) or _inherited_writer(item)
        writer(item, parts, depth)


def _write_map(value: dict[object, object], parts: list[bytes], depth: int) -> None:
    if not depth:
        raise LimitExceeded(f"a value is nested deeper than {CBOR_DEPTH_MAX}")
    parts.append(_head(0xA0, len(value)))
    rows: list[tuple[bytes, object]] = []
    for key, item in value.items():
        if isinstance(key, bool) or not isinstance(key, int | str | bytes):
            raise EncodingInvalid("a map key must be an integer, text or bytes")
        rows.append((encode(key), item))
    rows.sort(key=lambda row: row[0])
    for key_bytes, item in rows:
        parts.append(key_bytes)
        _write(item, parts, depth - 1)


def _write_null(_value: None, parts: list[bytes], _depth: int) -> None:
    parts.append(b"\xf6")


def _write_bool(value: bool, parts: list[bytes], _depth: int) -> None:  # noqa: FBT001
    parts.append(b"\xf5" if value else b"\xf4")


_Writer = Callable[[Any, list[bytes], int], None]
_WRITERS: dict[type, _Writer] = {
    int: _write_int,
    str: _write_text,
    bytes: _write_bytes,
    list: _write_array,
    tuple: _write_array,
    dict: _write_map,
    bool: _write_bool,
    float: _write_float,
    type(None): _write_null,
}


# --- decoding ---------------------------------------------------------------------------------


class _More(Enum):
    MORE = "the item goes on behind its first byte"


_MORE: Final = _More.MORE


def _one_byte_items() -> list[object]:
    """Return, by first byte, the items that are complete in it: most of a body is these."""
    items: list[object] = [_MORE] * 256
    items[0:24] = range(24)
    items[0x20:0x38] = range(-1, -25, -1)
    items[0x40], items[0x60] = b"", ""
    items[0xF4:0xF7] = (False, True, None)
    return items


_ITEMS: Final = _one_byte_items()


def decode(data: bytes | bytearray | memoryview) -> Any:
    """Return the value that `data` encodes, all of it: arrays as lists, maps as dicts.

    Raises:
        EncodingInvalid: not the one canonical encoding of a value (SEAL-001 to SEAL-003).
        LimitExceeded: too deep or too many items (SEAL-004); found before they are built.
    """
    data = bytes(data)
    try:
        value, end = _read(data, 0, [CBOR_DEPTH_MAX, CBOR_ITEMS_MAX])
    except IndexError:
        raise EncodingInvalid(_CUT) from None
    if end != len(data):
        raise EncodingInvalid(f"{len(data) - end} bytes follow the item")
    return value


def _read(data: bytes, at: int, left: list[int]) -> tuple[Any, int]:
    """Return the item at `at` and where it ends; `left` counts down depth and items."""
    first = data[at]
    value = _ITEMS[first]
    if value is not _MORE:
        return value, at + 1
    at += 1
    major, number = first >> 5, first & 31
    if number > 23:
        if major == 7:
            return _read_float(data, at, number)
        number, at = _read_number(data, at, number)
    return _READERS[major](data, at, number, left)


def _read_number(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Return the number behind a head of 1, 2, 4 or 8 bytes, refusing a longer head than due."""
    if size == 24:
        number = data[at]
        if number < 24:
            raise EncodingInvalid("a number is written longer than needed")
        return number, at + 1
    if size == 25:
        # data[at + 1] first: an IndexError tells that the encoding is cut.
        number = data[at + 1] | data[at] << 8
        if number < 0x100:
            raise EncodingInvalid("a number is written longer than needed")
        return number, at + 2
    if size > 27:
        raise EncodingInvalid("a length is indefinite or reserved")
    width = 1 << (size - 24)
    end = _end(data, at, width)
    number = int.from_bytes(data[at:end], "big")
    if number >> (width << 2) == 0:
        raise EncodingInvalid("a number is written longer than needed")
    return number, end


def _end(data: bytes, at: int, length: int) -> int:
    end = at + length
    if end > len(data):
        raise EncodingInvalid(_CUT)
    return end


def _read_float(data: bytes, at: int, size: int) -> tuple[float, int]:
    if size != 27:
        raise EncodingInvalid("a float is not 64 bits wide, or a simple value is unknown")
    end = _end(data, at, 8)
    value: float = _FLOAT.unpack(data[at:end])[0]
    if not isfinite(value):
        raise EncodingInvalid("NaN and infinity are refused")
    if abs(value) < _EXACT_MAX and value.is_integer():
        raise EncodingInvalid("a whole number is written as a float")
    return value, end


def _read_uint(_data: bytes, at: int, number: int, _left: list[int]) -> tuple[int, int]:
    return number, at


def _read_negative(_data: bytes, at: int, number: int, _left: list[int]) -> tuple[int, int]:
    if number > -1 - _INT_MIN:
        raise EncodingInvalid("an integer lies below -2^63")
    return -1 - number, at


def _read_bytes(data: bytes, at: int, length: int, _left: list[int]) -> tuple[bytes, int]:
    end = _end(data, at, length)
    return data[at:end], end


def _read_text(data: bytes, at: int, length: int, _left: list[int]) -> tuple[str, int]:
    end = _end(data, at, length)
    try:
        return data[at:end].decode(), end
    except UnicodeDecodeError:
        raise EncodingInvalid("text is not valid UTF-8") from None


def _enter(data: bytes, at: int, count: int, left: list[int]) -> None:
    """Pay for `count` items one level deeper, before any of them is built (SEAL-004)."""
    if count > len(data) - at:
        raise EncodingInvalid(_CUT)
    left[0] -= 1
    left[1] -= count
    if left[0] < 0:
        raise LimitExceeded(f"a value is nested deeper than {CBOR_DEPTH_MAX}")
    if left[1] < 0:
        raise LimitExceeded(f"a value holds more than {CBOR_ITEMS_MAX} items")


def _read_array(data: bytes, at: int, count: int, left: list[int]) -> tuple[list[Any], int]:
    _enter(data, at, count, left)
    items = _ITEMS
    values: list[Any] = []
    append = values.append
    for _ in range(count):
        first = data[at]
        value = items[first]
        if value is not _MORE:
            at += 1
            append(value)
        elif 0x40 < first < 0x58:  # a byte string of at most 23 bytes
            end = at + first - 0x3F
            value = data[at + 1 : end]
            if end > len(data):
                raise EncodingInvalid(_CUT)
            append(value)
            at = end
        else:
            value, at = _read(data, at, left)
            append(value)
    left[0] += 1
    return values, at


def _read_map(data: bytes, at: int, count: int, left: list[int]) -> tuple[dict[Any, Any], int]:
    _enter(data, at, 2 * count, left)
    values: dict[Any, Any] = {}
    before = b""
    for _ in range(count):
        key, end = _read(data, at, left)
        key_bytes = data[at:end]
        # No key's bytes begin another key's, so "greater" also means "not the same".
        if key_bytes <= before:
            raise EncodingInvalid("map keys are not unique and sorted")
        if type(key) not in _KEY_TYPES:
            raise EncodingInvalid("a map key is not an integer, text or bytes")
        before = key_bytes
        values[key], at = _read(data, end, left)
    left[0] += 1
    return values, at


def _refuse(_data: bytes, _at: int, _number: int, _left: list[int]) -> tuple[Any, int]:
    raise EncodingInvalid("tags and simple values beyond false, true and null are not used here")


_KEY_TYPES: Final = frozenset((int, str, bytes))
_READERS: Final = (
    _read_uint,
    _read_negative,
    _read_bytes,
    _read_text,
    _read_array,
    _read_map,
    _refuse,
    _refuse,
)
