"""What to send: where each branch goes on from what the other side holds, and batches of it.

Rules SYNC-003, SYNC-004, SYNC-011, SYNC-012, SYNC-016.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.errors import StoreCorrupt
from shared.ids import DeploymentId
from shared.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX
from sync.core.batch import RUN_BYTES, Run, encode_batch
from sync.core.classify import HashAt
from sync.core.have import HaveVector, LogName, Point
from sync.core.store import Branch, LogStore

FIRST_BATCH_BYTES: Final = 64 << 10
"""What a session's first batch holds: a line that drops every so many bytes lets this through."""
RUN_BYTES_WANTED: Final = 64 << 10
"""A run ends here where a signature is held, so that whoever carries it on can send it in parts."""
_FRAME_BYTES: Final = 64
"""What a batch costs beside its runs, at most."""


def goes_on_after(  # noqa: PLR0913 - what both sides hold, and two hints by keyword
    branch: Branch,
    branches: Sequence[Branch],
    theirs: Sequence[Point],
    hash_at: HashAt,
    *,
    wanted: bool = False,
    common: Iterable[Point] = (),
) -> int | None:
    """Return after which sequence to send a branch, None where the other side lacks nothing.

    Args:
        branch: the branch in question.
        branches: all branches held of its log.
        theirs: the heads the other side holds of it.
        hash_at: looks a hash up on a branch.
        wanted: the other side asked for what is held here (SYNC-013).
        common: points of this log that the other side once signed for.
    """
    shared = [
        _shared_prefix(branch, other, point.sequence, hash_at)
        for point in theirs
        for other in branches
        if hash_at(other, point.sequence) == point.hash
    ]
    if shared:
        start = max(shared)
    elif not theirs:
        start = 0
    elif wanted or all(point.sequence <= branch.head.sequence for point in theirs):
        agreed = [p.sequence for p in common if hash_at(branch, p.sequence) == p.hash]
        start = max(agreed, default=0)
    else:
        return None  # they are ahead, on our branch as far as we can see
    return start if start < branch.head.sequence else None


def _shared_prefix(branch: Branch, other: Branch, through: int, hash_at: HashAt) -> int:
    """Return the last sequence up to `through` at which two branches of one log are one."""
    low, high = 0, min(through, branch.head.sequence)
    if branch.number == other.number:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if hash_at(branch, middle) == hash_at(other, middle):
            low = middle
        else:
            high = middle - 1
    return low


@dataclass
class Outbox:
    """What one side sends the other in one session, batch by batch.

    Attributes:
        delivered: how far each branch was answered for in this session.
        blocked: logs that the other side refused or set aside: not sent again (SYNC-013).
        wanted: logs of which the other side holds another branch.
        common: log -> points that the other side once signed for.
        bytes_max: what the next batch may hold.
    """

    store: LogStore
    logs: Sequence[LogName]
    delivered: dict[tuple[LogName, int], int] = field(default_factory=dict)
    blocked: set[LogName] = field(default_factory=set)
    wanted: set[LogName] = field(default_factory=set)
    common: dict[LogName, list[Point]] = field(default_factory=dict)
    bytes_max: int = BATCH_BYTES_MAX
    _branches: dict[bytes, int] = field(default_factory=dict)

    def branch_of(self, run: Run) -> int:
        """Return the number of the branch that a run of `next_runs` was read from."""
        return self._branches[run.head.hash]

    def _pending(self, theirs: HaveVector) -> Iterator[tuple[Branch, int]]:
        ours = self.store.have()
        for log in self.logs:
            if log in self.blocked or ours.of(log) == theirs.of(log):
                continue
            branches = self.store.branches(log)
            for branch in branches:
                start = goes_on_after(
                    branch,
                    branches,
                    theirs.of(log),
                    self.store.hash_at,
                    wanted=log in self.wanted,
                    common=self.common.get(log, ()),
                )
                if start is None:
                    continue
                start = max(start, self.delivered.get((log, branch.number), 0))
                if start < branch.head.sequence:
                    yield branch, start

    def forget(self, log: LogName) -> None:
        """Send a log again from what the other side says it holds: something did not arrive."""
        for key in [key for key in self.delivered if key[0] == log]:
            del self.delivered[key]

    def pending_entries(self, theirs: HaveVector) -> int:
        """Return how many entries are still to be sent."""
        return sum(branch.head.sequence - start for branch, start in self._pending(theirs))

    def next_runs(self, theirs: HaveVector) -> list[Run]:
        """Return the runs of the next batch; none when the other side lacks nothing."""
        runs: list[Run] = []
        entries_left = BATCH_ENTRIES_MAX
        bytes_left = min(self.bytes_max, BATCH_BYTES_MAX) - _FRAME_BYTES
        for branch, pending_after in self._pending(theirs):
            start = pending_after
            while start < branch.head.sequence:
                wanted = min(bytes_left, RUN_BYTES_WANTED)
                run = self.store.run_after(branch, start, entries_left, wanted)
                if run is None:
                    raise StoreCorrupt(
                        "the end of a log here carries no signature: the store's file was "
                        "damaged; restore it from a backup"
                    )
                size_bytes = RUN_BYTES + sum(entry.size_bytes() for entry in run.entries)
                if runs and (len(run.entries) > entries_left or size_bytes > bytes_left):
                    break  # its shortest signed part does not fit behind the others
                runs.append(run)
                start = run.head.sequence
                self._branches[run.head.hash] = branch.number
                self.delivered[branch.log, branch.number] = start
                entries_left -= len(run.entries)
                bytes_left -= size_bytes
                if entries_left <= 0 or bytes_left <= RUN_BYTES:
                    return runs
        return runs

    def answered(self) -> None:
        """Note that a batch got through: the next may be twice as large (SYNC-016)."""
        self.bytes_max = min(2 * self.bytes_max, BATCH_BYTES_MAX)


def batch_of(deployment: DeploymentId, runs: Sequence[Run]) -> bytes | None:
    """Return the runs as a batch's bytes, None for none."""
    return encode_batch(deployment, runs) if runs else None
