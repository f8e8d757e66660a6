"""Date and time functions. A date travels as text and counts as days (dates.py)."""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from typing import Final

from shared.forms.xpath.context import Context
from shared.forms.xpath.dates import (
    INVALID,
    DateValue,
    date_of_days,
    days_of_date,
    days_of_moment,
    days_of_text,
    moment_of_days,
    moment_text,
    parse_date,
    parse_moment,
    parse_time,
)
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.languages import MONTHS, WEEKDAYS, in_language
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import NAN, Value, to_number, to_text

_HALF_A_MILLISECOND: Final = 0.5 / 86_400_000
_PERCENT: Final = re.compile(r"%(.?)")


def _today(context: Context, _node: Node) -> DateValue:
    return _day_of(context.now, context.zone)


@lru_cache(maxsize=8)
def _day_of(now: datetime, zone: tzinfo) -> DateValue:
    """Return the local day of a moment; rules ask for the same one again and again."""
    day = now.astimezone(zone).date()
    return DateValue(days_of_date(day, zone), day.isoformat())


def _now(context: Context, _node: Node) -> DateValue:
    moment = context.now.astimezone(context.zone)
    return DateValue(days_of_moment(moment), moment_text(moment))


def _as_days(context: Context, value: Value) -> float | None:
    """Return days if the value is a number or a date already, None if it is text."""
    if isinstance(value, bool):
        return NAN
    if isinstance(value, float):
        return value
    if isinstance(value, DateValue):
        return value.days
    text = to_text(value).strip()
    number = to_number(text, context.zone)
    return None if math.isnan(number) or "-" in text[1:] else number


def _date(context: Context, _node: Node, value: Value) -> Value:
    """Return a date: from text as it stands, from a number as days since 1970-01-01."""
    days = _as_days(context, value)
    if days is None:
        text = to_text(value).strip()
        if not text:
            return ""
        return _date_of_text(context, text)
    return _date_of_days(days, context)


def _date_of_days(days: float, context: Context) -> DateValue:
    """Return days as a date if they fall on a local midnight, else as a date-time."""
    day = date_of_days(days, context.zone)
    moment = moment_of_days(days, context.zone)
    if day is None or moment is None:
        return INVALID
    if abs(days - days_of_date(day, context.zone)) < _HALF_A_MILLISECOND:
        return DateValue(days, day.isoformat())
    return DateValue(days, moment_text(moment))


def _date_of_text(context: Context, text: str) -> DateValue:
    moment = parse_moment(text, context.zone)
    if moment is None:
        return INVALID
    if "T" not in text:
        return DateValue(days_of_date(moment.date(), context.zone), moment.date().isoformat())
    local = moment.astimezone(context.zone)
    return DateValue(days_of_moment(moment), local.date().isoformat())


def _date_time(context: Context, _node: Node, value: Value) -> Value:
    """Return a date-time as ISO text with milliseconds and offset."""
    if isinstance(value, DateValue):
        value = value.text
    days = _as_days(context, value)
    if days is None:
        text = to_text(value).strip()
        if not text:
            return ""
        moment = parse_moment(text, context.zone)
    else:
        moment = moment_of_days(days, context.zone)
    if moment is None:
        return INVALID
    return DateValue(days_of_moment(moment), moment_text(moment.astimezone(context.zone)))


def _decimal_date_time(context: Context, _node: Node, value: Value) -> Value:
    """Return days; text that is no date is an invalid date, which counts as NaN."""
    if not isinstance(value, str):
        return to_number(value, context.zone)
    days = days_of_text(value, context.zone)
    return INVALID if value and math.isnan(days) else days


def _decimal_time(context: Context, _node: Node, value: Value) -> float:
    """Return a time of day as a fraction of the day."""
    text = to_text(value)
    parsed = parse_time(text.partition("T")[2] or text)
    if parsed is None:
        return NAN
    moment, offset = parsed
    if offset is not None:
        there = datetime.combine(date(1970, 1, 2), moment, offset)
        moment = there.astimezone(context.zone).time()
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return seconds / 86400


def _format(context: Context, _node: Node, value: Value, pattern_: Value) -> str:
    moment = _moment(context, value)
    if moment is None:
        return ""
    pattern, codes = to_text(pattern_), _CODES

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if code == "%":
            return "%"
        if code not in codes:
            raise EvaluationError(
                f"%{code} is not a date code; use one of {' '.join('%' + c for c in codes)}"
            )
        return codes[code](moment, context.language)

    return _PERCENT.sub(replace, pattern)


def _moment(context: Context, value: Value) -> datetime | None:
    if isinstance(value, DateValue):
        value = value.text
    days = _as_days(context, value)
    if days is not None:
        day = date_of_days(days, context.zone)
        exact = moment_of_days(days, context.zone)
        if exact is None or day is None:
            return None
        if days == days_of_date(day, context.zone):
            return datetime.combine(day, time(), context.zone)
        return exact
    text = to_text(value).strip()
    if (parsed := parse_time(text)) is not None:
        return datetime.combine(date(1970, 1, 1), parsed[0], parsed[1] or context.zone)
    moment = parse_moment(text, context.zone)
    if moment is None and parse_date(text) is None:
        return None
    return None if moment is None else moment.astimezone(context.zone)


_Code = Callable[[datetime, str], str]
_CODES: Final[dict[str, _Code]] = {
    "Y": lambda moment, _l: f"{moment.year:04}",
    "y": lambda moment, _l: f"{moment.year % 100:02}",
    "m": lambda moment, _l: f"{moment.month:02}",
    "n": lambda moment, _l: str(moment.month),
    "b": lambda moment, language: month_name(moment.month, language),
    "d": lambda moment, _l: f"{moment.day:02}",
    "e": lambda moment, _l: str(moment.day),
    "a": lambda moment, language: weekday_name(moment.weekday(), language),
    "W": lambda moment, _l: str(moment.isocalendar().week),
    "w": lambda moment, _l: str(moment.isoweekday() % 7),
    "B": lambda moment, language: month_name(moment.month, language),
    "H": lambda moment, _l: f"{moment.hour:02}",
    "h": lambda moment, _l: str(moment.hour),
    "M": lambda moment, _l: f"{moment.minute:02}",
    "S": lambda moment, _l: f"{moment.second:02}",
    "3": lambda moment, _l: f"{moment.microsecond // 1000:03}",
    "Z": lambda moment, _l: moment_text(moment)[23:],
}


def month_name(month: int, language: str) -> str:
    """Return the short name of a month, 1 to 12."""
    return in_language(language, MONTHS).split()[month - 1]


def weekday_name(weekday: int, language: str) -> str:
    """Return the short name of a weekday, Monday 0."""
    return in_language(language, WEEKDAYS).split()[weekday]


FUNCTIONS: Final = {
    "today": Function(_today, (0, 0)),
    "now": Function(_now, (0, 0)),
    "date": Function(_date, (1, 1)),
    "date-time": Function(_date_time, (1, 1)),
    "decimal-date-time": Function(_decimal_date_time, (1, 1)),
    "decimal-time": Function(_decimal_time, (1, 1)),
    "format-date": Function(_format, (2, 2)),
    "format-date-time": Function(_format, (2, 2)),
}
