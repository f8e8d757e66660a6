"""The project this device belongs to: its log, the peer that hands it over, forms and policy.

Opens without a passphrase: a locked device still shows its counts and hands over (SYNC-032).
"""

from dataclasses import replace
from typing import Final

from mobile_client.presenters.status import Counts
from mobile_client.services.enrolment import signing_key
from mobile_client.services.home_files import DeviceRecord, HomeFiles
from mobile_client.services.library import Library
from mobile_client.services.log_author import LogAuthor
from mobile_client.services.machine import Machine
from mobile_client.services.whereabouts import Whereabouts
from mobile_client.vault.database import VAULT_FORMAT
from shared.ids import AuthorId, DeploymentId
from shared.sealing.enrol import EnrolmentReply
from shared.sealing.log_writer import Tip
from shared.sealing.packages import APP_NAME, Manifest
from shared.sealing.receipts import Signed
from sync.core.directory import Directory
from sync.core.have import LogName, Point
from sync.peer import CERTIFICATE, Me, Peer
from sync.stores.schema import LOG_FORMAT
from sync.stores.sqlite import SqliteLogStore

ROOM_BYTES: Final = 500 << 20
"""What a package that loads by itself leaves free for interviews."""


class Project:
    """One enrolled home."""

    def __init__(self, files: HomeFiles, record: DeviceRecord, machine: Machine) -> None:
        self.record = record
        self._machine = machine
        self._files = files
        self._clock = machine.clock
        self._random_bytes = machine.random_bytes
        self.store = SqliteLogStore(files.log, machine.clock)
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
        self.peer.packages.wants(self.wants_package)
        if self.offered_package() is None:
            self._files.drop_packages()

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
            self.peer.packages.settle()  # policy may have changed what is loaded by itself
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

    # ---- the app itself

    def offered_package(self) -> Manifest | None:
        """Return the package that is on offer for this device, if one is above what runs."""
        platform = self._machine.device.installer.platform
        packages = self.peer.directory.packages
        return packages.upgrade_for(APP_NAME, platform, self._machine.version)

    def wants_package(self, manifest: Manifest) -> bool:
        """Tell whether a package is loaded here: on offer, let or asked for, and with room."""
        if manifest != self.offered_package() or self.bars(manifest):
            return False
        loaded = self.peer.packages.loaded(manifest)
        asked = self._files.package_asked() == manifest.hash.hex()
        if loaded.whole or not (asked or self.library.policy().app.fetch):
            return loaded.whole
        free = self._machine.device.storage.free_bytes()
        return asked or free > manifest.size - loaded.received + ROOM_BYTES

    def bars(self, manifest: Manifest) -> str:
        """Return why a package cannot be installed over what runs here, "" where it can."""
        for what, ours, oldest in (
            ("log", LOG_FORMAT, manifest.log_format),
            ("vault", VAULT_FORMAT, manifest.vault_format),
        ):
            if ours < oldest:
                return (
                    f"version {manifest.version} cannot bring up this device's {what} (format "
                    f"{ours}, it needs {oldest}): install a version between the two first"
                )
        return ""

    def ask_package(self, manifest: Manifest) -> None:
        """Note that the enumerator wants a package."""
        self._files.ask_package(manifest.hash.hex())
        self.peer.packages.settle()

    def is_lost(self) -> bool:
        """Tell whether the server says that this device is lost or stolen."""
        return self.peer.me.author in self.peer.directory.lost

    def close(self) -> None:
        """Forget the epoch and close the log."""
        self.log.forget()
        self.store.close()
