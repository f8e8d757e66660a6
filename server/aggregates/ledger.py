"""What was published before, with the truth behind it: the mission's memory for the joint audit.

One entry per release and group. It holds unprotected sums, so it stays in the mission server's
home beside the analytic store and never in a release. Rules DISC-041, DISC-050..052.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.aggregates.published import CellName, PublishedTable, Target

AUDIENCES: tuple[str, ...] = ("public", "partner", "mission")
"""From the widest to the narrowest: who reads one reads those before it too."""


@dataclass(frozen=True)
class GroupEntry:
    """One group as one release published it.

    Attributes:
        products: product of each table.
        values: true numbers of the cells in the tables.
        owners: respondents behind each, where respondents are people.
        targets: what had to stay uncertain.
        as_of: number of the release these numbers were tabulated for.
    """

    group: str
    vintage: int
    audience: str
    number: int
    as_of: int
    products: tuple[str, ...]
    tables: tuple[PublishedTable, ...] = field(repr=False)
    values: Mapping[CellName, float] = field(repr=False)
    owners: Mapping[CellName, int] = field(repr=False)
    targets: tuple[Target, ...] = field(repr=False)


@dataclass(frozen=True)
class Ledger:
    """All entries, oldest first."""

    entries: tuple[GroupEntry, ...] = ()

    def of_group(self, group: str) -> tuple[GroupEntry, ...]:
        """Return the entries of one group, oldest first."""
        return tuple(entry for entry in self.entries if entry.group == group)

    def seen_by(self, group: str, reader: str) -> tuple[GroupEntry, ...]:
        """Return what readers of one audience have seen of a group."""
        rank = AUDIENCES.index(reader)
        return tuple(e for e in self.of_group(group) if AUDIENCES.index(e.audience) <= rank)

    def last(self, group: str, audience: str) -> GroupEntry | None:
        """Return the newest entry of a group for exactly one audience."""
        found = [entry for entry in self.of_group(group) if entry.audience == audience]
        return found[-1] if found else None

    def vintage_of(self, group: str, values: Mapping[CellName, float]) -> int:
        """Return the vintage these numbers are: a known one if equal in every shared cell."""
        entries = self.of_group(group)
        for entry in reversed(entries):
            known = {(n.measure, n.where): value for n, value in entry.values.items()}
            shared = [
                (known[n.measure, n.where], value)
                for n, value in values.items()
                if (n.measure, n.where) in known
            ]
            if shared and all(before == now for before, now in shared):
                return entry.vintage
        return max((entry.vintage for entry in entries), default=0) + 1


def readers_of(audience: str) -> tuple[str, ...]:
    """Return the audiences that can read a release for this one."""
    return AUDIENCES[AUDIENCES.index(audience) :]


def to_json(entry: GroupEntry) -> dict[str, Any]:
    """Return an entry as plain JSON."""
    return {
        "group": entry.group,
        "vintage": entry.vintage,
        "audience": entry.audience,
        "number": entry.number,
        "as_of": entry.as_of,
        "products": list(entry.products),
        "tables": [_table_json(table) for table in entry.tables],
        "values": [[*name_json(name), value] for name, value in entry.values.items()],
        "owners": [[*name_json(name), count] for name, count in entry.owners.items()],
        "targets": [target_json(target) for target in entry.targets],
    }


def from_json(data: Mapping[str, Any]) -> GroupEntry:
    """Read an entry."""
    return GroupEntry(
        group=data["group"],
        vintage=data["vintage"],
        audience=data["audience"],
        number=data["number"],
        as_of=data["as_of"],
        products=tuple(data["products"]),
        tables=tuple(_table(each) for each in data["tables"]),
        values={name_from_json(each[:3]): each[3] for each in data["values"]},
        owners={name_from_json(each[:3]): each[3] for each in data["owners"]},
        targets=tuple(target_from_json(each) for each in data["targets"]),
    )


def name_json(name: CellName) -> list[Any]:
    """Return a cell's name as plain JSON."""
    return [name.vintage, name.measure, [list(part) for part in name.where]]


def name_from_json(data: Sequence[Any]) -> CellName:
    """Read a cell's name."""
    return CellName(data[0], data[1], tuple((part[0], part[1]) for part in data[2]))


def _table_json(table: PublishedTable) -> dict[str, Any]:
    return {
        "group": table.group,
        "measure": table.measure,
        "dimensions": list(table.dimensions),
        "parents": {name: dict(parents) for name, parents in table.parents.items()},
        "cells": [[*codes, value] for codes, value in table.cells.items()],
        "vintage": table.vintage,
        "overlapping": sorted(table.overlapping),
    }


def _table(data: Mapping[str, Any]) -> PublishedTable:
    return PublishedTable(
        data["group"],
        data["measure"],
        tuple(data["dimensions"]),
        data["parents"],
        {tuple(row[:-1]): row[-1] for row in data["cells"]},
        data["vintage"],
        frozenset(data["overlapping"]),
    )


def target_json(target: Target) -> dict[str, Any]:
    """Return a target as plain JSON; bounds that ask nothing are null: JSON knows no infinity."""
    return {
        "terms": [[*name_json(name), part] for name, part in target.terms],
        "low": None if target.low == float("inf") else target.low,
        "high": None if target.high == float("-inf") else target.high,
        "width": target.width,
        "reason": target.reason,
    }


def target_from_json(data: Mapping[str, Any]) -> Target:
    """Read a target."""
    return Target(
        tuple((name_from_json(term[:3]), term[3]) for term in data["terms"]),
        float("inf") if data["low"] is None else data["low"],
        float("-inf") if data["high"] is None else data["high"],
        data["width"],
        data["reason"],
    )


def merge(entries: Iterable[GroupEntry]) -> Ledger:
    """Return a ledger of entries in the order given."""
    return Ledger(tuple(entries))
