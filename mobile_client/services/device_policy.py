"""What the project's policy asks of devices: `[device]` and `[app]` of the signed document."""

import tomllib
from dataclasses import dataclass, field, fields
from typing import Final

from shared.app_policy import AppPolicy, read_app_policy
from shared.errors import EncodingInvalid, FormError


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """The rules this device holds itself to; the defaults stand until a policy arrives.

    Attributes:
        passphrase_bits_min: floor of a passphrase's strength, where no hardware holds a secret.
        lock_idle_s: the longest a vault stays open without a touch.
        lead_review: 1 where a team lead looks before finalize.
        app: the lowest version that begins interviews, and whether newer ones load by themselves.
    """

    passphrase_bits_min: int = 64
    lock_idle_s: int = 300
    lead_review: int = 0
    app: AppPolicy = field(default_factory=AppPolicy)


DEFAULT: Final = DevicePolicy()


def read_device_policy(content: bytes) -> DevicePolicy:
    """Read the device's part of a policy; what it does not say stays at its default.

    Raises:
        FormError: it is no policy.
    """
    try:
        policy = tomllib.loads(content.decode("utf-8"))
        app = read_app_policy(policy.get("app", {}))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, EncodingInvalid) as error:
        raise FormError("the policy that arrived cannot be read; tell the coordinator") from error
    numbers = {each.name for each in fields(DevicePolicy) if each.name != "app"}
    table = policy.get("device", {}).items()
    return DevicePolicy(
        **{name: value for name, value in table if name in numbers and type(value) is int},
        app=app,
    )
