"""Whatever a stranger writes, the answer is a value or an error with a code, and soon.

FRM-001, FRM-002, FRM-016, FRM-009.
"""

import contextlib
import io
import zipfile
from datetime import UTC, datetime

import pytest
from forms_build import NOW, bind, form, interview, question, seeded_bytes, xform
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import limits
from shared.errors import CairnError, FormError, LimitExceeded
from shared.forms.cache import CacheUnreadable, dump_form, load_form
from shared.forms.draft import DraftUnreadable
from shared.forms.interview import Interview
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.evaluate import Question, evaluate
from shared.forms.xpath.patterns import matches

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.sampled_from(
    ["/a", "/a/b", "//b", ".", "..", "*", "1", "-", "+", "div", "mod", "and", "or", "=", "<", "(",
     ")", "[", "]", "'x'", "count(", "sum(", "if(", ",", "position()", "@id", "::", "child", "$v",
     "concat(", "today()", "selected(", "|", "regex(", "''", "last()", "instance('x')"]
)  # fmt: skip


@QUICK
@given(st.lists(WORDS, max_size=14))
def test_any_words_evaluate_or_are_refused(words: list[str]) -> None:
    question = Question(" ".join(words), xml="<a id='1'><b>2</b><b/></a>", context="/*[1]")
    with contextlib.suppress(CairnError):
        evaluate(question, seeded_bytes())


@QUICK
@given(st.text(max_size=40))
def test_any_text_evaluates_or_is_refused(text: str) -> None:
    with contextlib.suppress(CairnError):
        evaluate(Question(text, xml="<a/>"), seeded_bytes())


@QUICK
@given(st.text(alphabet="ab()[]{}|*+?.^$\\d-,1", max_size=16), st.text("ab1", max_size=30))
def test_any_pattern_matches_or_is_refused(pattern: str, text: str) -> None:
    with contextlib.suppress(CairnError):
        assert matches(pattern, text) in (True, False)


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(data: bytes) -> None:
    with pytest.raises(CairnError):
        read_form(data)


@QUICK
@given(st.integers(0, 1000), st.binary(min_size=1, max_size=3))
def test_a_damaged_form_is_read_or_refused(at: int, noise: bytes) -> None:
    whole = xform("<x/><y/>", bind("/data/y", calculate="/data/x + 1"), question("/data/x"))
    place = at % len(whole)
    with contextlib.suppress(CairnError):
        interview(read_form(whole[:place] + noise + whole[place + len(noise) :]))


SIMPLE = form("<x/><y/>", bind("/data/y", calculate="/data/x + 1"), question("/data/x"))


@QUICK
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=4))
def test_a_damaged_cache_or_draft_is_refused_or_harmless(at: int, noise: bytes) -> None:
    cache, draft = dump_form(SIMPLE), interview(SIMPLE).snapshot()
    for data in (cache, draft):
        place = at % len(data)
        damaged = data[:place] + noise + data[place + len(noise) :]
        with contextlib.suppress(CacheUnreadable):
            load_form(damaged)
        with contextlib.suppress(DraftUnreadable, FormError):
            Interview.restore(SIMPLE, damaged, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes())


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "set", "next", "prev"]), st.integers(0, 4)),
        max_size=25,
    )
)
def test_derived_values_never_depend_on_the_way_there(moves: list[tuple[str, int]]) -> None:
    source = form(
        "<m jr:template=''><n/><twice/><place/></m><total/><many/>",
        bind("/data/m/n", type="int")
        + bind("/data/m/twice", type="int", calculate="../n * 2")
        + bind("/data/m/place", type="int", calculate="position(..)")
        + bind("/data/total", type="int", calculate="sum(/data/m/twice)")
        + bind("/data/many", relevant="count(/data/m) &gt; 1"),
        "<repeat nodeset='/data/m'>" + question("/data/m/n") + "</repeat>",
    )
    filled = interview(source)
    for move, number in moves:
        with contextlib.suppress(FormError):
            if move == "add":
                filled.add_repeat("/data/m")
            elif move == "remove":
                filled.remove_repeat(f"/data/m[{number + 1}]")
            elif move == "set":
                filled.set(f"/data/m[{number + 1}]/n", str(number))
            elif move == "next":
                filled.next()
            else:
                filled.prev()
    again = Interview.from_instance_xml(
        source, filled.instance_xml(), editing=True, clock_now=NOW, tz=UTC,
        random_bytes=seeded_bytes(),
    )  # fmt: skip
    assert again.instance_xml() == filled.instance_xml()


def test_entities_depth_and_size_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(FormError, match=r"entity|definition"):
        read_form(bomb)
    with pytest.raises(LimitExceeded):
        read_form(b"<a>" * 200 + b"</a>" * 200)
    with pytest.raises(LimitExceeded):
        evaluate(Question("1" * (limits.XPATH_CHARS_MAX + 1)), seeded_bytes())


@pytest.mark.parametrize("depth", [50, 150, 199, 400])
def test_deep_nesting_is_a_value_or_an_error(depth: int) -> None:
    question = Question("if(1=1," * depth + "'deep'" + ",'')" * depth)
    if depth <= 50:
        assert evaluate(question, seeded_bytes()) == "deep"
        return
    # How deep this machine can go depends on who calls; past that it is an error, not a crash.
    with contextlib.suppress(LimitExceeded):
        assert evaluate(question, seeded_bytes()) == "deep"


def test_a_growing_count_and_a_huge_one_end() -> None:
    source = form(
        "<n/><m jr:template=''><x/></m>",
        bind("/data/n", type="int"),
        question("/data/n") + "<repeat nodeset='/data/m' jr:count='/data/n'>"
        + question("/data/m/x") + "</repeat>",
    )  # fmt: skip
    with pytest.raises(LimitExceeded):
        interview(source).set("/data/n", "99999999")


def test_now_is_what_the_clock_says() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert evaluate(Question("now()", now=moment), seeded_bytes()) == "2026-01-02T03:04:05.000Z"


def test_text_that_doubles_itself_ends() -> None:
    chain = "".join(
        bind(f"/data/c{n}", calculate=f"concat(/data/c{n - 1}, /data/c{n - 1})")
        for n in range(1, 60)
    )
    source = form("".join(f"<c{n}/>" for n in range(60)), chain, question("/data/c0"))
    with pytest.raises(LimitExceeded, match="longer"):
        interview(source).set("/data/c0", "xxxx")


def test_many_dear_rules_end_as_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECOMPUTE_STEPS_MAX", 2_000)
    source = form(
        "<x/>" + "".join(f"<y{n}/>" for n in range(50)),
        "".join(bind(f"/data/y{n}", calculate="count(instance('i')//*)") for n in range(50)),
        question("/data/x"),
        model="<instance id='i'><root>" + "<item/>" * 100 + "</root></instance>",
    )
    with pytest.raises(LimitExceeded, match="let it read less"):
        interview(source)


def test_order_of_many_siblings_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "<a>" + "<b/>" * 20_000 + "</a>"
    question = Question("//b | //b", xml=wide, type="nodeset")
    replies = evaluate(question, seeded_bytes())
    assert [reply["path"] for reply in replies[:2]] == ["/*[1]/*[1]", "/*[1]/*[2]"]
    assert len(replies) == 20_000
    monkeypatch.setattr(limits, "XPATH_STEPS_MAX", 300_000)
    with pytest.raises(LimitExceeded):
        evaluate(Question("count(//*[count(//*) > 0])", xml=wide), seeded_bytes())


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as workbook:
        workbook.writestr("xl/workbook.xml", bytes(200_000))
    monkeypatch.setattr(limits, "WORKBOOK_BYTES_MAX", 100_000)
    with pytest.raises(LimitExceeded, match="unpacks to 200000 bytes"):
        convert(packed.getvalue())
