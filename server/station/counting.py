"""Progress entries -> visits, each counted once. Pure; rules STN-030 to STN-034."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from server.station.facts import Facts, Told
from shared.records.checks import Check
from shared.records.small import Outcome

WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: the entry that tells of it, and what became of it since.

    Attributes:
        outcome: as told, or `withdrawn` where its record was erased.
    """

    told: Told
    outcome: str

    @property
    def is_complete(self) -> bool:
        """Whether it counts towards a target."""
        return self.outcome == Outcome.FINALIZED

    @property
    def is_interview(self) -> bool:
        """Whether somebody was interviewed to the end, withdrawn since or not."""
        return self.told.progress.outcome is Outcome.FINALIZED


@dataclass(frozen=True, slots=True)
class Counted:
    """What a look comes to.

    Attributes:
        corrections: entries of corrections, which are no visits (STN-031).
        late: entries of revoked devices that nobody accepted; in none of the others.
        repeated: entries that tell of a visit another entry tells of already.
    """

    visits: tuple[Visit, ...]
    corrections: tuple[Told, ...]
    late: tuple[Told, ...]
    repeated: int


def count(facts: Facts) -> Counted:
    """Return every visit once, in an order that does not depend on who brought what."""
    late = tuple(told for told in _sorted(facts.told.values()) if told.hash in facts.late)
    good = [told for told in _sorted(facts.told.values()) if told.hash not in facts.late]
    corrections = tuple(told for told in good if Check.EDITED in told.progress.flags)
    same: dict[tuple[bytes, bytes], list[Told]] = {}
    for told in good:
        if Check.EDITED not in told.progress.flags:
            same.setdefault((told.author, told.progress.reference or told.hash), []).append(told)
    visits = tuple(_visit(members, facts) for members in same.values())
    repeated = sum(len(members) - 1 for members in same.values())
    return Counted(visits, corrections, late, repeated)


def _sorted(told: Iterable[Told]) -> list[Told]:
    return sorted(told, key=lambda one: (one.log, one.sequence, one.hash))


def _visit(members: list[Told], facts: Facts) -> Visit:
    """Return the visit that some entries tell of: a record outranks an end without one."""
    chosen = max(
        members,
        key=lambda told: (
            told.progress.outcome is Outcome.FINALIZED,
            told.log.incarnation,
            told.sequence,
            told.hash,
        ),
    )
    erased = any(told.record in facts.erased for told in members if told.record is not None)
    ended = chosen.progress.outcome
    is_gone = erased and ended is Outcome.FINALIZED
    return Visit(chosen, WITHDRAWN if is_gone else str(ended))
