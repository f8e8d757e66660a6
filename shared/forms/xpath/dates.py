"""Dates as XPath values: text in ISO form that compares and subtracts as days since 1970-01-01 UTC.

A date without a time stands for local midnight in standard time, so that subtracting two dates
always gives whole days, across a change of clocks too.
"""

import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400.0
_HOUR_MINUTES: Final = 60
_DATE: Final = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?"
)
_TIME: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?")


class DateValue:
    """A date or date-time: `days` since 1970-01-01 UTC (NaN when invalid), `text` as shown."""

    __slots__ = ("days", "text")

    def __init__(self, days: float, text: str) -> None:
        self.days = days
        self.text = text


INVALID: Final = DateValue(math.nan, "Invalid Date")


_DATE_CHARS: Final = 10


def parse_date(text: str) -> date | None:
    """Return the date part of an ISO date or date-time, or None."""
    if len(text) == _DATE_CHARS and text[4] == text[7] == "-" and text.isascii():
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    match = _DATE.match(text)
    if match is None or (match.end() != len(text) and not _DATE_TIME.fullmatch(text)):
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def parse_moment(text: str, zone: tzinfo) -> datetime | None:
    """Return an ISO date-time (or a date, as local midnight) as an aware datetime, or None."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        day = parse_date(text)
        return None if day is None else datetime.combine(day, time(), zone)
    year, month, day_, hour, minute, second, fraction, offset = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    extra = timedelta(days=1) if hour == "24" else timedelta()
    try:
        return extra + datetime(
            int(year),
            int(month),
            int(day_),
            0 if hour == "24" else int(hour),
            int(minute),
            int(second or 0),
            micro,
            parse_offset(offset) if offset else zone,
        )
    except ValueError:
        return None


def parse_time(text: str) -> tuple[time, timezone | None] | None:
    """Return a time of day and its offset, or None."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction, offset = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        moment = time(int(hour), int(minute), int(second or 0), micro)
        return moment, parse_offset(offset) if offset else None
    except ValueError:
        return None


def parse_offset(text: str) -> timezone:
    """Return the fixed zone of `Z`, `+03`, `+0300` or `+03:00`."""
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    if int(digits[2:] or 0) >= _HOUR_MINUTES:
        raise ValueError("an offset has at most 59 minutes")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def standard_offset(day: date, zone: tzinfo) -> timedelta:
    """Return the zone's offset on that day without daylight saving."""
    if zone.__class__ is timezone:
        # A fixed offset, as records carry: the same on every day.
        return zone.utcoffset(None) or timedelta()
    moment = datetime.combine(day, time(12), zone)
    return (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())


def days_of_date(day: date, zone: tzinfo) -> float:
    """Return local midnight, standard time, as days since the epoch in UTC."""
    offset_s = standard_offset(day, zone).total_seconds()
    return float(day.toordinal() - _EPOCH.toordinal()) - offset_s / _DAY_S


def days_of_moment(moment: datetime) -> float:
    """Return an aware datetime as days since the epoch."""
    return (moment - _EPOCH) / timedelta(days=1)


def days_of_text(text: str, zone: tzinfo) -> float:
    """Return an ISO date or date-time as days since the epoch, NaN if it is neither."""
    if len(text) < 10 or text[4:5] != "-":  # noqa: PLR2004 - the shortest date is 2024-01-01
        return math.nan
    if len(text) == 10:  # noqa: PLR2004
        day = parse_date(text)
        return math.nan if day is None else days_of_date(day, zone)
    moment = parse_moment(text, zone)
    return math.nan if moment is None else days_of_moment(moment)


def moment_of_days(days: float, zone: tzinfo) -> datetime | None:
    """Return the local instant that many days after the epoch, or None out of range."""
    if math.isnan(days) or math.isinf(days):
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=round(days * _DAY_S * 1000))).astimezone(zone)
    except (OverflowError, ValueError):
        return None


def date_of_days(days: float, zone: tzinfo) -> date | None:
    """Return the local day, by standard time, that many days after the epoch."""
    moment = moment_of_days(days, UTC)
    if moment is None:
        return None
    try:
        return (moment + standard_offset(moment.date(), zone)).date()
    except OverflowError:
        return None


def offset_text(moment: datetime) -> str:
    """Return `Z` for UTC, else `+03:00`."""
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "Z"
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def moment_text(moment: datetime) -> str:
    """Return ISO text with milliseconds and offset, as ODK writes dateTime values."""
    milliseconds = moment.microsecond // 1000
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}{offset_text(moment)}"
