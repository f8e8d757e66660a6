"""One's own log on any store: append an entry with its head signature, and find where it ends."""

from shared.errors import LocalProtocolError
from shared.ids import AuthorId, DeploymentId
from shared.sealing import envelope
from shared.sealing.envelope import Compartment
from shared.sealing.log_writer import Appended, Tip
from sync.core.batch import SealedEntry
from sync.core.have import LogName, Point
from sync.core.store import Branch, LogStore


class OwnLogs:
    """What every store adds to the port for those who write logs and look single entries up."""

    def append_own(self: LogStore, appended: Appended) -> None:
        """Append an entry of one's own, with the signature of the head it makes (SEAL-030).

        Raises:
            LocalProtocolError: it does not follow the last entry, or the log has forked and must
                not be written to again (SYNC-005).
            StoreFull, StoreBusy: nothing was kept.
        """
        entry = appended.entry
        log = LogName(entry.header.author, entry.header.incarnation)
        with self.transaction():
            branch = _only_branch(self, log)
            expected = Point(entry.header.sequence - 1, entry.header.previous)
            if branch is None and expected.sequence == 0:
                branch = self.open_branch(log, None, 0)
            elif branch is None or branch.head != expected:
                raise LocalProtocolError("the entry does not follow the last one of its log")
            at_hand = {c: data for c, data in entry.payloads.items() if data is not None}
            sealed = SealedEntry(entry.header, appended.header_bytes, appended.hash, at_hand)
            self.extend(branch, [sealed], appended.head.signed_on, appended.signature)

    def own_tip(
        self: LogStore, deployment: DeploymentId, author: AuthorId, incarnation: int
    ) -> Tip:
        """Return where one's own log ends: what the next entry follows.

        Raises:
            LocalProtocolError: the log has forked: open the next incarnation (SYNC-005).
        """
        name = envelope.LogId(deployment, author, incarnation)
        branch = _only_branch(self, LogName(author, incarnation))
        return Tip(name) if branch is None else Tip(name, branch.head.sequence, branch.head.hash)

    def entry(
        self: LogStore, author: AuthorId, incarnation: int, sequence: int
    ) -> SealedEntry | None:
        """Return one entry of a log's first branch, None where it is not held."""
        branches = self.branches(LogName(author, incarnation))
        if not branches:
            return None
        return next(iter(self.entries(branches[0], sequence, sequence)), None)

    def payload(
        self: LogStore, author: AuthorId, incarnation: int, sequence: int, part: Compartment
    ) -> bytes | None:
        """Return one payload of an entry, None where it is pruned, detached or not held."""
        branches = self.branches(LogName(author, incarnation))
        for held in self.entries(branches[0], sequence, sequence) if branches else ():
            return held.payloads.get(part)
        return None


def _only_branch(store: LogStore, log: LogName) -> Branch | None:
    branches = store.branches(log)
    if len(branches) > 1:
        raise LocalProtocolError("this log has forked; the next entry needs a new incarnation")
    return branches[0] if branches else None
