"""What the device tells of itself: who it is, and the line on top of every screen.

Both work while locked.
"""

from typing import Final

from mobile_client.device.services import DeviceServices
from mobile_client.presenters.ports import DeviceFacts
from mobile_client.presenters.status import Banner
from mobile_client.services.project import Project

LOW_SPACE_BYTES: Final = 200 << 20
TRAINING: Final = "training"


def device_facts(project: Project | None, number: str) -> DeviceFacts:
    """Return what identifies this device, and the version of the app."""
    if project is None:
        return DeviceFacts(version=number)
    record, ring = project.record, project.peer.directory.ring
    return DeviceFacts(
        author=record.author,
        project=record.project,
        ring_serial=0 if ring is None else ring.serial,
        fingerprint=record.root_fingerprint,
        version=number,
    )


def banner(
    project: Project | None,
    device: DeviceServices,
    last_sync_ms: int | None,
    *,
    online: bool | None,
) -> Banner:
    """Return the state of network, space and battery."""
    free = device.storage.free_bytes()
    label = "" if project is None else project.record.project
    return Banner(
        online=online,
        last_sync_ms=last_sync_ms,
        free_bytes=free,
        battery_percent=device.battery.percent(),
        training=TRAINING in label.lower(),
        low_space=free < LOW_SPACE_BYTES,
    )
