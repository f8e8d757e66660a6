"""The proof that an attack failed: whole tables that fit all a reader knows. Rule DISC-044.

Anyone at the mission can check it later without a solver, against nothing but what was published.
It stays there: tables near the truth tell about it.
"""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from server.aggregates.aims import Aims, Values
from server.aggregates.attacker import Attack, fits
from server.aggregates.knowledge import gather
from server.aggregates.ledger import name_from_json, name_json, target_from_json, target_json
from server.aggregates.published import CellName, Known, PublishedTable, Target


@dataclass(frozen=True)
class Assumed:
    """What one attacker reads and takes for granted.

    Attributes:
        reader: the audience whose releases are read; "" for this release alone.
        grow: whether records are taken to grow only.
        known: common knowledge of two measures.
    """

    group: str
    reader: str
    grow: bool
    known: tuple[Known, ...]


@dataclass(frozen=True)
class Certificate:
    """One attack's proof.

    Attributes:
        cells: unknown cells, in the order of each table's numbers.
        targets: what the attacker must stay unsure about.
        tables: numbers of the unknown cells; each fits all that is published.
    """

    assumed: Assumed
    cells: tuple[CellName, ...]
    targets: tuple[Target, ...]
    tables: tuple[tuple[int, ...], ...]

    def holds(self, published: Sequence[PublishedTable]) -> bool:
        """Tell whether the tables fit these published ones, and leave every target in doubt."""
        assumed = self.assumed
        attack = Attack(gather(published, assumed.known, records_only_grow=assumed.grow))
        unknown = attack.knowledge.unknown
        if set(unknown) != set(self.cells):
            return False
        order = np.array([unknown[name] for name in self.cells], dtype=np.int64)
        aims = Aims(attack.knowledge, self.targets)
        for table in self.tables:
            values = np.zeros(len(unknown))
            values[order] = table
            if not fits(attack.matrix, values, whole=True):
                return False
            aims.see(values)
        return bool(aims.safe().all())


def certify(
    attack: Attack, targets: Sequence[Target], witnesses: Iterable[Values], assumed: Assumed
) -> Certificate:
    """Return a certificate of those witnesses that still add doubt, in the order given."""
    aims = Aims(attack.knowledge, targets)
    kept: list[tuple[int, ...]] = []
    for witness in witnesses:
        lacking = ~aims.safe()
        low, high = aims.low.copy(), aims.high.copy()
        aims.see(witness)
        if (lacking & ((aims.low < low) | (aims.high > high))).any():
            kept.append(tuple(int(number) for number in np.round(witness)))
    cells = tuple(attack.knowledge.unknown)
    return Certificate(assumed, cells, tuple(targets), tuple(kept))


def dump(certificates: Iterable[Certificate]) -> bytes:
    """Return certificates as compressed JSON; the same ones give the same bytes."""
    data = [
        {
            "group": one.assumed.group,
            "reader": one.assumed.reader,
            "grow": one.assumed.grow,
            "known": [_known_json(fact) for fact in one.assumed.known],
            "cells": [name_json(name) for name in one.cells],
            "targets": [target_json(target) for target in one.targets],
            "tables": [list(table) for table in one.tables],
        }
        for one in certificates
    ]
    return gzip.compress(json.dumps(data, separators=(",", ":")).encode(), mtime=0)


def load(data: bytes) -> list[Certificate]:
    """Read what `dump` wrote."""
    return [
        Certificate(
            Assumed(
                each["group"],
                each["reader"],
                each["grow"],
                tuple(_known(fact) for fact in each["known"]),
            ),
            tuple(name_from_json(name) for name in each["cells"]),
            tuple(target_from_json(target) for target in each["targets"]),
            tuple(tuple(table) for table in each["tables"]),
        )
        for each in json.loads(gzip.decompress(data))
    ]


def _known_json(fact: Known) -> dict[str, Any]:
    where = None
    if fact.where is not None:
        where = sorted([list(part) for part in place] for place in fact.where)
    return {"of": fact.of, "per": fact.per, "low": fact.low, "high": fact.high, "where": where}


def _known(data: Mapping[str, Any]) -> Known:
    where = None
    if data["where"] is not None:
        where = frozenset(tuple((n, c) for n, c in place) for place in data["where"])
    return Known(data["of"], data["per"], data["low"], data["high"], where)
