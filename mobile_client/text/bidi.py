"""Unicode bidirectional algorithm: which way each character of a paragraph reads (UAX #9).

Pure Python on `unicodedata`, so it runs unchanged on a tablet. Stock SDL2 shows "25" inside Arabic
as "52": with an age or a phone number that is wrong data, hence the whole algorithm.
Tests compare it with FriBidi and with Unicode's own conformance file where they are installed.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from mobile_client.text.bidi_explicit import (
    ISOLATES,
    REMOVED,
    Sequence,
    assign_levels,
    first_strong,
    isolating_sequences,
    matching_isolates,
)

LTR: Final = 0
RTL: Final = 1

_BRACKETS: Final = (
    "()[]{}\u0f3a\u0f3b\u0f3c\u0f3d\u169b\u169c\u2045\u2046\u207d\u207e\u208d\u208e\u2308\u2309"
    "\u230a\u230b\u2329\u232a\u2768\u2769\u276a\u276b\u276c\u276d\u276e\u276f\u2770\u2771\u2772\u2773"
    "\u2774\u2775\u27c5\u27c6\u27e6\u27e7\u27e8\u27e9\u27ea\u27eb\u27ec\u27ed\u27ee\u27ef\u2983\u2984"
    "\u2985\u2986\u2987\u2988\u2989\u298a\u298b\u298c\u298d\u2990\u298f\u298e\u2991\u2992\u2993\u2994"
    "\u2995\u2996\u2997\u2998\u29d8\u29d9\u29da\u29db\u29fc\u29fd\u2e22\u2e23\u2e24\u2e25\u2e26\u2e27"
    "\u2e28\u2e29\u2e55\u2e56\u2e57\u2e58\u2e59\u2e5a\u2e5b\u2e5c\u3008\u3009\u300a\u300b\u300c\u300d"
    "\u300e\u300f\u3010\u3011\u3014\u3015\u3016\u3017\u3018\u3019\u301a\u301b\ufe59\ufe5a\ufe5b\ufe5c"
    "\ufe5d\ufe5e\uff08\uff09\uff3b\uff3d\uff5b\uff5d\uff5f\uff60\uff62\uff63"
)
"""Opening and closing brackets in turn. Source: BidiBrackets.txt, Unicode 15."""

_SAME: Final = {"\u2329": "\u3008", "\u232a": "\u3009"}
_CLOSING_OF: Final = {
    _SAME.get(a, a): _SAME.get(b, b) for a, b in zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True)
}
_CLOSERS: Final = frozenset(_CLOSING_OF.values())
_BRACKETS_OPEN_MAX: Final = 63
_NEUTRAL: Final = frozenset({"B", "S", "WS", "ON", "PDI"}) | ISOLATES
_TURNS: Final = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Anything that can turn a line. Without it a left-to-right paragraph has one level."""


def base_direction(text: str) -> int | None:
    """Return the direction of the first strong character, None when there is none (P2, P3)."""
    if text.isascii() or not _TURNS.search(text):
        return LTR if any(unicodedata.bidirectional(char) == "L" for char in text) else None
    return first_strong(_classes(text), 0, len(text))


def has_rtl(text: str) -> bool:
    """Tell whether some letter reads from right to left."""
    return any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


@lru_cache(maxsize=4096)
def levels(text: str, base: int | None = None) -> tuple[int, tuple[int, ...]]:
    """Return the paragraph level and one embedding level per character of one paragraph.

    Invisible controls take the level of the character before them, so runs stay whole.
    """
    paragraph = base if base is not None else (base_direction(text) or LTR)
    if paragraph == LTR and not _TURNS.search(text):
        return LTR, (LTR,) * len(text)
    original = _classes(text)
    types = list(original)
    pairs = matching_isolates(original)
    result = assign_levels(types, paragraph, pairs)
    for sequence in isolating_sequences(original, result, paragraph, pairs):
        _resolve_weak(types, sequence)
        _resolve_brackets(text, original, types, sequence)
        _resolve_neutral(types, sequence)
        for index in sequence.positions:
            result[index] = _implicit(types[index], sequence.level)
    _settle_removed(original, result, paragraph)
    _reset_trailing_space(original, result, paragraph)
    return paragraph, tuple(result)


def visual_order(run_levels: list[int]) -> list[int]:
    """Return the indices of runs, left to right on the line, from their levels (L2)."""
    order = list(range(len(run_levels)))
    odd = [level for level in run_levels if level % 2]
    if not odd:
        return order
    for level in range(max(run_levels), min(odd) - 1, -1):
        start = 0
        while start < len(order):
            if run_levels[order[start]] < level:
                start += 1
                continue
            stop = start
            while stop < len(order) and run_levels[order[stop]] >= level:
                stop += 1
            order[start:stop] = order[start:stop][::-1]
            start = stop
    return order


def _classes(text: str) -> list[str]:
    return [unicodedata.bidirectional(char) or "L" for char in text]


def _resolve_weak(types: list[str], sequence: Sequence) -> None:
    """Apply W1-W7: marks, numbers and their separators."""
    at = sequence.positions
    _resolve_marks_and_digits(types, sequence)
    for here in range(1, len(at) - 1):  # W4
        left, kind, right = (types[at[here + step]] for step in (-1, 0, 1))
        joins = {"EN": {"ES", "CS"}, "AN": {"CS"}}.get(left, set())
        if left == right and kind in joins:
            types[at[here]] = left
    _resolve_terminators(types, at)
    strong = sequence.before
    for index in at:  # W6, W7
        kind = types[index]
        if kind in {"ES", "ET", "CS"}:
            types[index] = "ON"
        elif kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            types[index] = "L"


def _resolve_marks_and_digits(types: list[str], sequence: Sequence) -> None:
    """Apply W1, W2 and W3: marks follow their letter, digits after Arabic are Arabic digits."""
    previous = strong = sequence.before
    for index in sequence.positions:
        kind = types[index]
        if kind == "NSM":
            kind = "ON" if previous in ISOLATES or previous == "PDI" else previous
        previous = kind
        if kind in {"L", "R", "AL"}:
            strong = kind
        if kind == "EN" and strong == "AL":
            kind = "AN"
        types[index] = "R" if kind == "AL" else kind


def _resolve_terminators(types: list[str], at: tuple[int, ...]) -> None:
    """Apply W5: terminators beside a European number become part of it."""
    here = 0
    while here < len(at):
        if types[at[here]] != "ET":
            here += 1
            continue
        stop = here
        while stop < len(at) and types[at[stop]] == "ET":
            stop += 1
        touches_before = here > 0 and types[at[here - 1]] == "EN"
        touches_after = stop < len(at) and types[at[stop]] == "EN"
        if touches_before or touches_after:
            for index in at[here:stop]:
                types[index] = "EN"
        here = stop


def _bracket_pairs(text: str, types: list[str], at: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return matching brackets as places in the sequence, by opening place (BD16)."""
    open_brackets: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place, index in enumerate(at):
        if types[index] != "ON":
            continue
        char = _SAME.get(text[index], text[index])
        if char in _CLOSING_OF:
            if len(open_brackets) == _BRACKETS_OPEN_MAX:
                return []  # The annex gives up on brackets nested this deep, and so do all others.
            open_brackets.append((_CLOSING_OF[char], place))
        elif char in _CLOSERS:
            for depth in range(len(open_brackets) - 1, -1, -1):
                if open_brackets[depth][0] == char:
                    pairs.append((open_brackets[depth][1], place))
                    del open_brackets[depth:]
                    break
    return sorted(pairs)


def _resolve_brackets(text: str, original: list[str], types: list[str], sequence: Sequence) -> None:
    """Apply N0: both brackets of a pair go the same way."""
    at = sequence.positions
    embedding = "R" if sequence.level % 2 else "L"
    for opening, closing in _bracket_pairs(text, types, at):
        inside = {_strong(types[at[place]]) for place in range(opening + 1, closing)} - {None}
        if embedding in inside:
            found: str = embedding
        elif inside:
            context = sequence.before
            for place in range(opening - 1, -1, -1):
                if (kind := _strong(types[at[place]])) is not None:
                    context = kind
                    break
            opposite = "L" if embedding == "R" else "R"
            found = opposite if context == opposite else embedding
        else:
            continue
        for place in (opening, closing):
            types[at[place]] = found
            for mark in range(place + 1, len(at)):  # Marks on a bracket go with it.
                if original[at[mark]] != "NSM":
                    break
                types[at[mark]] = found


def _strong(kind: str) -> str | None:
    """Numbers count as right-to-left when neutrals ask their neighbours."""
    if kind in {"R", "AN", "EN"}:
        return "R"
    return "L" if kind == "L" else None


def _resolve_neutral(types: list[str], sequence: Sequence) -> None:
    """Apply N1 and N2: neutrals between like directions join them, others follow the embedding."""
    at = sequence.positions
    embedding = "R" if sequence.level % 2 else "L"
    here = 0
    while here < len(at):
        if types[at[here]] not in _NEUTRAL:
            here += 1
            continue
        stop = here
        while stop < len(at) and types[at[stop]] in _NEUTRAL:
            stop += 1
        left = _strong(types[at[here - 1]]) if here else sequence.before
        right = _strong(types[at[stop]]) if stop < len(at) else sequence.after
        found = left if left == right and left is not None else embedding
        for index in at[here:stop]:
            types[index] = found
        here = stop


def _implicit(kind: str, level: int) -> int:
    """Apply I1 and I2."""
    if level % 2:
        return level if kind == "R" else level + 1
    return {"R": level + 1, "AN": level + 2, "EN": level + 2}.get(kind, level)


def _settle_removed(original: list[str], result: list[int], paragraph: int) -> None:
    previous = paragraph
    for index, kind in enumerate(original):
        if kind in REMOVED:
            result[index] = previous
        previous = result[index]


def _reset_trailing_space(original: list[str], result: list[int], paragraph: int) -> None:
    """Apply L1: separators, and white space before them or at the end, take the paragraph level."""
    trailing = True
    for index in range(len(original) - 1, -1, -1):
        kind = original[index]
        if kind in {"B", "S"}:
            result[index] = paragraph
            trailing = True
        elif kind in {"WS", "PDI"} or kind in ISOLATES:
            if trailing:
                result[index] = paragraph
        elif kind not in REMOVED:
            trailing = False
        elif trailing:
            result[index] = paragraph
