"""The generator's knowledge: which answers count at which release."""

import json
from pathlib import Path

from server.demo.truth import Truth


def test_versions_and_withdrawals_follow_the_releases(tmp_path: Path) -> None:
    truth = Truth(5)
    truth.add("a", "f", 1, {"/x": "1"}, at=1)
    truth.add("late", "f", 1, {"/x": "9"}, at=2)
    truth.revise("a", {"/x": "2"}, at=2)
    truth.withdraw("a", at=3)
    assert truth.live(1) == {"a": {"/x": "1"}}
    assert truth.live(2) == {"a": {"/x": "2"}, "late": {"/x": "9"}}
    assert truth.live(3) == {"late": {"/x": "9"}}
    truth.write(tmp_path / "truth.json")
    read = json.loads((tmp_path / "truth.json").read_text())
    assert read["records"][0]["withdrawn_at_release"] == 3
    assert [v["from_release"] for v in read["records"][0]["versions"]] == [1, 2]
    assert read["rounds"] == [1]
