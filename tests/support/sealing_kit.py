"""A small project for sealing tests: root, key ring, one device, seeded randomness."""

import random
from dataclasses import dataclass, field
from hashlib import sha256

from shared.clock import RandomBytes
from shared.ids import DeploymentId
from shared.sealing.envelope import LogId
from shared.sealing.keys import (
    AUDIENCE_MISSION,
    SecretKey,
    SigningKey,
    Suite,
    author_id,
    root_fingerprint,
)
from shared.sealing.log_writer import Tip
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring

DAY = 20_600
DAY_MS = 86_400_000
NOW_MS = DAY * DAY_MS + 36_000_000


def seeded(seed: int) -> RandomBytes:
    """Return a reproducible source of bytes."""
    return random.Random(seed).randbytes


def secret(name: str) -> bytes:
    """Return 32 fixed bytes for a named test key."""
    return sha256(b"cairn test key: " + name.encode()).digest()


@dataclass
class Project:
    """All keys of a project, which no real machine ever holds together."""

    suite: Suite = Suite.X25519
    name: str = "test"
    root: SigningKey = field(init=False)
    intake: SecretKey = field(init=False)
    custodian: SecretKey = field(init=False)
    coordinator: SecretKey = field(init=False)
    transport: SecretKey = field(init=False)
    server: SigningKey = field(init=False)
    receipts: SigningKey = field(init=False)
    device: SigningKey = field(init=False)
    mailbox: SecretKey = field(init=False)

    def __post_init__(self) -> None:
        """Make each key from its name."""
        for role in ("root", "server", "receipts", "device"):
            setattr(self, role, SigningKey.from_bytes(secret(f"{self.name} {role}")))
        for role in ("intake", "custodian", "coordinator", "transport", "mailbox"):
            key = SecretKey.from_bytes(self.suite, secret(f"{self.name} {role}"))
            setattr(self, role, key)

    @property
    def deployment(self) -> DeploymentId:
        """The project's opaque id."""
        return DeploymentId(sha256(self.name.encode()).digest()[:8])

    @property
    def log(self) -> LogId:
        """The device's log."""
        return LogId(self.deployment, author_id(self.device.public_bytes, AUDIENCE_MISSION), 0)

    @property
    def tip(self) -> Tip:
        """The device's log while it is empty."""
        return Tip(self.log)

    @property
    def fingerprint(self) -> bytes:
        """What an enrolment code says of the root."""
        return root_fingerprint(self.root.public_bytes)

    def ring(self, *, without: frozenset[Role] = frozenset(), serial: int = 1) -> KeyRing:
        """Return the key ring, valid for a year around DAY."""
        recipients = {
            Role.INTAKE: self.intake,
            Role.CUSTODIAN: self.custodian,
            Role.COORDINATOR: self.coordinator,
            Role.SERVER_TRANSPORT: self.transport,
        }
        signers = {Role.SERVER_LOG: self.server, Role.RECEIPT: self.receipts}
        keys = [
            RingKey(role, key.suite, key.public.data, DAY - 100, DAY + 265)
            for role, key in recipients.items()
            if role not in without
        ]
        keys += [
            RingKey(role, Suite.ED25519, key.public_bytes, DAY - 100, DAY + 265)
            for role, key in signers.items()
            if role not in without
        ]
        return KeyRing(self.deployment, serial, NOW_MS, self.root.public_bytes, "Test", tuple(keys))

    def signed_ring(self) -> SignedRing:
        """Return the key ring as it travels."""
        return sign_ring(self.root, self.ring())
