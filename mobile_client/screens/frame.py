"""What every screen stands in: the client, the stage, the machine, and the day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile_client.device.services import DeviceServices
from mobile_client.presenters.client import ClientPresenter
from mobile_client.presenters.presenter import Work
from mobile_client.widgets.overlay import Stage


@dataclass(frozen=True, slots=True)
class Frame:
    """Given to every screen by the app.

    Attributes:
        now: the local time, aware of its zone.
        maps: an MBTiles file to tap positions on, None where the device has none.
    """

    client: ClientPresenter
    stage: Stage
    device: DeviceServices
    work: Work
    now: Callable[[], datetime]
    maps: Path | None = None
