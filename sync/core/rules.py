"""Merge rules: which fields belong together and how concurrent values of one are settled.

They come from a form's codebook, or from the JSON of `cairn merge --rules`. Rules SYNC-062, 063.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.errors import UsageError
from shared.records.address import enclosing_instances, form_path
from shared.records.codebook import Codebook

REVIEW: Final = "review"
GROUP_RULES: Final = frozenset({REVIEW, "latest", "earliest"})
"""A group is taken whole from one revision, so only rules that choose a revision fit it."""
RULES: Final = GROUP_RULES | {"max", "min", "union", "restrictive"}
_GROUP_MARK: Final = "#"


def is_group(unit: str) -> bool:
    """Tell whether a unit is a group; no address contains the mark."""
    return _GROUP_MARK in unit


@dataclass(frozen=True, slots=True)
class MergeRules:
    """How to merge the fields of one form.

    Attributes:
        fields: form path -> rule; a path that is not named has `review`.
        groups: form path -> name of the group it belongs to.
        choices: form path -> choice names in form order, for `union` and `restrictive`.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def unit(self, address: str) -> str:
        """Return the name of the unit that `address` is merged with.

        A field by itself is its own unit; a group's is `scope instance address#group`.
        """
        group = self.groups.get(form_path(address)) if self.groups else None
        if group is None:
            return address
        scope = ""
        for instance in enclosing_instances(address):
            scope = instance
        return f"{scope}{_GROUP_MARK}{group}"

    def rule(self, address: str) -> str:
        """Return the rule of the unit that `address` belongs to."""
        return self.fields.get(form_path(address), REVIEW)

    def choices_of(self, address: str) -> tuple[str, ...]:
        """Return the choice names of a field in form order; empty when it has none here."""
        return self.choices.get(form_path(address), ())


def rules_of(codebook: Codebook) -> MergeRules:
    """Derive the rules from a form's codebook.

    A group takes its fields' rule if they share one that chooses a revision, else `review`.
    """
    fields = list(codebook.fields())
    shared_rules: dict[str, set[str]] = {}
    for one in fields:
        if one.group is not None:
            shared_rules.setdefault(one.group, set()).add(one.merge)
    settled: dict[str, str] = {}
    for one in fields:
        rule = one.merge
        if one.group is not None and (len(shared_rules[one.group]) > 1 or rule not in GROUP_RULES):
            rule = REVIEW
        if rule != REVIEW:
            settled[one.path] = rule
    return MergeRules(
        fields=settled,
        groups={one.path: one.group for one in fields if one.group is not None},
        choices={one.path: one.choices for one in fields if one.choices},
    )


def rules_from_json(data: object) -> MergeRules:
    """Read `{"fields": {path: rule}, "groups": {name: [path]}, "choices": {path: [name]}}`.

    Raises:
        UsageError: a key or value is not as above; the message says which.
    """
    if not isinstance(data, dict):
        raise UsageError("the rules must be a JSON object")
    if unknown := set(data) - {"fields", "groups", "choices"}:
        raise UsageError(
            f"the rules know fields, groups and choices, not {', '.join(sorted(map(str, unknown)))}"
        )
    fields = _rules_by_path(_object(data, "fields"))
    groups = _groups_by_path(_object(data, "groups"))
    choices = {
        path: _texts(names, f"choices.{path}") for path, names in _object(data, "choices").items()
    }
    for name in sorted(set(groups.values())):
        rules = {fields.get(path, REVIEW) for path, group in groups.items() if group == name}
        if len(rules) > 1 or not rules <= GROUP_RULES:
            raise UsageError(
                f"group {name} is taken whole from one revision: its fields must share one of the "
                f"rules {', '.join(sorted(GROUP_RULES))}, not {', '.join(sorted(rules))}"
            )
    return MergeRules(fields, groups, choices)


def _rules_by_path(data: dict[str, object]) -> dict[str, str]:
    rules: dict[str, str] = {}
    for path, rule in data.items():
        if not isinstance(rule, str) or rule not in RULES:
            raise UsageError(f"the rule of {path} must be one of {', '.join(sorted(RULES))}")
        rules[path] = rule
    return rules


def _groups_by_path(data: dict[str, object]) -> dict[str, str]:
    groups: dict[str, str] = {}
    for name, paths in data.items():
        for path in _texts(paths, f"groups.{name}"):
            if groups.setdefault(path, name) != name:
                raise UsageError(f"{path} is in two groups: {groups[path]} and {name}")
    return groups


def _object(data: dict[str, object], key: str) -> dict[str, object]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{key} in the rules must be an object")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{where} in the rules must be a list of texts")
    return tuple(value)
