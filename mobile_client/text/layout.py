"""Paragraphs laid into lines of a given width: what is drawn where.

Pure arithmetic over a `Measure`, so that it is tested without a window. Lines are cut at the places
`linebreak` allows; each line is then put in visual order (UAX #9 L1, L2) and aligned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from mobile_client.text import bidi
from mobile_client.text.fonts import MAIN
from mobile_client.text.linebreak import break_points, cluster_starts
from mobile_client.text.markup import RichText, Span
from mobile_client.text.runs import Run, itemise, visible

ELLIPSIS: Final = "\u2026"


@dataclass(frozen=True, slots=True)
class Extent:
    """Size of a drawn run in pixels; `ascent_px` is from its top to the baseline."""

    width_px: int
    height_px: int
    ascent_px: int


Measure = Callable[[str, Run, int], Extent]
"""Size of `text` drawn as the run says at a font size in pixels."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run on its line: its left edge in the block, and the stretch of the paragraph it draws."""

    text: str
    run: Run
    x_px: int
    width_px: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line: pieces from left to right, and its vertical measures."""

    pieces: tuple[Piece, ...]
    top_px: int
    height_px: int
    ascent_px: int
    width_px: int
    rtl: bool
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Block:
    """Laid-out text."""

    lines: tuple[Line, ...]
    width_px: int
    height_px: int
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How a block is set.

    `align` is start, center, end, left or right; `base` None takes the direction of the text;
    `lines_max` 0 means as many as it needs.
    """

    size_px: int
    bold: bool = False
    align: str = "start"
    base: int | None = None
    line_height: float = 1.0
    lines_max: int = 0


def lay_out(rich: RichText, style: Style, width_px: int | None, measure: Measure) -> Block:
    """Set text to a width; None means one line per paragraph, as wide as it needs."""
    lines: list[Line] = []
    shortened = False
    top = 0
    for text, spans, _ in _paragraphs(rich):
        paragraph = _Paragraph(text, spans, style, measure)
        for start, stop in paragraph.cut(width_px):
            if style.lines_max and len(lines) == style.lines_max:
                shortened = True
                break
            lines.append(paragraph.line(start, stop, top))
            top += lines[-1].height_px
        if shortened:
            lines[-1] = _shorten(paragraph, lines[-1], width_px)
            break
    widest = max((line.width_px for line in lines), default=0)
    room = width_px if width_px is not None else widest
    aligned = tuple(_align(line, style, room) for line in lines)
    return Block(aligned, room, top, shortened)


def _paragraphs(rich: RichText) -> Iterator[tuple[str, tuple[Span, ...], int]]:
    start = 0
    for text in rich.text.split("\n"):
        stop = start + len(text)
        spans = tuple(
            Span(span.start - start, span.stop - start, span.bold, span.italic)
            for span in rich.spans
            if span.start < stop and span.stop > start
        )
        yield text.replace("\t", "    "), spans, start
        start = stop + 1


class _Paragraph:
    """One paragraph while it is being cut into lines."""

    def __init__(self, text: str, spans: tuple[Span, ...], style: Style, measure: Measure) -> None:
        self.text = text
        self.style = style
        self.measure = measure
        self.spans = spans
        self.level, self.runs = itemise(text, style.base, spans, bold=style.bold)

    def width(self, start: int, stop: int) -> int:
        """Return the width of a stretch, without what may hang over at its end."""
        stop = start + len(self.text[start:stop].rstrip(" "))
        total = 0
        for run in self.runs:
            first, last = max(start, run.start), min(stop, run.stop)
            if first < last:
                drawn = visible(self.text[first:last])
                total += self.measure(drawn, run, self.style.size_px).width_px if drawn else 0
        return total

    def cut(self, width_px: int | None) -> Iterator[tuple[int, int]]:
        """Yield the lines as stretches of the text, filled greedily."""
        if width_px is None or not self.text or self.width(0, len(self.text)) <= width_px:
            yield 0, len(self.text)
            return
        start = 0
        points = [*break_points(self.text), len(self.text)]
        while start < len(self.text):
            stop = self._last_fitting(start, [p for p in points if p > start], width_px)
            if stop is None:
                clusters = [place for place in cluster_starts(self.text) if place > start]
                stop = self._last_fitting(start, clusters, width_px) or clusters[0]
            yield start, stop
            start = stop

    def _last_fitting(self, start: int, points: list[int], width_px: int) -> int | None:
        low, high = 0, len(points)  # Binary search: widths grow with the stretch.
        while low < high:
            middle = (low + high) // 2
            if self.width(start, points[middle]) <= width_px:
                low = middle + 1
            else:
                high = middle
        return points[low - 1] if low else None

    def line(self, start: int, stop: int, top_px: int) -> Line:
        """Return one line, its pieces in visual order."""
        end = start + len(self.text[start:stop].rstrip(" \u200b"))
        cut = [
            (run, max(start, run.start), min(end, run.stop))
            for run in self.runs
            if max(start, run.start) < min(end, run.stop)
        ]
        blank = Run(0, 0, self.level, "Latn", _blank_font(self.style, self.runs))
        least = self.measure("x", blank, self.style.size_px)
        ascent, descent = least.ascent_px, least.height_px - least.ascent_px
        pieces: list[Piece] = []
        x = 0
        for index in bidi.visual_order([run.level for run, _, _ in cut]):
            run, first, last = cut[index]
            text = visible(self.text[first:last])
            if not text:
                continue
            extent = self.measure(text, run, self.style.size_px)
            pieces.append(Piece(text, run, x, extent.width_px, first, last))
            x += extent.width_px
            ascent = max(ascent, extent.ascent_px)
            descent = max(descent, extent.height_px - extent.ascent_px)
        height = ascent + descent
        padded = round(height * self.style.line_height)
        return Line(
            tuple(pieces),
            top_px,
            padded,
            ascent + (padded - height) // 2,
            x,
            self.level == bidi.RTL,
            start,
            stop,
        )


def _blank_font(style: Style, runs: tuple[Run, ...]) -> str:
    return runs[0].font if runs else MAIN.file(bold=style.bold, italic=False)


def _shorten(paragraph: _Paragraph, line: Line, width_px: int | None) -> Line:
    """Return the line ended by an ellipsis and still within the width."""
    for stop in reversed([place for place in cluster_starts(paragraph.text) if place > line.start]):
        text = paragraph.text[line.start : stop].rstrip() + ELLIPSIS
        short = _Paragraph(text, (), paragraph.style, paragraph.measure)
        short.level = paragraph.level
        if stop <= line.stop and (width_px is None or short.width(0, len(text)) <= width_px):
            return short.line(0, len(text), line.top_px)
    return line


def _align(line: Line, style: Style, room_px: int) -> Line:
    free = room_px - line.width_px
    if style.align == "center":
        shift = free // 2
    elif style.align in {"left", "right"}:
        shift = free if style.align == "right" else 0
    else:
        towards_right = line.rtl if style.align == "start" else not line.rtl
        shift = free if towards_right else 0
    if shift == 0:
        return line
    moved = tuple(replace(piece, x_px=piece.x_px + shift) for piece in line.pieces)
    return replace(line, pieces=moved)
