"""DISC-003, DISC-025: every key of thresholds.toml is read, explained and kept in order."""

import tomllib
from importlib import resources
from typing import Any

import pytest

from server.aggregates.thresholds import SensitivityClass, parse_thresholds, read_thresholds
from shared.errors import UsageError

TEXT = resources.files("server.aggregates").joinpath("thresholds.toml").read_text("utf-8")


def settings() -> dict[str, Any]:
    return tomllib.loads(TEXT)


def test_the_defaults_of_the_classes() -> None:
    found = {rule.name: rule for rule in read_thresholds().classes}
    assert [found[name].persons for name in ("low", "moderate", "high", "severe")] == [
        5,
        10,
        20,
        20,
    ]
    assert [found[name].households for name in ("low", "moderate", "high")] == [3, 3, 5]
    assert found["severe"].zeros
    assert not found["low"].zeros
    assert found["severe"].audiences == ("mission",)


@pytest.mark.parametrize("key", sorted(SensitivityClass.__dataclass_fields__.keys() - {"name"}))
def test_each_parameter_of_a_class_is_needed(key: str) -> None:
    broken = settings()
    del broken["classes"]["moderate"][key]
    with pytest.raises(UsageError, match=key):
        parse_thresholds(broken)


@pytest.mark.parametrize(
    "section", ["field_classes", "knowledge", "cost", "time", "exact", "faces", "approvals"]
)
def test_each_section_is_needed(section: str) -> None:
    broken = settings()
    del broken[section]
    with pytest.raises(UsageError, match=section):
        parse_thresholds(broken)


@pytest.mark.parametrize(
    ("key", "looser"),
    [
        ("persons", 4),
        ("households", 2),
        ("interval", 4),
        ("p_percent", 10),
        ("dominance", 0.9),
        ("area_level_max", 3),
        ("attributes", []),
    ],
)
def test_a_higher_class_may_not_be_looser(key: str, looser: object) -> None:
    broken = settings()
    broken["classes"]["moderate"][key] = looser
    with pytest.raises(UsageError, match=f"less strict than low in {key}"):
        parse_thresholds(broken)


def test_a_parameter_that_does_not_exist_is_named() -> None:
    broken = settings()
    broken["classes"]["low"]["treshold"] = 3
    with pytest.raises(UsageError, match="treshold"):
        parse_thresholds(broken)


def test_a_product_takes_the_class_its_fields_demand() -> None:
    """REL-007."""
    thresholds = read_thresholds()
    assert thresholds.of_fields(["open", "quasi"]) == "low"
    assert thresholds.of_fields(["open", "sensitive"]) == "moderate"
    assert thresholds.of_fields([]) == "low"
    with pytest.raises(UsageError, match="no sensitivity class"):
        thresholds.find("secret")
