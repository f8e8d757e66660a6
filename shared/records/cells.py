"""One field in a patch's encoding: the digit that codes its answer, or the value that carries it.

Rules SEAL-070. A coded answer is a digit of the scope's mixed-radix number; whatever has no code is
carried as a value of the field's kind, and as text where the kind cannot give it back exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from shared.errors import EncodingInvalid
from shared.records.codebook import Field, Kind
from shared.records.values import (
    GEOPOINT_SCALES,
    LISTS,
    date_days,
    days_text,
    geopoint_integers,
    geopoint_text,
    moment_number,
    moment_text,
    number_text,
    uuid_bytes,
    uuid_text,
)

NOT_WRITTEN: Final = 0
IN_VALUES: Final = 1
"""Written, but as a value: every plain field, and a coded one whose answer has no code."""
FIRST_CODE: Final = 2

CODED_CHOICES_MAX: Final = 254
"""A select with more choices is a plain field whose value is an index."""
CODED_SET_MAX: Final = 24
"""A select multiple with more choices is a plain field whose value is a list of indexes."""
_KNOWN_SETS_MAX: Final = 1024
"""Combinations remembered a field: in one place people combine few."""
_DECIMAL_PLACES_MAX: Final = 9
_EXACT_MAX: Final = 1 << 53

_ToCode = Callable[[Any], int | None]
_FromCode = Callable[[int], Any]
_ToWire = Callable[[Any], object]
_FromWire = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """How one field is written.

    Attributes:
        suffix: the field's address below its scope instance.
        radix: 2 for a plain field, 2 + number of codes for a coded one.
        to_code: answer -> code from 0, or None where it has none.
        from_code: code -> answer.
        to_wire: answer -> canonical value, for what has no code.
        from_wire: the reverse; not called for values of a type in `as_is`.
        as_is: types of canonical values that are the answer themselves.
    """

    suffix: str
    radix: int
    to_code: _ToCode
    from_code: _FromCode
    to_wire: _ToWire
    from_wire: _FromWire
    as_is: frozenset[type]


def is_coded(item: Field) -> bool:
    """Tell whether the field's answers have codes."""
    return _codes(item)[0] > 0


def cell_of(item: Field, suffix: str) -> Cell:
    """Return how `item` is written."""
    count, to_code, from_code = _codes(item)
    to_wire, from_wire = _converters(item)
    as_is = _AS_IS.get(item.kind, _TEXT_AS_IS)
    return Cell(suffix, FIRST_CODE + count, to_code, from_code, to_wire, from_wire, as_is)


# --- codes ------------------------------------------------------------------------------------


def _codes(item: Field) -> tuple[int, _ToCode, _FromCode]:
    """Return how many codes the field has, and the functions to and from them."""
    count = len(item.choices)
    if item.kind is Kind.BOOLEAN:
        return 2, _boolean_code, bool
    if item.kind is Kind.SELECT_ONE and 0 < count <= CODED_CHOICES_MAX:
        return count, _indexes(item.choices).get, item.choices.__getitem__
    if item.kind is Kind.SELECT_MULTIPLE and 0 < count <= CODED_SET_MAX:
        return (1 << count, *_set_codes(item.choices))
    return 0, _no_code, _no_answer


def _boolean_code(value: object) -> int | None:
    return int(value) if isinstance(value, bool) else None


def _no_code(_value: object) -> int | None:
    return None


def _no_answer(_wire: object) -> object:
    return None


def _indexes(choices: tuple[str, ...]) -> dict[Any, int]:
    """Return choice name -> position; of names that occur twice, the first."""
    return {name: i for i, name in reversed(tuple(enumerate(choices)))}


def _set_codes(choices: tuple[str, ...]) -> tuple[_ToCode, _FromCode]:
    """Return the codes of a set of choices: bit i for choice i, chosen in form order."""
    bits = {name: 1 << i for name, i in _indexes(choices).items()}

    known: dict[int, tuple[str, ...]] = {}

    def from_code(code: int) -> tuple[str, ...]:
        names = known.get(code)
        if names is None:
            names = tuple([name for i, name in enumerate(choices) if code >> i & 1])
            if len(known) < _KNOWN_SETS_MAX:
                known[code] = names
        return names

    def to_code(value: object) -> int | None:
        if not isinstance(value, tuple):
            return None
        code = 0
        for name in value:
            code |= bits.get(name, 0)
        # Another order, a repeated name or one the form does not list has no code.
        return code if from_code(code) == value else None

    return to_code, from_code


# --- values -----------------------------------------------------------------------------------


def _converters(item: Field) -> tuple[_ToWire, _FromWire]:
    def cannot(value: object) -> EncodingInvalid:
        return EncodingInvalid(f"{item.path} is {item.kind}; it cannot hold {_word(value)}")

    to_wire, from_wire = _KINDS.get(item.kind, (_text_to, _text_from))
    if item.kind in _WITH_CHOICES:
        to_wire, from_wire = _choice_converters(item)

    def checked_to(value: object) -> object:
        if value is None:
            return None
        wire = to_wire(value)
        if wire is None:
            raise cannot(value)
        return wire

    def checked_from(wire: object) -> Any:
        value = from_wire(wire)
        if value is None:
            raise cannot(wire)
        return value

    return checked_to, checked_from


def _word(value: object) -> str:
    return {bool: "a yes or no", int: "a number", float: "a number", tuple: "a list"}.get(
        type(value), "this type of value"
    )


def _text_to(value: object) -> object | None:
    if not isinstance(value, str):
        return None
    data = uuid_bytes(value)
    return value if data is None else data


def _text_from(wire: object) -> object | None:
    return uuid_text(wire) if isinstance(wire, bytes) else None


def _moment_to(value: object) -> object | None:
    if not isinstance(value, str):
        return None
    number = moment_number(value)
    return value if number is None else number


def _moment_from(wire: object) -> object | None:
    return moment_text(wire) if type(wire) is int else None


def _plain_text(value: object) -> object | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> object | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _decimal_to(value: object) -> object | None:
    """Write 12.5 as 1251: digits times ten, plus the number of decimal places."""
    if isinstance(value, float) and isfinite(value) and abs(value) < _EXACT_MAX:
        whole, _, fraction = number_text(value).partition(".")
        digits = int(whole + fraction)
        if len(fraction) <= _DECIMAL_PLACES_MAX and abs(digits) < _EXACT_MAX:
            # int("-0") has lost its sign, so the sign of -0.5 is taken from the value.
            return (-abs(digits) if value < 0 else digits) * 10 + len(fraction)
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 10 if abs(value) < _EXACT_MAX else [value]
    return value if isinstance(value, str | float) else None


def _decimal_from(wire: object) -> object | None:
    if type(wire) is int:
        digits, places = divmod(wire, 10)
        if not places:
            return digits
        return digits / 10**places if digits % 10 else None
    if isinstance(wire, list):
        return wire[0] if len(wire) == 1 and type(wire[0]) is int else None
    return None


def _date_to(value: object) -> object | None:
    if not isinstance(value, str):
        return None
    days = date_days(value)
    return value if days is None else days


def _date_from(wire: object) -> object | None:
    return days_text(wire) if type(wire) is int else None


def _geopoint_to(value: object) -> object | None:
    if not isinstance(value, str):
        return None
    numbers = geopoint_integers(value)
    return value if numbers is None or geopoint_text(numbers) != value else list(numbers)


def _geopoint_from(wire: object) -> object | None:
    if not isinstance(wire, list) or len(wire) != len(GEOPOINT_SCALES):
        return None
    if not all(type(n) is int and abs(n) < _EXACT_MAX for n in wire):
        return None
    return geopoint_text(tuple(wire))


def _choice_converters(item: Field) -> tuple[_ToWire, _FromWire]:
    """Write choices as their index, and names the form does not list as text."""
    indexes, choices = _indexes(item.choices), item.choices
    many = item.kind in LISTS

    def one_from(wire: object) -> str | None:
        return choices[wire] if type(wire) is int and 0 <= wire < len(choices) else None

    def to_wire(value: object) -> object | None:
        if isinstance(value, str):
            return value if many else indexes.get(value, value)
        if many and isinstance(value, tuple) and all(isinstance(name, str) for name in value):
            return [indexes.get(name, name) for name in value]
        return None

    def from_wire(wire: object) -> object | None:
        if not many:
            return one_from(wire)
        if not isinstance(wire, list):
            return None
        names = tuple([part if isinstance(part, str) else one_from(part) for part in wire])
        return None if None in names else names

    return to_wire, from_wire


_TEXT_AS_IS: Final[frozenset[type]] = frozenset((str, type(None)))
_AS_IS: Final[dict[Kind, frozenset[type]]] = {
    Kind.INTEGER: _TEXT_AS_IS | {int, float},
    Kind.DECIMAL: _TEXT_AS_IS | {float},
}
_WITH_CHOICES: Final = LISTS | {Kind.SELECT_ONE}
_KINDS: Final[dict[Kind, tuple[_ToWire, _FromWire]]] = {
    Kind.INTEGER: (_number, _no_answer),
    Kind.DECIMAL: (_decimal_to, _decimal_from),
    Kind.DATE: (_date_to, _date_from),
    Kind.DATETIME: (_moment_to, _moment_from),
    Kind.BOOLEAN: (_plain_text, _no_answer),
    Kind.GEOPOINT: (_geopoint_to, _geopoint_from),
}
