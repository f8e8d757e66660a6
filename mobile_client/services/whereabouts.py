"""Where finalized work is: on this device, handed over, or received.

"Received" is said by a receipt alone (SYNC-040); a hub's note or a bundle that was written says
"handed over" (SYNC-043). Works while locked: it reads the log's headers and the papers.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mobile_client.presenters.rows import EntryState
from mobile_client.presenters.status import Counts
from shared.sealing.envelope import Kind
from shared.sealing.receipts import Reach
from sync.core.have import LogName
from sync.peer import Peer

Reached = Mapping[LogName, int]


class Whereabouts:
    """Tells how far this device's own log has come."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._records: dict[LogName, list[int]] = {}
        self._seen: dict[LogName, int] = {}

    def counts(self, bundles: Iterable[Mapping[str, Any]]) -> Counts:
        """Return how many records are where."""
        received, handed_over = self.reached(bundles)
        tally = dict.fromkeys(EntryState, 0)
        for log, sequences in self._own_records().items():
            for sequence in sequences:
                tally[state_of(log, sequence, received, handed_over)] += 1
        return Counts(
            tally[EntryState.ON_DEVICE],
            tally[EntryState.HANDED_OVER],
            tally[EntryState.RECEIVED],
        )

    def reached(self, bundles: Iterable[Mapping[str, Any]]) -> tuple[Reached, Reached]:
        """Return up to where each own log is received, and up to where it is handed over."""
        received: dict[LogName, int] = {}
        for _, paper in self._peer.receipts():
            receipt = self._peer.open_receipt(paper)
            if receipt is not None:
                self._extend(received, receipt.have)
        handed_over = dict(received)
        for note in self._peer.opened_notes():
            self._extend(handed_over, note.have)
        me = self._peer.me.author
        for bundle in bundles:
            log = LogName(me, int(bundle["incarnation"]))
            handed_over[log] = max(handed_over.get(log, 0), int(bundle["sequence"]))
        return received, handed_over

    def log(self, incarnation: int) -> LogName:
        """Return one of this device's own logs."""
        return LogName(self._peer.me.author, incarnation)

    def _own_records(self) -> Mapping[LogName, list[int]]:
        """Return the sequences of records in the own logs; reads only what is new."""
        for log in self._peer.store.have().points:
            if log.author != self._peer.me.author:
                continue
            records = self._records.setdefault(log, [])
            branch = self._peer.store.branches(log)[0]
            after = self._seen.get(log, 0)
            for entry in self._peer.store.entries(branch, after + 1, branch.head.sequence):
                if entry.header.kind == Kind.REVISION:
                    records.append(entry.header.sequence)
            self._seen[log] = branch.head.sequence
        return self._records

    def _extend(self, reached: dict[LogName, int], have: Iterable[Reach]) -> None:
        """Take in what a paper says of the own logs, where it names entries that are held."""
        for reach in have:
            log = LogName(reach.author, reach.incarnation)
            if reach.author != self._peer.me.author or reach.sequence <= reached.get(log, 0):
                continue
            held = self._peer.store.branches(log)
            if any(
                self._peer.store.hash_at(branch, reach.sequence) == reach.hash for branch in held
            ):
                reached[log] = reach.sequence


def state_of(log: LogName, sequence: int, received: Reached, handed_over: Reached) -> EntryState:
    """Return where one entry is."""
    if sequence <= received.get(log, 0):
        return EntryState.RECEIVED
    if sequence <= handed_over.get(log, 0):
        return EntryState.HANDED_OVER
    return EntryState.ON_DEVICE
