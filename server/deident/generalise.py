"""Coarsening rules: from the text an author or the policy writes to a function on one value.

`age:5y` `age:dtm` `date:week|month|quarter|year` `geo:adminN` `top:N` `band:N` `keep` `drop`.
Each function is total: a value it cannot coarsen becomes None, never itself. Rules DEID-004..009.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Final

from server.deident.geography import Geography
from shared.errors import FormError
from shared.records.codebook import Kind
from shared.records.revision import Value

Coarsen = Callable[[Value, "Reference"], Value]
"""The value and what it is relative to, in; the coarser value, or None, out."""

AGE_BANDS_DTM: Final = ((4, "0-4"), (11, "5-11"), (17, "12-17"), (59, "18-59"))
"""Upper end and label. Source: sex and age bands of DTM and UNHCR forms; 60 and over is open."""
AGE_TOP_Y: Final = 85
"""Single-width age bands stop here: few people are older, so their exact band would name them."""
AGE_MAX_Y: Final = 130
_POSITION: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)(?:\s|$)")
"""Latitude and longitude, as ODK writes a point; altitude and accuracy may follow."""
_RULE: Final = re.compile(r"(age|date|geo|top|band):([a-z]*)(\d*)(y?)|keep|drop")

_EXACT: Final = frozenset({Kind.GEOPOINT, Kind.GEOTRACE, Kind.GEOSHAPE, Kind.ATTACHMENT})
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DECIMAL})
_CHOICES: Final = frozenset({Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK})
_FITS: Final = {
    "age": _NUMBERS | {Kind.DATE},
    "date": frozenset({Kind.DATE, Kind.DATETIME}),
    "geo": frozenset({Kind.GEOPOINT, Kind.SELECT_ONE, Kind.TEXT}),
    "top": _NUMBERS | {Kind.SELECT_ONE},
    "band": _NUMBERS,
}
"""Kinds each rule can coarsen; `keep` fits all but exact positions and files."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a value is coarsened relative to: the day of the interview."""

    day: date | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One parsed rule, e.g. `age:5y` -> ("age", "", 5)."""

    text: str
    verb: str
    word: str = ""
    number: int = 0


def parse_rule(text: str) -> Rule:
    """Parse a rule as written in the form's `generalise` column or in the policy.

    Raises:
        FormError: no such rule; the message lists those that exist.
    """
    match = _RULE.fullmatch(text)
    if match is not None:
        verb = match[1] or text
        rule = Rule(text, verb, match[2] or "", int(match[3] or 0))
        widths = {"age", "top", "band"}
        valid = {
            "age": rule.word == "dtm" or (rule.word == "" and rule.number > 0 and match[4] == "y"),
            "date": rule.word in {"week", "month", "quarter", "year"} and not match[3],
            "geo": rule.word == "admin" and match[3] is not None and match[3] != "",
            "top": rule.word == "" and rule.number > 0,
            "band": rule.word == "" and rule.number > 1,
        }.get(verb, True)
        if valid and (not match[4] or verb in widths):
            return rule
    raise FormError(
        f"there is no generalisation {text!r}; write age:5y, age:dtm, date:month, geo:admin2, "
        "top:10, band:5, keep or drop"
    )


def coarsener(rule: Rule, kind: Kind, geography: Geography | None) -> Coarsen | None:
    """Return the function for a rule on values of one kind; None when the value must be dropped.

    Raises:
        FormError: the rule does not fit the kind (an age from a photo).
    """
    if rule.verb == "drop":
        return None
    if rule.verb == "keep" and kind in _EXACT:
        raise FormError(f"a value of type {kind} is too exact to keep; coarsen or drop it")
    if kind not in _FITS.get(rule.verb, frozenset(Kind)):
        raise FormError(f"{rule.text} cannot coarsen a value of type {kind}")
    if rule.verb == "geo":
        return _area(rule.number, geography, from_point=kind is Kind.GEOPOINT)
    if rule.verb == "top" and kind is Kind.SELECT_ONE:
        return _keep  # the rest is known only over all records: tabulation folds it (DEID-009)
    makers = {"age": _age, "date": _date, "top": _top, "band": _band}
    return makers[rule.verb](rule) if rule.verb in makers else _keep


def is_number(kind: Kind) -> bool:
    """Tell whether values of this kind can be summed."""
    return kind in _NUMBERS


def is_choice(kind: Kind) -> bool:
    """Tell whether values of this kind come from a closed list."""
    return kind in _CHOICES


def is_exact(kind: Kind) -> bool:
    """Tell whether values of this kind point at one spot or hold a file."""
    return kind in _EXACT


def _keep(value: Value, _reference: Reference) -> Value:
    """Pass the value on: its list is closed, or it is a measure."""
    return value


def _age(rule: Rule) -> Coarsen:
    """Bands from years, or from a birth date and the day of the interview."""

    def coarsen(value: Value, reference: Reference) -> Value:
        years = _years(value, reference)
        if years is None or not 0 <= years <= AGE_MAX_Y:
            return None
        if rule.word == "dtm":
            return next((label for top, label in AGE_BANDS_DTM if years <= top), "60+")
        top = AGE_TOP_Y - AGE_TOP_Y % rule.number
        if years >= top:
            return f"{top}+"
        low = years - years % rule.number
        return f"{low}-{low + rule.number - 1}" if rule.number > 1 else str(low)

    return coarsen


def _years(value: Value, reference: Reference) -> int | None:
    """Return full years; from a birth date only where the interview's day is known."""
    if isinstance(value, str):
        born = _day(value)
        if born is None or reference.day is None or born > reference.day:
            return None
        had_birthday = (reference.day.month, reference.day.day) >= (born.month, born.day)
        return reference.day.year - born.year - (0 if had_birthday else 1)
    return _whole(value)


def _date(rule: Rule) -> Coarsen:
    """The week (ISO), month, quarter or year that holds the day."""

    def coarsen(value: Value, _reference: Reference) -> Value:
        day = _day(value)
        if day is None:
            return None
        iso = day.isocalendar()
        return {
            "week": f"{iso.year}-W{iso.week:02d}",
            "month": f"{day.year}-{day.month:02d}",
            "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
            "year": f"{day.year}",
        }[rule.word]

    return coarsen


def _day(value: Value) -> date | None:
    """Return the day of an ISO date or date-time."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _area(level: int, geography: Geography | None, *, from_point: bool) -> Coarsen:
    """The area of one level: by point in polygon, or up from a smaller area's p-code."""

    def coarsen(value: Value, _reference: Reference) -> Value:
        if geography is None or not isinstance(value, str):
            return None
        if not from_point:
            return geography.ancestor(value, level)
        position = _POSITION.match(value)
        if position is None:
            return None
        return geography.locate(float(position[2]), float(position[1]), level)

    return coarsen


def _top(rule: Rule) -> Coarsen:
    """Whole numbers as text, the highest together: `9`, `10+`."""

    def coarsen(value: Value, _reference: Reference) -> Value:
        number = _whole(value)
        if number is None:
            return None
        return f"{rule.number}+" if number >= rule.number else str(number)

    return coarsen


def _band(rule: Rule) -> Coarsen:
    """Whole numbers in bands of equal width: `5-9`."""

    def coarsen(value: Value, _reference: Reference) -> Value:
        number = _whole(value)
        if number is None:
            return None
        low = number - number % rule.number
        return f"{low}-{low + rule.number - 1}"

    return coarsen


def _whole(value: Value) -> int | None:
    """Return a number's whole part; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isfinite(value) else None
