"""A paragraph cut into runs: stretches of one direction, script, font and style."""

from dataclasses import dataclass, replace
from functools import lru_cache

from mobile_client.text import bidi
from mobile_client.text.fonts import font_for
from mobile_client.text.markup import Span
from mobile_client.text.scripts import scripts_of

_INVISIBLE = frozenset(
    "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Controls that steer layout and must not show as boxes; joiners (200C, 200D) stay, they shape."""
_CARRIED = _INVISIBLE | {" "}
"""Drawn, if at all, alike in every font, so they do not cut a run."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters `start` to `stop` of a paragraph, drawn in one go."""

    start: int
    stop: int
    level: int
    script: str
    font: str

    @property
    def rtl(self) -> bool:
        """Whether the run reads from right to left."""
        return self.level % 2 == 1


@lru_cache(maxsize=2048)
def itemise(
    text: str, base: int | None, spans: tuple[Span, ...], *, bold: bool
) -> tuple[int, tuple[Run, ...]]:
    """Return the paragraph level and its runs in reading order; `text` holds no newline."""
    level, levels = bidi.levels(text, base)
    scripts = scripts_of(text)
    styles = _styles(len(text), spans, bold=bold)
    runs: list[Run] = []
    previous: str | None = None
    for index, char in enumerate(text):
        bold_here, italic_here = styles[index]
        if previous is not None and char in _CARRIED and styles[index] == styles[index - 1]:
            font = previous
        else:
            font = font_for(char, scripts[index], previous, bold=bold_here, italic=italic_here)
        previous = font
        last = runs[-1] if runs else None
        if last is not None and (last.level, last.script, last.font) == (
            levels[index],
            scripts[index],
            font,
        ):
            runs[-1] = replace(last, stop=index + 1)
        else:
            runs.append(Run(index, index + 1, levels[index], scripts[index], font))
    return level, tuple(runs)


def visible(text: str) -> str:
    """Return the characters of a run that are drawn."""
    if text.isascii():
        return text
    return "".join(char for char in text if char not in _INVISIBLE)


def _styles(length: int, spans: tuple[Span, ...], *, bold: bool) -> list[tuple[bool, bool]]:
    styles = [(bold, False)] * length
    for span in spans:
        for index in range(max(0, span.start), min(length, span.stop)):
            styles[index] = (bold or span.bold, span.italic)
    return styles
