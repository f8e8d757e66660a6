"""What the project's policy asks of devices: the `[device]` table of the signed policy document."""

import tomllib
from dataclasses import dataclass, fields
from typing import Final

from shared.errors import FormError


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """The rules this device holds itself to; the defaults stand until a policy arrives.

    Attributes:
        passphrase_bits_min: floor of a passphrase's strength, where no hardware holds a secret.
        lock_idle_s: the longest a vault stays open without a touch.
        lead_review: 1 where a team lead looks before finalize.
    """

    passphrase_bits_min: int = 64
    lock_idle_s: int = 300
    lead_review: int = 0


DEFAULT: Final = DevicePolicy()


def read_device_policy(content: bytes) -> DevicePolicy:
    """Read the device's part of a policy; what it does not say stays at its default.

    Raises:
        FormError: it is no policy.
    """
    try:
        table = tomllib.loads(content.decode("utf-8")).get("device", {})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormError("the policy that arrived cannot be read; tell the coordinator") from error
    known = {each.name for each in fields(DevicePolicy)}
    return DevicePolicy(
        **{name: value for name, value in table.items() if name in known and type(value) is int}
    )
