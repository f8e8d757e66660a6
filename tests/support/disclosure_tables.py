"""Small tables and their systems, for tests of protection and attack."""

import csv
import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from server.aggregates.attacker import Attack, Outcome
from server.aggregates.knowledge import gather
from server.aggregates.needs import Needs
from server.aggregates.published import TOTAL, CellName, PublishedTable, Target
from server.aggregates.system import (
    Dimension,
    Key,
    Mask,
    System,
    TableSpec,
    build_system,
    coordinate,
    flat,
)

INF = float("inf")


def shared_data(name: str) -> Path:
    """Return a file of the shared disclosure data; skip the test where there is none."""
    root = Path(os.environ.get("CAIRN_SHARED", Path(__file__).parents[3] / "shared"))
    path = root / "data" / "disclosure" / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def sums(
    leaves: Mapping[tuple[str, ...], float], axes: Sequence[Dimension], measure: str = "n"
) -> dict[Key, float]:
    """Return every margin of leaf counts."""

    def above(axis: Dimension, code: str) -> list[str]:
        chain = [code]
        while chain[-1] != TOTAL:
            chain.append(axis.parents[chain[-1]])
        return chain

    found: dict[Key, float] = {}
    for codes, value in leaves.items():
        for cell in product(*(above(axis, code) for axis, code in zip(axes, codes, strict=True))):
            named = dict(zip((axis.name for axis in axes), cell, strict=True))
            key = (measure, coordinate(named))
            found[key] = found.get(key, 0.0) + value
    return found


def table_of(
    leaves: Mapping[tuple[str, ...], float], axes: Sequence[Dimension]
) -> tuple[System, TableSpec]:
    """Return one table as a system."""
    spec = TableSpec("n", tuple(axis.name for axis in axes), axes={a.name: a for a in axes})
    return build_system([spec], {axis.name: axis for axis in axes}, sums(leaves, axes)), spec


def matrix(rows: Sequence[Sequence[float]]) -> tuple[System, TableSpec]:
    """Return a two-way table given by rows."""
    down = flat("r", [f"r{place}" for place in range(len(rows))])
    across = flat("c", [f"c{place}" for place in range(len(rows[0]))])
    leaves = {
        (f"r{i}", f"c{j}"): float(value)
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    }
    return table_of(leaves, [down, across])


def small_needs(system: System, least: float) -> Needs:
    """Return the needs of counts from 1 to least - 1."""
    small = (system.values > 0) & (system.values < least) & ~system.virtual
    return Needs(
        np.full(system.size, INF),
        np.where(small, least, -INF),
        np.where(small, least, 0.0),
        tuple("frequency" if each else "" for each in small),
    )


def publish(system: System, spec: TableSpec, hidden: Mask, vintage: int = 0) -> PublishedTable:
    """Return a table as a reader sees it."""
    cells: dict[tuple[str, ...], float | None] = {}
    axes = [spec.axes[name] for name in spec.dimensions]
    for codes in product(*(axis.codes for axis in axes)):
        cell = system.index[spec.key(codes)]
        cells[codes] = None if hidden[cell] else float(system.values[cell])
    parents = {axis.name: dict(axis.parents) for axis in axes}
    return PublishedTable("g", spec.measure, spec.dimensions, parents, cells, vintage)


def targets(system: System, needs: Needs, vintage: int = 0) -> list[Target]:
    """Return the needs in the attacker's words."""
    return [
        Target(
            ((CellName(vintage, f"g/{system.keys[cell][0]}", system.keys[cell][1]), 1.0),),
            float(needs.low[cell]),
            float(needs.high[cell]),
            float(needs.width[cell]),
            needs.reasons[cell],
        )
        for cell in np.flatnonzero(needs.targets)
    ]


def attack(system: System, specs: Sequence[TableSpec], hidden: Mask, needs: Needs) -> Outcome:
    """Attack published tables over the reals."""
    tables = [publish(system, spec, hidden) for spec in specs]
    return Attack(gather(tables)).run(targets(system, needs))
