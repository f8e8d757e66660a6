"""What others ask the steward's station to put into the key ring (GOV-025, STN-010)."""

from dataclasses import dataclass
from typing import Any

from shared.errors import CairnError, EncodingInvalid, UsageError
from shared.ids import DeploymentId
from shared.sealing.keys import PublicKey, Suite
from shared.sealing.ring import RingKey, Role


@dataclass(frozen=True, slots=True)
class RingRequest:
    """A server's wish to have its keys in the project's ring."""

    deployment: DeploymentId
    label: str
    keys: tuple[RingKey, ...]

    def value(self) -> list[Any]:
        """Return what the exchange file holds."""
        return [self.deployment, self.label, [_key_value(key) for key in self.keys]]


def read_ring_request(value: Any) -> RingRequest:
    """Read a request from an exchange file's value."""
    try:
        deployment, label, keys = value
        return RingRequest(DeploymentId(deployment), label, tuple(_ring_key(k) for k in keys))
    except (TypeError, ValueError) as error:
        raise UsageError("the key request is malformed; have it written again") from error


@dataclass(frozen=True, slots=True)
class CoordinatorRequest:
    """A coordinator's wish to have their key in the project's ring (STN-010)."""

    deployment: DeploymentId
    label: str
    public: PublicKey


def read_coordinator_request(value: Any) -> CoordinatorRequest:
    """Read a request from an exchange file's value.

    Raises:
        UsageError: it is malformed.
    """
    try:
        deployment, label, suite, public = value
        key = PublicKey(Suite(suite), public)
        return CoordinatorRequest(DeploymentId(deployment), str(label), key)
    except (TypeError, ValueError, CairnError) as error:
        raise UsageError("the coordinator's request is malformed; have it written again") from error


def _key_value(key: RingKey) -> list[Any]:
    return [int(key.role), int(key.suite), key.data, key.from_day, key.until_day]


def _ring_key(value: Any) -> RingKey:
    role, suite, data, from_day, until_day = value
    if not isinstance(data, bytes):
        raise EncodingInvalid("a key is bytes")
    return RingKey(Role(role), Suite(suite), data, from_day, until_day)
