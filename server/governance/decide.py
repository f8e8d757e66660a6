"""`decide`: the one place that says yes or no. Pure, total, deny by default. Rules GOV-001..009.

A rule that forbids outweighs every rule that permits. Three rules are built in and no policy can
lift them: an administrator reads no data, nobody acts outside the policy's dates, and a use needs
one of the purposes the data was collected for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from server.governance.actions import OPENS_DATA, Action, Role

ANY: Final = "*"
ADMINISTRATOR_READS_NOTHING: Final = "cairn.administrator-reads-no-data"
OUTSIDE_DATES: Final = "cairn.policy-not-in-force"
OUTSIDE_PURPOSE: Final = "cairn.purpose-not-collected-for"
NO_RULE: Final = "cairn.deny-by-default"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user, a device author in hex, or a program."""

    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked for.

    Attributes:
        kind: "device", "record", "form", "release" ... as in the action's first word.
        form_id: the form the data belongs to; "" where there is none.
        purposes: what the data was collected for; None where the question does not arise.
    """

    kind: str
    name: str = ""
    form_id: str = ""
    purposes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of policy: who may (or must not) do what, to which forms, for which purposes."""

    rule_id: str
    permit: bool
    roles: frozenset[Role]
    actions: frozenset[str]
    forms: frozenset[str] = frozenset({ANY})
    purposes: frozenset[str] = frozenset({ANY})

    def matches(self, actor: Actor, action: Action, resource: Resource, purpose: str) -> bool:
        """Tell whether the rule speaks about this request."""
        return (
            bool(self.roles & actor.roles)
            and _names(self.actions, action.value)
            and _names(self.forms, resource.form_id)
            and _names(self.purposes, purpose)
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision rests on beside the request.

    Attributes:
        version: serial of the policy in force; 0 for the built-in one.
        from_day, until_day: when the policy is in force; None is unbounded.
    """

    rules: tuple[Rule, ...]
    version: int
    today: date
    from_day: date | None = None
    until_day: date | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, by this rule of this policy version."""

    rule: str
    version: int


@dataclass(frozen=True, slots=True)
class Deny:
    """No, with what to tell the person."""

    reason: str
    rule: str
    version: int = field(default=0)


def decide(
    actor: Actor, action: Action, resource: Resource, purpose: str, context: Context
) -> Permit | Deny:
    """Say whether `actor` may do `action` to `resource` for `purpose`.

    Purpose "" is running the system itself; data is never opened for it.
    """
    forbidden = _built_in(actor, action, resource, purpose, context)
    if forbidden is not None:
        return forbidden
    matching = [rule for rule in context.rules if rule.matches(actor, action, resource, purpose)]
    for rule in matching:
        if not rule.permit:
            return Deny(
                f"rule {rule.rule_id} forbids {action.value}", rule.rule_id, context.version
            )
    for rule in matching:
        return Permit(rule.rule_id, context.version)
    return Deny(_nobody(actor, action, resource, purpose), NO_RULE, context.version)


def _built_in(
    actor: Actor, action: Action, resource: Resource, purpose: str, context: Context
) -> Deny | None:
    """Return the refusal of a rule no policy can lift, or None."""
    version = context.version
    if action in OPENS_DATA:
        if actor.roles <= {Role.ADMINISTRATOR, Role.ANYONE}:
            reason = f"{action.value} opens data, and an administrator reads none"
            return Deny(reason, ADMINISTRATOR_READS_NOTHING, version)
        if not _in_force(context):
            reason = "the policy is not in force today; publish one that is"
            return Deny(reason, OUTSIDE_DATES, version)
        if not purpose:
            reason = f"{action.value} needs a purpose (--purpose)"
            return Deny(reason, OUTSIDE_PURPOSE, version)
        if resource.purposes is not None and purpose not in resource.purposes:
            reason = f"the data was not collected for the purpose {purpose!r}"
            return Deny(reason, OUTSIDE_PURPOSE, version)
    return None


def _in_force(context: Context) -> bool:
    """Tell whether today lies within the policy's dates."""
    started = context.from_day is None or context.from_day <= context.today
    ended = context.until_day is not None and context.until_day < context.today
    return started and not ended


def _names(listed: frozenset[str], wanted: str) -> bool:
    """Tell whether a rule's list names a thing: by itself, by `*`, or by its group (`record.*`)."""
    return ANY in listed or wanted in listed or f"{wanted.partition('.')[0]}.{ANY}" in listed


def _nobody(actor: Actor, action: Action, resource: Resource, purpose: str) -> str:
    """Say what was asked and by whom, so that a steward can see which rule is missing."""
    roles = ", ".join(sorted(actor.roles)) or "no role"
    about = f" on form {resource.form_id}" if resource.form_id else ""
    use = f" for {purpose!r}" if purpose else ""
    return f"no rule permits {action.value}{about}{use} to {roles}"


def purposes_permitted(
    actor: Actor, action: Action, resource: Resource, purposes: Iterable[str], context: Context
) -> tuple[str, ...]:
    """Return those purposes for which the actor may act: what a page may offer."""
    return tuple(
        purpose
        for purpose in purposes
        if isinstance(decide(actor, action, resource, purpose, context), Permit)
    )
