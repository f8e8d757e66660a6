"""Policy as data: one TOML document that a steward reads, diffs and signs. Rules GOV-010..016.

Everything is checked before a policy takes force, and every fault is told by its place and by what
may stand there. A policy says why data is collected, what intake takes in, who may do what, and
what devices, de-identification and disclosure control hold themselves to.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from server.deident.policy import DeidPolicy, default_policy, parse_policy
from server.governance.actions import Action, Role
from server.governance.decide import ANY, Context, Rule
from shared.app_policy import AppPolicy, read_app_policy
from shared.errors import CairnError, EncodingInvalid, UsageError
from shared.records.codebook import Basis

_SECTIONS: Final = frozenset(
    {"policy", "purposes", "intake", "forms", "device", "app", "deident", "disclosure", "rules"}
)
_HEAD: Final = frozenset({"name", "controller", "legal_basis", "approver", "from_day", "until_day"})
_RULE: Final = frozenset({"id", "effect", "roles", "actions", "forms", "purposes"})


@dataclass(frozen=True, slots=True)
class Purpose:
    """One reason for which data may be collected and used."""

    name: str
    title: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class Window:
    """When one form may be collected; None is unbounded."""

    from_day: date | None = None
    until_day: date | None = None


@dataclass(frozen=True, slots=True)
class IntakePolicy:
    """What intake takes in.

    Attributes:
        late_days: how long after a form's last day its entries are still taken in.
        refused_shred_days: when an entry refused for want of consent is shredded.
    """

    bases: frozenset[Basis] = frozenset(Basis)
    late_days: int = 60
    refused_shred_days: int = 7


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the project's policy, checked."""

    serial: int
    name: str
    controller: str
    legal_basis: str
    approver: str
    from_day: date | None
    until_day: date | None
    purposes: Mapping[str, Purpose]
    intake: IntakePolicy
    forms: Mapping[str, Window]
    device: Mapping[str, int]
    rules: tuple[Rule, ...]
    app: AppPolicy = field(default_factory=AppPolicy)
    deident: DeidPolicy = field(default_factory=default_policy)

    def context(self, today: date) -> Context:
        """Return what `decide` needs of this policy."""
        return Context(self.rules, self.serial, today, self.from_day, self.until_day)


@lru_cache(maxsize=8)
def read_policy(content: bytes, serial: int) -> Policy:
    """Read and check a policy; the same bytes are read once a process.

    Raises:
        UsageError: what is wrong, where, and what may stand there.
    """
    try:
        settings = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError("the policy is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the policy is not valid TOML: {error}") from error
    _known(settings, _SECTIONS, "the policy")
    head = _table(settings.get("policy", {}), "[policy]")
    _known(head, _HEAD, "[policy]")
    purposes = _purposes(_table(settings.get("purposes", {}), "[purposes]"))
    return Policy(
        serial=serial,
        name=_text(head, "name", "[policy]"),
        controller=_text(head, "controller", "[policy]"),
        legal_basis=_text(head, "legal_basis", "[policy]"),
        approver=_text(head, "approver", "[policy]"),
        from_day=_day(head, "from_day", "[policy]"),
        until_day=_day(head, "until_day", "[policy]"),
        purposes=purposes,
        intake=_intake(_table(settings.get("intake", {}), "[intake]")),
        forms=_windows(_table(settings.get("forms", {}), "[forms]")),
        device=_numbers(_table(settings.get("device", {}), "[device]"), "[device]"),
        rules=_rules(settings.get("rules", []), purposes.keys()),
        app=_app(_table(settings.get("app", {}), "[app]")),
        deident=_deident(settings.get("deident")),
    )


def check_complete(policy: Policy) -> None:
    """Refuse a policy that may not yet be signed (GOV-011, IOM principles 1 and 11).

    Raises:
        UsageError: names what is missing.
    """
    for name in ("name", "controller", "legal_basis", "approver"):
        if not getattr(policy, name):
            raise UsageError(f"[policy] {name} is empty; a policy in force must say it")
    if policy.from_day is None or policy.until_day is None:
        raise UsageError("[policy] needs from_day and until_day: a policy is approved for a time")
    if policy.until_day < policy.from_day:
        raise UsageError("[policy] until_day lies before from_day")
    if not policy.purposes:
        raise UsageError("the policy names no purpose; data is not collected for none")
    if not policy.rules:
        raise UsageError("the policy has no [[rules]]; nobody could do anything")


def built_in_policy() -> Policy:
    """Return the policy that holds until a signed one is published (serial 0)."""
    return read_policy(built_in_text(), 0)


@cache
def built_in_text() -> bytes:
    """Return the text a steward starts from."""
    return resources.files("server.governance").joinpath("default_policy.toml").read_bytes()


def _purposes(section: Mapping[str, Any]) -> dict[str, Purpose]:
    """Read the purposes by name."""
    found: dict[str, Purpose] = {}
    for name, content in section.items():
        where = f"[purposes.{name}]"
        table = _table(content, where)
        _known(table, frozenset({"title", "retention_days"}), where)
        days = _number(table, "retention_days", where, None)
        found[name] = Purpose(name, _text(table, "title", where), days)
    return found


def _intake(section: Mapping[str, Any]) -> IntakePolicy:
    """Read what intake takes in."""
    _known(section, frozenset({"bases", "late_days", "refused_shred_days"}), "[intake]")
    default = IntakePolicy()
    bases = _words(section, "bases", "[intake]", [basis.value for basis in default.bases])
    return IntakePolicy(
        frozenset(Basis(b) for b in _among(bases, {b.value for b in Basis}, "[intake] bases")),
        _number(section, "late_days", "[intake]", default.late_days),
        _number(section, "refused_shred_days", "[intake]", default.refused_shred_days),
    )


def _windows(section: Mapping[str, Any]) -> dict[str, Window]:
    """Read when each form may be collected."""
    found: dict[str, Window] = {}
    for form_id, content in section.items():
        where = f"[forms.{form_id}]"
        table = _table(content, where)
        _known(table, frozenset({"from_day", "until_day"}), where)
        found[form_id] = Window(_day(table, "from_day", where), _day(table, "until_day", where))
    return found


def _rules(content: Any, purposes: Any) -> tuple[Rule, ...]:
    """Read the rules; ids are unique, words are known."""
    if not isinstance(content, list):
        raise UsageError("rules are written as [[rules]] blocks")
    actions = {a.value for a in Action} | {f"{a.value.partition('.')[0]}.*" for a in Action} | {ANY}
    rules: list[Rule] = []
    taken: set[str] = set()
    for number, each in enumerate(content, 1):
        where = f"[[rules]] number {number}"
        table = _table(each, where)
        _known(table, _RULE, where)
        rule_id = _text(table, "id", where)
        if not rule_id or rule_id in taken or rule_id.startswith("cairn."):
            raise UsageError(f"{where}: id must be given, unique, and not begin with 'cairn.'")
        taken.add(rule_id)
        where = f"rule {rule_id}"
        effect = table.get("effect", "permit")
        if effect not in {"permit", "deny"}:
            raise UsageError(f"{where}: effect is 'permit' or 'deny', not {effect!r}")
        roles = _among(_words(table, "roles", where, []), {r.value for r in Role}, f"{where} roles")
        listed = _among(_words(table, "actions", where, []), actions, f"{where} actions")
        if not roles or not listed:
            raise UsageError(f"{where}: roles and actions must each name at least one")
        served = _words(table, "purposes", where, [ANY])
        rules.append(
            Rule(
                rule_id,
                effect == "permit",
                frozenset(Role(role) for role in roles),
                frozenset(listed),
                frozenset(_words(table, "forms", where, [ANY])),
                frozenset(_among(served, {ANY, "", *purposes}, f"{where} purposes")),
            )
        )
    return tuple(rules)


def _app(section: Mapping[str, Any]) -> AppPolicy:
    """Read which versions of the app may be used."""
    try:
        return read_app_policy(section)
    except EncodingInvalid as error:
        raise UsageError(f"[app] {error.message}") from error


def _deident(section: Any) -> DeidPolicy:
    """Read the de-identification policy, or take the shipped one."""
    if section is None:
        return default_policy()
    try:
        return parse_policy(_table(section, "[deident]"))
    except CairnError as error:
        raise UsageError(f"[deident]: {error.message}") from error


def _table(content: Any, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise UsageError(f"{where} must be a table")
    return content


def _known(content: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(content.keys() - known):
        raise UsageError(f"{where} has no {unknown[0]!r}; it may have {', '.join(sorted(known))}")


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{where} {name} must be text")
    return value


def _day(table: Mapping[str, Any], name: str, where: str) -> date | None:
    value = table.get(name)
    # A TOML date-time is a date to Python too, and would not compare with one.
    if value is not None and type(value) is not date:
        raise UsageError(f"{where} {name} must be a day such as 2026-01-31, without quotes")
    return value


def _number(table: Mapping[str, Any], name: str, where: str, default: int | None) -> int:
    value = table.get(name, default)
    if type(value) is not int or value < 0:
        raise UsageError(f"{where} {name} must be a whole number of at least 0")
    return value


def _numbers(table: Mapping[str, Any], where: str) -> dict[str, int]:
    return {name: _number(table, name, where, None) for name in table}


def _words(table: Mapping[str, Any], name: str, where: str, default: list[str]) -> list[str]:
    value = table.get(name, default)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise UsageError(f"{where} {name} must be a list of texts")
    return value


def _among(words: list[str], known: set[str], where: str) -> list[str]:
    for word in words:
        if word not in known:
            raise UsageError(f"{where}: there is no {word!r}; known: {', '.join(sorted(known))}")
    return words
