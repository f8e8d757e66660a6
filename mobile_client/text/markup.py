"""The light markup of XLSForm labels, turned into plain text with styled spans.

Authors write **bold**, *emphasis*, # headings, [links](address) and simple HTML. A label may also
carry an answer ("Is *Amina* present?"), so a mark counts only at the edge of a word: a stray
asterisk or an under_score in a name stays as typed.
"""

import html
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True)
class Span:
    """Characters `start` to `stop` in another style."""

    start: int
    stop: int
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True)
class RichText:
    """What is drawn: text without marks, and where it is styled."""

    text: str
    spans: tuple[Span, ...] = ()


_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(?P<body>.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_LINK: Final = re.compile(r"\[(?P<body>[^\]\n]+)\]\([^)\s]*\)")
_TAG: Final = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z]+)(?P<rest>[^<>]*)>")
_MARK: Final = re.compile(
    r"(?<![\w\\])(?P<mark>\*\*|__|\*|_)(?=\S)(?P<body>(?:(?!(?P=mark)).)+?)(?<=[^\s\\])(?P=mark)(?!\w)"
)
_ESCAPED: Final = re.compile(r"\\(?P<char>[\\*_#\[\]<>`~])")
_BOLD_TAGS: Final = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"})
_ITALIC_TAGS: Final = frozenset({"i", "em"})
_BREAK_TAGS: Final = frozenset({"br", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li"})
_PLAIN_TAGS: Final = frozenset({"span", "u", "font", "small", "ul", "ol", "a"})
_KNOWN_TAGS: Final = _BOLD_TAGS | _ITALIC_TAGS | _BREAK_TAGS | _PLAIN_TAGS

# Private-use characters stand for a style going on or off while the text is taken apart.
_ON: Final = {"bold": "\ue000", "italic": "\ue002"}
_OFF: Final = {"bold": "\ue001", "italic": "\ue003"}
_SIGNS: Final = re.compile("[\ue000-\ue003]")


@lru_cache(maxsize=1024)
def parse_markup(source: str) -> RichText:
    """Return the text to draw and its styled spans."""
    if not any(mark in source for mark in "*_#[<&\\"):
        return RichText(source)
    text = _SIGNS.sub("", source)
    text = _TAG.sub(_replace_tag, text)
    text = _HEADING.sub(lambda found: _ON["bold"] + found["body"] + _OFF["bold"], text)
    text = _LINK.sub(lambda found: found["body"], text)
    for _ in range(2):  # Bold may hold emphasis, and the other way round.
        text = _MARK.sub(_replace_mark, text)
    text = _ESCAPED.sub(lambda found: found["char"], text)
    return _collect(html.unescape(text).strip("\n"))


def _replace_tag(found: re.Match[str]) -> str:
    name = found["name"].lower()
    if name not in _KNOWN_TAGS:
        return found[0]  # "age <5 and >2" is not a tag.
    signs = ""
    styles = [
        style for style, tags in (("bold", _BOLD_TAGS), ("italic", _ITALIC_TAGS)) if name in tags
    ]
    for style in styles:
        signs += (_OFF if found["close"] else _ON)[style]
    if name == "br" or (name in _BREAK_TAGS and found["close"]):
        signs += "\n"
    return signs


def _replace_mark(found: re.Match[str]) -> str:
    style = "bold" if len(found["mark"]) == 2 else "italic"  # noqa: PLR2004
    return _ON[style] + found["body"] + _OFF[style]


def _collect(marked: str) -> RichText:
    plain: list[str] = []
    spans: list[Span] = []
    depth = {"bold": 0, "italic": 0}
    start = 0

    def close() -> None:
        if len(plain) > start and (depth["bold"] or depth["italic"]):
            spans.append(Span(start, len(plain), depth["bold"] > 0, depth["italic"] > 0))

    for char in marked:
        if _SIGNS.match(char):
            close()
            start = len(plain)
            style = "bold" if char in {_ON["bold"], _OFF["bold"]} else "italic"
            depth[style] = max(0, depth[style] + (1 if char == _ON[style] else -1))
        else:
            plain.append(char)
    close()
    return RichText("".join(plain), tuple(spans))
