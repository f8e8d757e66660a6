"""Bind types: which texts a field may hold, and how a computed value is written down."""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Final, TypeAlias

from shared import limits
from shared.errors import FormError
from shared.forms.xpath.dates import (
    DateValue,
    date_of_days,
    moment_of_days,
    moment_text,
    parse_date,
    parse_moment,
    parse_time,
)
from shared.forms.xpath.values import Value, number_text, to_text

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DATE_CHARS: Final = 10
_UNKEPT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters no XML may hold; an answer with one could not be exchanged with anybody."""
_DEGREES_LATITUDE: Final = 90
_DEGREES_LONGITUDE: Final = 180
NUMBER_TYPES: Final = frozenset({"int", "integer", "long", "decimal", "double", "float"})
_INTEGER_LEAST: Final = -(1 << 31)
_INTEGER_MOST: Final = (1 << 31) - 1
_LOCAL_TIME: Final = re.compile(r"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_INTEGER_TYPES: Final = frozenset({"int", "integer", "long"})


TypeCheck: TypeAlias = Callable[[str, tzinfo], str]
"""Return a text in canonical form or raise `AnswerInvalid`."""


class AnswerInvalid(FormError):
    """A text is not of its field's type."""

    code = "FORM-007"


def computed_text(value: Value, type_name: str, zone: tzinfo) -> str:
    """Return how a calculation's result is stored in a field of a type (FRM-011)."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if type_name == "date":
            day = date_of_days(value, zone)
            return "" if day is None else day.isoformat()
        if type_name == "dateTime":
            moment = moment_of_days(value, zone)
            return "" if moment is None else moment_text(moment)
        if type_name in _INTEGER_TYPES and math.isfinite(value):
            return str(math.trunc(value))
        return number_text(value)
    if isinstance(value, DateValue) and type_name == "date":
        return value.text[:10]
    text = to_text(value)
    if type_name in _INTEGER_TYPES and text and not _INTEGER.fullmatch(text):
        return _truncated(text)
    return text


def _truncated(text: str) -> str:
    if _DECIMAL.fullmatch(text):
        return str(math.trunc(float(text)))
    return text


def composed(text: str) -> str:
    """Return text in Unicode's composed form, so that one name has one spelling."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def kept_text(text: str) -> str:
    """Return an answer as it may be kept: composed, with one kind of line end.

    Raises:
        AnswerInvalid: it holds a control character, or half of one.
    """
    if len(text) > limits.XPATH_TEXT_CHARS_MAX:
        raise AnswerInvalid(f"write at most {limits.XPATH_TEXT_CHARS_MAX} characters")
    found = _UNKEPT.search(text)
    if found is not None:
        raise AnswerInvalid(f"take out the character U+{ord(found[0]):04X}; no answer can hold it")
    return composed(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)


def check_range(text: str, attributes: Mapping[str, str]) -> None:
    """Refuse a number outside a range control's start and end, whichever is larger.

    Raises:
        AnswerInvalid: names both ends.
    """
    ends = [attributes.get("start", ""), attributes.get("end", "")]
    if not text or not all(_DECIMAL.fullmatch(end) for end in ends):
        return
    low, high = sorted(float(end) for end in ends)
    if not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
        raise AnswerInvalid(f"choose a number from {number_text(low)} to {number_text(high)}")


def initial_text(text: str, type_name: str) -> str:
    """Return a form's own value in canonical form; what is not of the type stays as written."""
    if not text or (type_name == "string" and text.isascii()):
        return text
    if type_name == "date" and parse_moment(text, UTC) is not None:
        return text[:_DATE_CHARS]
    try:
        return checked_text(composed(text), type_name, UTC)
    except AnswerInvalid:
        return text


def type_check(type_name: str) -> TypeCheck | None:
    """Return what reads texts of a type, or None where every text is one."""
    return _CHECKS.get(type_name)


def checked_text(text: str, type_name: str, zone: tzinfo) -> str:
    """Return an answer's canonical text.

    Raises:
        AnswerInvalid: it is not of that type; the message says what is.
    """
    if text == "":
        return ""
    check = _CHECKS.get(type_name)
    return text if check is None else check(text.strip(), zone)


def _integer(text: str, _zone: tzinfo) -> str:
    """Return a whole number; decimals are cut off, as every ODK engine does."""
    if not _DECIMAL.fullmatch(text):
        raise AnswerInvalid("write a whole number, such as 12")
    number = int(text) if _INTEGER.fullmatch(text) else math.trunc(float(text))
    if not _INTEGER_LEAST <= number <= _INTEGER_MOST:
        raise AnswerInvalid("write a whole number of at most nine digits")
    return str(number)


def _decimal(text: str, _zone: tzinfo) -> str:
    """Return a number in European digits, without an exponent: both read as no number."""
    if not _DECIMAL.fullmatch(text):
        raise AnswerInvalid("write a number, such as 12.5")
    if text.isascii() and "e" not in text.lower():
        return text.removeprefix("+")
    number = float(text)
    if math.isinf(number):
        raise AnswerInvalid("write a smaller number")
    return number_text(number)


def _date(text: str, _zone: tzinfo) -> str:
    day = text[:_DATE_CHARS] if _LOCAL_TIME.fullmatch(text[_DATE_CHARS:]) else text
    if len(day) != _DATE_CHARS or parse_date(day) is None:
        raise AnswerInvalid("write a date as year-month-day, such as 2026-03-31")
    return day


def _time(text: str, _zone: tzinfo) -> str:
    if parse_time(text) is None:
        raise AnswerInvalid("write a time as hours:minutes, such as 14:30")
    return text


def _date_time(text: str, zone: tzinfo) -> str:
    if parse_moment(text, zone) is None:
        raise AnswerInvalid("write a date and time, such as 2026-03-31T14:30:00")
    return text


def _boolean(text: str, _zone: tzinfo) -> str:
    if text not in ("true", "false", "1", "0"):
        raise AnswerInvalid("answer true or false")
    return text


def _geopoint(text: str, _zone: tzinfo) -> str:
    numbers = [float(part) for part in text.split() if _DECIMAL.fullmatch(part)]
    if len(numbers) != len(text.split()) or not 2 <= len(numbers) <= 4:  # noqa: PLR2004
        raise AnswerInvalid("write a place as latitude longitude [altitude accuracy]")
    if abs(numbers[0]) > _DEGREES_LATITUDE or abs(numbers[1]) > _DEGREES_LONGITUDE:
        raise AnswerInvalid("latitude lies between -90 and 90, longitude between -180 and 180")
    return text


def _geotrace(text: str, zone: tzinfo) -> str:
    for point in text.split(";"):
        if point.strip():
            _geopoint(point.strip(), zone)
    return text


_CHECKS: Final[Mapping[str, TypeCheck]] = {
    **dict.fromkeys(_INTEGER_TYPES, _integer),
    "decimal": _decimal,
    "double": _decimal,
    "float": _decimal,
    "date": _date,
    "time": _time,
    "dateTime": _date_time,
    "boolean": _boolean,
    "geopoint": _geopoint,
    "geotrace": _geotrace,
    "geoshape": _geotrace,
}
