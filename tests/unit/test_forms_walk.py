"""Every real form is filled by a made-up respondent, kept, killed, restored, finished.

FRM-005, FRM-030.
"""

import random
import re
from datetime import UTC

import pytest
from forms_build import NOW, bind, form, interview, question
from forms_shared import need_shared_data
from forms_whole import PREFILLED, REFUSED, load, whole_way

from shared.errors import CairnError, FormError
from shared.forms.body import validate_body
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.problems import FormProblems
from shared.forms.respondent import Respondent
from shared.forms.samples import sample_of
from shared.forms.xform import read_form
from shared.records.codebook import Disclosure

SLOW_TO_CONVERT = {"bench_cascade3.xlsx", "household_census_large.xlsx"}
SEEDS = [
    pytest.param(2, SLOW_TO_CONVERT, id="fast"),
    pytest.param(100, set(), id="soak", marks=pytest.mark.soak),
]


def fill(source: Form, seed: int) -> Interview:
    chance = random.Random(seed)
    filled = Interview(source, clock_now=NOW, tz=UTC, random_bytes=chance.randbytes)
    Respondent(filled, chance).fill()
    return filled


@pytest.mark.parametrize(("seeds", "left_out"), SEEDS)
def test_real_forms_go_the_whole_way(seeds: int, left_out: set[str]) -> None:
    forms = need_shared_data() / "forms"
    failed: list[str] = []
    for path in sorted(forms.iterdir()):
        if path.name in REFUSED or path.name in left_out:
            continue
        source = load(path)
        for seed in range(seeds):
            try:
                whole_way(source, seed, PREFILLED.get(path.name, {}))
            except (AssertionError, CairnError) as error:
                failed.append(f"{path.name} seed {seed}: {str(error)[:300]}")
    assert failed == []


@pytest.mark.parametrize(("name", "says"), REFUSED.items())
def test_bad_forms_are_refused_with_advice(name: str, says: str) -> None:
    path = need_shared_data() / "forms" / name
    with pytest.raises(FormError, match=says) as caught:
        interview(read_form(path.read_bytes()) if path.suffix == ".xml" else load(path))
    if isinstance(caught.value, FormProblems):
        assert all(problem.row and problem.instead for problem in caught.value.problems)


SURVEY = form(
    "<agree/><phone/><code/><born/><age/><visits jr:template=''><month/></visits><note/>",
    bind("/data/agree", required="true()", cairn_disclosure="open")
    + bind("/data/phone", constraint="regex(., '\\+?(254|255)[0-9]{9}')", required="true()")
    + bind("/data/code", required="true()", constraint="string-length(.) = 6")
    + bind("/data/born", type="date", required="true()", constraint=". &lt; today()")
    + bind("/data/age", type="int", constraint=". &gt;= 18 and . &lt;= 110", required="true()")
    + bind("/data/visits/month", type="int", constraint=". &gt; 0 and . &lt; 13"),
    "<select1 ref='/data/agree'><label>?</label><item><label>Yes</label><value>yes</value></item>"
    "<item><label>No</label><value>no</value></item></select1>"
    + "".join(question(f"/data/{name}") for name in ("phone", "code", "born", "age"))
    + "<repeat nodeset='/data/visits'>"
    + question("/data/visits/month")
    + "</repeat>",
)


@pytest.mark.parametrize("seed", range(20))
def test_a_made_up_respondent_satisfies_the_rules(seed: int) -> None:
    filled = fill(SURVEY, seed)
    assert filled.violations() == ()
    assert filled.value("/data/agree") in ("yes", "no")


def test_the_same_seed_gives_the_same_answers() -> None:
    assert fill(SURVEY, 3).answers() == fill(SURVEY, 3).answers()


def test_chosen_answers_and_counts_are_used() -> None:
    chance = random.Random(1)
    filled = Interview(SURVEY, clock_now=NOW, tz=UTC, random_bytes=chance.randbytes)
    chosen = {"/data/agree": "no", "/data/age": lambda _question: 30, "/data/visits": 4}
    assert Respondent(filled, chance, chosen).fill()
    assert filled.value("/data/agree") == "no"
    assert filled.value("/data/age") == "30"
    assert filled.count("/data/visits") == 4


def test_body_rules_that_read_an_absent_field_are_left_to_the_device() -> None:
    rules = form(
        "<name/><greeting/><age/><size/>",
        bind("/data/name", cairn_disclosure="direct")
        + bind("/data/greeting", required="/data/name != ''", cairn_disclosure="open")
        + bind("/data/age", type="int", constraint=". &lt; 120", cairn_disclosure="quasi")
        + bind("/data/size", type="int", relevant="/data/age &gt; 5", cairn_disclosure="open"),
        "".join(question(f"/data/{n}") for n in ("name", "greeting", "age", "size")),
    )
    filled = interview(rules)
    filled.set("/data/name", "Amina")
    filled.set("/data/age", "40")
    filled.set("/data/size", "3")
    body = filled.answers()
    absent = {f.path for f in codebook_of(rules).fields() if f.disclosure is Disclosure.DIRECT}
    kept = type(body)(
        body.form_hash,
        body.form_id,
        body.version,
        tuple(a for a in body.values if a.path not in absent),
        body.instances,
    )
    options = {"clock_now": NOW, "tz": UTC, "random_bytes": random.Random(1).randbytes}
    assert validate_body(rules, kept, absent, **options) == ()  # type: ignore[arg-type]
    wrong = tuple(
        type(a)(a.address, a.path, "400") if a.path == "/data/age" else a for a in kept.values
    )
    forged = type(kept)(kept.form_hash, kept.form_id, kept.version, wrong, kept.instances)
    broken = validate_body(rules, forged, absent, **options)  # type: ignore[arg-type]
    assert [(v.address, v.rule) for v in broken] == [("/data/age", "constraint")]


@pytest.mark.parametrize("pattern", ["[A-Z]{2}-[0-9]{3}", "(07|08)\\d{8}", "a?b+c*", "[^a-y]"])
def test_samples_fit_their_pattern(pattern: str) -> None:
    chance = random.Random(5)
    for _ in range(20):
        assert re.fullmatch(pattern, sample_of(pattern, chance))
