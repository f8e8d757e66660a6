"""What became of a batch: which entries were taken, and where each touched record then stands."""

from dataclasses import dataclass, field

from server.intake.forms import FormAtHand
from shared.ids import RecordId
from sync.core.merge import RecordState, Revision


@dataclass(frozen=True, slots=True)
class Merged:
    """A record as it stands after this batch: what its analytic rows are made of."""

    record_id: RecordId
    version: int
    accepted: int
    form: FormAtHand
    state: RecordState
    revisions: tuple[Revision, ...]


@dataclass
class Taken:
    """What became of a batch, by inbox row number."""

    taken: list[int] = field(default_factory=list)
    keep: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count of the audit line."""
        self.counts[name] = self.counts.get(name, 0) + number
