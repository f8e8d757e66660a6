"""A random respondent answers a form to its end, as decided beforehand where that is asked."""

import random
from datetime import UTC, datetime

import pytest

from shared.forms.interview import Interview
from shared.forms.respondent import NoValidAnswer, Respondent, positions, without_positions
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

FORM = b"""
| survey |                      |        |         |          |               |              |
|        | type                 | name   | label   | required | constraint    | relevant     |
|        | text                 | name   | Name    | yes      |               |              |
|        | select_one yn        | adult  | Adult?  | yes      |               |              |
|        | select_multiple yn   | both   | Both?   | yes      | count-selected(.) = 1 |      |
|        | begin_repeat         | child  | Child   |          |               |              |
|        | integer              | age    | Age     | yes      | . < 18        |              |
|        | end_repeat           |        |         |          |               |              |
|        | date                 | born   | Born    | yes      | . <= today()  | ${adult} = 'yes' |
|        | decimal              | weight | Weight  | yes      |               |              |
|        | geopoint             | where  | Where   | yes      |               |              |
|        | range                | score  | Score   | yes      |               |              |
| choices |                     |        |         |          |               |              |
|        | list_name            | name   | label   |          |               |              |
|        | yn                   | yes    | Yes     |          |               |              |
|        | yn                   | no     | No      |          |               |              |
"""


def interview(seed: int, markdown: bytes = FORM) -> Interview:
    dice = random.Random(seed)
    form = read_form(convert(markdown.decode()).xform)
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    return Interview(form, clock_now=now, tz=UTC, random_bytes=dice.randbytes)


@pytest.mark.parametrize("seed", range(8))
def test_every_seed_reaches_a_valid_end(seed: int) -> None:
    filled = interview(seed)
    Respondent(filled, random.Random(seed), {"/data/adult": "yes"}).answer_to_end()
    assert filled.violations() == ()
    answers = filled.finalize()
    assert answers.get("/data/adult") == "yes"
    assert answers.get("/data/born") != ""


def test_chosen_answers_and_counts_hold() -> None:
    filled = interview(1)
    chosen = {
        "/data/name": "Amina",
        "/data/child": 3,
        "/data/child/age": lambda question: 4 + question.positions[0],
    }
    Respondent(filled, random.Random(1), chosen).answer_to_end()
    assert filled.value("/data/name") == "Amina"
    assert filled.count("/data/child") == 3
    assert [filled.value(f"/data/child[{n}]/age") for n in (1, 2, 3)] == ["5", "6", "7"]


def test_a_chosen_answer_that_the_form_refuses_is_named() -> None:
    with pytest.raises(NoValidAnswer, match="/data/child"):
        Respondent(
            interview(1), random.Random(1), {"/data/child": 1, "/data/child/age": "40"}
        ).answer_to_end()


def test_a_constraint_no_draw_passes_is_named() -> None:
    markdown = FORM.replace(b". < 18 ", b". < 18 and . > 20 ")
    with pytest.raises(NoValidAnswer, match="age"):
        Respondent(interview(1, markdown), random.Random(1), {"/data/child": 1}).answer_to_end()


def test_paths() -> None:
    assert without_positions("/data/child[2]/toy[1]/name") == "/data/child/toy/name"
    assert positions("/data/child[2]/toy[1]/name") == (2, 1)
