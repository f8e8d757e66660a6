"""SYNC-060 to SYNC-068: every case of the golden file, through the library and the command."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.errors import UsageError
from sync.commands.merge import app
from sync.core.merge_json import merge_json, three_way
from sync.core.rules import MergeRules, rules_from_json

GOLDEN = Path(__file__).parents[1] / "vectors" / "sync" / "merge_golden.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


def text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
# SYNC-060, SYNC-061, SYNC-062, SYNC-063, SYNC-064, SYNC-065, SYNC-066, SYNC-067, SYNC-068
def test_golden_case_in_any_order_and_twice(case: dict[str, Any]) -> None:
    rules = rules_from_json(case["rules"])
    revisions = list(case["revisions"])
    for seed in range(4):
        assert text(merge_json(revisions, rules)) == text(case["state"])
        random.Random(seed).shuffle(revisions)
        revisions.extend(revisions[:2])


def run(tmp_path: Path, *files: object, rules: object = None) -> tuple[int, str]:
    paths = []
    for number, content in enumerate(files):
        path = tmp_path / f"{number}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        paths.append(str(path))
    if rules is not None:
        (tmp_path / "rules.json").write_text(json.dumps(rules), "utf-8")
        paths = ["--rules", str(tmp_path / "rules.json"), *paths]
    result = CliRunner().invoke(app, paths)
    return result.exit_code, result.output


def test_command_prints_the_state(tmp_path: Path) -> None:
    case = CASES[4]
    status, output = run(tmp_path, case["revisions"], rules=case["rules"])
    assert status == 0
    assert json.loads(output) == case["state"]


def test_three_states_are_merged(tmp_path: Path) -> None:
    base = {"x": 1, "y": 1, "z": 1, "/d/m[00000000000000aa]": 0, "/d/m[00000000000000aa]/a": 1}
    ours = {**base, "x": 2, "y": 5}
    theirs = {"x": 3, "y": 1, "z": 1}
    status, output = run(tmp_path, base, ours, {"values": theirs, "at": 7})
    assert status == 0
    state = json.loads(output)
    assert state["values"] == {"x": 3, "y": 5, "z": 1}
    assert state["gone"] == ["/d/m[00000000000000aa]"]
    assert [c["values"]["x"] for c in state["conflicts"]["x"]] == [3, 2]


def test_an_address_missing_in_one_side_is_taken_back() -> None:
    revisions = three_way({"x": 1, "y": 2}, {"y": 2}, {"x": 1, "y": 2})
    assert merge_json(revisions, MergeRules())["values"] == {"x": None, "y": 2}


def test_three_lists_are_united(tmp_path: Path) -> None:
    a = {"id": "a", "parents": [], "patch": {"x": 1}, "at": None}
    b = {"id": "b", "parents": ["a"], "patch": {"y": 2}, "at": None}
    c = {"id": "c", "parents": ["a"], "patch": {"z": 3}, "at": None}
    status, output = run(tmp_path, [a], [a, b], [a, c])
    assert status == 0
    assert json.loads(output)["values"] == {"x": 1, "y": 2, "z": 3}


@pytest.mark.parametrize(
    ("files", "rules", "says"),
    [
        ([{"a": 1}], None, "must be a JSON list"),
        (["{"], None, "is not JSON"),
        ([[1]], None, "revision 0 must be an object with a text id"),
        ([[{"id": "a", "more": 1}]], None, "unknown keys: more"),
        ([[{"id": "a", "at": 1.5}]], None, "at must be milliseconds"),
        ([[{"id": "a", "parents": "b"}]], None, "parents must be a list of texts"),
        ([[{"id": "a", "patch": []}]], None, "patch must be an object"),
        ([[{"id": "a", "patch": {"x": {}}}]], None, "revision 0, x: a value is"),
        (['[{"id": "a", "patch": {"x": NaN}}]'], None, "revision 0, x: a value is"),
        ([[{"id": "a", "tags": {"x": 1}}]], None, "a tag must be a text"),
        ([[{"id": "a", "consents": 1}]], None, "consents must be a list"),
        ([[{"id": "a", "consents": [1]}]], None, "a consent is an object"),
        ([[{"id": "a", "consents": [{"decisions": {"p": "no"}}]}]], None, "a decision is one of"),
        ([[{"id": "a"}, {"id": "a", "patch": {"x": 1}}]], None, "stands for two revisions"),
        ([[], []], None, "give one file of revisions, or three"),
        ([[], [], {}], None, "BASE must be an object"),
        ([[]], [], "the rules must be a JSON object"),
        ([[]], {"rules": {}}, "the rules know fields, groups and choices, not rules"),
        ([[]], {"fields": {"x": "newest"}}, "the rule of x must be one of"),
        ([[]], {"fields": []}, "fields in the rules must be an object"),
        ([[]], {"groups": {"g": "x"}}, "groups.g in the rules must be a list of texts"),
        ([[]], {"groups": {"g": ["x"], "h": ["x"]}}, "x is in two groups: g and h"),
        ([[]], {"groups": {"g": ["x"]}, "fields": {"x": "max"}}, "group g is taken whole"),
        (
            [[]],
            {"groups": {"g": ["x", "y"]}, "fields": {"x": "latest"}},
            "not latest, review",
        ),
    ],
)
def test_bad_input_says_what_to_change(
    tmp_path: Path, files: list[object], rules: object, says: str
) -> None:
    status, output = run(tmp_path, *files, rules=rules)
    assert status == 2
    assert says in " ".join(output.split())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "none.json")])
    assert result.exit_code == 2
    assert "cannot read" in result.output


def test_rules_must_be_an_object() -> None:
    with pytest.raises(UsageError):
        rules_from_json(3)
