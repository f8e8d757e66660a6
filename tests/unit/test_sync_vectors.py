"""The committed sync vectors hold, and the generator still makes the very same files."""

import re

import pytest
from sync_vector_cases import cases
from sync_vector_ops import FOLDER, OPS, Vector, load_all, run

VECTORS = list(load_all())
SPECS = [FOLDER.parents[2] / "docs" / "spec" / name for name in ("sync.md", "lists.md")]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_sync_vector_holds(vector: Vector) -> None:
    assert run(vector.op, vector.inputs) == (vector.expect, vector.output)


def test_the_sync_generator_makes_the_committed_files() -> None:
    made = {vector.name: vector.text() for vector in cases()}
    committed = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert made == committed


def test_every_operation_has_vectors_and_every_vector_a_rule() -> None:
    assert {vector.op for vector in VECTORS} == set(OPS)
    text = "".join(spec.read_text(encoding="utf-8") for spec in SPECS)
    rules = set(re.findall(r"\*\*((?:SYNC|LIST)-\d{3})\*\*", text))
    assert {vector.rule for vector in VECTORS} <= rules
