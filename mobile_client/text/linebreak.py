"""Where a line may end, and where a caret may stand.

The part of UAX #14 that field forms need: spaces, hyphens, zero-width space, ideographs, and
Burmese, which writes no spaces between words: it breaks between syllables, as its printers do.
Anything too long still breaks between grapheme clusters, never inside one.
"""

import re
import unicodedata
from typing import Final

_MYANMAR_SYLLABLE: Final = re.compile(
    "(?<![\u1039\u200d])[\u1000-\u102a\u103f\u104c-\u104f](?![\u103a\u1039])"
)
"""A consonant or independent vowel starts a syllable, unless it is stacked below another or closes
the syllable before (asat or virama after it)."""

_MYANMAR_START: Final = re.compile("[\u1000-\u104f]")
_IDEOGRAPHS: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_AFTER_HYPHEN: Final = re.compile("(?<=[^\\W\\d_][-\u2010\u2013\u2014])(?=[^\\W\\d_])")
_AFTER_SLASH: Final = re.compile("(?<=[^\\W\\d_]{3}/)(?=[^\\W\\d_]{3})")
_NOT_AT_LINE_START: Final = frozenset(
    "!),.:;?]}%\u00bb\u060c\u061b\u061f\u0964\u104a\u104b\u3001\u3002"
)
_JOINERS: Final = frozenset("\u200d\u1039\u17d2\u094d\u09cd")
"""What follows one of these is part of the same cluster: joiner, viramas, coeng."""


def break_points(text: str) -> list[int]:
    """Return the offsets where a new line may start, ascending, without 0 and the end."""
    points = {match.end() for match in re.finditer(r"[ \t\u200b\u2000-\u2006\u2008-\u200a]+", text)}
    for pattern in (_AFTER_HYPHEN, _AFTER_SLASH):
        points |= {match.start() for match in pattern.finditer(text)}
    if _IDEOGRAPHS.search(text):
        points |= {match.start() for match in _IDEOGRAPHS.finditer(text)}
        points |= {match.end() for match in _IDEOGRAPHS.finditer(text)}
    if _MYANMAR_START.search(text):
        points |= {match.start() for match in _MYANMAR_SYLLABLE.finditer(text)}
    return sorted(
        point for point in points if 0 < point < len(text) and text[point] not in _NOT_AT_LINE_START
    )


def cluster_starts(text: str) -> list[int]:
    """Return the offsets where a grapheme cluster begins, and the end of the text."""
    starts = []
    for index, char in enumerate(text):
        extends = unicodedata.category(char) in {"Mn", "Me", "Mc"} or char in {"\u200c", "\u200d"}
        if index and (extends or text[index - 1] in _JOINERS):
            continue
        starts.append(index)
    return [*starts, len(text)]
