"""Protect one group under the classes of its products. Rules DISC-020..033.

A cell takes the class of the most sensitive table a reader finds it in. Classes are worked off
from the least upwards, each keeping what the one below hid: so raising a class never releases more
(DISC-025).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.aggregates.exact import ExactLimits
from server.aggregates.group import ALL_LEVELS, Group, codes_of, depth_of, table_cells
from server.aggregates.needs import Needs, combine
from server.aggregates.primary import primary_needs
from server.aggregates.suppress import Pattern, Task, protect
from server.aggregates.system import Floats, Ints, Mask
from server.aggregates.tabulate import Tabulated
from server.aggregates.thresholds import SensitivityClass, Thresholds


@dataclass(frozen=True)
class Disclosed:
    """One group, protected.

    Attributes:
        shown: cells a reader finds in some table, hidden or not.
        levels: smallest area level of each table.
        ranks: class of each cell, as its place in the order of classes.
    """

    group: Group
    needs: Needs
    pattern: Pattern
    shown: Mask
    levels: tuple[int, ...]
    ranks: Ints

    @property
    def hidden(self) -> Mask:
        """Cells of some table that are not published."""
        return self.pattern.hidden & self.shown


def class_of(table: Tabulated, thresholds: Thresholds) -> SensitivityClass:
    """Return the class of a table's product: its own, else what its fields demand (REL-007)."""
    named = table.product.sensitivity
    return thresholds.find(named or thresholds.of_fields(list(table.disclosures)))


def disclose(
    group: Group,
    thresholds: Thresholds,
    *,
    extra: Needs | None = None,
    published: Mask | None = None,
    hidden_before: Mask | None = None,
) -> Disclosed:
    """Return the group with a pattern that protects every cell.

    Args:
        group: the tables.
        thresholds: every parameter.
        extra: needs beyond those of the numbers themselves (small changes, DISC-050).
        published: cells an earlier release of the same numbers shows; they cannot be hidden.
        hidden_before: cells the release before hid; hiding them again costs less.

    Raises:
        DisclosureRisk: a cell cannot be protected; the message names it.
    """
    system = group.system
    classes = [class_of(table, thresholds) for table in group.tables]
    levels = tuple(rule.area_level_max for rule in classes)
    shown, ranks = _shown(group, levels, [thresholds.rank(rule.name) for rule in classes])
    cost = _cost(system.values, thresholds, hidden_before)
    limits = ExactLimits(
        thresholds.exact_cells_max, thresholds.exact_targets_max, thresholds.exact_nodes
    )
    # Cells below a class's area level are left out of its tables; to an attacker they are unknown.
    pattern = Pattern(~shown)
    parts = _parts(group)
    left_out = np.zeros(system.size, dtype=bool)
    needs: Needs | None = None
    for rank in range(int(ranks.max(initial=0)) + 1):
        needs = _needs_up_to(group, thresholds, ranks, rank)
        if extra is not None:
            needs = combine(needs, extra)
        left_out |= _faces(group, needs, thresholds)
        needs = _without(group, needs, left_out)
        task = Task(system, needs, cost, pattern.hidden | left_out, published, parts)
        pattern = protect(task, limits)
    assert needs is not None
    return Disclosed(group, needs, pattern, shown, levels, ranks)


def _shown(group: Group, levels: Sequence[int], ranks: Sequence[int]) -> tuple[Mask, Ints]:
    """Return which cells readers find, and the highest class of a table each is found in."""
    shown = np.zeros(group.system.size, dtype=bool)
    highest = np.zeros(group.system.size, dtype=np.int64)
    for number, (level, rank) in enumerate(zip(levels, ranks, strict=True)):
        cells = table_cells(group, number, level)
        shown[cells] = True
        highest[cells] = np.maximum(highest[cells], rank)
    for rest in group.rests:
        parts = [group.system.index[key] for key, _ in rest.form.terms]
        highest[group.system.index[rest.form.key]] = highest[parts].max()
    return shown, highest


def _faces(group: Group, needs: Needs, thresholds: Thresholds) -> Mask:
    """Return the cells of every face of a table that would be mostly holes (DISC-034).

    A face is one combination of dimensions (and area level). One that must hide more of its filled
    cells than policy allows says little any more: it is left out, and its margins are published.
    """
    system, targets = group.system, needs.targets
    faces: dict[tuple[int, ...], list[int]] = {}
    for number, table in enumerate(group.tables):
        cells = table_cells(group, number, ALL_LEVELS)
        for cell, codes in zip(cells, codes_of(table, ALL_LEVELS), strict=True):
            depths = (
                depth_of(axis.parents, code) for axis, code in zip(table.axes, codes, strict=True)
            )
            faces.setdefault((number, *depths), []).append(cell)
    hidden = np.zeros(system.size, dtype=bool)
    for cells in faces.values():
        filled = [cell for cell in cells if system.values[cell] > 0]
        large = len(cells) >= thresholds.face_cells_min
        if filled and large and targets[filled].mean() > thresholds.face_share_max:
            hidden[cells] = True
    return hidden


def _without(group: Group, needs: Needs, left_out: Mask) -> Needs:
    """Return needs that ask nothing of cells left out, nor of what is subtracted from them."""
    nothing = left_out.copy()
    for rest in group.rests:
        if any(left_out[group.system.index[key]] for key, _ in rest.form.terms):
            nothing[group.system.index[rest.form.key]] = True
    return Needs(
        np.where(nothing, np.inf, needs.low),
        np.where(nothing, -np.inf, needs.high),
        np.where(nothing, 0.0, needs.width),
        tuple("" if nothing[cell] else why for cell, why in enumerate(needs.reasons)),
    )


def _parts(group: Group) -> tuple[Mask, ...]:
    """Return the cells of each table with all that is tied to them but belongs to no table."""
    system = group.system
    parts = []
    for number in range(len(group.tables)):
        part = np.zeros(system.size, dtype=bool)
        part[table_cells(group, number, ALL_LEVELS)] = True
        touched = np.zeros(system.size, dtype=bool)
        for cells, _ in system.rows():
            if part[cells].any():
                touched[cells] = True
        parts.append(part | (touched & system.virtual) | _crossings(group))
    return tuple(parts)


def _crossings(group: Group) -> Mask:
    """Return the cells behind rings: any table's cell is a sum of those (DISC-012)."""
    of_rests = [group.system.index[rest.form.key] for rest in group.rests]
    cells = group.system.virtual.copy()
    cells[of_rests] = False
    return cells


def _needs_up_to(group: Group, thresholds: Thresholds, ranks: Ints, rank: int) -> Needs:
    """Return each cell's needs under its class, or under `rank` where its class is higher."""
    found = [
        primary_needs(group.system, group.facts, rule, group.rests)
        for rule in thresholds.classes[: rank + 1]
    ]
    mine = np.minimum(ranks, rank)
    places = np.arange(group.system.size)
    return Needs(
        np.stack([needs.low for needs in found])[mine, places],
        np.stack([needs.high for needs in found])[mine, places],
        np.stack([needs.width for needs in found])[mine, places],
        tuple(found[mine[cell]].reasons[cell] for cell in places),
    )


def _cost(values: Floats, thresholds: Thresholds, hidden_before: Mask | None) -> Floats:
    """Return what hiding each cell loses."""
    cost = values + thresholds.cell_cost
    if hidden_before is not None:
        cost = np.where(hidden_before, cost * thresholds.hidden_before, cost)
    return cost
