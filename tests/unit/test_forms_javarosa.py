"""The same random interviews in JavaRosa and in ours: same relevance, values, verdicts, choices.

FRM-014, FRM-015, FRM-008, FRM-019, FRM-023, FRM-029. What differs is listed, with the reason, in
tests/vectors/forms/javarosa_exceptions.json. The soak leads more and longer interviews.
"""

import os
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from random import Random

import pytest
from forms_build import bind, question, xform
from forms_shared import exceptions, need_shared_data
from javarosa import JavaRosa, javarosa_missing
from javarosa_interviews import SideBySide, Subject, media_of, same_text
from json_lines import PeerRefused

from server.commands.console import SystemClock
from shared.forms.interview import Interview
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.node import Node
from shared.forms.xpath.xmltree import parse_xml

LISTED = exceptions("javarosa_exceptions.json")
OWN = Path(__file__).resolve().parents[2] / "forms"
REFUSED_BY_BOTH = {"bad_cycle_errors.xml", "unhcr_demo_duplicate_choices.xlsx"}
SLOW = {"bangladesh_admin_cascade.xlsx", "bench_big.xlsx", "bench_cascade3.xlsx", "grains.xlsx"}
SLOW |= {"all_question_types.xlsx", "household_census_large.xlsx", "who_verbal_autopsy.xlsx"}
STEPS = [pytest.param(1, 10, id="fast"), pytest.param(8, 60, id="soak", marks=pytest.mark.soak)]


@pytest.fixture(scope="module")
def javarosa() -> Iterator[JavaRosa]:
    """JavaRosa, where there is a JDK."""
    if missing := javarosa_missing():
        pytest.skip(missing)
    with JavaRosa() as peer:
        yield peer


def xform_of(path: Path) -> bytes:
    return path.read_bytes() if path.suffix == ".xml" else convert(path).xform


def led(javarosa: JavaRosa, path: Path, seeds: int, steps: int, media: Path | None) -> set[str]:
    """Lead interviews on one form and return the ids of the listed differences met."""
    source = xform_of(path)
    refusal = refused(javarosa, source, media)
    if refusal:
        assert f"{path.name} load" in LISTED, f"{path.name}: {refusal}"
        return {f"{path.name} load"}
    subject = Subject(path.name, read_form(source), media_of(media), LISTED)
    met: set[str] = set()
    for seed in range(seeds):
        pair = SideBySide(subject, javarosa, Random(seed))
        found = list(pair.run(steps))
        assert not found, f"{path.name}, seed {seed}: {found[:3]}"
        met |= pair.seen
        if pair.repeatable:
            comes_back_unchanged(javarosa, subject, pair.interview.instance_xml())
    return met


def refused(javarosa: JavaRosa, source: bytes, media: Path | None) -> str:
    """Return why JavaRosa refuses a form, "" if it takes it."""
    try:
        javarosa.load(source, media)
    except PeerRefused as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("seeds", "steps"), STEPS)
@pytest.mark.parametrize("path", sorted(OWN.glob("*.xlsx")), ids=lambda path: path.stem)
def test_our_forms_ask_the_same_of_both(
    javarosa: JavaRosa, path: Path, seeds: int, steps: int
) -> None:
    led(javarosa, path, seeds, steps, OWN / "media")


@pytest.mark.parametrize(("seeds", "steps"), STEPS)
def test_forms_of_others_ask_the_same_of_both(javarosa: JavaRosa, seeds: int, steps: int) -> None:
    met: set[str] = set()
    forms = need_shared_data() / "forms"
    for path in sorted(forms.iterdir()):
        if path.name not in REFUSED_BY_BOTH and (seeds > 1 or path.name not in SLOW):
            met |= led(javarosa, path, seeds, steps, None)
    if seeds > 1:
        assert met == set(LISTED), "an exception is no longer needed"


EXPRESSIONS = (
    "/data/off = ''", "/data/off != 'yes'", "/data/off = 'yes'", "/data/off &lt; 5",
    "/data/none/x = ''", "/data/none/x != 'yes'", "/data/off = /data/empty",
    "/data/off != /data/empty", "/data/off + 1", "boolean(/data/off)", "if(/data/off, 1, 2)",
    "count(instance('t')/root/item[foo = ''])", "count(instance('t')/root/item[foo != 'q'])",
    "count(instance('t')/root/item[foo = /data/off])",
    "instance('t')/root/item[name = 'zz']/name != 'b'", "count(/data/some[x = ''])",
    "count(/data/some[y != 'q'])", "count(/data/some[y = ''])", "sum(/data/some/x)",
    "max(/data/some/x)", "min(/data/none/x)", "sum(/data/none/x)", "1 = 2", "0.1 + 0.2",
    "1 div 3", "string(1 = 1)", "round(2.5)", "round(-2.5)", "int(-1.5)", "5 mod 3", "-5 mod 3",
    "concat(1, true(), 'a')", "substr('hello', 1, 3)", "substr('hello', -3)",
    "selected('a b', 'b')", "selected-at('a b', 1)", "count-selected(' a  b ')",
    "coalesce(/data/off, 'x')", "format-date('2024-02-09', '%e %b %Y %a')",
    "decimal-date-time('2024-02-09')", "date('2024-02-09') + 1",
    "date('2024-02-09') &lt; date('2024-03-01')",
    "translate('abc', 'ab', 'x')", "normalize-space(' a  b ')", "string-length('é')",
    "join(', ', /data/some/x)", "number('')", "number('1e3')",
    "regex('ab12', '[a-z]+')", "pow(2, 10)", "not(/data/off)", "boolean-from-string('1')",
)  # fmt: skip


def test_expressions_give_the_same_in_both(javarosa: JavaRosa) -> None:
    """FRM-011, FRM-008, FRM-019: what is not relevant, missing or empty, and the functions."""
    source = xform(
        "<shut>1</shut><off>yes</off><empty/><none jr:template=''><x/></none>"
        "<some><x/><y>1</y></some><some><x>2</x><y>2</y></some>"
        + "".join(f"<r{place}/>" for place in range(len(EXPRESSIONS))),
        bind("/data/off", relevant="/data/shut = 2")
        + bind("/data/some/y", relevant="/data/shut = 2")
        + "".join(bind(f"/data/r{p}", calculate=text) for p, text in enumerate(EXPRESSIONS)),
        question("/data/shut")
        + f"<repeat nodeset='/data/none'>{question('/data/none/x')}</repeat>"
        + f"<repeat nodeset='/data/some'>{question('/data/some/x')}</repeat>",
        model="<instance id='t'><root><item><name>a</name></item>"
        "<item><name>b</name><foo>q</foo></item></root></instance>",
    )
    javarosa.load(source)
    pair = SideBySide(Subject("expressions", read_form(source)), javarosa, Random(1))
    found = [
        (EXPRESSIONS[int(one.path.rpartition("r")[2])], one.ours, one.theirs) for one in pair.run(0)
    ]
    assert found == []


def comes_back_unchanged(javarosa: JavaRosa, subject: Subject, ours: str) -> None:
    """FRM-029: JavaRosa reads what we write, and both then write it as before."""
    assert again(subject, ours) == ours
    javarosa.ask("open", instance=ours)
    javarosa.ask("walk")
    theirs = javarosa.ask("save", finish=False)
    returned = again(subject, theirs)
    assert [path for path, _ in leaves(returned)] == [path for path, _ in leaves(ours)]
    for (path, before), (_, after) in zip(leaves(ours), leaves(returned), strict=True):
        known = subject.form.fields.get(path)
        assert same_text(before, after, known.type if known else "string"), path
    javarosa.ask("open", instance=returned)
    javarosa.ask("walk")
    assert javarosa.ask("save", finish=False) == theirs


def again(subject: Subject, xml: str) -> str:
    """Return instance XML as it comes back from our engine."""
    return Interview.from_instance_xml(
        subject.form,
        xml,
        clock_now=SystemClock().now(),
        tz=UTC,
        random_bytes=os.urandom,
        attachments=subject.attachments,
    ).instance_xml()


def leaves(xml: str) -> list[tuple[str, str]]:
    """Return path and text of everything an instance holds, in order."""
    found: list[tuple[str, str]] = []
    stack: list[tuple[Node, str]] = [(parse_xml(xml).elements()[0], "")]
    while stack:
        node, above = stack.pop()
        path = f"{above}/{node.name}"
        found.append((path, "" if node.elements() else node.value()))
        stack += [(kid, path) for kid in reversed(node.elements())]
    return found
