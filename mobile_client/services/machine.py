"""What the client runs on: the device's services, clock, zone and randomness, in one value."""

import os
import sys
from dataclasses import dataclass
from datetime import tzinfo
from importlib import import_module
from pathlib import Path

from mobile_client.device.services import DeviceServices
from mobile_client.services.clocks import SystemClock, local_zone
from mobile_client.services.home_files import HomeFiles
from shared.clock import Clock, RandomBytes
from shared.sealing.keys import Suite
from shared.sealing.passphrase import VAULT_COST, Cost
from shared.versions import VERSION, Version


@dataclass(frozen=True, slots=True)
class Machine:
    """One device under the client.

    Attributes:
        cost: of a passphrase guess on a new vault; tests take a cheap one.
        suite: of the mailbox key made at enrolment (SEAL-042).
        version: of the app that runs.
    """

    device: DeviceServices
    clock: Clock
    zone: tzinfo
    random_bytes: RandomBytes = os.urandom
    cost: Cost = VAULT_COST
    suite: Suite = Suite.HYBRID
    version: Version = VERSION


def real_machine(home: Path) -> Machine:
    """Return the machine this program runs on, for a home folder on it."""
    clock = SystemClock()
    position_source = HomeFiles(home).preferences().position_source
    if hasattr(sys, "getandroidapilevel"):
        android = import_module("mobile_client.device.android")
        sleep = import_module("time").sleep
        return Machine(android.android_services(home, clock, sleep), clock, local_zone())
    linux = import_module("mobile_client.device.linux")
    return Machine(linux.linux_services(home, clock, position_source), clock, local_zone())
