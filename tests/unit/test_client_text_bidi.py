"""Text direction: our algorithm against FriBidi, Unicode's own file, and the cases that hurt."""

import ctypes
import ctypes.util
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_client.text.bidi import LTR, RTL, base_direction, levels, visual_order

CONFORMANCE = Path("/usr/share/unicode/BidiCharacterTest.txt")

WORDS = [
    "\u0643\u0645", "\u0639\u0645\u0631", "\u0631\u0628\u0651", "\u05e9\u05dc", "25", "3.5",
    "12/11/2026", "WFP", "kg", "(", ")", "[", "]", "\u060c", "\u061f", "\u06f1\u06f2", "-", "+",
    "%", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ":", "\xe9", "5%", "$7", "\xab",
    "\xbb", "\u200f", "!", " ", "\u202b", "\u202e", "\u202c",
]  # fmt: skip
# No isolates here: at their end FriBidi 1.0.8 departs from Unicode's own cases, which we meet.


def shown(text: str, base: int | None = None) -> str:
    """Return the characters in the order the eye meets them, left to right."""
    _, found = levels(text, base)
    return "".join(text[index] for index in visual_order(list(found)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u0639\u0645\u0631 25", "25 \u0631\u0645\u0639"),  # An age keeps its digits in order.
        # The standard turns groups joined by hyphens; hence `say` isolates what it fills in.
        ("\u0639\u0645\u0631 07-91", "91-07 \u0631\u0645\u0639"),
        ("\u0639\u0645\u0631 \u206807-91\u2069", "\u206907-91\u2068 \u0631\u0645\u0639"),
        ("Age (25)", "Age (25)"),
        ("abc \u0639\u0645\u0631 def", "abc \u0631\u0645\u0639 def"),
    ],
)
def test_numbers_and_words_are_shown_in_reading_order(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_base_direction_is_that_of_the_first_strong_letter() -> None:
    assert base_direction("25 (\u0639\u0645\u0631)") == RTL
    assert base_direction("12 kg") == LTR
    assert base_direction("2026-11-21") is None
    # What stands inside an isolate says nothing about the paragraph.
    assert base_direction("\u2067\u0639\u0645\u0631\u2069 age") == LTR


def test_an_isolated_answer_does_not_disturb_the_question() -> None:
    text = "Is \u2068\u0639\u0645\u0631 (25)\u2069 present?"
    assert shown(text).replace("\u2068", "").replace("\u2069", "") == (
        "Is )25( \u0631\u0645\u0639 present?"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u2067\u0639 (5)\u2069", [0, 1, 1, 1, 2, 1, 0]),
        ("b\u2066kg -\u2069\u0639", [0, 0, 2, 2, 2, 2, 0, 1]),
        ("\u0639\u2066a\u2069\u0639", [1, 1, 2, 1, 1]),
        ("a\u2068\u0639!\u2069!", [0, 0, 1, 1, 0, 0]),
        ("\u2069\u2067a", [0, 0, 2]),  # Closed before opened, opened and never closed.
    ],
)
def test_isolates_are_fenced_off(text: str, expected: list[int]) -> None:
    assert list(levels(text)[1]) == expected


@pytest.fixture(scope="module")
def fribidi() -> ctypes.CDLL:
    name = ctypes.util.find_library("fribidi")
    if name is None:
        pytest.skip("libfribidi is not installed: apt-get install libfribidi0")
    return ctypes.CDLL(name)


def fribidi_levels(library: ctypes.CDLL, text: str, base: int) -> list[int]:
    count = len(text)
    chars = (ctypes.c_uint32 * count)(*map(ord, text))
    kinds = (ctypes.c_uint32 * count)()
    brackets = (ctypes.c_uint32 * count)()
    found = (ctypes.c_int8 * count)()
    direction = ctypes.c_uint32(0x111 if base else 0x110)
    library.fribidi_get_bidi_types(chars, count, kinds)
    library.fribidi_get_bracket_types(chars, count, kinds, brackets)
    library.fribidi_get_par_embedding_levels_ex(
        kinds, brackets, count, ctypes.byref(direction), found
    )
    return list(found)


def fixes(index: int, text: str) -> bool:
    """Whether the standard fixes a level here: controls are removed before levels are given."""
    return unicodedata.bidirectional(text[index]) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "BN"}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), st.sampled_from([LTR, RTL]))
def test_levels_equal_fribidis(fribidi: ctypes.CDLL, words: list[str], base: int) -> None:
    text = "".join(words)
    _, ours = levels(text, base)
    theirs = fribidi_levels(fribidi, text, base)
    kept = [index for index in range(len(text)) if fixes(index, text)]
    assert [ours[index] for index in kept] == [theirs[index] for index in kept], ascii(text)


def test_levels_and_order_are_those_of_the_unicode_conformance_file() -> None:
    if not CONFORMANCE.exists():
        pytest.skip(f"{CONFORMANCE} is missing: apt-get install unicode-data")
    checked = 0
    for row in CONFORMANCE.read_text("utf-8").splitlines()[::7]:
        fields = row.partition("#")[0].strip().split(";")
        if len(fields) != 5:
            continue
        text = "".join(chr(int(code, 16)) for code in fields[0].split())
        paragraph, ours = levels(text, {"0": LTR, "1": RTL, "2": None}[fields[1]])
        assert paragraph == int(fields[2])
        kept = [index for index, level in enumerate(fields[3].split()) if level != "x"]
        assert [str(ours[index]) for index in kept] == [fields[3].split()[i] for i in kept], row
        order = [kept[place] for place in visual_order([ours[index] for index in kept])]
        assert order == [int(place) for place in fields[4].split()], row
        checked += 1
    assert checked > 10_000


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from([*"abc 12()-", *"\u0639\u0645\u2067\u2069\u202e\u202c"])))
def test_every_character_is_shown_exactly_once(text: str) -> None:
    paragraph, found = levels(text)
    assert len(found) == len(text)
    assert all(paragraph <= level <= 127 for level in found)
    assert sorted(visual_order(list(found))) == list(range(len(text)))
