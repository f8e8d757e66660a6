"""Every function of the library, with its edges.

FRM-010, FRM-011, FRM-012, FRM-013, FRM-016.
"""

import hashlib
import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from forms_build import seeded_bytes

from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.xpath.evaluate import Question, evaluate

NAIROBI = ZoneInfo("Africa/Nairobi")
XML = (
    "<data id='root'><a>1</a><b>2</b><c/><names>x y z</names>"
    "<m><n>4</n></m><m><n>5</n></m><m><n/></m><word>grüße</word><d>2026-03-31</d></data>"
)


def value(expression: str, context: str = "/*[1]", kind: str = "any") -> object:
    return evaluate(
        Question(
            expression,
            xml=XML,
            context=context,
            type=kind,
            now=datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
            zone=NAIROBI,
        ),
        seeded_bytes(),
    )


CASES = [
    # strings
    ("string(1.0)", "1"),
    ("string(0.1 + 0.2)", "0.30000000000000004"),
    ("string(0.0000001)", "0.0000001"),
    ("string(1 div 0)", "Infinity"),
    ("string(a = 1)", "true"),
    ("concat('n:', /data/m/n)", "n:45"),
    ("join('-', /data/m/n, 'z')", "4-5--z"),
    ("substr('hello', 1, 3)", "el"),
    ("substr('hello', -3)", "llo"),
    ("substring('12345', 1.5, 2.6)", "234"),
    ("substring('12345', 0 div 0)", ""),
    ("substring-before('1999/04', '/')", "1999"),
    ("substring-after('1999/04', '/')", "04"),
    ("substring-after('abc', '')", "abc"),
    ("translate('bar', 'abc', 'AB')", "BAr"),
    ("string-length(word)", 5),
    ("normalize-space('  a \n b  ')", "a b"),
    ("contains('abc', 'bc')", True),
    ("starts-with('abc', 'ab')", True),
    ("ends-with('abc', 'bc')", True),
    ("local-name(/data/a)", "a"),
    ("name(/data/a)", "a"),
    ("namespace-uri(/data/a)", ""),
    # booleans
    ("boolean('false')", True),
    ("boolean(/data/nothing)", False),
    ("boolean-from-string('true')", True),
    ("boolean-from-string('yes')", False),
    ("not(1 = 1)", False),
    ("true() and not(false())", True),
    ("coalesce(/data/c, 'x')", "x"),
    ("coalesce(/data/a, 'x')", "1"),
    ("if(a = 1, 'one', explode())", "one"),
    ("checklist(1, 2, true(), true(), false())", True),
    ("checklist(-1, 1, true(), true())", False),
    ("weighted-checklist(3, -1, true(), 1, true(), 2)", True),
    ("regex('254712345678', '254[0-9]{9}')", True),
    ("regex('x254712345678', '254[0-9]{9}')", False),
    # numbers
    ("int(-3.7)", -3),
    ("int('abc')", "NaN"),
    ("round(2.5)", 3),
    ("round(-2.5)", -2),
    ("round(2.345, 2)", 2.35),
    ("round(1234, -2)", 1200),
    ("floor(-1.5)", -2),
    ("ceiling(-1.5)", -1),
    ("sum(/data/m[n != '']/n)", 9),
    ("sum(/data/m/n)", "NaN"),
    ("max(1, 5, 3)", 5),
    ("min(/data/m[n != '']/n)", 4),
    ("max(/data/nothing)", "NaN"),
    ("pow(2, 10)", 1024),
    ("abs(-3)", 3),
    ("sqrt(-1)", "NaN"),
    ("exp10(2)", 100),
    ("log10(1000)", 3),
    ("round(log(exp(2)))", 2),
    ("round(sin(pi() div 2))", 1),
    ("round(atan2(0, 1))", 0),
    ("7 mod -3", 1),
    ("-7 mod 3", -1),
    ("1 div 0", "Infinity"),
    ("0 div 0", "NaN"),
    ("-1 * 0", "-0"),
    ("6.1 - 7.8 = -1.7", True),
    # nodes
    ("count(/data/m)", 3),
    ("count-non-empty(/data/m/n)", 2),
    ("position(/data/m[2])", 2),
    ("/data/m[last()]/n = ''", True),
    ("/data/m[position() = 2]/n = 5", True),
    ("count(/data/m[n > 3])", 2),
    ("count(/data/a | /data/b | /data/a)", 2),
    ("count(id('root'))", 1),
    ("count(//n)", 3),
    ("count(/data/*)", 9),
    ("/data/b/preceding-sibling::a = 1", True),
    ("/data/m[2]/following::word", None),
    # dates: 22:30 UTC is the next day in Nairobi
    ("today()", "2026-04-01"),
    ("now()", "2026-04-01T01:30:00.000+03:00"),
    ("date('2026-03-31') - date('2026-03-01')", 30),
    ("date('2026-01-01') + 31 = date('2026-02-01')", True),
    ("d < today()", True),
    ("date(date('2026-01-01') + 31)", "2026-02-01"),
    ("date('2026-03-31') > '2026-03-30'", True),
    ("format-date('2026-03-05', '%e %b %Y')", "5 Mar 2026"),
    ("format-date-time('2026-03-05T14:07:09', '%H:%M:%S %a')", "14:07:09 Thu"),
    ("date-time('2026-03-05T14:07:09Z')", "2026-03-05T17:07:09.000+03:00"),
    ("decimal-time('06:00:00')", 0.25),
    ("decimal-date-time('1970-01-02T00:00:00Z')", 1),
    ("string(date('nonsense'))", "Invalid Date"),
    # selects
    ("selected(names, 'y')", True),
    ("selected(names, 'q')", False),
    ("selected-at(names, 0)", "x"),
    ("selected-at(names, 9)", ""),
    ("count-selected(names)", 3),
    ("is-selected(names, 'z')", True),
    # repeats
    ("indexed-repeat(/data/m/n, /data/m, 2) = 5", True),
    # geo
    ("distance('0 0 0 0; 0 90 0 0')", 10018696.05),
    ("area('0 0;0 1;1 1;1 0;0 0') > 12300000000", True),
    ("enclosed-area('0 0') = 0", True),
    ("geofence('0.5 0.5', '0 0;0 1;1 1;1 0;0 0')", True),
    ("geofence('2 2', '0 0;0 1;1 1;1 0;0 0')", False),
    ("intersects('0 0;1 1;0 1;1 0')", True),
    ("intersects('0 0;0 1;1 1;1 0;0 0')", False),
    # encodings
    ("base64-decode('SGVsbG8=')", "Hello"),
    ("base64-decode('***')", ""),
    ("digest('abc', 'MD5', 'hex')", hashlib.md5(b"abc").hexdigest()),
    ("digest('abc', 'SHA-256', 'hex')", hashlib.sha256(b"abc").hexdigest()),
    ("string-length(uuid())", 36),
    ("string-length(uuid(7))", 7),
    ("random() < 1 and random() >= 0", True),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0] for case in CASES])
def test_function(expression: str, expected: object) -> None:
    got = value(expression)
    if expected is None:
        assert isinstance(got, list)
        assert got[0]["name"] == "word"
    elif isinstance(expected, float) and isinstance(got, float):
        assert math.isclose(got, expected)
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("1 +", "it ends"),
        ("concat('a", "never closed"),
        ("concat(“a”)", "typographic"),
        ("count(1)", "path to nodes"),
        ("selectd('a', 'b')", "did you mean selected"),
        ("substr('a')", "2 to 3"),
        ("/data/[1]", "expected a name"),
        ("ancestr::a", "no axis"),
        ("instance('nope')/root", "no instance"),
        ("digest('a', 'ROT13')", "SHA-256"),
        ("regex('a', '[')", "cannot read the pattern"),
        ("format-date(d, '%q')", "not a date code"),
        ("$x", "no variable"),
        ("decimal-date-time('soon')", "not a date"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong(expression: str, says: str) -> None:
    with pytest.raises(FormError, match=says):
        value(expression)


def test_depth_length_and_steps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitExceeded):
        value("(" * 500 + "1" + ")" * 500)
    with pytest.raises(LimitExceeded):
        value("1" + " + 1" * 20_000)
    monkeypatch.setattr(limits, "XPATH_STEPS_MAX", 20_000)
    with pytest.raises(LimitExceeded):
        value("//*" + "[//*[//*[//*[//*[//*[//*[//*[//*]]]]]]]]" * 3)


def test_a_long_chain_of_operators_is_no_recursion() -> None:
    assert value("+".join(["1"] * 5000)) == 5000
    assert value(" or ".join(["a = 2"] * 2000)) is False


def test_randomize_with_a_seed_is_repeatable_and_keeps_every_node() -> None:
    first = value("randomize(/data/*, 42)")
    assert first == value("randomize(/data/*, 42)")
    assert isinstance(first, list)
    assert sorted(n["path"] for n in first) == sorted(f"/*[1]/*[{i}]" for i in range(1, 10))
    assert first != value("randomize(/data/*, 43)")
