"""Typed answers and the texts they come from: one reading of "2.50", one meaning of "equal".

The form engine speaks text (XForms); records hold typed values, so that 2 and 2.0 are one value and
a date travels as a number. Whatever a type cannot give back exactly stays text: nothing is lost to
a type. Rules SEAL-051 and SEAL-070.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from shared.canonical import encode
from shared.records.codebook import Field, Kind
from shared.records.revision import DELETED, Deletion, Value

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
"""Plain decimals. A leading zero is kept as text: it may be a phone number in the wrong field."""
_WORDS: Final = re.compile(r"[^ \t\r\n]+")
_BLANKS: Final = re.compile(r"\s+")
_EXACT_MAX: Final = 1 << 53
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE: Final = timedelta(minutes=1)
_ZERO: Final = timedelta()
_DAY_MIN: Final = 24 * 60
_Z_MARK: Final = 4095
_UUID_PREFIX: Final = "uuid:"
_UUID_BYTES: Final = 16
_UUID_CHARS: Final = 41

NUMERIC: Final = frozenset((Kind.INTEGER, Kind.DECIMAL))
LISTS: Final = frozenset((Kind.SELECT_MULTIPLE, Kind.RANK))
GEOPOINT_SCALES: Final = (7, 7, 2, 2)
"""Decimal places of latitude, longitude, altitude and accuracy that travel as integers."""


def value_from_text(field: Field, text: str) -> Value:
    """Return the typed value of an answer's text; empty text is an answer taken back."""
    if not text:
        return None
    if field.kind in NUMERIC:
        return _number(text)
    if field.kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(text, text)
    if field.kind in LISTS:
        return tuple(_WORDS.findall(text))
    if field.kind is Kind.GEOPOINT:
        numbers = geopoint_integers(text)
        return text if numbers is None else geopoint_text(numbers)
    return text


def text_from_value(value: Value) -> str:
    """Return the text the form engine reads for `value`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple):
        return " ".join(value)
    return value


def number_text(value: float) -> str:
    """Return a number without exponent and without trailing zeros, as XPath writes it."""
    if value == int(value):
        return str(int(value))
    return f"{Decimal(repr(value)):f}"


def _number(text: str) -> int | float | str:
    """Return the number that `text` spells, or `text` where a number would not mean the same."""
    if not _NUMBER.fullmatch(text):
        return text
    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    value = float(text)
    return value if Decimal(repr(value)) == exact else text


def geopoint_integers(text: str) -> tuple[int, ...] | None:
    """Return latitude, longitude, altitude, accuracy scaled to integers.

    None where the text is not four plain numbers of at most 7, 7, 2 and 2 decimal places.
    """
    words = text.split(" ")
    if len(words) != len(GEOPOINT_SCALES) or not all(_NUMBER.fullmatch(w) for w in words):
        return None
    scaled = [Decimal(w).scaleb(s) for w, s in zip(words, GEOPOINT_SCALES, strict=True)]
    if any(n != n.to_integral_value() or abs(n) >= _EXACT_MAX for n in scaled):
        return None
    return tuple(int(n) for n in scaled)


def geopoint_text(numbers: Sequence[int]) -> str:
    """Return the text of a geopoint given as integers, without trailing zeros."""
    latitude, longitude, altitude, accuracy = numbers
    return (
        f"{_scaled_text(latitude, 7)} {_scaled_text(longitude, 7)} "
        f"{_scaled_text(altitude, 2)} {_scaled_text(accuracy, 2)}"
    )


def _scaled_text(number: int, places: int) -> str:
    digits = f"{number:0{places + 1 + (number < 0)}d}"
    return f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


def date_days(text: str) -> int | None:
    """Return days since 1970-01-01, or None where `text` is not exactly an ISO date."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day.toordinal() - _EPOCH_ORDINAL if day.isoformat() == text else None


@lru_cache(maxsize=4096)
def days_text(days: int) -> str | None:
    """Return the ISO date `days` after 1970-01-01, or None outside years 1 to 9999."""
    try:
        return date.fromordinal(days + _EPOCH_ORDINAL).isoformat()
    except (ValueError, OverflowError):
        return None


def moment_number(text: str) -> int | None:
    """Return a moment with its offset as one number, or None where `text` is not exactly one.

    Milliseconds since 1970 UTC * 4096 + offset in minutes + 2048; 4095 at the end stands for "Z".
    """
    try:
        moment = datetime.fromisoformat(text)
        elapsed = moment - _EPOCH
    except (ValueError, TypeError):
        # TypeError: no offset, so it is a local time and no moment.
        return None
    offset_min = _Z_MARK if text.endswith("Z") else (moment.utcoffset() or _ZERO) // _MINUTE + 2048
    number = (elapsed // _MILLISECOND) * 4096 + offset_min
    return number if moment_text(number) == text else None


def moment_text(number: int) -> str | None:
    """Return the text of a moment given as a number, or None outside years 1 to 9999.

    Plain arithmetic: every record has some of them, and datetime objects cost three times as much.
    """
    elapsed_ms, mark = divmod(number, 4096)
    offset = _offset(mark)
    if offset is None:
        return None
    days, rest = divmod(elapsed_ms + offset[0] * 60_000, 86_400_000)
    day = days_text(days)
    if day is None:
        return None
    seconds, milliseconds = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{day}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}{offset[1]}"


@lru_cache(maxsize=4096)
def _offset(mark: int) -> tuple[int, str] | None:
    """Return an offset from UTC in minutes and as text; None for a day and more."""
    if mark == _Z_MARK:
        return 0, "Z"
    minutes = mark - 2048
    if abs(minutes) >= _DAY_MIN:
        return None
    sign = "-" if minutes < 0 else "+"
    return minutes, f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def uuid_bytes(text: str) -> bytes | None:
    """Return the 16 bytes of `uuid:` and a lower-case UUID; None for any other text."""
    if len(text) != _UUID_CHARS or not text.startswith(_UUID_PREFIX):
        return None
    try:
        data = bytes.fromhex(text.removeprefix(_UUID_PREFIX).replace("-", ""))
    except ValueError:
        return None
    return data if uuid_text(data) == text else None


def uuid_text(data: bytes) -> str | None:
    """Return `uuid:` and the UUID of 16 bytes; None for other sizes."""
    if len(data) != _UUID_BYTES:
        return None
    digits = data.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return _UUID_PREFIX + "-".join(parts)


def canonical_value(value: Value) -> Value:
    """Return the form of `value` under which equal answers are equal (SEAL-051)."""
    if isinstance(value, str):
        return _BLANKS.sub(" ", unicodedata.normalize("NFC", value)).strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_MAX:
        return int(value)
    return value


def same_value(one: Value | Deletion, other: Value | Deletion) -> bool:
    """Tell whether two writes say the same: 2 and 2.0 do, 1 and true do not."""
    if one is DELETED or other is DELETED:
        return one is other
    if type(one) is type(other) and one == other:
        return True
    return encode(canonical_value(one)) == encode(canonical_value(other))
