"""Finds the shared data beside a checkout; tests skip, with a notice, where it is not."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest


def shared_data() -> Path | None:
    """Return .../shared/data, or None."""
    named = os.environ.get("CAIRN_SHARED")
    candidates = [Path(named)] if named else []
    # A worktree lies one folder deeper than a clone.
    candidates += [Path(__file__).resolve().parents[up] / "shared" for up in (3, 4)]
    return next((c / "data" for c in candidates if (c / "data").is_dir()), None)


def need_shared_data() -> Path:
    """Return .../shared/data or skip the test."""
    found = shared_data()
    if found is None:
        pytest.skip("the shared data is not beside this checkout; set CAIRN_SHARED to its folder")
    return found


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def exceptions(name: str) -> dict[str, str]:
    """Return case id -> reason from tests/vectors/forms."""
    path = Path(__file__).resolve().parents[1] / "vectors" / "forms" / name
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found
