"""Which further cells to hide so that no attacker comes too close to those that must be.

Protect the targets one after another by the cheapest deviation, hiding what gives; then go
through the hidden cells, dearest first, and publish each one whose help can be replaced among the
cells hidden anyway. Deviations found are kept: one that protects a cell usually protects others
too, so few programmes need solving. Measured against other tools in tests/bench; elimination over
GF(p) as a start was slower and hid more. Rules DISC-030..033.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from server.aggregates.deviation import Deviations
from server.aggregates.exact import ExactLimits, protect_exactly
from server.aggregates.needs import Needs
from server.aggregates.system import Floats, Ints, Key, Mask, System
from shared.errors import DisclosureRisk

_HIDDEN_COST = 1e-3
"""Cells hidden anyway are almost free, but not free: short detours make witnesses that last."""
_HELPER_SHARE = 0.1
"""While pruning, cells that may yet be published cost a tenth: deviations learn to avoid them."""


@dataclass
class Pattern:
    """What is hidden, and deviations that prove it is enough."""

    hidden: Mask
    witnesses: list[Floats] = field(default_factory=list)
    programmes: int = 0
    """Linear programmes solved."""


class _Doubt:
    """How far known deviations move each target; grows as deviations are found."""

    def __init__(self, system: System, needs: Needs) -> None:
        self._values, self._needs = system.values, needs
        self.low = np.zeros(system.size)
        self.high = np.zeros(system.size)

    def add(self, witness: Floats) -> None:
        """Count what one more deviation reaches."""
        np.minimum(self.low, witness, out=self.low)
        np.maximum(self.high, witness, out=self.high)

    def met(self) -> Mask:
        """Tell for each cell whether its needs are met."""
        return self._needs.met(self._values + self.low, self._values + self.high)

    def missing(self, cell: int) -> tuple[float, float]:
        """Return how far a cell must still go down (<= 0) and up (>= 0)."""
        value = float(self._values[cell])
        down = min(0.0, float(self._needs.low[cell]) - value)
        reach = min(down, float(self.low[cell]))
        up = max(0.0, float(self._needs.high[cell]) - value, float(self._needs.width[cell]) + reach)
        return (
            0.0 if self.low[cell] <= down else down,
            0.0 if self.high[cell] >= up else up,
        )


@dataclass(frozen=True)
class Task:
    """What to protect.

    Attributes:
        cost: what hiding a cell loses.
        hidden: cells hidden beforehand, which stay so.
        published: cells an attacker already knows; they can no longer be hidden.
        parts: sets of cells, as one per table, within which to look first: a small programme is
            solved many times faster, and totals that other tables share stay put.
    """

    system: System
    needs: Needs
    cost: Floats
    hidden: Mask | None = None
    published: Mask | None = None
    parts: tuple[Mask, ...] = ()

    @property
    def able(self) -> Mask:
        """Cells that may be hidden."""
        everything = np.ones(self.system.size, dtype=bool)
        return everything if self.published is None else ~self.published

    @property
    def must(self) -> Mask:
        """Cells that are hidden in any case."""
        hidden = self.needs.targets | self.system.virtual
        return (hidden if self.hidden is None else hidden | self.hidden) & self.able


def protect(task: Task, exact: ExactLimits | None = None) -> Pattern:
    """Return a pattern under which every target is as uncertain as it needs to be.

    With `exact`, a system within its limits is also solved exactly, and the better pattern taken.

    Raises:
        DisclosureRisk: a target cannot be protected even if every cell is hidden.
    """
    pattern = _publish_again(task, _hide(task))
    best = None
    if exact is not None and task.published is None:
        best = protect_exactly(task.system, task.needs, task.cost, task.must, exact)
    if best is not None and task.cost[best[0]].sum() < task.cost[pattern.hidden].sum():
        return Pattern(best[0], best[1], pattern.programmes + 1)
    return pattern


def _hide(task: Task) -> Pattern:
    """Hide what the cheapest deviations use, target by target."""
    system, able = task.system, task.able
    pattern = Pattern(task.must.copy())
    search = _Search(task)
    doubt = _Doubt(system, task.needs)
    for cell in _leaves_first(system, task.needs):
        for programme in search.programmes(cell) if able[cell] else ():
            for witness in _satisfy(programme, doubt, cell, pattern):
                used = np.flatnonzero((witness != 0) & ~pattern.hidden)
                pattern.hidden[used] = True
                search.hide(used)
            if doubt.met()[cell]:
                break
        if not doubt.met()[cell]:
            raise DisclosureRisk(
                f"{name_cell(system.keys[cell])} cannot be protected even if all cells are hidden; "
                "publish the table at a coarser level"
            )
    return pattern


class _Search:
    """Programmes over parts of a system and over all of it, made when first needed."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._cost = np.where(task.must, _HIDDEN_COST, task.cost)
        parts = [part & task.able for part in task.parts if not part.all()]
        parts.sort(key=lambda part: int(part.sum()))
        # First among cells hidden anyway: what they can do for each other costs nothing.
        self._areas = [*([task.must] if parts else []), *parts, task.able]
        self._made: dict[int, Deviations] = {}

    def programmes(self, cell: int) -> Iterator[Deviations]:
        """Yield programmes over hidden cells, over the smallest part with the cell, over all."""
        inside = [place for place, part in enumerate(self._areas) if part[cell]]
        for place in dict.fromkeys((*inside[:2], inside[-1])):
            if place not in self._made:
                self._made[place] = Deviations(self._task.system, self._cost, self._areas[place])
            yield self._made[place]

    def hide(self, cells: Ints) -> None:
        """Make cells that are hidden now almost free."""
        self._cost[cells] = _HIDDEN_COST
        for place, programme in self._made.items():
            for cell in cells[self._areas[place][cells]]:
                programme.set_cost(int(cell), _HIDDEN_COST)


def _publish_again(task: Task, pattern: Pattern) -> Pattern:
    """Publish each helper whose part other hidden cells can take, dearest first."""
    system, must = task.system, task.must
    cost = np.where(must, _HIDDEN_COST, task.cost * _HELPER_SHARE)
    programme = Deviations(system, cost, pattern.hidden)
    targets = np.flatnonzero(task.needs.targets)
    kept = _Kept(pattern.hidden, pattern.witnesses)
    hidden = pattern.hidden.copy()
    solved = Pattern(hidden, programmes=pattern.programmes)
    helpers = np.flatnonzero(hidden & ~must)
    for helper in helpers[np.argsort(-task.cost[helpers], kind="stable")]:
        doubt = _Doubt(system, task.needs)
        doubt.low, doubt.high = kept.reach_without(int(helper))
        programme.pin(int(helper))
        replaced = True
        for cell in targets[~doubt.met()[targets]]:
            if doubt.met()[cell]:
                continue  # a deviation found for the one before helps this one too
            for witness in _satisfy(programme, doubt, int(cell), solved):
                kept.add(witness)
            if not doubt.met()[cell]:
                replaced = False
                break
        if replaced:
            hidden[helper] = False
            kept.drop(int(helper))
        else:
            programme.unpin(int(helper))
    return Pattern(hidden, kept.all(), solved.programmes)


def _satisfy(programme: Deviations, doubt: _Doubt, cell: int, pattern: Pattern) -> list[Floats]:
    """Find the deviations a target still lacks: down first, then up; none where there are none."""
    found: list[Floats] = []
    for direction in (0, 1):
        wanted = doubt.missing(cell)[direction]
        if wanted == 0:
            continue
        witness = programme.move(cell, wanted)
        pattern.programmes += 1
        if witness is not None:
            doubt.add(witness)
            pattern.witnesses.append(witness)
            found.append(witness)
    return found


class _Kept:
    """Deviations as rows of one growing matrix over the hidden cells."""

    def __init__(self, hidden: Mask, witnesses: list[Floats]) -> None:
        self._cells = np.flatnonzero(hidden)
        self._column = np.full(len(hidden), -1, dtype=np.int64)
        self._column[self._cells] = np.arange(len(self._cells))
        self._rows = np.zeros((max(64, 2 * len(witnesses)), len(self._cells)))
        self._valid = np.zeros(len(self._rows), dtype=bool)
        self._used = 0
        for witness in witnesses:
            self.add(witness)

    def add(self, witness: Floats) -> None:
        """Keep one more deviation."""
        if self._used == len(self._rows):
            keep = np.flatnonzero(self._valid[: self._used])
            grown = np.zeros((2 * max(64, len(keep)), len(self._cells)))
            grown[: len(keep)] = self._rows[keep]
            self._rows, self._used = grown, len(keep)
            self._valid = np.arange(len(grown)) < len(keep)
        self._rows[self._used] = witness[self._cells]
        self._valid[self._used] = True
        self._used += 1

    def reach_without(self, cell: int) -> tuple[Floats, Floats]:
        """Return how far down and up the rows that leave `cell` alone move every cell."""
        chosen = self._rows[: self._used][self._valid[: self._used] & self._still(cell)]
        low, high = np.zeros(len(self._column)), np.zeros(len(self._column))
        if len(chosen):
            low[self._cells] = np.minimum(chosen.min(axis=0), 0)
            high[self._cells] = np.maximum(chosen.max(axis=0), 0)
        return low, high

    def drop(self, cell: int) -> None:
        """Forget the rows that move a cell: it is published now."""
        self._valid[: self._used] &= self._still(cell)

    def all(self) -> list[Floats]:
        """Return the rows still valid, over all cells."""
        found = []
        for row in self._rows[: self._used][self._valid[: self._used]]:
            full = np.zeros(len(self._column))
            full[self._cells] = row
            found.append(full)
        return found

    def _still(self, cell: int) -> Mask:
        """Tell for each row whether it leaves a cell alone."""
        still: Mask = self._rows[: self._used, self._column[cell]] == 0
        return still


def _leaves_first(system: System, needs: Needs) -> list[int]:
    """Order targets: most detailed first, then smallest; measured to hide least (tests/bench)."""
    targets = np.flatnonzero(needs.targets)
    return sorted(
        (int(cell) for cell in targets),
        key=lambda cell: (-len(system.keys[cell][1]), system.values[cell], cell),
    )


def name_cell(key: Key) -> str:
    """Name a cell for people: measure and categories, no number."""
    measure, where = key
    return f"{measure} of " + (", ".join(f"{name} {code}" for name, code in where) or "all")
