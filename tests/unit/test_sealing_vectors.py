"""The committed vectors hold, and the generator still makes the very same files."""

import re

import pytest
from sealing_vector_cases import cases
from vector_ops import FOLDER, Vector, load_all, run

VECTORS = list(load_all())
SPECS = FOLDER.parents[2] / "docs" / "spec"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vector_holds(vector: Vector) -> None:
    assert run(vector.op, vector.inputs) == (vector.expect, vector.output)


def test_the_generator_makes_the_committed_files() -> None:
    """SEAL-042's hybrid vector keeps its sealed bytes; all others come from fixed seeds."""
    made = {vector.name: vector.text() for vector in cases()}
    committed = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert made == committed


def test_most_vectors_are_refusals() -> None:
    refused = [vector for vector in VECTORS if vector.expect != "success"]
    assert len(refused) > len(VECTORS) // 2
    assert len({vector.expect for vector in VECTORS}) == 10


def test_every_vector_names_a_rule_that_exists() -> None:
    specs = [path.read_text(encoding="utf-8") for path in SPECS.glob("s*.md")]
    rules = set(re.findall(r"\*\*([A-Z]+-\d{3})\*\*", "".join(specs)))
    assert {vector.rule for vector in VECTORS} <= rules
