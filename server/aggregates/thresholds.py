"""Read thresholds.toml: the one file that holds every disclosure parameter. Rule DISC-003."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from shared.errors import UsageError


@dataclass(frozen=True, slots=True)
class SensitivityClass:
    """What one class asks for; each field is a key of thresholds.toml, explained there."""

    name: str
    persons: int
    households: int
    locations: int
    interval: int
    zeros: bool
    attributes: tuple[str, ...]
    dominance: float
    p_percent: float
    area_level_max: int
    audiences: tuple[str, ...]

    def fewest(self, unit: str) -> int:
        """Return the fewest units of a kind a published count may show; 1 where none is set."""
        return {
            "persons": self.persons,
            "households": self.households,
            "locations": self.locations,
        }.get(unit, 1)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All parameters of disclosure control."""

    version: str
    classes: tuple[SensitivityClass, ...]
    field_classes: Mapping[str, str]
    persons_per_household: tuple[float, float]
    face_share_max: float
    face_cells_min: int
    cell_cost: float
    hidden_before: float
    loss_max: float
    levels_kept: tuple[int, ...]
    exact_cells_max: int
    exact_targets_max: int
    exact_nodes: int
    approvals: Mapping[str, int]

    def find(self, name: str) -> SensitivityClass:
        """Return a class by name.

        Raises:
            UsageError: there is no such class.
        """
        for sensitivity in self.classes:
            if sensitivity.name == name:
                return sensitivity
        known = ", ".join(sensitivity.name for sensitivity in self.classes)
        raise UsageError(f"there is no sensitivity class {name!r}; classes are {known}")

    def rank(self, name: str) -> int:
        """Return a class's place in the order, the least sensitive first."""
        return self.classes.index(self.find(name))

    def up_to(self, name: str) -> tuple[SensitivityClass, ...]:
        """Return every class from the least sensitive up to this one (DISC-025)."""
        return self.classes[: self.rank(name) + 1]

    def of_fields(self, disclosures: list[str]) -> str:
        """Return the class a product's fields demand when it names none itself."""
        wanted = [self.field_classes[d] for d in disclosures] or [self.classes[0].name]
        return max(wanted, key=self.rank)


def read_thresholds(path: Path | None = None) -> Thresholds:
    """Read a project's thresholds, or those shipped with Cairn.

    Raises:
        UsageError: a key is missing, unknown or out of order; the message names it.
    """
    if path is None:
        return _shipped()
    try:
        return parse_thresholds(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the thresholds in {path} cannot be read: {error}") from error


@cache
def _shipped() -> Thresholds:
    """Return the thresholds shipped with Cairn."""
    text = resources.files("server.aggregates").joinpath("thresholds.toml").read_text("utf-8")
    return parse_thresholds(tomllib.loads(text))


def parse_thresholds(settings: Mapping[str, Any]) -> Thresholds:
    """Build thresholds from parsed TOML; see `read_thresholds`."""
    try:
        classes = tuple(_class(name, settings["classes"][name]) for name in settings["order"])
        found = Thresholds(
            version=str(settings["version"]),
            classes=classes,
            field_classes=dict(settings["field_classes"]),
            persons_per_household=(
                float(settings["knowledge"]["persons_per_household_min"]),
                float(settings["knowledge"]["persons_per_household_max"]),
            ),
            face_share_max=float(settings["faces"]["share_max"]),
            face_cells_min=int(settings["faces"]["cells_min"]),
            cell_cost=float(settings["cost"]["cell"]),
            hidden_before=float(settings["cost"]["hidden_before"]),
            loss_max=float(settings["time"]["loss_max"]),
            levels_kept=tuple(settings["time"]["levels_kept"]),
            exact_cells_max=int(settings["exact"]["cells_max"]),
            exact_targets_max=int(settings["exact"]["targets_max"]),
            exact_nodes=int(settings["exact"]["nodes"]),
            approvals={name: int(count) for name, count in settings["approvals"].items()},
        )
    except KeyError as missing:
        raise UsageError(f"the thresholds lack the key {missing}") from missing
    for lower, higher in pairwise(classes):
        if loosened := _looser(lower, higher):
            raise UsageError(
                f"class {higher.name} is less strict than {lower.name} in {', '.join(loosened)}; "
                "a higher class may only be stricter"
            )
    for name in found.field_classes.values():
        found.find(name)
    return found


def _class(name: str, settings: Mapping[str, Any]) -> SensitivityClass:
    """Read one class."""
    known = {each.name for each in fields(SensitivityClass)} - {"name"}
    if unknown := settings.keys() - known:
        raise UsageError(f"class {name} has no parameter {sorted(unknown)[0]!r}")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
    }
    if missing := known - values.keys():
        raise UsageError(f"class {name} lacks the parameter {sorted(missing)[0]!r}")
    if values["interval"] < 1 or values["persons"] < 1:
        raise UsageError(f"class {name}: persons and interval must be at least 1")
    return SensitivityClass(name=name, **values)


def _looser(lower: SensitivityClass, higher: SensitivityClass) -> list[str]:
    """Return the parameters in which the higher class would release more."""
    grows = ("persons", "households", "locations", "interval", "p_percent")
    found = [name for name in grows if getattr(higher, name) < getattr(lower, name)]
    falls = ("dominance", "area_level_max")
    found += [name for name in falls if getattr(higher, name) > getattr(lower, name)]
    if lower.zeros and not higher.zeros:
        found.append("zeros")
    if not set(lower.attributes) <= set(higher.attributes):
        found.append("attributes")
    if not set(higher.audiences) <= set(lower.audiences):
        found.append("audiences")
    return found
