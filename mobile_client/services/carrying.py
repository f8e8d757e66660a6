"""The part of the client that hands over: destinations, the exchange, bundles, what came of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from mobile_client.device.services import DeviceServices
from mobile_client.presenters.rows import HubsFound
from mobile_client.presenters.status import Destination, Transfer
from mobile_client.services.hand_over import check_report, exchange
from mobile_client.services.home_files import HomeFiles
from mobile_client.services.hub_search import FoundHubs, HubSearch
from mobile_client.services.lines import https
from mobile_client.services.nearby import last_hub, search_hubs
from mobile_client.services.project import Project
from shared.clock import Clock, RandomBytes
from shared.errors import KeyNotTrusted, TransportError, UsageError
from shared.sealing.keys import SecretKey
from shared.sealing.ring import Role
from sync.carrier import bundle_messages, mission_reader, take_bundle
from sync.core.hub_code import parse_hub_code
from sync.core.messages import Papers
from sync.found_hubs import check_not_revoked
from sync.hub_notes import NOTE
from sync.transports.base import Transport
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle

OnTransfer = Callable[[Transfer], None]
Stopped = Callable[[], bool]
_DAY_MS = 86_400_000


class Carrying(ABC):
    """Hands sealed entries over; needs no vault, but to open a bundle that came back."""

    device: DeviceServices
    files: HomeFiles
    project: Project | None
    clock: Clock
    random_bytes: RandomBytes
    mailbox: SecretKey | None = None
    online: bool | None = None

    @abstractmethod
    def destroy_all_vaults(self) -> None:
        """Carry out a lost-device order."""

    @abstractmethod
    def took_in(self) -> None:
        """Look at what an exchange brought for whoever unlocked."""

    def destinations(self) -> tuple[Destination, ...]:
        """Return where records can go from here."""
        if self.project is None:
            return ()
        record = self.project.record
        mission = Destination("mission", record.project, record.addresses[0])
        hub = last_hub(self.project.peer, self.files.last_hub())
        return (mission,) if hub is None else (mission, hub)

    def find_hubs(self, wait_s: float) -> FoundHubs:
        """Return the hubs that announce themselves here, and which may be used (SYNC-093)."""
        return HubSearch(self._project.peer, multicast=self.device.multicast).all(wait_s)

    def look_for_hubs(self, on_seen: Callable[[HubsFound], None], stopped: Stopped) -> HubsFound:
        """Look for hubs on the local network, telling what is found as it goes."""
        return search_hubs(self._project.peer, self.device.multicast, on_seen, stopped)

    def nearby_hub(self, wait_s: float) -> Destination:
        """Return a hub that this device knows and that answers here.

        Raises:
            Offline: there is none.
        """
        search = HubSearch(self._project.peer, multicast=self.device.multicast)
        hub = search.first(wait_s)
        return Destination("hub", hub.label or "Hub", hub.code)

    def hand_over(
        self, destination: Destination, on_progress: OnTransfer, stopped: Stopped
    ) -> Transfer:
        """Send what the other side lacks and take what it has; safe to interrupt.

        Raises:
            TransportError: no address answered; try again.
            EncodingInvalid, UsageError: the destination is none.
        """
        if destination.kind == "bundle":
            return self._write_bundle(Path(destination.address))
        addresses, pin = self._line(destination)
        me = self._project.peer.me
        trouble: TransportError | None = None
        for address in addresses:
            with https().HttpTransport(address, me.author, me.key, tls_pin=pin) as line:
                try:
                    transfer = self.exchange_over(line, on_progress, stopped)
                except TransportError as error:
                    trouble = error
                    continue
            if destination.kind == "hub":
                self.files.note_hub(parse_hub_code(destination.address).hub.hex())
            return transfer
        self.online = False
        raise trouble or UsageError("this device knows no address to hand over to")

    def exchange_over(
        self, transport: Transport, on_progress: OnTransfer, stopped: Stopped
    ) -> Transfer:
        """Run one exchange over a line and take in what it brought."""
        project = self._project
        transfer, report = exchange(project.peer, transport, self.clock, on_progress, stopped)
        self.online = True
        self.files.note_sync(self._now_ms())
        self._took(own_log_ahead=report.own_log_ahead)
        check_report(report)
        return transfer

    def _took(self, *, own_log_ahead: bool) -> None:
        self._project.synced(own_log_ahead=own_log_ahead)
        if self._project.is_lost():
            self.destroy_all_vaults()
        self.took_in()

    def _line(self, destination: Destination) -> tuple[tuple[str, ...], bytes | None]:
        """Return the addresses of a destination and the certificate it must show."""
        record = self._project.record
        if destination.kind == "hub":
            code = parse_hub_code(destination.address)
            if code.deployment != self._project.peer.directory.deployment:
                raise UsageError("this hub carries another project's records; look for yours")
            check_not_revoked(self._project.peer, code.hub)
            self._project.peer.know_hub(code)  # its notes are believed from now on (SYNC-043)
            return code.addresses, code.tls_pin
        pin = bytes.fromhex(record.tls_pin) if record.tls_pin else None
        known = destination.address in record.addresses
        return record.addresses if known else (destination.address,), pin

    # ---- bundles

    def _write_bundle(self, path: Path) -> Transfer:
        """Write everything not known to be received into one file, sealed to the server."""
        peer = self._project.peer
        ring = peer.directory.ring
        if ring is None:
            raise KeyNotTrusted("this device has no key ring yet; hand over once first")
        now_ms = self._now_ms()
        readers = [key.public() for key in ring.keys_for(Role.SERVER_TRANSPORT, now_ms // _DAY_MS)]
        receipts = tuple(paper for _, paper in peer.receipts())
        notes = tuple(paper for _, paper in peer.store.papers(NOTE))
        messages = bundle_messages(peer, mission_reader(peer), Papers(receipts, notes))
        origin = BundleFrom(peer.directory.deployment, peer.me.author, now_ms)
        written = write_bundle(path, origin, readers, messages, self.random_bytes)
        tip = self._project.tip()
        self.files.add_bundle(tip.log.incarnation, tip.sequence)
        size = sum(part.stat().st_size for part in written)
        return Transfer(tip.sequence, tip.sequence, 0, size, size)

    def take_bundle(self, path: Path) -> int:
        """Apply a bundle that came back; return how many entries were new.

        Raises:
            UsageError: locked: the key that opens it lies in the vaults.
            NoKeyMatches, TagMismatch: for another device, or damaged; nothing was applied.
        """
        project = self._project
        if self.mailbox is None:
            raise UsageError("unlock first: the key that opens a bundle lies in the vault")
        try:
            header, messages = open_bundle(path, [self.mailbox], project.peer.directory.deployment)
        except OSError as error:
            raise UsageError(f"{path.name} cannot be read: {error.strerror}") from error
        delivered = take_bundle(project.peer, header.sender, messages)
        own = project.peer.me.author
        ahead = any(
            log.author == own and not project.peer.holds(log, point)
            for log, point in delivered.have
        )
        self._took(own_log_ahead=ahead)
        return delivered.entries

    def _now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    @property
    def _project(self) -> Project:
        if self.project is None:
            raise UsageError("this device belongs to no project yet; enrol it first")
        return self.project
