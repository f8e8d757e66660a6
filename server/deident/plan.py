"""Which table and column each field of a form goes to, and which fields go nowhere, and why.

Made once per form version and policy; `rows.py` then only looks up. Rules DEID-001..009.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from server.deident.generalise import (
    Coarsen,
    Rule,
    coarsener,
    is_choice,
    is_exact,
    is_number,
    parse_rule,
)
from server.deident.geography import Geography
from server.deident.policy import DeidPolicy
from shared.records.codebook import Codebook, Disclosure, Field, Kind, Scope

NAME_CHARS_MAX: Final = 60
"""PostgreSQL cuts names at 63 characters without a word; longer ones get a hash instead."""
_UNSAFE: Final = re.compile(r"[^a-z0-9_]+")
_KEEP: Final = parse_rule("keep")
_DROP: Final = parse_rule("drop")


class Storage(StrEnum):
    """Column types common to SQLite, PostgreSQL and DuckDB."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    REAL = "REAL"


class Fate(StrEnum):
    """What becomes of a field."""

    KEPT = "kept"
    COARSENED = "coarsened"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an analytic table and the field it comes from."""

    name: str
    field: Field
    storage: Storage
    rule: str
    coarsen: Coarsen


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One analytic table: the form's root or one repeat."""

    name: str
    scope: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FieldReport:
    """What de-identification does with one field, in words for the steward."""

    path: str
    disclosure: Disclosure
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything de-identification needs to know of one form version under one policy."""

    form_id: str
    form_version: str
    policy: DeidPolicy
    geography: Geography | None
    tables: tuple[TablePlan, ...]
    direct: frozenset[str]
    report: tuple[FieldReport, ...]


def make_plan(codebook: Codebook, policy: DeidPolicy, geography: Geography | None = None) -> Plan:
    """Decide the fate of every field of a form.

    Raises:
        FormError: a generalisation that does not exist or does not fit the field's type.
    """
    tables: list[TablePlan] = []
    report: list[FieldReport] = []
    for scope in codebook.scopes():
        columns: list[Column] = []
        for field, name in zip(scope.fields, _column_names(scope), strict=True):
            column, line = _place(field, name, codebook, policy, geography)
            report.append(line)
            if column is not None:
                columns.append(column)
        tables.append(TablePlan(table_name(codebook, scope), scope.path, tuple(columns)))
    direct = frozenset(f.path for f in codebook.fields() if f.disclosure is Disclosure.DIRECT)
    return Plan(
        codebook.form_id,
        codebook.version,
        policy,
        geography,
        tuple(tables),
        direct,
        tuple(report),
    )


def table_name(codebook: Codebook, scope: Scope) -> str:
    """Return the analytic table's name: the form, and below the root the repeat's path."""
    below = scope.path.removeprefix(codebook.root.path).strip("/")
    return _safe_name("__".join(part for part in (codebook.form_id, below) if part))


def _column_names(scope: Scope) -> Iterator[str]:
    """Yield a distinct column name per field: its path below the scope, made safe."""
    taken: set[str] = set()
    for field in scope.fields:
        wanted = name = _safe_name(field.path.removeprefix(scope.path))
        number = 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        taken.add(name)
        yield name


def _safe_name(text: str) -> str:
    """Return a lower-case SQL name; our own columns start with `_`, so these never do."""
    name = _UNSAFE.sub("_", text.lower()).strip("_") or "x"
    if len(name) > NAME_CHARS_MAX:
        name = f"{name[: NAME_CHARS_MAX - 9]}_{sha256(text.encode()).hexdigest()[:8]}"
    return f"n{name}" if name[0].isdigit() else name


def _place(
    field: Field, name: str, codebook: Codebook, policy: DeidPolicy, geography: Geography | None
) -> tuple[Column | None, FieldReport]:
    """Decide one field: its column, or None, and the line in the report."""

    def fate(fate: Fate, reason: str) -> FieldReport:
        return FieldReport(field.path, field.disclosure, fate, reason)

    if field.disclosure is Disclosure.DIRECT:
        return None, fate(Fate.DROPPED, "direct identifier: sealed to the custodian, never here")
    purposes = field.purposes or codebook.purposes
    if purposes and policy.purpose not in purposes:
        return None, fate(Fate.DROPPED, f"may not serve the purpose {policy.purpose}")
    rule, why = _rule(field, policy)
    coarsen = coarsener(rule, field.kind, geography)
    if coarsen is None:
        return None, fate(Fate.DROPPED, why)
    column = Column(name, field, _storage(rule, field.kind), rule.text, coarsen)
    kept = rule.verb == "keep"
    return column, fate(Fate.KEPT if kept else Fate.COARSENED, why)


def _rule(field: Field, policy: DeidPolicy) -> tuple[Rule, str]:
    """Return the rule that holds for a field, and where it comes from."""
    rule, why = _form_rule(field) if field.generalise else _default_rule(field, policy)
    if rule.verb == "geo" and rule.number > policy.area_level_max:
        level = policy.area_level_max
        return parse_rule(f"geo:admin{level}"), f"policy keeps no area below level {level}"
    return rule, why


def _form_rule(field: Field) -> tuple[Rule, str]:
    """Return the rule the form gives."""
    rule = parse_rule(field.generalise or "")
    if rule.verb == "keep" and field.kind is Kind.TEXT and not field.readonly:
        return _DROP, "free text never passes, whatever the form says"
    return rule, f"the form says {rule.text}"


def _default_rule(field: Field, policy: DeidPolicy) -> tuple[Rule, str]:
    """Return the rule for a field whose form gives none."""
    closed = is_choice(field.kind) or field.kind is Kind.BOOLEAN
    if field.kind is Kind.TEXT:
        found = _DROP, "text without a rule of its own may hold anything"
    elif field.measure is not None and is_number(field.kind):
        found = _KEEP, f"a measure of {field.measure}"
    elif field.disclosure is Disclosure.OPEN and not is_exact(field.kind):
        found = _KEEP, "classed open"
    elif field.disclosure is Disclosure.SENSITIVE and closed:
        found = _KEEP, "a closed list; releases guard it by its class"
    elif (default := policy.quasi.get(field.kind)) is not None:
        found = default, f"policy says {default.text} for {field.kind}"
    else:
        found = _DROP, f"policy keeps no {field.kind} of class {field.disclosure}"
    return found


def _storage(rule: Rule, kind: Kind) -> Storage:
    """Return the column type: numbers only where they are kept as they are."""
    if rule.verb != "keep":
        return Storage.TEXT
    return {
        Kind.INTEGER: Storage.INTEGER,
        Kind.BOOLEAN: Storage.INTEGER,
        Kind.DECIMAL: Storage.REAL,
    }.get(kind, Storage.TEXT)
