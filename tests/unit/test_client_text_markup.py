"""Label markup: marks become styles, and what only looks like a mark stays as typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_client.text.markup import RichText, Span, parse_markup


@pytest.mark.parametrize(
    ("source", "text", "spans"),
    [
        ("plain", "plain", ()),
        ("a **b** c", "a b c", (Span(2, 3, bold=True),)),
        ("a *b* c", "a b c", (Span(2, 3, italic=True),)),
        ("_note_", "note", (Span(0, 4, italic=True),)),
        ("# Heading", "Heading", (Span(0, 7, bold=True),)),
        ("<b>x</b><br/>y", "x\ny", (Span(0, 1, bold=True),)),
        ('<span style="color:red">x</span>', "x", ()),
        ("[IOM](address)", "IOM", ()),
        (
            "**a *b* c**",
            "a b c",
            (Span(0, 2, bold=True), Span(2, 3, bold=True, italic=True), Span(3, 5, bold=True)),
        ),
        ("age &lt; 5 &amp; more", "age < 5 & more", ()),
        (r"\*not\*", "*not*", ()),
    ],
)
def test_marks_become_styles(source: str, text: str, spans: tuple[Span, ...]) -> None:
    assert parse_markup(source) == RichText(text, spans)


@pytest.mark.parametrize(
    "source", ["snake_case_name", "5*3*2", "2 * 3 * 4", "age <5 and >2", "a_b", "#1 reason", "**"]
)
def test_what_is_no_mark_stays_as_typed(source: str) -> None:
    assert parse_markup(source).text == source


@given(st.text(alphabet="ab *_#<>&;/\\[]()\n", max_size=60))
def test_any_text_parses_and_its_spans_lie_inside(source: str) -> None:
    rich = parse_markup(source)
    assert all(0 <= span.start < span.stop <= len(rich.text) for span in rich.spans)
    letters = [char for char in source if char in "ab"]
    if "<" not in source and "[" not in source and "&" not in source:
        assert [char for char in rich.text if char in "ab"] == letters
