"""Patterns match as wholes, in linear time, and wrong ones say what is wrong."""

import pytest

from shared.errors import LimitExceeded
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.pattern_parser import parse_pattern
from shared.forms.xpath.pattern_states import Machine
from shared.forms.xpath.patterns import matches

CASES = [
    ("[0-9]{9}", "123456789", True),
    ("[0-9]{9}", "12345678", False),
    ("[0-9]{9}", "x123456789", False),
    ("^\\+?(254|255)\\d{9}$", "+254712345678", True),
    ("(a|b)*c", "ababc", True),
    ("(a|b)*c", "abab", False),
    ("(ab){2,3}", "abab", True),
    ("(ab){2,3}", "ab", False),
    ("(?!00)\\d{4}", "0012", False),
    ("(?!00)\\d{4}", "1012", True),
    ("(?=.*\\d)[a-z0-9]+", "abc1", True),
    ("(?=.*\\d)[a-z0-9]+", "abcd", False),
    ("\\p{L}+", "Ümit", True),
    ("\\p{Lu}\\p{Ll}+", "Ümit", True),
    ("\\w+\\b", "abc", True),
    ("\\d+", "٣٤", False),
    ("[^\\s]+", "a b", False),
    ("[a\\-z]+", "a-z", True),
    ("[]a]+", "]a", True),
    ("a??b", "ab", True),
    ("", "", True),
    ("(x|)y", "y", True),
    ("\\u0041B", "AB", True),
    ("a.c", "a\nc", False),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_whole_texts_match(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(pattern, text) is expected
    assert Machine(parse_pattern(pattern)).matches(text) is expected


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a?){30}a{30}b", "(.*)*x", "([a-z]+)*1", "a?" * 40 + "b"]
)
def test_patterns_that_explode_elsewhere_end_here(pattern: str) -> None:
    assert matches(pattern, "a" * 2000) is False


@pytest.mark.parametrize(
    "pattern", ["[", "(", ")", "*a", "a{5,2}", "(?<n>a)", "\\1", "[z-a]", "\\p{Q}"]
)
def test_unreadable_patterns_say_where(pattern: str) -> None:
    with pytest.raises(EvaluationError, match="cannot read"):
        matches(pattern, "a")


def test_counts_and_lengths_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        matches("((a{900}){900}){900}", "a")
    with pytest.raises(LimitExceeded):
        matches("a", "a" * 20_000)
    with pytest.raises(LimitExceeded):
        matches("a" * 5_000, "a")
