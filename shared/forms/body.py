"""Validation where identifiers are absent: the mission server's half of a record's rules.

The device has judged every rule and signed; here everything the body alone can tell is judged
again. Values a rule computed from an absent field are taken as sent.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, tzinfo

from shared.clock import RandomBytes
from shared.forms.answers import Answers
from shared.forms.body_judge import BodyJudge
from shared.forms.body_plan import plan_of
from shared.forms.definition import Form
from shared.forms.program import program_of
from shared.forms.validate import Violation
from shared.forms.xpath.tables import Instance


def validate_body(
    form: Form,
    answers: Answers,
    absent_paths: Collection[str],
    *,
    clock_now: datetime,
    tz: tzinfo,
    random_bytes: RandomBytes,
    attachments: Mapping[str, Instance] | None = None,
) -> tuple[Violation, ...]:
    """Return the rules that the answers break, judging only those that read no absent path.

    Args:
        form: the form the answers were given to.
        answers: values and repeat instances of the body.
        absent_paths: form paths of fields sealed elsewhere.
        clock_now: when the device finalized: `today()` in a constraint means that day.
        tz: the zone dates are read in.
        random_bytes: for expressions that need it.
        attachments: external secondary instances by file name.
    """
    plan = plan_of(program_of(form), absent_paths)
    judge = plan.take(tz) or BodyJudge(plan, tz, clock_now, random_bytes)
    found = judge.judge(answers, clock_now, random_bytes, attachments or {})
    plan.give_back(judge)
    return found
