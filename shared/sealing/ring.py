"""The key ring: which public keys this project trusts, for what and when (SEAL-081).

The project root signs it, so an online server cannot put itself in the custodian's place. A device
checks the root against the fingerprint it enrolled with and takes only a higher serial.
"""

from dataclasses import dataclass
from enum import IntEnum

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted
from shared.ids import DEPLOYMENT_ID_BYTES, DeploymentId
from shared.sealing.keys import (
    KEY_BYTES,
    PUBLIC_KEY_BYTES,
    PublicKey,
    SigningKey,
    Suite,
    root_fingerprint,
    verify,
)
from shared.shapes import array, octets, text, uint, version


class Role(IntEnum):
    """What a key in the ring may be used for."""

    INTAKE = 1
    CUSTODIAN = 2
    COORDINATOR = 3
    SERVER_TRANSPORT = 4
    SERVER_LOG = 5
    RECEIPT = 6
    RELEASE = 7


SIGNING_ROLES = frozenset((Role.SERVER_LOG, Role.RECEIPT, Role.RELEASE))


@dataclass(frozen=True, slots=True)
class RingKey:
    """One trusted key. Days count from 1970-01-01 UTC; both ends are included."""

    role: Role
    suite: Suite
    data: bytes
    from_day: int
    until_day: int

    def public(self) -> PublicKey:
        """Return the key as a recipient.

        Raises:
            EncodingInvalid: it is a signing key.
        """
        return PublicKey(self.suite, self.data)

    def covers(self, day: int) -> bool:
        """Tell whether the key may be used on that day."""
        return self.from_day <= day <= self.until_day


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys a project trusts, as one signed statement of its root."""

    deployment: DeploymentId
    serial: int
    issued_ms: int
    root_public: bytes
    label: str
    keys: tuple[RingKey, ...]

    def encode(self) -> bytes:
        """Return the bytes the root signs."""
        keys = [[k.role, k.suite, k.data, k.from_day, k.until_day] for k in self.keys]
        return encode(
            [1, self.deployment, self.serial, self.issued_ms, self.root_public, self.label, keys]
        )

    def keys_for(self, role: Role, day: int) -> tuple[RingKey, ...]:
        """Return the keys of that role on that day, the newest first."""
        found = [k for k in self.keys if k.role is role and k.covers(day)]
        return tuple(sorted(found, key=lambda k: k.from_day, reverse=True))

    def key(self, role: Role, day: int) -> RingKey:
        """Return the newest key of that role on that day.

        Raises:
            KeyNotTrusted: the ring has none; nothing may be sealed without it (SEAL-043).
        """
        if found := self.keys_for(role, day):
            return found[0]
        raise KeyNotTrusted(
            f"the project's key ring has no {role.name.lower()} key for this day; "
            "check the device's date and fetch the newest key ring"
        )


@dataclass(frozen=True, slots=True)
class SignedRing:
    """A key ring as it travels."""

    data: bytes
    signature: bytes


def sign_ring(root: SigningKey, ring: KeyRing) -> SignedRing:
    """Sign `ring` with the root it names.

    Raises:
        KeyNotTrusted: `root` is not the root the ring names.
    """
    if root.public_bytes != ring.root_public:
        raise KeyNotTrusted("the key ring names another root than the one that is to sign it")
    data = ring.encode()
    return SignedRing(data, root.sign("ring", data))


def open_ring(
    data: bytes, signature: bytes, *, root_fingerprint: bytes, deployment: bytes
) -> KeyRing:
    """Return a key ring that the root of this project signed.

    Raises:
        KeyNotTrusted: another root or another project.
        SignatureInvalid: not signed by that root, or changed since.
        EncodingInvalid: malformed.
    """
    ring = _parse(data)
    _check_root(ring.root_public, root_fingerprint)
    verify(ring.root_public, "ring", data, signature)
    if ring.deployment != deployment:
        raise KeyNotTrusted("the key ring belongs to another project")
    return ring


def check_newer(held: KeyRing, offered: KeyRing) -> KeyRing:
    """Return `offered` if it may take the place of `held`.

    Raises:
        KeyNotTrusted: another root or project, or a serial that is not higher.
    """
    if (offered.root_public, offered.deployment) != (held.root_public, held.deployment):
        raise KeyNotTrusted("the key ring belongs to another project")
    if offered.serial <= held.serial:
        raise KeyNotTrusted("the key ring is not newer than the one held")
    return offered


def _check_root(public_bytes: bytes, fingerprint: bytes) -> None:
    if root_fingerprint(public_bytes) != fingerprint:
        raise KeyNotTrusted("the key ring names a root other than the one enrolled with")


def _parse(data: bytes) -> KeyRing:
    items = array(version(decode(data), "a key ring"), "a key ring", 7)
    return KeyRing(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        serial=uint(items[2], "serial"),
        issued_ms=uint(items[3], "issued_ms"),
        root_public=octets(items[4], "root public key", KEY_BYTES),
        label=text(items[5], "project label"),
        keys=tuple(_parse_key(item) for item in array(items[6], "keys")),
    )


def _parse_key(item: object) -> RingKey:
    role, suite, data, from_day, until_day = array(item, "a key of the ring", 5)
    try:
        role, suite = Role(uint(role, "role")), Suite(uint(suite, "suite"))
    except ValueError:
        raise EncodingInvalid("the key ring holds a role or suite that is not known") from None
    if (suite is Suite.ED25519) is not (role in SIGNING_ROLES):
        raise EncodingInvalid(f"a {role.name.lower()} key cannot be of suite {int(suite)}")
    return RingKey(
        role=role,
        suite=suite,
        data=octets(data, "public key", PUBLIC_KEY_BYTES[suite]),
        from_day=uint(from_day, "from_day"),
        until_day=uint(until_day, "until_day"),
    )
