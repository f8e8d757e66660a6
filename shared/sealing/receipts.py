"""Receipts and hand-over notes: signed statements of what a peer holds (SEAL-083, SEAL-084).

A receipt comes from the mission server and names committed rows only. A note comes from a hub and
never turns into a receipt.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, SignatureInvalid
from shared.ids import (
    AUTHOR_ID_BYTES,
    DEPLOYMENT_ID_BYTES,
    HASH_BYTES,
    AuthorId,
    DeploymentId,
    EntryHash,
)
from shared.limits import HAVE_VECTOR_LOGS_MAX
from shared.sealing.keys import SigningKey, verify
from shared.sealing.ring import KeyRing, Role
from shared.shapes import array, octets, uint, version

_DAY_MS: Final = 86_400_000


class Reach(NamedTuple):
    """How far one branch of a log is held: the highest sequence without a gap, and its hash."""

    author: AuthorId
    incarnation: int
    sequence: int
    hash: EntryHash


def check_reach(value: object, what: str) -> tuple[Reach, ...]:
    """Return a have-vector from its decoded array (SYNC-002).

    Raises:
        EncodingInvalid: malformed, unsorted, or the same row twice. A forked log has a row for each
            branch.
    """
    rows = array(value, what)
    if len(rows) > HAVE_VECTOR_LOGS_MAX:
        raise EncodingInvalid(f"{what} names more than {HAVE_VECTOR_LOGS_MAX} logs")
    reach = tuple(_reach(row, what) for row in rows)
    if any(a >= b for a, b in pairwise(reach)):
        raise EncodingInvalid(f"{what} must be sorted, without equal rows")
    return reach


def _reach(row: Any, what: str) -> Reach:
    author, incarnation, sequence, digest = array(row, what, 4)
    return Reach(
        AuthorId(octets(author, "author", AUTHOR_ID_BYTES)),
        uint(incarnation, "incarnation"),
        uint(sequence, "sequence"),
        EntryHash(octets(digest, "entry hash", HASH_BYTES)),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the mission server holds durably, and what of it is backed up."""

    deployment: DeploymentId
    server: AuthorId
    server_incarnation: int
    issued_ms: int
    have: tuple[Reach, ...]
    backed_up: tuple[Reach, ...]
    audit_head: bytes

    def encode(self) -> bytes:
        """Return the bytes the server signs."""
        return encode(
            [
                1,
                self.deployment,
                self.server,
                self.server_incarnation,
                self.issued_ms,
                sorted(self.have),
                sorted(self.backed_up),
                self.audit_head,
            ]
        )


@dataclass(frozen=True, slots=True)
class Note:
    """What a hub took over from a device: handed over, not received."""

    deployment: DeploymentId
    hub: AuthorId
    issued_ms: int
    have: tuple[Reach, ...]

    def encode(self) -> bytes:
        """Return the bytes the hub signs."""
        return encode([1, self.deployment, self.hub, self.issued_ms, sorted(self.have)])


class Signed(NamedTuple):
    """A receipt or note as it travels."""

    data: bytes
    signature: bytes


def sign_receipt(key: SigningKey, receipt: Receipt) -> Signed:
    """Sign a receipt with a role 6 key; call it after the commit it speaks of."""
    data = receipt.encode()
    return Signed(data, key.sign("receipt", data))


def open_receipt(data: bytes, signature: bytes, ring: KeyRing) -> Receipt:
    """Return a receipt that this project's server signed.

    Raises:
        SignatureInvalid: no receipt key of the day of issue signed it.
        KeyNotTrusted: it belongs to another project, or the ring has no such key.
        EncodingInvalid: malformed.
    """
    items = array(version(decode(data), "a receipt"), "a receipt", 8)
    receipt = Receipt(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        server=AuthorId(octets(items[2], "server", AUTHOR_ID_BYTES)),
        server_incarnation=uint(items[3], "server incarnation"),
        issued_ms=uint(items[4], "issued_ms"),
        have=check_reach(items[5], "have"),
        backed_up=check_reach(items[6], "backed_up"),
        audit_head=octets(items[7], "audit head", HASH_BYTES),
    )
    if receipt.deployment != ring.deployment:
        raise KeyNotTrusted("the receipt belongs to another project")
    _check_role(ring, Role.RECEIPT, receipt.issued_ms // _DAY_MS, data, signature)
    return receipt


def _check_role(ring: KeyRing, role: Role, day: int, data: bytes, signature: bytes) -> None:
    ring.key(role, day)
    for key in ring.keys_for(role, day):
        try:
            return verify(key.data, "receipt", data, signature)
        except SignatureInvalid:
            continue
    raise SignatureInvalid("no receipt key of the project signed this receipt")


def sign_note(key: SigningKey, note: Note) -> Signed:
    """Sign a hand-over note with the hub's key."""
    data = note.encode()
    return Signed(data, key.sign("note", data))


def open_note(data: bytes, signature: bytes, hub_public: bytes) -> Note:
    """Return a note that the hub of that key signed.

    Raises:
        SignatureInvalid: it did not.
        EncodingInvalid: malformed.
    """
    verify(hub_public, "note", data, signature)
    items = array(version(decode(data), "a note"), "a note", 5)
    return Note(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        hub=AuthorId(octets(items[2], "hub", AUTHOR_ID_BYTES)),
        issued_ms=uint(items[3], "issued_ms"),
        have=check_reach(items[4], "have"),
    )
