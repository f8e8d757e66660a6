"""Certificates: the server's word for which public key an author has. Rules SYNC-070, SYNC-071.

A hub in the field meets devices it has never heard of; the certificate they got at enrolment is
all it needs to check their entries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, SignatureInvalid
from shared.ids import AUTHOR_ID_BYTES, DEPLOYMENT_ID_BYTES, AuthorId, DeploymentId
from shared.sealing.keys import KEY_BYTES, PublicKey, SigningKey, author_id, recipient_suite, verify
from shared.sealing.receipts import Signed
from shared.sealing.ring import KeyRing, Role
from shared.shapes import array, octets, text, uint, version

_ITEMS: Final = 9


class PeerRole(StrEnum):
    """What an enrolled author is."""

    DEVICE = "device"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Certificate:
    """An enrolled author and its public keys.

    Attributes:
        from_day: days since 1970-01-01 UTC on which it was enrolled.
    """

    deployment: DeploymentId
    author: AuthorId
    role: PeerRole
    public_key: bytes
    hpke: PublicKey
    audience: str
    from_day: int

    def encode(self) -> bytes:
        """Return the bytes the server signs."""
        return encode(
            [
                1,
                self.deployment,
                self.author,
                self.role,
                self.public_key,
                self.hpke.suite,
                self.hpke.data,
                self.audience,
                self.from_day,
            ]
        )


def sign_certificate(server_log_key: SigningKey, certificate: Certificate) -> Signed:
    """Sign with a role 5 key of the ring."""
    data = certificate.encode()
    return Signed(data, server_log_key.sign("certificate", data))


def parse_certificate(data: bytes) -> Certificate:
    """Read a certificate without trusting it yet.

    Raises:
        EncodingInvalid: malformed, or the author is not that of key and audience (SYNC-070).
    """
    items = array(version(decode(data), "a certificate"), "a certificate")
    if len(items) < _ITEMS:
        raise EncodingInvalid(f"a certificate has {_ITEMS} items")
    public_key = octets(items[4], "public key", KEY_BYTES)
    audience = text(items[7], "audience")
    author = AuthorId(octets(items[2], "author", AUTHOR_ID_BYTES))
    if author != author_id(public_key, audience):
        raise EncodingInvalid("a certificate's author is not that of its key and audience")
    try:
        role = PeerRole(text(items[3], "role"))
    except ValueError:
        raise EncodingInvalid("a certificate's role must be device or hub") from None
    hpke = PublicKey(recipient_suite(uint(items[5], "suite")), octets(items[6], "HPKE public key"))
    return Certificate(
        DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        author,
        role,
        public_key,
        hpke,
        audience,
        uint(items[8], "from_day"),
    )


def open_certificate(signed: Signed, ring: KeyRing) -> Certificate:
    """Return a certificate that a server log key of this project's ring signed.

    Raises:
        KeyNotTrusted: of another project, or signed by no such key.
        EncodingInvalid: malformed.
    """
    certificate = parse_certificate(signed.data)
    if certificate.deployment != ring.deployment:
        raise KeyNotTrusted("the certificate belongs to another project")
    for public in server_log_keys(ring):
        try:
            verify(public, "certificate", signed.data, signed.signature)
        except SignatureInvalid:
            continue
        return certificate
    raise KeyNotTrusted("no server key of this project signed the certificate")


def server_log_keys(ring: KeyRing) -> Iterable[bytes]:
    """Yield the public keys under which the server writes logs and certificates."""
    return (key.data for key in ring.keys if key.role is Role.SERVER_LOG)
