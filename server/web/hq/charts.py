"""Charts as SVG, drawn on the server: no script, no internet, readable without colour.

Every mark has a title; each chart has a label for screen readers and a table beside it on the
page. Hidden cells are hatched, missing ones grey. One hue from light to dark reads in greyscale
and to the colour-blind. Rules HQ-005, HQ-006.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, log10, radians
from typing import Any, Final

from markupsafe import Markup, escape

from server.web.hq.words import number_text

Cell = float | None
SHADES: Final = ("#dbe9f6", "#a9cde8", "#6aaed6", "#2f7fbc", "#0a4a90")
_WIDTH: Final = 640
_STEPS: Final = 4
"""Marks above zero beside a line."""
_HIDDEN_PX: Final = 50.0
"""A hidden number's mark has one length, whatever it hides."""
_LABEL_CHARS: Final = 34
_HATCH: Final = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="7" height="7" class="hatch-ground"/>'
    '<line x1="0" y1="0" x2="0" y2="7" class="hatch-line"/></pattern></defs>'
)


@dataclass(frozen=True)
class Words:
    """What charts say: language, and the words for hidden and missing numbers."""

    language: str
    hidden: str
    no_data: str

    def of(self, value: Cell | object) -> str:
        """Return a number as text, or why there is none."""
        if value is None:
            return self.hidden
        if isinstance(value, int | float):
            return number_text(float(value), self.language)
        return self.no_data


def _svg(width: float, height: float, label: str, parts: Sequence[str], kind: str) -> Markup:
    """Wrap parts as one accessible picture."""
    body = "".join(parts)
    return Markup(  # noqa: S704 - every text inside was escaped
        f'<svg class="chart {kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def classes_of(values: Sequence[float]) -> list[float]:
    """Return upper ends of up to five round classes for a map."""
    positive = sorted(value for value in values if value > 0)
    if not positive:
        return []
    ends: list[float] = []
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        value = positive[min(len(positive) - 1, int(share * len(positive)))]
        rounded = round_up(value)
        if not ends or rounded > ends[-1]:
            ends.append(rounded)
    return ends


def round_up(value: float) -> float:
    """Return the next number of two figures: 1,234 -> 1,300."""
    if value <= 0:
        return 0.0
    step = 10 ** max(0, int(log10(value)) - 1)
    return float(-(-value // step) * step)


def choropleth(
    areas: Sequence[Mapping[str, Any]],
    values: Mapping[str, Cell | object],
    names: Mapping[str, str],
    label: str,
    words: Words,
) -> tuple[Markup, list[tuple[str, str]]]:
    """Draw areas shaded by their number; also return the legend as (css class, text)."""
    drawn = [area for area in areas if area["polygons"] and area["code"] in values]
    if not drawn:
        return Markup(""), []
    corners = [corner for area in drawn for polygon in area["polygons"] for corner in polygon[0]]
    west, east = min(c[0] for c in corners), max(c[0] for c in corners)
    south, north = min(c[1] for c in corners), max(c[1] for c in corners)
    squeeze = cos(radians((south + north) / 2))
    scale = (_WIDTH - 16) / max((east - west) * squeeze, 1e-9)
    height = (north - south) * scale + 16
    ends = classes_of([v for v in values.values() if isinstance(v, int | float)])

    def path(polygons: Sequence[Sequence[Sequence[Sequence[float]]]]) -> str:
        rings = [ring for polygon in polygons for ring in polygon]
        return "".join(
            "M"
            + "L".join(
                f"{8 + (x - west) * squeeze * scale:.1f} {8 + (north - y) * scale:.1f}"
                for x, y in ring
            )
            + "Z"
            for ring in rings
        )

    parts = [_HATCH]
    for area in drawn:
        value = values[area["code"]]
        text = f"{names.get(area['code'], area['code'])}: {words.of(value)}"
        parts.append(
            f'<path class="area {shade_class(value, ends)}" d="{path(area["polygons"])}">'
            f"<title>{escape(text)}</title></path>"
        )
    outer = {area["parent"] for area in drawn}
    parts += [
        f'<path class="border" d="{path(area["polygons"])}"/>'
        for area in areas
        if area["code"] in outer
    ]
    legend = [
        (f"s{place}", f"≤ {number_text(end, words.language)}") for place, end in enumerate(ends)
    ]
    if any(value is None for value in values.values()):
        legend.append(("hidden", words.hidden))
    shaded = {shade_class(values[area["code"]], ends) for area in drawn}
    if "missing" in shaded:
        legend.append(("missing", words.no_data))
    if "zero" in shaded:
        legend.insert(0, ("zero", "0"))
    return _svg(_WIDTH, height, label, parts, "map"), legend


def shade_class(value: Cell | object, ends: Sequence[float]) -> str:
    """Return the CSS class of a value on a map."""
    if value is None:
        return "hidden"
    if not isinstance(value, int | float):
        return "missing"
    if value == 0:
        return "zero"
    return next((f"s{place}" for place, end in enumerate(ends) if value <= end), "s4")


def trend(points: Sequence[tuple[str, Cell]], label: str, words: Words) -> Markup:
    """Draw one number over the rounds; a hidden round leaves a gap with a hatched mark."""
    height, left, right, top, bottom = 260, 96, 44, 34, 40
    known = [value for _, value in points if value is not None]
    step = whole_step(max(known, default=0.0))
    ceiling = step * _STEPS
    span, deep = _WIDTH - left - right, height - top - bottom

    def x(place: int) -> float:
        return left + span * (place / (len(points) - 1) if len(points) > 1 else 0.5)

    def y(value: float) -> float:
        return top + deep * (1 - value / ceiling)

    parts = [_HATCH]
    for mark in range(_STEPS + 1):
        level = y(step * mark)
        edges = f'x1="{left - 16}" x2="{_WIDTH - right + 16}" y1="{level:.1f}" y2="{level:.1f}"'
        parts.append(f'<line class="grid" {edges}/>')
        shown = number_text(step * mark, words.language)
        parts.append(_text(left - 24, level + 5, shown, "tick end"))
    for run in _runs([value for _, value in points]):
        line = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in run)
        parts.append(f'<polyline class="line" points="{line}"/>')
    for place, (name, value) in enumerate(points):
        title = _title(f"{name}: {words.of(value)}")
        at = x(place)
        if value is None:
            parts.append(_box((at - 9, top, 18, deep), "hidden", title))
        else:
            spot = f'cx="{at:.1f}" cy="{y(value):.1f}" r="5"'
            parts.append(f'<circle class="dot" {spot}>{title}</circle>')
            shown = number_text(value, words.language)
            parts.append(_text(at, y(value) - 13, shown, "value"))
        parts.append(_text(at, height - 14, name, "tick"))
    return _svg(_WIDTH, height, label, parts, "trend")


def whole_step(highest: float) -> float:
    """Return the whole step, 1, 2, 2.5 or 5 times a power of ten, whose few marks reach a number.

    People and households come in whole numbers, and so do the marks beside them.
    """
    power = 1.0
    while True:
        for factor in (1, 2, 2.5, 5):
            step = factor * power
            if step == int(step) and step * _STEPS >= highest:
                return step
        power *= 10


def _runs(values: Sequence[Cell]) -> list[list[tuple[int, float]]]:
    """Split values into runs without a hidden one."""
    runs: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, value))
    return [run for run in runs if run]


def pyramid(
    ages: Sequence[tuple[str, str]],
    values: Mapping[tuple[str, str], Cell],
    sexes: Mapping[str, str],
    label: str,
    words: Words,
) -> Markup:
    """Draw women and men by age, the youngest at the bottom."""
    row, gap, middle, head = 34, 10, 160, 30
    height = len(ages) * (row + gap) + head + 10
    known = [value for value in values.values() if value is not None]
    ceiling = max(known, default=1.0) or 1.0
    half = (_WIDTH - middle) / 2
    parts = [_HATCH]
    for sex, at in (("female", half / 2), ("male", _WIDTH - half / 2)):
        parts.append(_text(at, 18, sexes.get(sex, sex), "side"))
    for place, (age, age_label) in enumerate(reversed(ages)):
        top = head + place * (row + gap)
        parts.append(_text(_WIDTH / 2, top + row / 2 + 5, age_label, "tick"))
        for sex in ("female", "male"):
            value = values.get((sex, age), 0.0)
            title = _title(f"{sexes.get(sex, sex)}, {age_label}: {words.of(value)}")
            long = _HIDDEN_PX if value is None else max((half - 70) * value / ceiling, 1)
            left = half - long if sex == "female" else _WIDTH - half
            parts.append(_box((left, top, long, row), "hidden" if value is None else sex, title))
            shown = "" if value is None else number_text(value, words.language)
            edge = left - 6 if sex == "female" else left + long + 6
            side = "tick end" if sex == "female" else "tick start"
            parts.append(_text(edge, top + row / 2 + 5, shown, side))
    return _svg(_WIDTH, height, label, parts, "pyramid")


def bars(items: Sequence[tuple[str, Cell]], label: str, words: Words) -> Markup:
    """Draw categories as bars, the longest first, hidden ones last and hatched."""
    ordered = sorted(items, key=lambda item: (item[1] is None, -(item[1] or 0.0)))
    row, gap, left = 26, 12, 250
    ceiling = max((value for _, value in ordered if value is not None), default=1.0) or 1.0
    parts = [_HATCH]
    for place, (name, value) in enumerate(ordered):
        top = 6 + place * (row + gap)
        middle = top + row / 2 + 5
        title = _title(f"{name}: {words.of(value)}")
        short = name if len(name) <= _LABEL_CHARS else f"{name[: _LABEL_CHARS - 1]}…"
        parts.append(_text(left - 10, middle, short, "tick end"))
        long = _HIDDEN_PX if value is None else max((_WIDTH - left - 90) * value / ceiling, 1)
        kind = "hidden" if value is None else "plain"
        parts.append(_box((left, top, long, row), kind, title))
        shown = "" if value is None else number_text(value, words.language)
        parts.append(_text(left + long + 8, middle, shown, "tick start"))
    return _svg(_WIDTH, len(ordered) * (row + gap) + 12, label, parts, "bars")


def _text(x: float, y: float, text: str, kind: str) -> str:
    """Return one piece of text."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _title(text: str) -> str:
    """Return what a pointer or a screen reader is told of a mark."""
    return f"<title>{escape(text)}</title>"


def _box(place: tuple[float, float, float, float], kind: str, title: str) -> str:
    """Return one rectangle at (left, top, width, height)."""
    left, top, width, height = place
    edges = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="bar {kind}" {edges}>{title}</rect>'
