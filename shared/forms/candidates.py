"""Plausible answers to one question, likely ones first: what a made-up respondent tries."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from shared.forms.interview import NodeState
from shared.forms.samples import Dice, sample_of

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_PATTERN: Final = re.compile(r"regex\(\s*\.\s*,\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)")
_WORDS: Final = ("Amina", "Market road", "Camp 4", "water", "Kivu", "household", "none", "Sunday")
_DAY_CHOICES: Final = (0, 1, 7, 30, 90, 200, 365, 1000, 4000, 9000, 15000, 25000)
_LONG: Final = 200

Maker = Callable[[NodeState, str, datetime, Dice], Iterator[str]]


def candidates(state: NodeState, constraint: str, now: datetime, dice: Dice) -> Iterator[str]:
    """Yield answers of the question's type, endlessly varied; the constraint's numbers guide."""
    if state.kind in ("select1", "select", "rank"):
        yield from _choices(state, dice)
        return
    if state.kind == "trigger":
        yield "OK"
        return
    if state.kind == "upload":
        yield f"{sample_of('[a-z]{8}', dice)}.{_ending(state)}"
        return
    yield from _MAKERS.get(state.type, _text)(state, constraint, now, dice)


def _choices(state: NodeState, dice: Dice) -> Iterator[str]:
    values = [choice.value for choice in state.choices if choice.value]
    if not values:
        return
    if state.kind == "select1":
        for _ in range(len(values)):
            yield dice.choice(values)
        yield from values
        return
    if state.kind == "rank":
        for _ in range(3):
            yield " ".join(dice.sample(values, len(values)))
        return
    for _ in range(len(values)):
        taken = dice.sample(values, dice.randint(1, min(3, len(values))))
        yield " ".join(value for value in values if value in taken)
    # "None of these" beside others is what constraints refuse: one alone comes last.
    yield from values


def _ending(state: NodeState) -> str:
    media = state.attributes.get("mediatype", "")
    return {"image/*": "jpg", "audio/*": "m4a", "video/*": "mp4"}.get(media, "bin")


def _hints(constraint: str) -> list[float]:
    """Return the numbers a constraint names, and their neighbours."""
    found = [float(match) for match in _NUMBER.findall(constraint)]
    return [n + step for n in found for step in (0, 1, -1)]


def _integer(state: NodeState, constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    ends = [state.attributes.get("start", ""), state.attributes.get("end", "")]
    if state.kind == "range" and all(_NUMBER.fullmatch(end) for end in ends):
        low, high = sorted(int(float(end)) for end in ends)
        while True:
            yield str(dice.randint(low, high))
    hints = [int(n) for n in _hints(constraint)]
    for size in (12, 80, 6, 100, 2100, 2, 30):
        yield str(dice.randint(0, size))
        if hints:
            yield str(dice.choice(hints))
    if len(hints) > 1:
        low, high = min(hints), max(hints)
        for _ in range(20):
            yield str(dice.randint(low, high))
    while True:
        yield str(dice.randint(-10, 10 ** dice.randint(1, 8)))


def _decimal(state: NodeState, constraint: str, now: datetime, dice: Dice) -> Iterator[str]:
    for text in _integer(state, constraint, now, dice):
        yield f"{text}.{dice.randint(0, 9)}"
        yield text


def _date(_state: NodeState, constraint: str, now: datetime, dice: Dice) -> Iterator[str]:
    years = [int(n) for n in _hints(constraint) if 1900 <= n <= 2100]  # noqa: PLR2004 - years
    for days in _DAY_CHOICES:
        yield (now - timedelta(days=days + dice.randint(0, days // 4))).date().isoformat()
        if years:
            yield f"{dice.choice(years)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}"
    while True:
        yield (now + timedelta(days=dice.randint(-30_000, 2_000))).date().isoformat()


def _moment(state: NodeState, constraint: str, now: datetime, dice: Dice) -> Iterator[str]:
    for day in _date(state, constraint, now, dice):
        yield f"{day}T{next(_time(state, constraint, now, dice))}Z"


def _time(_state: NodeState, _constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    while True:
        yield f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:00.000"


def _boolean(_state: NodeState, _constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    yield dice.choice(("true", "false"))
    yield from ("true", "false")


def _point(dice: Dice) -> str:
    latitude = dice.randint(-8_000, 8_000) / 100 + dice.random() / 100
    longitude = dice.randint(-17_000, 17_000) / 100 + dice.random() / 100
    return f"{latitude:.6f} {longitude:.6f} 0.0 {dice.randint(1, 9)}.0"


def _place(_state: NodeState, _constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    while True:
        yield _point(dice)


def _shape(state: NodeState, _constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    while True:
        points = [_point(dice) for _ in range(dice.randint(3, 6))]
        if state.type == "geoshape":
            points.append(points[0])
        yield "; ".join(points)


def _text(_state: NodeState, constraint: str, _now: datetime, dice: Dice) -> Iterator[str]:
    match = _PATTERN.search(constraint)
    if match:
        for _ in range(10):
            yield sample_of(match[1] or match[2] or "", dice)
    lengths = [int(n) for n in _hints(constraint) if 0 < n < _LONG]
    for length in lengths:
        yield sample_of(f"[A-Z][a-z]{{{max(length - 1, 0)}}}", dice)
        yield sample_of(f"[0-9]{{{length}}}", dice)
    while True:
        yield dice.choice(_WORDS)
        yield str(dice.randint(0, 99))
        yield sample_of("[a-z]{3,9}", dice)
        yield sample_of("[0-9]{6,12}", dice)


_MAKERS: Final[dict[str, Maker]] = {
    "int": _integer,
    "integer": _integer,
    "long": _integer,
    "decimal": _decimal,
    "double": _decimal,
    "date": _date,
    "dateTime": _moment,
    "time": _time,
    "boolean": _boolean,
    "geopoint": _place,
    "geotrace": _shape,
    "geoshape": _shape,
}
