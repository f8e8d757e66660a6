"""Attack one group as every reader could: this release alone, with all before it, and if it grows.

Rules DISC-040..045, DISC-050.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from server.aggregates.aims import Values
from server.aggregates.attacker import Attack, Finding
from server.aggregates.certificate import Assumed, Certificate, certify
from server.aggregates.disclose import Disclosed
from server.aggregates.group import cell_name, published_tables, targets_of
from server.aggregates.knowledge import gather
from server.aggregates.ledger import GroupEntry
from server.aggregates.published import CellName, PublishedTable, Target
from shared.errors import DisclosureRisk

_CONTRADICTION = "no table fits what {} publishes together with earlier releases; nothing is proved"


@dataclass(frozen=True)
class Number:
    """A true number and how many respondents stand behind it."""

    value: float
    owners: int


@dataclass(frozen=True)
class Least:
    """The least change of a published cell that may be seen: of the count, and of respondents."""

    units: int
    owners: int


@dataclass
class AuditResult:
    """What the attacks found, in numbers fit for a report, and the cells for the steward."""

    targets: int = 0
    breaches: list[Finding] = field(default_factory=list)
    programmes: int = 0
    attacks: int = 0
    certificates: list[Certificate] = field(default_factory=list)
    tightest: float = float("inf")
    """Least distance between an attacker's bounds on any target that needs distance."""

    def merge(self, findings: Sequence[Finding], programmes: int) -> None:
        """Count one attack."""
        self.attacks += 1
        self.programmes += programmes
        self.targets = max(self.targets, len(findings))
        self.breaches += [finding for finding in findings if not finding.safe]
        widths = [f.high - f.low for f in findings if f.target.width > 0]
        self.tightest = min([self.tightest, *widths])

    @property
    def safe(self) -> bool:
        """Tell whether no attack came too close."""
        return not self.breaches


def published_of(disclosed: Disclosed, vintage: int) -> list[PublishedTable]:
    """Return a group's tables as its readers see them."""
    return published_tables(disclosed.group, disclosed.hidden, vintage, disclosed.levels)


def targets_for(disclosed: Disclosed, vintage: int) -> list[Target]:
    """Return what readers must stay unsure about."""
    return targets_of(disclosed.group, disclosed.needs, vintage, disclosed.shown)


def audit(
    disclosed: Disclosed,
    vintage: int,
    before: Sequence[GroupEntry] = (),
    small: Sequence[Target] = (),
    reader: str = "",
) -> AuditResult:
    """Attack a protected group, alone and together with what its readers saw before.

    `small` are changes since then that must not be seen; `reader` names those readers.

    Raises:
        DisclosureRisk: what is published contradicts itself, so that no attack says anything.
    """
    result = AuditResult()
    tables = published_of(disclosed, vintage)
    targets = targets_for(disclosed, vintage)
    known = disclosed.group.known
    alone = Attack(gather(tables, known))
    outcome = alone.run(targets)
    result.merge(outcome.findings, outcome.programmes)
    if not outcome.consistent:
        raise DisclosureRisk(_CONTRADICTION.format(disclosed.group.name))
    if outcome.breaches:
        return result
    truth = true_values(disclosed, vintage)
    offered = [*_candidates(disclosed, alone, truth, vintage), *outcome.witnesses]
    whole = alone.run_whole(targets, offered)
    result.merge(whole.findings, whole.programmes)
    if not result.safe:
        return result
    name = disclosed.group.name
    result.certificates.append(
        certify(alone, targets, whole.witnesses, Assumed(name, "", grow=False, known=known))
    )
    if not before:
        return result
    wanted = {target.terms: target for entry in before for target in entry.targets}
    wanted |= {target.terms: target for target in targets}
    wanted |= {target.terms: target for target in small}
    every = [*(table for entry in before for table in entry.tables), *tables]
    every_truth = dict(truth)
    for entry in before:
        every_truth |= {n: v for n, v in entry.values.items() if n not in every_truth}
    # A table that fits an attacker who assumes more also fits one who assumes less: the second
    # attack is needed only where the assumption is false.
    for grow in (True, False):
        attack = Attack(gather(every, known, records_only_grow=grow))
        aims = _nameable(attack, wanted.values())
        witnesses = _joint(result, attack, aims, disclosed, every_truth, vintage)
        if witnesses is not None:
            result.certificates.append(
                certify(attack, aims, witnesses, Assumed(name, reader, grow, known))
            )
            return result
    raise DisclosureRisk(_CONTRADICTION.format(name))


def true_values(disclosed: Disclosed, vintage: int) -> dict[CellName, float]:
    """Return the true numbers of every cell of the system, by the attacker's names."""
    system = disclosed.group.system
    return {
        cell_name(disclosed.group, key, vintage): float(value)
        for key, value in zip(system.keys, system.values, strict=True)
    }


def changes(
    now: Mapping[CellName, Number], before: GroupEntry, vintage: int, least: Mapping[str, Least]
) -> list[Target]:
    """Return cells whose number changed by less than may be seen, as differences to hide."""
    if before.vintage == vintage:
        return []
    found = []
    for name, old in before.values.items():
        later = name.at(vintage)
        limit, number = least.get(name.measure), now.get(later)
        if limit is None or number is None or number.value == old:
            continue
        people = abs(number.owners - before.owners.get(name, 0))
        if abs(number.value - old) < limit.units or people < limit.owners:
            terms = ((later, 1.0), (name, -1.0))
            found.append(Target(terms, np.inf, -np.inf, float(limit.units), "small change"))
    return found


def _nameable(attack: Attack, targets: Iterable[Target]) -> list[Target]:
    """Return the targets whose cells this attacker can name."""
    named = attack.knowledge.published.keys() | attack.knowledge.unknown.keys()
    return [target for target in targets if all(name in named for name, _ in target.terms)]


def _joint(  # noqa: PLR0913, PLR0917 - one attack of `audit`, with what it has gathered
    result: AuditResult,
    attack: Attack,
    aims: Sequence[Target],
    disclosed: Disclosed,
    truth: Mapping[CellName, float],
    vintage: int,
) -> list[Values] | None:
    """Attack with every earlier release; first over the reals, then in whole numbers.

    Returns the tables that fit; None when the attacker's guess is wrong, so that nothing follows.
    """
    outcome = attack.run(aims)
    if not outcome.consistent:
        return None
    result.merge(outcome.findings, outcome.programmes)
    if not result.safe:
        return []
    offered = [*_candidates(disclosed, attack, truth, vintage), *outcome.witnesses]
    whole = attack.run_whole(aims, offered)
    result.merge(whole.findings, whole.programmes)
    return whole.witnesses


def _candidates(
    disclosed: Disclosed, attack: Attack, truth: Mapping[CellName, float], vintage: int
) -> list[Values]:
    """Return tables the protector offers as fitting: the truth, and the truth moved."""
    unknown = list(attack.knowledge.unknown)
    if any(name not in truth for name in unknown):
        return []
    system, group = disclosed.group.system, disclosed.group
    places = {cell_name(group, key, vintage): cell for key, cell in system.index.items()}
    cells = np.array([places.get(name, -1) for name in unknown], dtype=np.int64)
    base = attack.unknown_values(truth)
    moved = [np.where(cells >= 0, witness[cells], 0.0) for witness in disclosed.pattern.witnesses]
    return [base, *(base + move for move in moved)]
