"""DEID-004..009: each coarsening rule, at its edges."""

from datetime import date

import pytest
from deident_forms import square_country

from server.deident.generalise import Reference, coarsener, parse_rule
from shared.errors import FormError
from shared.records.codebook import Kind
from shared.records.revision import Value

TODAY = Reference(date(2026, 3, 15))


def coarse(rule: str, kind: Kind, value: Value, reference: Reference = TODAY) -> Value:
    function = coarsener(parse_rule(rule), kind, square_country())
    assert function is not None
    return function(value, reference)


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "0-4"),
        (4, "0-4"),
        (5, "5-11"),
        (11, "5-11"),
        (12, "12-17"),
        (17, "12-17"),
        (18, "18-59"),
        (59, "18-59"),
        (60, "60+"),
        (130, "60+"),
        (131, None),
        (-1, None),
        ("x", None),
    ],
)
def test_age_bands_of_dtm(age: Value, band: str | None) -> None:
    assert coarse("age:dtm", Kind.INTEGER, age) == band


@pytest.mark.parametrize(
    ("rule", "age", "band"),
    [
        ("age:5y", 0, "0-4"),
        ("age:5y", 84, "80-84"),
        ("age:5y", 85, "85+"),
        ("age:5y", 112, "85+"),
        ("age:10y", 79, "70-79"),
        ("age:10y", 80, "80+"),
        ("age:1y", 84, "84"),
        ("age:1y", 85, "85+"),
        ("age:5y", 7.9, "5-9"),
        ("age:5y", float("nan"), None),
        ("age:5y", True, None),
    ],
)
def test_age_bands_of_equal_width_end_in_an_open_one(
    rule: str, age: Value, band: str | None
) -> None:
    assert coarse(rule, Kind.DECIMAL, age) == band


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2021-03-15", "5-9"),  # fifth birthday today
        ("2021-03-16", "0-4"),  # tomorrow
        ("2027-01-01", None),  # not born yet
        ("unknown", None),
    ],
)
def test_age_from_birth_date_uses_the_day_of_the_interview(born: str, band: str | None) -> None:
    """DEID-005."""
    assert coarse("age:5y", Kind.DATE, born) == band


def test_age_from_birth_date_without_a_day_is_unknown() -> None:
    assert coarse("age:5y", Kind.DATE, "2000-01-01", Reference(None)) is None


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("date:week", "2020-W53"),
        ("date:month", "2021-01"),
        ("date:quarter", "2021-Q1"),
        ("date:year", "2021"),
    ],
)
def test_dates(rule: str, expected: str) -> None:
    """DEID-006."""
    assert coarse(rule, Kind.DATE, "2021-01-03") == expected
    assert coarse(rule, Kind.DATETIME, "2021-01-03T10:00:00.000+03:00") == expected
    assert coarse(rule, Kind.DATE, "soon") is None


def test_a_point_becomes_its_area_and_never_stays() -> None:
    assert coarse("geo:admin2", Kind.GEOPOINT, "12.5 3.25 100 5") == "ZZ0102"
    assert coarse("geo:admin1", Kind.GEOPOINT, "-12.5 3.25 0 0") is None
    assert coarse("geo:admin1", Kind.GEOPOINT, "nonsense") is None


def test_a_smaller_area_becomes_the_larger_one() -> None:
    assert coarse("geo:admin1", Kind.SELECT_ONE, "ZZ020101") == "ZZ02"
    assert coarse("geo:admin3", Kind.SELECT_ONE, "ZZ02") is None
    assert coarse("geo:admin1", Kind.TEXT, "somewhere") is None


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ("top:10", 9, "9"),
        ("top:10", 10, "10+"),
        ("top:10", "9", None),
        ("band:5", 12, "10-14"),
        ("band:5", -1, "-5--1"),
    ],
)
def test_numbers(rule: str, value: Value, expected: str | None) -> None:
    """DEID-008."""
    assert coarse(rule, Kind.INTEGER, value) == expected


@pytest.mark.parametrize(
    "rule", ["age", "age:y", "age:0y", "date:day", "date:month3", "geo:2", "top:", "band:1", "hash"]
)
def test_a_rule_that_does_not_exist_is_refused(rule: str) -> None:
    with pytest.raises(FormError, match="there is no generalisation"):
        parse_rule(rule)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("age:5y", Kind.ATTACHMENT),
        ("date:month", Kind.INTEGER),
        ("keep", Kind.GEOPOINT),
        ("keep", Kind.ATTACHMENT),
        ("band:5", Kind.TEXT),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule: str, kind: Kind) -> None:
    with pytest.raises(FormError):
        coarsener(parse_rule(rule), kind, None)


def test_drop_gives_no_function() -> None:
    assert coarsener(parse_rule("drop"), Kind.TEXT, None) is None
