"""The part of the client that hands over: destinations, the exchange, bundles, what came of it."""

from collections.abc import Callable
from pathlib import Path

from mobile_client.presenters.views import Destination, Transfer
from mobile_client.services.hand_over import check_report, exchange
from mobile_client.services.home_files import HomeFiles
from mobile_client.services.lines import bundles, https
from mobile_client.services.project import Project
from shared.clock import Clock
from shared.errors import TransportError, UsageError
from sync.driver import SyncReport
from sync.transports.base import Transport

OnTransfer = Callable[[Transfer], None]
Stopped = Callable[[], bool]


class Carrying:
    """Hands sealed entries over; needs no vault."""

    files: HomeFiles
    project: Project | None
    clock: Clock
    online: bool | None = None

    def destroy_all_vaults(self) -> None:
        """Carry out a lost-device order."""
        raise NotImplementedError

    def destinations(self) -> tuple[Destination, ...]:
        """Return where records can go from here."""
        if self.project is None:
            return ()
        record = self.project.record
        mission = Destination("mission", record.project, record.addresses[0])
        return (mission,)

    def hand_over(
        self, destination: Destination, on_progress: OnTransfer, stopped: Stopped
    ) -> Transfer:
        """Send what the other side lacks and take what it has; safe to interrupt."""
        project = self._project
        if destination.kind == "bundle":
            return self._write_bundle(Path(destination.address))
        addresses, pin = self._line(destination)
        trouble: TransportError | None = None
        for address in addresses:
            key, author = project.peer.me.key, project.peer.me.author
            with https().HttpTransport(address, author, key, tls_pin=pin) as line:
                try:
                    return self.exchange_over(line, on_progress, stopped)
                except TransportError as error:
                    trouble = error
        self.online = False
        raise trouble or UsageError("this device knows no address to hand over to")

    def exchange_over(
        self, transport: Transport, on_progress: OnTransfer, stopped: Stopped
    ) -> Transfer:
        """Run one exchange over a line and take in what it brought."""
        project = self._project
        transfer, report = exchange(project.peer, transport, self.clock, on_progress, stopped)
        self.online = True
        self.files.note_sync(int(self.clock.now().timestamp() * 1000))
        self._took(report)
        check_report(report)
        return transfer

    def _took(self, report: SyncReport) -> None:
        self._project.synced(report)
        if self._project.is_lost():
            self.destroy_all_vaults()

    def _line(self, destination: Destination) -> tuple[tuple[str, ...], bytes | None]:
        """Return the addresses of a destination and the certificate it must show."""
        record = self._project.record
        if destination.kind == "mission":
            pin = bytes.fromhex(record.tls_pin) if record.tls_pin else None
            known = destination.address in record.addresses
            return record.addresses if known else (destination.address,), pin
        raise UsageError("choose the mission server, a hub or a bundle file")

    def _write_bundle(self, path: Path) -> Transfer:
        raise UsageError(f"{path}: {bundles().__name__}")

    def take_bundle(self, path: Path) -> int:
        """Apply a bundle that came back; return how many entries were new."""
        raise UsageError(f"{path}: {bundles().__name__}")

    @property
    def _project(self) -> Project:
        if self.project is None:
            raise UsageError("this device belongs to no project yet; enrol it first")
        return self.project
