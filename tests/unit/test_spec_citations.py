"""Every numbered rule of docs/spec is cited, by its full id, in a test that holds it."""

import re
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SPECS = sorted(
    spec
    for spec in (REPO / "docs" / "spec").glob("*.md")
    # Its codes are held to the code that raises them (test_errors_documented.py), not cited.
    if spec.name != "errors.md"
)
RULE = re.compile(r"^(?:- \*\*([A-Z]+-\d{3})\*\*|\| ([A-Z]+-\d{3}) \|)", re.MULTILINE)
CITED = re.compile(r"\b[A-Z]+-\d{3}\b")
RULES_MIN = 10
"""A spec of fewer rules than that was written in a way this test does not read."""


@cache
def cited() -> frozenset[str]:
    """Return every rule id that stands in a test file, this one left out."""
    ids: set[str] = set()
    for path in (REPO / "tests").rglob("*.py"):
        if path != Path(__file__).resolve():
            ids.update(CITED.findall(path.read_text(encoding="utf-8")))
    return frozenset(ids)


def rules(spec: Path) -> list[str]:
    """Return the ids of the rules that a spec defines, in its order."""
    found = RULE.findall(spec.read_text(encoding="utf-8"))
    return [listed or tabled for listed, tabled in found]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_rule_of_a_spec_is_cited_by_a_test(spec: Path) -> None:
    assert len(rules(spec)) >= RULES_MIN
    assert [rule for rule in rules(spec) if rule not in cited()] == []


def test_no_id_is_given_twice() -> None:
    seen: dict[str, str] = {}
    for spec in SPECS:
        for rule in rules(spec):
            assert rule not in seen, f"{rule} stands in {seen[rule]} and {spec.name}"
            seen[rule] = spec.name


def test_the_wire_format_is_specified() -> None:
    """A rule must not vanish because its line was reformatted."""
    sealing = rules(REPO / "docs" / "spec" / "sealing.md")
    assert {"SEAL-001", "SEAL-044", "SEAL-070", "SEAL-088"} <= set(sealing)
    assert len(sealing) >= 42
