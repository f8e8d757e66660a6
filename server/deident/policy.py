"""What leaves a merged record for the analytic store when the form itself does not say.

Held as data, so that a steward can read and change it: `policy.toml` beside this file is the
default, a project may bring its own. Rules DEID-003, DEID-010.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from server.deident.generalise import Rule, parse_rule
from shared.errors import UsageError
from shared.records.codebook import Kind


@dataclass(frozen=True)
class DeidPolicy:
    """One project's de-identification policy.

    Attributes:
        version: names this policy in reports.
        purpose: the purpose the analytic store serves; other purposes' answers do not enter it.
        area_level_max: the smallest administrative level kept of any place.
        quasi: rule by kind for quasi-identifiers whose form gives none; an absent kind is dropped.
    """

    version: str = "1"
    purpose: str = "statistics"
    area_level_max: int = 2
    quasi: Mapping[Kind, Rule] = field(default_factory=dict)


def parse_policy(settings: Mapping[str, Any]) -> DeidPolicy:
    """Build a policy from parsed TOML.

    Raises:
        UsageError: an unknown key or kind; the message names it.
    """
    if unknown := settings.keys() - {"version", "purpose", "area_level_max", "quasi"}:
        raise UsageError(f"the de-identification policy has no key {sorted(unknown)[0]!r}")
    kinds = {kind.value for kind in Kind}
    if strange := settings.get("quasi", {}).keys() - kinds:
        raise UsageError(f"there is no type {sorted(strange)[0]!r}; types are {sorted(kinds)}")
    return DeidPolicy(
        version=str(settings.get("version", "1")),
        purpose=str(settings.get("purpose", "statistics")),
        area_level_max=int(settings.get("area_level_max", 2)),
        quasi={Kind(kind): parse_rule(rule) for kind, rule in settings.get("quasi", {}).items()},
    )


def default_policy() -> DeidPolicy:
    """Return the policy shipped with Cairn."""
    text = resources.files("server.deident").joinpath("policy.toml").read_text("utf-8")
    return parse_policy(tomllib.loads(text))
