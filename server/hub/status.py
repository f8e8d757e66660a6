"""What a hub holds, by device, age and state; never what is inside (it could not tell)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.hub.home import Hub
from shared.ids import AuthorId
from sync.core.have import LogName, Point
from sync.package_shelf import Loaded


class Carried(StrEnum):
    """How far a device's entries have come."""

    WAITING = "waiting"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device's logs on this hub.

    Attributes:
        device: the first 8 hex digits of its author.
        held: entries on this hub.
        waiting: entries the mission server has not signed for.
        attachments_missing: files not whole on this hub.
        attachment_bytes, attachment_bytes_wanted: of all its files, held here and still wanted.
        last_seen: when the newest entry came.
        oldest_waiting: when the oldest entry that still waits came.
    """

    device: str
    held: int
    waiting: int
    attachments_missing: int
    attachment_bytes: int
    attachment_bytes_wanted: int
    last_seen: datetime
    oldest_waiting: datetime | None
    state: Carried
    revoked: bool


@dataclass(frozen=True, slots=True)
class HubStatus:
    """The whole hub."""

    label: str
    project: str
    enrolled: bool
    mission_seen: datetime | None
    devices: tuple[DeviceRow, ...]
    packages: tuple[Loaded, ...] = ()

    @property
    def waiting(self) -> int:
        """Entries that the mission server has not signed for."""
        return sum(row.waiting for row in self.devices)


def hub_status(hub: Hub) -> HubStatus:
    """Return what the hub holds, devices that waited longest first."""
    received = _received(hub)
    logs = hub.store.have().points
    devices = sorted(
        {log.author for log in logs if hub.peer.directory.server_log(log.author) is None}
    )
    rows = [_device_row(hub, author, received) for author in devices]
    rows.sort(key=lambda row: (row.oldest_waiting is None, row.oldest_waiting or row.last_seen))
    issued = [receipt.issued_ms for receipt in hub.peer.newest_receipts()]
    return HubStatus(
        hub.settings.label,
        hub.settings.project,
        hub.is_enrolled,
        _instant(hub, max(issued)) if issued else None,
        tuple(rows),
        hub.peer.packages.offered(),
    )


def _received(hub: Hub) -> dict[LogName, list[Point]]:
    """Return what receipts of the newest server incarnation vouch for, by log (SYNC-042)."""
    points: dict[LogName, list[Point]] = {}
    for receipt in hub.peer.newest_receipts():
        for reach in receipt.have:
            log = LogName(reach.author, reach.incarnation)
            points.setdefault(log, []).append(Point(reach.sequence, reach.hash))
    return points


def _device_row(hub: Hub, author: AuthorId, received: dict[LogName, list[Point]]) -> DeviceRow:
    held = waiting = 0
    oldest: int | None = None
    newest_ms = 0
    for log in (log for log in hub.store.have().points if log.author == author):
        for branch in hub.store.branches(log):
            through = max(
                (
                    point.sequence
                    for point in received.get(log, ())
                    if hub.store.hash_at(branch, point.sequence) == point.hash
                ),
                default=branch.forked_at,
            )
            held += branch.head.sequence - branch.forked_at
            waiting += branch.head.sequence - through
            newest_ms = max(newest_ms, hub.store.taken_ms(branch, branch.head.sequence))
            if through < branch.head.sequence:
                since_ms = hub.store.taken_ms(branch, through + 1)
                oldest = since_ms if oldest is None else min(oldest, since_ms)
    return DeviceRow(
        author.hex()[:8],
        held,
        waiting,
        len(hub.store.missing_payloads(1000, author)),
        *hub.store.detached_bytes(author),
        _instant(hub, newest_ms),
        None if oldest is None else _instant(hub, oldest),
        Carried.WAITING if waiting else Carried.RECEIVED,
        hub.peer.directory.revoked(author) is not None,
    )


def _instant(hub: Hub, at_ms: int) -> datetime:
    now = hub.clock.now()
    return now + timedelta(milliseconds=at_ms - int(now.timestamp() * 1000))


def size_text(size_bytes: int) -> str:
    """Return a size in words of one unit: `12 kB`, `50 MB`, `1.8 GB`."""
    kilo = size_bytes / 1000
    if kilo < 1000:  # noqa: PLR2004 - a megabyte in kilobytes
        return f"{kilo:.0f} kB"
    mega = kilo / 1000
    return f"{mega:.0f} MB" if mega < 1000 else f"{mega / 1000:.1f} GB"  # noqa: PLR2004 - a gigabyte


def age_text(since: datetime | None, now: datetime) -> str:
    """Return an age in words of one unit: `12 min`, `5 h`, `3 d`."""
    if since is None:
        return ""
    minutes = max(0, int((now - since).total_seconds() // 60))
    hours = minutes // 60
    if not hours:
        return f"{minutes} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"  # noqa: PLR2004 - two days in hours
