"""Runs, lines and carets, measured with a ruler of ten pixels a character: no window needed."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_client.text.caret import caret_x, column_at, selected_spans
from mobile_client.text.fonts import BY_SCRIPT, MAIN
from mobile_client.text.layout import ELLIPSIS, Block, Extent, Style, lay_out
from mobile_client.text.markup import RichText, Span
from mobile_client.text.runs import Run, itemise, visible

STYLE = Style(size_px=20)
ARABIC = "\u0643\u0645 \u0639\u0645\u0631 25 \u0633\u0646\u0629"


def ruler(text: str, run: Run, size_px: int) -> Extent:
    del run
    return Extent(10 * len(text), size_px, size_px * 3 // 4)


def set_lines(text: str, width: int | None, style: Style = STYLE) -> list[str]:
    block = lay_out(RichText(text), style, width, ruler)
    return [text[line.start : line.stop] for line in block.lines]


def block_of(text: str, width: int | None = None, style: Style = STYLE) -> Block:
    return lay_out(RichText(text), style, width, ruler)


def test_a_run_ends_where_direction_script_font_or_style_changes() -> None:
    level, runs = itemise("WFP \u0639\u0645\u0631 25", None, (), bold=False)
    assert level == 0
    assert [(run.start, run.stop, run.rtl, run.script) for run in runs] == [
        (0, 4, False, "Latn"),
        (4, 8, True, "Arab"),
        (8, 10, False, "Arab"),
    ]
    _, styled = itemise("is it", None, (Span(0, 2, bold=True),), bold=False)
    assert [run.font for run in styled] == [MAIN.bold, MAIN.regular]


def test_each_script_is_drawn_with_its_own_font() -> None:
    for script, text in {
        "Arab": "\u067e\u069a\u062a\u0648",
        "Ethi": "\u12a0\u121b\u122d\u129b",
        "Mymr": "\u1019\u103c\u1014\u103a\u1019\u102c",
        "Deva": "\u0939\u093f\u0928\u094d\u0926\u0940",
        "Beng": "\u09ac\u09be\u0982\u09b2\u09be",
        "Cyrl": "\u0457\u0436\u0430",
    }.items():
        _, runs = itemise(text, None, (), bold=False)
        assert [(run.script, run.font) for run in runs] == [(script, BY_SCRIPT[script].regular)]


def test_lines_are_filled_and_cut_at_spaces() -> None:
    assert set_lines("one two three four", 80) == ["one two ", "three ", "four"]
    assert len(block_of("one\n\ntwo", 200).lines) == 3


def test_a_word_wider_than_the_line_is_cut_between_clusters() -> None:
    word = "e\u0301" * 6
    lines = set_lines(word, 50)
    assert "".join(lines) == word
    assert all(not line.startswith("\u0301") for line in lines)


def test_burmese_breaks_between_syllables() -> None:
    text = "\u101e\u1010\u1004\u103a\u1038\u1021\u1001\u103b\u1000\u103a\u1021\u101c\u1000\u103a"
    lines = set_lines(text, 80)
    assert len(lines) > 1
    # A line never starts with a vowel sign, an asat or a closing consonant.
    assert all(line[0] in "\u101e\u1010\u1021\u1001\u101c" for line in lines)


def test_arabic_lines_are_ordered_and_set_to_the_right() -> None:
    line = block_of(ARABIC, 400).lines[0]
    assert line.rtl
    assert line.pieces[0].text == " \u0633\u0646\u0629"
    assert max(piece.x_px + piece.width_px for piece in line.pieces) == 400


def test_alignment_follows_direction_or_is_told() -> None:
    assert block_of("ab", 100).lines[0].pieces[0].x_px == 0
    assert block_of("ab", 100, Style(20, align="end")).lines[0].pieces[0].x_px == 80
    assert block_of("ab", 100, Style(20, align="center")).lines[0].pieces[0].x_px == 40
    assert block_of("25", 100, Style(20, base=1)).lines[0].pieces[0].x_px == 80
    assert block_of(ARABIC, 400, Style(20, align="left")).lines[0].pieces[0].x_px == 0


def test_too_many_lines_end_in_an_ellipsis_within_the_width() -> None:
    block = block_of("one two three four five", 80, Style(20, lines_max=2))
    assert block.shortened
    assert len(block.lines) == 2
    assert block.lines[-1].pieces[-1].text.endswith(ELLIPSIS)
    assert block.lines[-1].width_px <= 80


def test_controls_are_not_drawn() -> None:
    assert visible("\u2068ab\u2069\u200b") == "ab"
    assert visible("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from([*"ab c1-", *"\u0639\u0645\u1000\u1039\u103a\u0301"]), max_size=40
    ),
    st.integers(10, 200),
)
def test_no_character_is_lost_or_doubled_by_line_breaks(text: str, width: int) -> None:
    block = lay_out(RichText(text), STYLE, width, ruler)
    assert "".join(text[line.start : line.stop] for line in block.lines) == text
    for line in block.lines:
        drawn = sorted((piece.start, piece.stop) for piece in line.pieces)
        assert all(before[1] <= after[0] for before, after in pairwise(drawn))


def test_caret_walks_right_to_left_in_arabic_and_left_to_right_in_its_number() -> None:
    line = block_of("\u0639\u0645\u0631 25").lines[0]
    places = [caret_x("\u0639\u0645\u0631 25", line, column, 20, ruler) for column in range(7)]
    assert places == [60, 50, 40, 30, 0, 10, 20]


def test_a_touch_finds_the_column_of_the_caret_drawn_there() -> None:
    for text in ("abc def", ARABIC, "abc \u0639\u0645\u0631"):
        line = block_of(text).lines[0]
        for column in range(len(text) + 1):
            x = caret_x(text, line, column, 20, ruler)
            found = column_at(text, line, x, 20, ruler)
            assert caret_x(text, line, found, 20, ruler) == x


def test_a_selection_across_directions_has_a_span_for_each() -> None:
    text = "ab \u0639\u0645\u0631"
    line = block_of(text).lines[0]
    assert selected_spans(text, line, (1, 5), 20, ruler) == [(10, 30), (40, 60)]
