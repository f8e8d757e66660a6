"""GOV-001..009: `decide` by example, by law, and exhaustively over roles and actions."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.governance.actions import OPENS_DATA, Action, Role
from server.governance.decide import (
    ADMINISTRATOR_READS_NOTHING,
    NO_RULE,
    OUTSIDE_DATES,
    OUTSIDE_PURPOSE,
    Actor,
    Context,
    Deny,
    Permit,
    Resource,
    Rule,
    decide,
    purposes_permitted,
)
from server.governance.policy import built_in_policy

TODAY = date(2026, 6, 1)
RECORD = Resource("record", form_id="f1")


def actor(*roles: Role) -> Actor:
    return Actor("someone", frozenset(roles))


def rule(rule_id: str, *actions: str, permit: bool = True, **more: frozenset[str]) -> Rule:
    return Rule(rule_id, permit, frozenset({Role.ANALYST}), frozenset(actions), **more)


def context(*rules: Rule, **dates: date) -> Context:
    return Context(rules, 7, TODAY, **dates)


def test_nothing_is_permitted_without_a_rule() -> None:
    """GOV-001."""
    for action in Action:
        answer = decide(actor(*Role), action, RECORD, "statistics", context())
        assert isinstance(answer, Deny)
        assert answer.rule == NO_RULE


def test_a_permit_names_rule_and_version() -> None:
    """GOV-002."""
    answer = decide(
        actor(Role.ANALYST),
        Action.RECORD_EXPORT,
        RECORD,
        "statistics",
        context(rule("r", "record.*")),
    )
    assert answer == Permit("r", 7)


def test_a_rule_that_forbids_outweighs_those_that_permit() -> None:
    """GOV-003."""
    rules = context(rule("yes", "*"), rule("no", "record.export", permit=False))
    answer = decide(actor(Role.ANALYST), Action.RECORD_EXPORT, RECORD, "statistics", rules)
    assert isinstance(answer, Deny)
    assert answer.rule == "no"


def test_an_administrator_reads_no_data_whatever_policy_says() -> None:
    """GOV-004."""
    everything = Rule("all", permit=True, roles=frozenset(Role), actions=frozenset({"*"}))
    for action in OPENS_DATA:
        answer = decide(
            actor(Role.ADMINISTRATOR), action, RECORD, "statistics", context(everything)
        )
        assert isinstance(answer, Deny)
        assert answer.rule == ADMINISTRATOR_READS_NOTHING


@pytest.mark.parametrize(
    ("from_day", "until_day", "permitted"),
    [
        (date(2026, 6, 1), date(2026, 6, 1), True),
        (date(2026, 6, 2), date(2026, 7, 1), False),
        (date(2026, 5, 1), date(2026, 5, 31), False),
    ],
)
def test_data_opens_only_while_the_policy_is_in_force(
    from_day: date, until_day: date, *, permitted: bool
) -> None:
    """GOV-005."""
    rules = context(rule("r", "*"), from_day=from_day, until_day=until_day)
    answer = decide(actor(Role.ANALYST), Action.RECORD_EXPORT, RECORD, "statistics", rules)
    assert isinstance(answer, Permit) is permitted
    if isinstance(answer, Deny):
        assert answer.rule == OUTSIDE_DATES


@pytest.mark.parametrize("purpose", ["", "assistance"])
def test_a_use_outside_the_records_purposes_is_denied(purpose: str) -> None:
    """GOV-006."""
    resource = Resource("record", form_id="f1", purposes=frozenset({"statistics"}))
    rules = context(rule("r", "*"))
    answer = decide(actor(Role.ANALYST), Action.RECORD_READ, resource, purpose, rules)
    assert isinstance(answer, Deny)
    assert answer.rule == OUTSIDE_PURPOSE


def test_a_rule_can_be_narrowed_to_forms_and_purposes() -> None:
    """GOV-007."""
    rules = context(
        rule("r", "record.*", forms=frozenset({"f1"}), purposes=frozenset({"statistics"}))
    )
    who = actor(Role.ANALYST)
    asked = [("f1", "statistics"), ("f2", "statistics"), ("f1", "referral")]
    answers = [
        decide(who, Action.RECORD_EXPORT, Resource("record", form_id=form), purpose, rules)
        for form, purpose in asked
    ]
    assert [isinstance(answer, Permit) for answer in answers] == [True, False, False]
    assert purposes_permitted(
        who, Action.RECORD_EXPORT, RECORD, ["referral", "statistics"], rules
    ) == ("statistics",)


_rules = st.lists(
    st.builds(
        Rule,
        st.text("abc", min_size=1),
        st.booleans(),
        st.frozensets(st.sampled_from(Role), min_size=1),
        st.frozensets(st.sampled_from([a.value for a in Action] + ["*", "record.*"]), min_size=1),
    ),
    max_size=6,
)


@given(_rules, st.sampled_from(Action), st.frozensets(st.sampled_from(Role)), st.data())
def test_adding_a_forbidding_rule_never_permits_more(
    rules: list[Rule], action: Action, roles: frozenset[Role], data: st.DataObject
) -> None:
    """GOV-003 as a law; and `decide` is total."""
    who = Actor("x", roles)
    before = decide(who, action, RECORD, "statistics", context(*rules))
    added = Rule(
        "added",
        permit=False,
        roles=data.draw(st.frozensets(st.sampled_from(Role))),
        actions=frozenset({"*"}),
    )
    place = data.draw(st.integers(0, len(rules)))
    after = decide(
        who, action, RECORD, "statistics", context(*rules[:place], added, *rules[place:])
    )
    assert isinstance(before, Permit) or isinstance(after, Deny)


def test_the_built_in_policy_role_by_action() -> None:
    """GOV-008: the whole matrix of the shipped policy for opening data, written out."""
    policy = built_in_policy().context(TODAY)
    may = {
        (role, action)
        for role in Role
        for action in OPENS_DATA
        if isinstance(decide(actor(role), action, RECORD, "statistics", policy), Permit)
    }
    assert may == {
        (Role.COORDINATOR, Action.CONFLICT_READ),
        (Role.COORDINATOR, Action.CONFLICT_RESOLVE),
        (Role.COORDINATOR, Action.RECORD_ASSIGN),
        (Role.STEWARD, Action.CONFLICT_READ),
        (Role.STEWARD, Action.CONFLICT_RESOLVE),
        (Role.STEWARD, Action.RECORD_READ),
        (Role.STEWARD, Action.RECORD_FILES),
        (Role.STEWARD, Action.RECORD_EXPORT),
        (Role.STEWARD, Action.RECORD_LOOKUP),
        (Role.CUSTODIAN, Action.IDENTITY_REQUEST),
        (Role.CUSTODIAN, Action.RECORD_LOOKUP),
        (Role.ANALYST, Action.RECORD_EXPORT),
    }
    assert set(Action) == {
        action
        for role in Role
        for action in Action
        if isinstance(decide(actor(role), action, RECORD, "statistics", policy), Permit)
    }
