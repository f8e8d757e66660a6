"""The directory: whose entries a peer can check, and what the server has said of each author.

It is filled from the key ring, from certificates and from the server's broadcasts, all signed, so
any carrier may bring them. Rules SYNC-014, SYNC-070 to SYNC-074, SYNC-131.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from shared.canonical import decode
from shared.errors import CairnError, KeyNotTrusted
from shared.ids import AuthorId, DeploymentId
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import (
    AUDIENCE_ALL,
    SIGNATURE_BYTES,
    author_id,
    device_audience,
)
from shared.sealing.receipts import Signed
from shared.sealing.ring import KeyRing, SignedRing, check_newer, open_ring
from shared.shapes import array, octets
from sync.core.attest import (
    Admitted,
    Attestation,
    ClockOffset,
    Compacted,
    Enrolled,
    Lost,
    PackageWithdrawn,
    Revoked,
    Withdrawn,
    decode_attestations,
)
from sync.core.batch import SealedEntry
from sync.core.certificate import (
    Certificate,
    PeerRole,
    open_certificate,
    parse_certificate,
    server_log_keys,
)
from sync.core.have import LogName
from sync.core.packages import Packages

STRANGERS_MAX = 1024
"""Certificates kept unchecked while no key ring is here to check them by."""


@dataclass(frozen=True, slots=True)
class ServerLog:
    """A log that the server writes: broadcasts, or the mailbox of one device."""

    public_key: bytes
    device: AuthorId | None


class Directory:
    """What is known of authors in one deployment."""

    def __init__(self, deployment: DeploymentId, root_fingerprint: bytes) -> None:
        self.deployment = deployment
        self.root_fingerprint = root_fingerprint
        self.ring: KeyRing | None = None
        self.signed_ring: SignedRing | None = None
        self._certificates: dict[AuthorId, tuple[Certificate, Signed]] = {}
        self._unchecked: dict[AuthorId, Signed] = {}
        self._server_logs: dict[AuthorId, ServerLog] = {}
        self._revoked: dict[AuthorId, Revoked] = {}
        self.admitted: dict[LogName, list[Admitted]] = {}
        self.clock_offsets: list[ClockOffset] = []
        self.withdrawn: set[bytes] = set()
        self.lost: set[AuthorId] = set()
        self.compacted: dict[LogName, Compacted] = {}
        self.packages = Packages()

    def take_ring(self, signed: SignedRing) -> bool:
        """Take a key ring if it is newer; return whether it was.

        Raises:
            KeyNotTrusted, SignatureInvalid, EncodingInvalid: not this project's root's.
        """
        offered = open_ring(
            signed.data,
            signed.signature,
            root_fingerprint=self.root_fingerprint,
            deployment=self.deployment,
        )
        if self.ring is not None:
            if offered.serial <= self.ring.serial:
                return False
            check_newer(self.ring, offered)
        self.ring, self.signed_ring = offered, signed
        self._server_logs = {
            author_id(public, AUDIENCE_ALL): ServerLog(public, None)
            for public in server_log_keys(offered)
        }
        for author in list(self._certificates):
            self._add_mailboxes(author)
        waiting, self._unchecked = self._unchecked, {}
        for certificate in waiting.values():
            try:
                self.learn(certificate)
            except KeyNotTrusted:
                continue  # it was kept unchecked; now it is known to be nobody's
        return True

    def _add_mailboxes(self, device: AuthorId) -> None:
        if self.ring is not None:
            for public in server_log_keys(self.ring):
                mailbox = author_id(public, device_audience(device))
                self._server_logs[mailbox] = ServerLog(public, device)

    def learn(self, signed: Signed) -> bool:
        """Take a certificate; return whether its author was not known before.

        Without a key ring it is kept unchecked until one comes (SYNC-073).

        Raises:
            KeyNotTrusted, EncodingInvalid: not this project's.
        """
        if self.ring is None:
            certificate = parse_certificate(signed.data)
            if certificate.deployment != self.deployment:
                raise KeyNotTrusted("the certificate belongs to another project")
            if len(self._unchecked) < STRANGERS_MAX:
                self._unchecked.setdefault(certificate.author, signed)
            return False
        certificate = open_certificate(signed, self.ring)
        if certificate.author in self._certificates:
            return False
        self._certificates[certificate.author] = certificate, signed
        self._add_mailboxes(certificate.author)
        return True

    def know_device(self, author: AuthorId) -> None:
        """Recognise the server's mailbox for a device, also before its certificate is here."""
        self._add_mailboxes(author)

    def read(self, entries: Iterable[SealedEntry]) -> list[Attestation]:
        """Take in the keys and attestations among committed server entries; return the latter.

        An entry that says nothing readable is passed over: it is kept, and a newer peer reads it.
        """
        said: list[Attestation] = []
        for entry in entries:
            payload = entry.payloads.get(Compartment.OPEN)
            if payload is None or self.server_log(entry.header.author) is None:
                continue
            try:
                if entry.header.kind == Kind.KEYS:
                    self.take_ring(ring_in(payload))
                elif entry.header.kind == Kind.ATTESTATION:
                    said += self._attest(decode_attestations(payload))
                elif entry.header.kind == Kind.PACKAGE and self.ring is not None:
                    self.packages.announce(payload, self.ring)
            except CairnError:
                continue
        return said

    def _attest(self, items: list[Attestation]) -> list[Attestation]:  # noqa: C901 - a type each
        for item in items:
            match item:
                case Enrolled(certificate):
                    self.learn(certificate)
                case Revoked():
                    self._revoked[item.log.author] = item
                case Admitted():
                    self.admitted.setdefault(item.log, []).append(item)
                case ClockOffset():
                    self.clock_offsets.append(item)
                case Withdrawn(withdrawal_hash):
                    self.withdrawn.add(withdrawal_hash)
                case Lost(author):
                    self.lost.add(author)
                case Compacted(log, through):
                    held = self.compacted.get(log)
                    if held is None or held.through.sequence < through.sequence:
                        self.compacted[log] = item
                case PackageWithdrawn(package_hash, reason):
                    self.packages.withdraw(package_hash, reason)
                case _ as never:
                    assert_never(never)
        return items

    def certificate(self, author: AuthorId) -> Certificate | None:
        """Return an author's checked certificate, if it is here."""
        found = self._certificates.get(author)
        return None if found is None else found[0]

    def signed_certificate(self, author: AuthorId) -> Signed | None:
        """Return the certificate as it travels."""
        found = self._certificates.get(author)
        return None if found is None else found[1]

    def certificates(self) -> list[Certificate]:
        """Return every checked certificate, by author."""
        return [self._certificates[author][0] for author in sorted(list(self._certificates))]  # noqa: C414 - a copy, as threads learn

    def server_log(self, author: AuthorId) -> ServerLog | None:
        """Return what log of the server an author writes; None where it is not the server."""
        return self._server_logs.get(author)

    def public_key(self, author: AuthorId) -> bytes | None:
        """Return the key that signs an author's heads, None where it is not known."""
        server_log = self._server_logs.get(author)
        if server_log is not None:
            return server_log.public_key
        certificate = self.certificate(author)
        return None if certificate is None else certificate.public_key

    def caller_key(self, author: AuthorId) -> bytes | None:
        """Return the key by which a caller proves who it is.

        A hub that has no ring yet hears a caller whose certificate it cannot check, for only such
        a caller can bring the ring; it takes no entry from it before (SYNC-073).
        """
        if self.ring is None and author in self._unchecked:
            return parse_certificate(self._unchecked[author].data).public_key
        certificate = self.certificate(author)
        return None if certificate is None else certificate.public_key

    def role(self, author: AuthorId) -> PeerRole:
        """Return what an enrolled author is; a device where it is not known."""
        certificate = self.certificate(author)
        return PeerRole.DEVICE if certificate is None else certificate.role

    def revoked(self, author: AuthorId) -> Revoked | None:
        """Return the server's word that an author is revoked, if it gave one."""
        return self._revoked.get(author)

    def wanted_by(self, sender: AuthorId, log: LogName) -> bool:
        """Tell whether a peer may take a log: SYNC-025."""
        if self.role(sender) is PeerRole.HUB or log.author == sender:
            return True
        server_log = self.server_log(log.author)
        return server_log is not None and server_log.device in (None, sender)


def ring_in(payload: bytes) -> SignedRing:
    """Return the signed ring in a `keys` entry's payload."""
    data, signature = array(decode(payload), "a keys entry", 2)
    return SignedRing(
        octets(data, "key ring"), octets(signature, "ring signature", SIGNATURE_BYTES)
    )
