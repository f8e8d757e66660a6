"""The interview: recomputing, repeats, drafts, finishing.

FRM-004, FRM-020, FRM-021, FRM-022, FRM-024, FRM-025, FRM-027, FRM-028, FRM-029, FRM-037.
"""

from datetime import UTC

import pytest
from forms_build import NOW, bind, form, interview, question, seeded_bytes

from shared.errors import FormError, SubmissionInvalid
from shared.forms.body import validate_body
from shared.forms.dependency import CycleFound
from shared.forms.draft import DraftUnreadable
from shared.forms.interview import Interview
from shared.forms.types import AnswerInvalid

HOUSEHOLD = form(
    "<name/><size/><member jr:template=''><age/><adult/><place/></member><adults/>"
    "<meta><instanceID/></meta>",
    bind("/data/name", required="true()", constraint="string-length(.) &gt; 2")
    + bind("/data/size", type="int")
    + bind("/data/member/age", type="int", relevant="/data/name != 'nobody'")
    + bind("/data/member/adult", type="int", calculate="if(../age &gt;= 18, 1, 0)")
    + bind("/data/member/place", type="int", calculate="position(..)")
    + bind("/data/adults", type="int", calculate="sum(/data/member/adult)"),
    question("/data/name")
    + question("/data/size")
    + "<group><label>Members</label><repeat nodeset='/data/member'>"
    + question("/data/member/age")
    + "</repeat></group>",
)


def test_a_change_recomputes_what_reads_it() -> None:
    filled = interview(HOUSEHOLD)
    first, second = filled.add_repeat("/data/member"), filled.add_repeat("/data/member")
    filled.set(f"{first}/age", "40")
    filled.set(f"{second}/age", "12")
    assert filled.value("/data/adults") == "1"
    filled.set(f"{second}/age", "18")
    assert filled.value("/data/adults") == "2"


def test_removing_an_instance_moves_the_later_ones_up() -> None:
    filled = interview(HOUSEHOLD)
    for age in ("40", "12", "30"):
        filled.set(filled.add_repeat("/data/member") + "/age", age)
    filled.remove_repeat("/data/member[1]")
    assert [filled.value(f"/data/member[{n}]/place") for n in (1, 2)] == ["1", "2"]
    assert filled.value("/data/member[1]/age") == "12"
    assert filled.value("/data/adults") == "1"


def test_an_irrelevant_answer_is_kept_but_reads_as_empty() -> None:
    filled = interview(HOUSEHOLD)
    member = filled.add_repeat("/data/member")
    filled.set(f"{member}/age", "40")
    filled.set("/data/name", "nobody")
    assert not filled.get(f"{member}/age").relevant
    assert filled.value("/data/adults") == "0"
    filled.set("/data/name", "Amina")
    assert filled.value("/data/adults") == "1"


def test_a_wrong_type_is_refused_and_nothing_is_stored() -> None:
    filled = interview(HOUSEHOLD)
    filled.set("/data/size", "4")
    with pytest.raises(AnswerInvalid, match="whole number"):
        filled.set("/data/size", "four")
    assert filled.value("/data/size") == "4"


def test_finalize_refuses_broken_rules_and_names_them() -> None:
    filled = interview(HOUSEHOLD)
    with pytest.raises(SubmissionInvalid) as caught:
        filled.finalize()
    assert [v.rule for v in caught.value.violations] == ["required"]
    filled.set("/data/name", "Al")
    assert [v.rule for v in filled.violations()] == ["constraint"]
    filled.set("/data/name", "Amina")
    answers = filled.finalize()
    assert answers.get("/data/name") == "Amina"


def test_answers_are_addressed_by_instance_id() -> None:
    filled = interview(HOUSEHOLD)
    filled.set("/data/name", "Amina")
    filled.set(filled.add_repeat("/data/member") + "/age", "40")
    answers = filled.finalize()
    assert len(answers.instances) == 1
    address = next(a.address for a in answers.values if a.path == "/data/member/age")
    assert address.startswith("/data/member[")
    assert address.endswith("]/age")
    again = Interview.from_answers(
        HOUSEHOLD, answers, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes(9)
    )
    assert again.answers() == answers


def test_a_draft_comes_back_as_it_was() -> None:
    filled = interview(HOUSEHOLD)
    filled.set("/data/name", "Amina")
    filled.set(filled.add_repeat("/data/member") + "/age", "40")
    filled.goto("/data/member[1]/age")
    draft = filled.snapshot()
    again = Interview.restore(HOUSEHOLD, draft, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes(9))
    assert again.snapshot() == draft
    assert again.at().path == "/data/member[1]/age"


def test_a_draft_of_another_form_is_refused() -> None:
    other = form("<x/>", root="x='1'")
    draft = interview(HOUSEHOLD).snapshot().replace(b'"form":"test"', b'"form":"else"')
    with pytest.raises(DraftUnreadable):
        Interview.restore(other, draft, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes())


def test_instance_xml_round_trips() -> None:
    filled = interview(HOUSEHOLD)
    filled.set("/data/name", "A & B <C>")
    filled.set(filled.add_repeat("/data/member") + "/age", "40")
    xml = filled.instance_xml()
    again = Interview.from_instance_xml(
        HOUSEHOLD, xml, clock_now=NOW, tz=UTC, random_bytes=seeded_bytes(9)
    )
    assert again.instance_xml() == xml


def test_navigation_visits_every_relevant_question_both_ways() -> None:
    filled = interview(HOUSEHOLD)
    filled.add_repeat("/data/member")
    seen = []
    while (screen := filled.next()).kind != "end":
        seen.append((screen.kind, screen.path))
    assert seen == [
        ("question", "/data/name"),
        ("question", "/data/size"),
        ("question", "/data/member[1]/age"),
        ("prompt", "/data/member"),
    ]
    back = []
    while (screen := filled.prev()).kind != "start":
        back.append((screen.kind, screen.path))
    assert back == seen[::-1]


def test_a_long_chain_of_calculations_does_not_recurse() -> None:
    length = 1500
    chain = form(
        "<c0/>" + "".join(f"<c{n}/>" for n in range(1, length)),
        "".join(bind(f"/data/c{n}", calculate=f"/data/c{n - 1} + 1") for n in range(1, length)),
        question("/data/c0"),
    )
    filled = interview(chain)
    filled.set("/data/c0", "1")
    assert filled.value(f"/data/c{length - 1}") == str(length)


def test_a_circle_of_calculations_is_named() -> None:
    circle = form(
        "<a/><b/>",
        bind("/data/a", calculate="/data/b + 1") + bind("/data/b", calculate="/data/a + 1"),
    )
    with pytest.raises(CycleFound, match=r"/data/a .*/data/b"):
        interview(circle)


def test_a_counted_repeat_follows_its_count() -> None:
    counted = form(
        "<n/><m jr:template=''><x/></m>",
        bind("/data/n", type="int"),
        question("/data/n")
        + "<repeat nodeset='/data/m' jr:count='/data/n'>"
        + question("/data/m/x")
        + "</repeat>",
    )
    filled = interview(counted)
    filled.set("/data/n", "3")
    assert filled.count("/data/m") == 3
    filled.set("/data/n", "1")
    assert filled.instances("/data/m") == ("/data/m[1]",)
    with pytest.raises(FormError, match="decides how many"):
        filled.add_repeat("/data/m")


def test_paths_that_do_not_exist_are_refused() -> None:
    filled = interview(HOUSEHOLD)
    for path in ("/data/nothing", "/else", "name", "/data/member[7]/age"):
        with pytest.raises(FormError):
            filled.get(path)


def test_a_walk_through_a_secondary_instance_reads_no_answer() -> None:
    listed = form(
        "<x/><many/>",
        bind("/data/many", type="int", calculate="count(instance('i')//item)"),
        question("/data/x"),
        model="<instance id='i'><root><item/><item/></root></instance>",
    )
    assert interview(listed).value("/data/many") == "2"


def test_rules_bind_questions_and_not_what_nobody_is_asked() -> None:
    computed = form(
        "<x/><sum/><sign/>",
        bind("/data/sum", required="true()", constraint=". &gt; 5", calculate="/data/x")
        + bind("/data/sign", required="true()", readonly="true()", relevant="/data/x = 2"),
        question("/data/x") + question("/data/sign"),
    )
    filled = interview(computed)
    assert filled.violations() == ()
    filled.set("/data/x", "1")
    assert filled.violations() == ()
    assert validate_body(
        computed, filled.answers(), (), clock_now=NOW, tz=UTC, random_bytes=seeded_bytes()
    ) == ()  # fmt: skip
    filled.set("/data/x", "2")
    assert [v.path for v in filled.violations()] == ["/data/sign"]
