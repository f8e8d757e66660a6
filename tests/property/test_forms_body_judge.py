"""Finished answers are judged alike by the judge that looks where answers are and by a full walk.

The judge (shared/forms/body_judge.py) keeps its tree from one record to the next and runs only
the rules that answers can turn. Here each record is also judged the long way: on a fresh tree, with
every rule run over every node until nothing changes, and every node looked at. Rule FRM-030.
"""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from forms_shared import need_shared_data
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.forms import draft
from shared.forms.answer_node import address_of
from shared.forms.answers import Answer, Answers
from shared.forms.body import validate_body
from shared.forms.definition import Form, Shape
from shared.forms.dependency import RELEVANT
from shared.forms.instance import Tree
from shared.forms.interview import Interview
from shared.forms.program import program_of
from shared.forms.respondent import Respondent
from shared.forms.validate import Validator
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.context import Context
from shared.forms.xpath.values import to_boolean
from shared.records.address import form_path

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
ZONE = timezone(timedelta(hours=3))
XFORM = b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model><instance>
<data id="judged"><gate/><kind>b</kind><when/><inner><age/><why/><deep><last/></deep></inner>
<member jr:template=""><name/><years/><job/><pet jr:template=""><sort/><bites/></pet></member>
<total/><late/><whole/><seen/><spring/></data></instance>
<bind nodeset="/data/gate" type="int" required="true()" constraint=". &gt;= 0"/>
<bind nodeset="/data/kind" required="/data/gate = 2"/>
<bind nodeset="/data/when" type="date" constraint=". &lt;= today()"/>
<bind nodeset="/data/inner" relevant="/data/gate = 1" constraint="/data/inner/age != 7"/>
<bind nodeset="/data/inner/age" type="int" required="/data/kind = 'b'"/>
<bind nodeset="/data/inner/why" relevant="/data/inner/age &gt; 10"/>
<bind nodeset="/data/inner/deep" relevant="/data/inner/why != ''"/>
<bind nodeset="/data/inner/deep/last" required="true()"/>
<bind nodeset="/data/member" relevant="/data/gate != 3"/>
<bind nodeset="/data/member/name" required="true()"/>
<bind nodeset="/data/member/years" type="int" constraint=". &lt; 120"/>
<bind nodeset="/data/member/job" relevant="../years &gt; 15" required="../name = 'x'"/>
<bind nodeset="/data/member/pet/bites" relevant="../sort = 'dog' and ../../years &gt; 3"/>
<bind nodeset="/data/total" type="int" relevant="count(/data/member) &gt; 1"/>
<bind nodeset="/data/late" relevant="today() &gt; date('2026-03-01') and /data/total = 5"/>
<bind nodeset="/data/whole" relevant="/data/inner = '7x' or sum(/data/member/years) = 9"/>
<bind nodeset="/data/seen" relevant="count(/data/total) = 1"/>
<bind nodeset="/data/spring" relevant="today() &gt;= date('2026-03-01')"/>
</model></h:head><h:body><input ref="/data/gate"/><input ref="/data/kind"/>
<input ref="/data/when"/><input ref="/data/inner/age"/><input ref="/data/inner/why"/>
<input ref="/data/inner/deep/last"/><input ref="/data/late"/>
<group ref="/data/member"><repeat nodeset="/data/member">
<input ref="/data/member/name"/><input ref="/data/member/years"/><input ref="/data/member/job"/>
<group ref="/data/member/pet"><repeat nodeset="/data/member/pet">
<input ref="/data/member/pet/sort"/><input ref="/data/member/pet/bites"/></repeat></group></repeat>
</group></h:body></h:html>"""
FORM = read_form(XFORM)
TEXTS = ("", "0", "1", "2", "3", "5", "7", "9", "12", "16", "130", "x", "b", "dog", "2026-03-01")
SINGLES = tuple(
    field.path
    for field in FORM.fields.values()
    if field.shape is Shape.VALUE and "/member" not in field.path
)
MEMBER = ("name", "years", "job")
PET = ("sort", "bites")


@st.composite
def bodies(draw: st.DrawFn) -> Answers:
    """Some answers to the form above, right or wrong."""
    texts = st.sampled_from(TEXTS)
    values = draw(st.dictionaries(st.sampled_from((*SINGLES, "/data/stranger")), texts))
    instances: list[str] = []
    for number in range(draw(st.integers(0, 3))):
        member = f"/data/member[{number:016x}]"
        instances.append(member)
        for name, text in draw(st.dictionaries(st.sampled_from(MEMBER), texts)).items():
            values[f"{member}/{name}"] = text
        if draw(st.booleans()):
            pet = f"{member}/pet[{number + 16:016x}]"
            instances.append(pet)
            for name, text in draw(st.dictionaries(st.sampled_from(PET), texts)).items():
                values[f"{pet}/{name}"] = text
    return body_of(FORM, values, instances)


def body_of(form: Form, values: dict[str, str], instances: list[str]) -> Answers:
    listed = tuple(Answer(address, form_path(address), text) for address, text in values.items())
    return Answers(form.hash, form.id, form.version, listed, tuple(instances))


def judged(
    form: Form, answers: Answers, absent: frozenset[str], now: datetime = NOW
) -> list[tuple[str, str]]:
    found = validate_body(
        form, answers, absent, clock_now=now, tz=ZONE, random_bytes=random.Random(1).randbytes
    )
    return [(violation.address, violation.rule) for violation in found]


def judged_the_long_way(
    form: Form, answers: Answers, absent: frozenset[str]
) -> list[tuple[str, str]]:
    program = program_of(form)
    rules = program.body_rules(absent)
    tree = Tree(form, random.Random(1).randbytes, empty=True)
    for node in tree.walk():
        if not node.kids:
            node.text = ""
    strangers = draft.put(tree, answers.as_dict(), answers.instances)
    context = Context(now=NOW, zone=ZONE)
    context.root, context.singles = tree.document, tree.singles
    relevance = [
        rule
        for rule in program.graph.rules
        if rule.kind == RELEVANT and not rules.skips(rule.target, rule.expression)
    ]
    changed = True
    while changed:
        changed = False
        for rule in relevance:
            for node in tree.walk():
                if node.field.path == rule.target:
                    context.current, context.position = node, node.place
                    own = to_boolean(program.closure(rule.expression)(context, node))
                    changed, node.own_relevant = changed or own != node.own_relevant, own
        for node in tree.walk():
            above = node.parent
            relevant = node.own_relevant and (above is None or above.relevant)
            changed, node.relevant = changed or relevant != node.relevant, relevant
    validator = Validator(program, tree, context, lambda _label, _node: "")
    found = [(one.address, one.rule) for one in validator.violations(skip=rules.skips)]
    found += [(address, "unknown") for address in strangers]
    sent = answers.as_dict()
    return found + [
        (address_of(node), "relevant")
        for node in tree.walk()
        if node.text and not node.kids and not node.relevant and address_of(node) in sent
    ]


@settings(max_examples=200, deadline=None)
@given(bodies(), st.sets(st.sampled_from(("/data/gate", "/data/kind", "/data/member/years"))))
def test_any_body_is_judged_as_by_a_full_walk(body: Answers, absent: set[str]) -> None:
    kept = [answer for answer in body.values if answer.path not in absent]
    sent = Answers(body.form_hash, body.form_id, body.version, tuple(kept), body.instances)
    assert judged(FORM, sent, frozenset(absent)) == judged_the_long_way(
        FORM, sent, frozenset(absent)
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(bodies(), min_size=2, max_size=5))
def test_a_record_leaves_nothing_behind_for_the_next(several: list[Answers]) -> None:
    first = [judged(FORM, body, frozenset()) for body in several]
    again = [judged(FORM, body, frozenset()) for body in reversed(several)]
    assert first == again[::-1]


def test_each_record_is_judged_by_its_own_day() -> None:
    body = body_of(FORM, {"/data/gate": "1", "/data/inner/age": "3", "/data/spring": "x"}, [])
    winter = NOW - timedelta(days=60)
    not_asked = [("/data/spring", "relevant")]
    for _ in range(2):
        assert judged(FORM, body, frozenset()) == []
        assert judged(FORM, body, frozenset(), winter) == not_asked


def test_a_wiped_default_counts_as_no_answer() -> None:
    body = body_of(FORM, {"/data/gate": "2"}, [])
    assert judged(FORM, body, frozenset()) == [("/data/kind", "required")]


@pytest.mark.parametrize("name", ["bench_small", "who_verbal_autopsy"])
def test_real_forms_are_judged_as_by_a_full_walk(name: str) -> None:
    form = read_form(convert(need_shared_data() / "forms" / f"{name}.xlsx").xform)
    for seed in range(2):
        dice = random.Random(seed)
        interview = Interview(form, clock_now=NOW, tz=ZONE, random_bytes=dice.randbytes)
        Respondent(interview, dice).fill()
        whole = interview.answers()
        values = whole.as_dict()
        assert judged(form, whole, frozenset()) == judged_the_long_way(form, whole, frozenset())
        for _ in range(4):
            address = dice.choice(sorted(values))
            broken = {**values, address: dice.choice(TEXTS)}
            absent = frozenset({form_path(dice.choice(sorted(values)))})
            present = {a: text for a, text in broken.items() if form_path(a) not in absent}
            body = body_of(form, present, list(whole.instances))
            assert judged(form, body, absent) == judged_the_long_way(form, body, absent)
