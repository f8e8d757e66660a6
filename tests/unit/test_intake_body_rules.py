"""What the server may judge without the direct fields, and what it must leave as sent."""

import os
from datetime import UTC, datetime

from shared.forms.answers import Answer, Answers
from shared.forms.body import validate_body
from shared.forms.definition import Form
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

FORM = """
| survey |
| | type | name | label | required | relevant | calculation | bind::cairn:disclosure |
| | select_one yn | host | Host? | yes | | | open |
| | begin_group | moved | Moved | | ${host} = 'no' | | |
| | text | place | Where from? | yes | | | direct |
| | integer | times | How often? | yes | | | open |
| | end_group | | | | | | |
| | date | born | Born? | | ${host} = 'no' | | direct |
| | select_one yn | known | Age known? | | ${host} = 'no' | | open |
| | integer | stated | Age? | | ${born} = '' | | open |
| | calculate | age | | | ${host} != '' | if(${known} = 'yes' or ${born} = '', ${stated}, 3) | open |
| | select_one yn | registered | Registered? | | ${age} < 5 | | open |
| choices |
| | list_name | name | label |
| | yn | yes | Yes |
| | yn | no | No |
| settings |
| | form_id | version | cairn_basis |
| | f | 1 | observation |
"""  # noqa: E501 - a table
ABSENT = ("/data/moved/place", "/data/born")


def broken(form: Form, **texts: str) -> set[tuple[str, str]]:
    """Return path and rule of what a body breaks."""
    found = tuple(Answer(f"/data/{p}", f"/data/{p}", text) for p, text in texts.items())
    answers = Answers(form.hash, form.id, form.version, found, ())
    violations = validate_body(
        form,
        answers,
        ABSENT,
        clock_now=datetime(2026, 6, 1, tzinfo=UTC),
        tz=UTC,
        random_bytes=os.urandom,
    )
    return {(one.path, one.rule) for one in violations}


def test_a_group_that_holds_an_absent_field_is_judged_by_its_own_relevance() -> None:
    """INTK-013: a host household was not asked where it came from."""
    form = read_form(convert(FORM).xform)
    assert broken(form, host="yes") == set()
    assert broken(form, host="no") == {("/data/moved/times", "required")}


def test_what_was_computed_from_an_absent_field_stays_as_sent() -> None:
    """INTK-013: the age came from a birth date that only the custodian can open."""
    form = read_form(convert(FORM).xform)
    assert ("/data/registered", "relevant") not in broken(
        form, host="yes", age="3", registered="yes"
    )
