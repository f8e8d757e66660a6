"""New numbers or the old ones again? The late-record gate. Rules DISC-050..052.

Weekly tables differ by a few people, and subtracting two releases would show just those. So a
changed group is published anew only if every small change can be hidden at a bearable loss and no
joint attack finds it; else the earlier numbers stand, marked with their release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from server.aggregates.audit import (
    AuditResult,
    Least,
    Number,
    audit,
    changes,
    published_of,
    targets_for,
)
from server.aggregates.disclose import Disclosed, class_of, disclose
from server.aggregates.group import Group, cell_name
from server.aggregates.ledger import GroupEntry, Ledger, readers_of
from server.aggregates.needs import Needs, no_needs
from server.aggregates.products import AREA
from server.aggregates.published import CellName, Target
from server.aggregates.system import Mask
from server.aggregates.thresholds import Thresholds
from shared.errors import DisclosureRisk

NEW: Final = "new"
UNCHANGED: Final = "unchanged"
CARRIED: Final = "carried"
_NAMED_MAX: Final = 20
"""Cells a refusal names; the rest is counted."""


@dataclass(frozen=True)
class Decision:
    """What a release says of one group.

    Attributes:
        state: new numbers; the same numbers again; or carried, because new ones would tell.
        entry: what goes into the release and the ledger.
        reason: why it was carried.
        waiting: products that could not be added because the group was carried.
    """

    state: str
    entry: GroupEntry
    disclosed: Disclosed | None = None
    result: AuditResult | None = None
    reason: str = ""
    waiting: tuple[str, ...] = ()


def decide_group(
    group: Group, ledger: Ledger, audience: str, number: int, thresholds: Thresholds
) -> Decision:
    """Return new numbers where they are safe beside all earlier ones, else the earlier ones.

    Raises:
        DisclosureRisk: the first release of a group cannot be made safe; names the cells.
    """
    last = ledger.last(group.name, audience)
    vintage = ledger.vintage_of(group.name, {n: v.value for n, v in _numbers(group, 0).items()})
    if last is not None and last.vintage == vintage and _same_products(group, last):
        return Decision(UNCHANGED, _again(last, number))
    seen = [ledger.seen_by(group.name, reader) for reader in readers_of(audience)]
    small = [_small_changes(group, entries, vintage, thresholds) for entries in seen]
    try:
        disclosed = _protect(group, seen[0], small[0], vintage, thresholds)
    except DisclosureRisk as risk:
        if last is None:
            raise
        return _carry(group, last, number, f"no safe pattern: {risk.message}")
    if last is not None and (loss := _loss(disclosed, last, thresholds)):
        return _carry(group, last, number, loss)
    result = _attack(disclosed, vintage, seen, small, readers_of(audience))
    if not result.safe:
        if last is None:
            raise DisclosureRisk(_breach_text(result))
        return _carry(group, last, number, "an attacker with both releases would come too close")
    numbers = _numbers(group, vintage)
    entry = GroupEntry(
        group.name,
        vintage,
        audience,
        number,
        number,
        tuple(table.product.id for table in group.tables),
        tuple(published_of(disclosed, vintage)),
        {name: number.value for name, number in numbers.items()},
        {name: number.owners for name, number in numbers.items()},
        tuple(targets_for(disclosed, vintage)),
    )
    return Decision(NEW, entry, disclosed, result)


def _protect(
    group: Group,
    mine: Sequence[GroupEntry],
    small: Sequence[Target],
    vintage: int,
    thresholds: Thresholds,
) -> Disclosed:
    """Protect the new numbers with every small change since the readers' releases hidden."""
    return disclose(
        group,
        thresholds,
        extra=_change_needs(group, mine, small),
        published=_published_before(group, mine, vintage),
        hidden_before=_hidden_before(group, mine),
    )


def _attack(
    disclosed: Disclosed,
    vintage: int,
    seen: Sequence[Sequence[GroupEntry]],
    small: Sequence[Sequence[Target]],
    readers: Sequence[str],
) -> AuditResult:
    """Attack as the audience's readers could, then as readers who see more."""
    mine = seen[0]
    result = audit(disclosed, vintage, mine, small[0], readers[0])
    for reader, others, changed in zip(readers[1:], seen[1:], small[1:], strict=True):
        if result.safe and others != mine:
            wider = audit(disclosed, vintage, others, changed, reader)
            result.breaches += wider.breaches
            result.attacks += wider.attacks
            result.certificates += wider.certificates
    return result


def _numbers(group: Group, vintage: int) -> dict[CellName, Number]:
    """Return the true numbers of a group's cells."""
    system = group.system
    return {
        cell_name(group, key, vintage): Number(
            float(system.values[cell]), group.facts[key[0]].counts.get(key[1], 0)
        )
        for cell, key in enumerate(system.keys)
        if not system.virtual[cell]
    }


def _small_changes(
    group: Group, before: Sequence[GroupEntry], vintage: int, thresholds: Thresholds
) -> list[Target]:
    """Return every change since earlier vintages that is too small to be seen."""
    strictest = max(
        (class_of(table, thresholds) for table in group.tables),
        key=lambda rule: thresholds.rank(rule.name),
    )
    least = {
        f"{group.name}/{measure}": Least(
            fact.fewest(strictest),
            strictest.households if fact.contributors == "households" else 0,
        )
        for measure, fact in group.facts.items()
    }
    numbers = _numbers(group, vintage)
    return [change for entry in before for change in changes(numbers, entry, vintage, least)]


def _change_needs(
    group: Group, before: Sequence[GroupEntry], small: Sequence[Target]
) -> Needs | None:
    """Return needs that hide every cell published before that changed by too little to be seen."""
    published = {name for entry in before for name in _published_names(entry)}
    needs = no_needs(group.system.size)
    reasons = list(needs.reasons)
    for change in small:
        now, old = change.terms[0][0], change.terms[1][0]
        cell = group.system.index.get((now.measure.removeprefix(f"{group.name}/"), now.where))
        if cell is not None and old in published:
            needs.width[cell] = max(needs.width[cell], change.width)
            reasons[cell] = change.reason
    if not needs.targets.any():
        return None
    return Needs(needs.low, needs.high, needs.width, tuple(reasons))


def _published_before(group: Group, before: Sequence[GroupEntry], vintage: int) -> Mask | None:
    """Return cells of this very vintage that readers know already."""
    known = {
        (name.measure, name.where)
        for entry in before
        if entry.vintage == vintage
        for name in _published_names(entry)
    }
    if not known:
        return None
    return np.array(
        [(f"{group.name}/{measure}", where) in known for measure, where in group.system.keys]
    )


def _hidden_before(group: Group, before: Sequence[GroupEntry]) -> Mask | None:
    """Return cells the newest release seen hid; hiding them again keeps the pattern."""
    if not before:
        return None
    published = {(name.measure, name.where) for name in _published_names(before[-1])}
    named = {(name.measure, name.where) for name in before[-1].values}
    return np.array(
        [
            (f"{group.name}/{measure}", where) in named
            and (f"{group.name}/{measure}", where) not in published
            for measure, where in group.system.keys
        ]
    )


def _published_names(entry: GroupEntry) -> set[CellName]:
    """Return the cells an entry shows a number for."""
    return {
        name for table in entry.tables for name, value in table.named_cells() if value is not None
    }


def _same_products(group: Group, last: GroupEntry) -> bool:
    """Tell whether the last release had exactly these products."""
    return {table.product.id for table in group.tables} == set(last.products)


def _again(last: GroupEntry, number: int) -> GroupEntry:
    """Return the last entry as part of another release."""
    return GroupEntry(
        last.group,
        last.vintage,
        last.audience,
        number,
        last.as_of,
        last.products,
        last.tables,
        last.values,
        last.owners,
        last.targets,
    )


def _carry(group: Group, last: GroupEntry, number: int, reason: str) -> Decision:
    """Keep the earlier numbers; what is new has to wait for company."""
    new = {table.product.id for table in group.tables} - set(last.products)
    return Decision(CARRIED, _again(last, number), reason=reason, waiting=tuple(sorted(new)))


def _loss(disclosed: Disclosed, last: GroupEntry, thresholds: Thresholds) -> str:
    """Return why new numbers would cost too much that readers had; "" when they would not."""
    group = disclosed.group
    published = {(name.measure, name.where) for name in _published_names(last)}
    index = {
        (f"{group.name}/{measure}", where): cell
        for (measure, where), cell in group.system.index.items()
    }
    common = [cell for key in published if (cell := index.get(key)) is not None]
    lost = [cell for cell in common if disclosed.hidden[cell]]
    for cell in lost:
        where = dict(group.system.keys[cell][1])
        depth = _area_depth(group, where.get(AREA, ""))
        if set(where) <= {AREA} and depth in thresholds.levels_kept:
            return "a small change would hide the total of a whole region"
    share = len(lost) / len(common) if common else 0.0
    if share > thresholds.loss_max:
        return f"small changes would hide {share:.0%} of the numbers published before"
    return ""


def _area_depth(group: Group, code: str) -> int:
    """Return the level of an area; 0 for the whole country."""
    parents: dict[str, str] = {}
    for table in group.tables:
        for axis in table.axes:
            if axis.name == AREA:
                parents.update(axis.parents)
    depth = 0
    while code in parents:
        code, depth = parents[code], depth + 1
    return depth


def _breach_text(result: AuditResult) -> str:
    """Name the cells an attacker comes too close to, without their numbers."""
    names = sorted({str(finding.target.terms[0][0]) for finding in result.breaches})
    more = len(names) - _NAMED_MAX
    shown = "; ".join(names[:_NAMED_MAX]) + (f"; and {more} more" if more > 0 else "")
    return f"the release is refused, an attacker comes too close to {len(names)} cells: {shown}"
