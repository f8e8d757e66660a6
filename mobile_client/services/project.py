"""The project this device belongs to: its log, the peer that hands it over, forms and policy.

Opens without a passphrase: a locked device still shows its counts and hands over (SYNC-032).
"""

from dataclasses import replace

from mobile_client.presenters.status import Counts
from mobile_client.services.enrolment import signing_key
from mobile_client.services.home_files import DeviceRecord, HomeFiles
from mobile_client.services.library import Library
from mobile_client.services.log_author import LogAuthor
from mobile_client.services.whereabouts import Whereabouts
from shared.clock import Clock, RandomBytes
from shared.ids import AuthorId, DeploymentId
from shared.sealing.enrol import EnrolmentReply
from shared.sealing.log_writer import Tip
from shared.sealing.receipts import Signed
from sync.core.directory import Directory
from sync.core.have import LogName, Point
from sync.peer import CERTIFICATE, Me, Peer
from sync.stores.sqlite import SqliteLogStore


class Project:
    """One enrolled home."""

    def __init__(
        self, files: HomeFiles, record: DeviceRecord, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        self.record = record
        self._files = files
        self._clock = clock
        self._random_bytes = random_bytes
        self.store = SqliteLogStore(files.log, clock)
        try:
            self._attach()
        except BaseException:
            self.store.close()
            raise

    def _attach(self) -> None:
        """Make the peer of this incarnation, and what stands on it."""
        author = AuthorId(bytes.fromhex(self.record.author))
        papers = dict(self.store.papers(CERTIFICATE))
        me = Me(author, signing_key(self._files), papers.get(author), self.record.incarnation)
        directory = Directory(
            DeploymentId(bytes.fromhex(self.record.deployment)),
            bytes.fromhex(self.record.root_fingerprint),
        )
        self.peer = Peer(self.store, me, directory, self._clock)
        self.log = LogAuthor(self.peer, self.store, self._clock, self._random_bytes)
        self.library = Library(self._files.forms_folder, self.peer)
        self.whereabouts = Whereabouts(self.peer)
        self.library.refresh()

    def welcome(self, reply: EnrolmentReply) -> None:
        """Keep the papers that came with the enrolment."""
        self.peer.take_ring(reply.ring)
        self.store.save_paper(CERTIFICATE, reply.author, Signed(*reply.certificate))
        self._attach()

    def synced(self, *, own_log_ahead: bool) -> None:
        """Take in what a sync brought: forms, policy, and word of a restored device."""
        if own_log_ahead:
            # SYNC-005: somebody wrote on with this device's key; what comes next is another log.
            self.record = replace(self.record, incarnation=self.record.incarnation + 1)
            self._files.save_device(self.record)
            self.log.forget()
            self._attach()
        else:
            self.library.refresh()
        self._prune()

    def _prune(self) -> None:
        """Delete payloads that the newest server incarnation has backed up (SYNC-041, SYNC-042)."""
        opened = (self.peer.open_receipt(paper) for _, paper in self.peer.receipts())
        receipts = [receipt for receipt in opened if receipt is not None]
        newest = max((receipt.server_incarnation for receipt in receipts), default=0)
        self.store.prune(
            (LogName(reach.author, reach.incarnation), Point(reach.sequence, reach.hash))
            for receipt in receipts
            if receipt.server_incarnation == newest
            for reach in receipt.backed_up
            if reach.author == self.peer.me.author
        )

    def counts(self) -> Counts:
        """Return how many records are where."""
        return self.whereabouts.counts(self._files.bundles())

    def tip(self) -> Tip:
        """Return where the own log ends."""
        return self.store.own_tip(
            self.peer.directory.deployment, self.peer.me.author, self.peer.me.incarnation
        )

    def is_lost(self) -> bool:
        """Tell whether the server says that this device is lost or stolen."""
        return self.peer.me.author in self.peer.directory.lost

    def close(self) -> None:
        """Forget the epoch and close the log."""
        self.log.forget()
        self.store.close()
