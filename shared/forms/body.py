"""Validation where identifiers are absent: the mission server's half of a record's rules.

The device has judged every rule and signed; here everything the body alone can tell is judged
again. Values a rule computed from an absent field are taken as sent.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, tzinfo

from shared.clock import RandomBytes
from shared.forms import draft as draft_
from shared.forms.answer_node import address_of
from shared.forms.answers import Answers
from shared.forms.definition import Form
from shared.forms.instance import Tree
from shared.forms.program import program_of
from shared.forms.recompute import Recomputer
from shared.forms.sources import SecondaryInstances
from shared.forms.validate import Validator, Violation
from shared.forms.xpath.context import Context
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
    program = program_of(form)
    tree = Tree(form, random_bytes, empty=True)
    sent = answers.as_dict()
    strangers = draft_.put(tree, sent, list(answers.instances))
    context = Context(
        now=clock_now,
        zone=tz,
        random_bytes=random_bytes,
        instances=SecondaryInstances(program, attachments or {}),
    )
    context.root = tree.document
    context.singles = tree.singles
    rules = program.body_rules(absent_paths)
    recomputer = Recomputer(program, tree, context)
    recomputer.enqueue_relevance(rules)
    recomputer.run()
    validator = Validator(program, tree, context, lambda _label, _node: "")
    found = list(validator.violations(skip=rules.skips))
    found += [
        Violation(address, address, "unknown", "The form has no such field.")
        for address in strangers
    ]
    found += [
        Violation(address_of(node), address_of(node), "relevant", "Not asked, yet answered.")
        for node in tree.walk()
        if node.text and not node.kids and not node.relevant and address_of(node) in sent
    ]
    return tuple(found)
