"""The envelope: an entry's clear header, its payload hashes, and the signed head of a log.

Rules SEAL-020 to SEAL-032. Chain and signature cover the header alone; it holds the hash of each
payload's ciphertext, so a payload can be deleted and the log still verifies. What is inside the
payloads is epochs.py's, mailbox.py's and attachments.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, NamedTuple

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, HeaderInvalid, LimitExceeded, TagMismatch
from shared.ids import (
    AUTHOR_ID_BYTES,
    DEPLOYMENT_ID_BYTES,
    HASH_BYTES,
    AuthorId,
    DeploymentId,
    EntryHash,
)
from shared.limits import ATTACHMENT_BYTES_MAX, CHUNK_BYTES, ENTRY_BYTES_MAX
from shared.sealing.keys import SigningKey, verify
from shared.shapes import array, octets, uint, version

SALT_BYTES: Final = 16
PAYLOADS_MAX: Final = 8
GENESIS: Final = EntryHash(bytes(HASH_BYTES))
"""What the first entry of a log names as the entry before it."""
TAG_BYTES: Final = 16
"""AES-256-GCM's authentication tag."""
DETACHED_BYTES_MAX: Final = ATTACHMENT_BYTES_MAX + TAG_BYTES * (
    ATTACHMENT_BYTES_MAX // CHUNK_BYTES + 1
)
_FIRST_SERVER_KIND: Final = 32


class Kind(IntEnum):
    """What an entry is about. A newer peer may know more; headers carry any number."""

    EPOCH = 1
    REVISION = 2
    ATTACHMENT = 3
    WITHDRAWAL = 4
    RESOLUTION = 5
    STATUS = 6
    TALLY = 7
    PROGRESS = 8
    KEYS = 32
    POLICY = 33
    FORM = 34
    LIST = 35
    ATTESTATION = 36
    PACKAGE = 40
    ASSIGNMENT = 48
    STATE = 49
    CONFLICT = 50
    ERASURE = 51
    CASE_LIST = 52


class Compartment(IntEnum):
    """A part of an entry for one recipient."""

    BODY = 1
    IDENTITY = 2
    ATTACHMENT = 3
    PROGRESS = 4
    OPEN = 5
    MAILBOX = 6
    DIRECT_ATTACHMENT = 7


DETACHED: Final = frozenset((Compartment.ATTACHMENT, Compartment.DIRECT_ATTACHMENT))
"""Their payloads travel beside the entry, in chunks (SEAL-048)."""
SERVER_COMPARTMENTS: Final = frozenset((Compartment.OPEN, Compartment.MAILBOX))


def is_device_kind(kind: int) -> bool:
    """Tell whether entries of that kind come from a device: nothing of theirs is ever open."""
    return kind < _FIRST_SERVER_KIND


class PayloadRef(NamedTuple):
    """What a header says of one payload: SHA-256 and length of its ciphertext."""

    compartment: Compartment
    hash: bytes
    length: int


class LogId(NamedTuple):
    """One author's log in one of its incarnations."""

    deployment: DeploymentId
    author: AuthorId
    incarnation: int


@dataclass(frozen=True, slots=True)
class Header:
    """The clear part of an entry. `kind` stays a number: unknown kinds are carried (SEAL-023)."""

    deployment: DeploymentId
    author: AuthorId
    incarnation: int
    sequence: int
    kind: int
    previous: EntryHash
    epoch: int
    salt: bytes
    payloads: tuple[PayloadRef, ...] = ()

    @property
    def log(self) -> LogId:
        """The log this entry stands in."""
        return LogId(self.deployment, self.author, self.incarnation)


def place_bytes(header: Header) -> bytes:
    """Return the header's canonical bytes up to its payloads: an array of ten without its last.

    They also begin a payload's associated data (SEAL-044), so they are made for every entry taken
    in; written out because that is five times as fast as encoding an array.
    """
    sizes = len(header.deployment), len(header.author), len(header.previous), len(header.salt)
    if sizes != (DEPLOYMENT_ID_BYTES, AUTHOR_ID_BYTES, HASH_BYTES, SALT_BYTES):
        raise HeaderInvalid("a header's deployment, author, previous hash or salt has a wrong size")
    return b"".join(
        (
            b"\x8a\x01\x48",
            header.deployment,
            b"\x50",
            header.author,
            encode(header.incarnation),
            encode(header.sequence),
            encode(header.kind),
            b"\x58\x20",
            header.previous,
            encode(header.epoch),
            b"\x50",
            header.salt,
        )
    )


def encode_header(header: Header) -> bytes:
    """Return the header's bytes: what is hashed, chained and rebuilt by every receiver."""
    return place_bytes(header) + encode(header.payloads)


def parse_header(data: bytes) -> Header:
    """Return the header that `data` encodes.

    Raises:
        HeaderInvalid: not canonical, another version, wrong sizes, unknown or unsorted compartments
            (SEAL-023).
    """
    if len(data) > ENTRY_BYTES_MAX:
        raise HeaderInvalid("an entry's header is larger than a whole entry may be")
    try:
        items = array(version(decode(data), "a header"), "a header", 10)
        header = Header(
            deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
            author=AuthorId(octets(items[2], "author", AUTHOR_ID_BYTES)),
            incarnation=uint(items[3], "incarnation"),
            sequence=uint(items[4], "sequence"),
            kind=uint(items[5], "kind"),
            previous=EntryHash(octets(items[6], "previous hash", HASH_BYTES)),
            epoch=uint(items[7], "epoch"),
            salt=octets(items[8], "salt", SALT_BYTES),
            payloads=tuple(_parse_payload(item) for item in array(items[9], "payloads")),
        )
    except (EncodingInvalid, LimitExceeded) as error:
        raise HeaderInvalid(error.message) from None
    return check_header(header)


def check_header(header: Header) -> Header:
    """Return `header` if its parts agree with each other, also where a receiver rebuilt it.

    Raises:
        HeaderInvalid: they do not (SEAL-023).
    """
    if header.sequence < 1:
        raise HeaderInvalid("a sequence starts at 1")
    if (header.sequence == 1) is not (header.previous == GENESIS):
        raise HeaderInvalid("the first entry of a log, and no other, follows 32 zero bytes")
    if header.epoch >= header.sequence:
        raise HeaderInvalid("an epoch must stand before the entries it seals")
    compartments = [ref.compartment for ref in header.payloads]
    if len(compartments) > PAYLOADS_MAX or compartments != sorted(set(compartments)):
        raise HeaderInvalid("payloads must be sorted, one a compartment, at most 8")
    if is_device_kind(header.kind) and not SERVER_COMPARTMENTS.isdisjoint(compartments):
        raise HeaderInvalid("a device's entry holds a compartment that only a server may fill")
    if sum(r.length for r in header.payloads if r.compartment not in DETACHED) > ENTRY_BYTES_MAX:
        raise HeaderInvalid(f"an entry is larger than {ENTRY_BYTES_MAX} bytes")
    return header


def _parse_payload(item: object) -> PayloadRef:
    number, digest, length = array(item, "a payload", 3)
    return payload_ref(number, digest, length)


def payload_ref(number: object, digest: object, length: object) -> PayloadRef:
    """Return a checked reference to one payload.

    Raises:
        EncodingInvalid: unknown compartment, wrong size of hash, or a length over the limit.
    """
    try:
        compartment = Compartment(uint(number, "compartment"))
    except ValueError:
        raise EncodingInvalid("the compartment is not known") from None
    at_most = DETACHED_BYTES_MAX if compartment in DETACHED else ENTRY_BYTES_MAX
    return PayloadRef(
        compartment, octets(digest, "payload hash", HASH_BYTES), uint(length, "length", at_most)
    )


def ref_of(compartment: Compartment, ciphertext: bytes) -> PayloadRef:
    """Return what a header must say of `ciphertext`."""
    return PayloadRef(compartment, sha256(ciphertext).digest(), len(ciphertext))


def entry_hash(header_bytes: bytes) -> EntryHash:
    """Return the entry's hash: its name in chains, receipts and have-vectors (SEAL-021)."""
    return EntryHash(sha256(header_bytes).digest())


@dataclass(frozen=True, slots=True)
class Entry:
    """A header with the payloads at hand; None (or no key) where one is pruned or detached."""

    header: Header
    payloads: Mapping[Compartment, bytes | None]


def check_payloads(entry: Entry) -> None:
    """Compare each payload at hand with what the header says of it (SEAL-022).

    Raises:
        TagMismatch: a payload's hash or length differs, or the header does not name it.
    """
    refs = {ref.compartment: ref for ref in entry.header.payloads}
    for compartment, ciphertext in entry.payloads.items():
        if ciphertext is None:
            continue
        ref = refs.get(compartment)
        if ref is None or ref != ref_of(compartment, ciphertext):
            raise TagMismatch(f"payload {int(compartment)} is not the one the entry's header names")


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes, as its author signs it (SEAL-030).

    Attributes:
        signed_on: days since 1970-01-01 UTC by the author's clock; shown, never used to order.
    """

    deployment: DeploymentId
    author: AuthorId
    incarnation: int
    sequence: int
    hash: EntryHash
    signed_on: int

    def encode(self) -> bytes:
        """Return the bytes the author signs."""
        return encode(
            [
                1,
                self.deployment,
                self.author,
                self.incarnation,
                self.sequence,
                self.hash,
                self.signed_on,
            ]
        )


def sign_head(key: SigningKey, head: Head) -> bytes:
    """Sign `head`; one signature covers everything before it through the chain (SEAL-031)."""
    return key.sign("head", head.encode())


def verify_head(public: bytes, head: Head, signature: bytes) -> None:
    """Check that the author's key signed `head`.

    Raises:
        SignatureInvalid: it did not.
    """
    verify(public, "head", head.encode(), signature)
