"""Batches: runs of consecutive entries under one head signature. Rules SYNC-010 to SYNC-015.

Headers are never sent: the receiver rebuilds each from the run's start and the entry before it,
and the signature over the last one proves them all (SEAL-031).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from shared.canonical import decode, encode
from shared.errors import CairnError, EncodingInvalid, LimitExceeded, RemoteProtocolError
from shared.ids import (
    DEPLOYMENT_ID_BYTES,
    HASH_BYTES,
    DeploymentId,
    EntryHash,
)
from shared.limits import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX
from shared.sealing.envelope import (
    DETACHED,
    SALT_BYTES,
    Compartment,
    Head,
    Header,
    PayloadRef,
    check_header,
    encode_header,
    entry_hash,
    payload_ref,
    ref_of,
)
from shared.sealing.keys import SIGNATURE_BYTES
from shared.shapes import array, octets, uint, version
from sync.core.have import SEQUENCE_MAX, LogName, Point, log_name

_ATTACHED: Final = 2
"""Items of a payload that travels with its entry; a pruned or detached one has 3."""
DAY_MAX: Final = (1 << 32) - 1
"""Days since 1970: a store's integers hold them."""
RUN_BYTES: Final = 256
"""What a run costs beside its entries, at most."""


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """A header, its bytes and hash, and the payloads at hand (none where pruned or detached)."""

    header: Header
    header_bytes: bytes
    hash: EntryHash
    payloads: Mapping[Compartment, bytes]

    @property
    def point(self) -> Point:
        """Where the entry stands in its log."""
        return Point(self.header.sequence, self.hash)

    def size_bytes(self) -> int:
        """Return what the entry takes in a batch, at most."""
        return len(self.header_bytes) + sum(len(data) + 8 for data in self.payloads.values())


def sealed_entry(header: Header, payloads: Mapping[Compartment, bytes | None]) -> SealedEntry:
    """Put an entry together; payloads that are None are left out."""
    data = encode_header(header)
    at_hand = {c: payload for c, payload in payloads.items() if payload is not None}
    return SealedEntry(header, data, entry_hash(data), at_hand)


@dataclass(frozen=True)
class Run:
    """Consecutive entries of one log, ending at a signed head.

    Attributes:
        previous: hash of the entry before the first.
        signed_on: days since 1970-01-01 UTC by the author's clock.
    """

    entries: tuple[SealedEntry, ...]
    signed_on: int
    signature: bytes

    @property
    def log(self) -> LogName:
        """The log that the entries belong to."""
        header = self.entries[0].header
        return LogName(header.author, header.incarnation)

    @property
    def before(self) -> Point:
        """The point the run goes on from; sequence 0 at the beginning of the log."""
        header = self.entries[0].header
        return Point(header.sequence - 1, header.previous)

    @cached_property
    def head(self) -> Head:
        """The head that the signature is of."""
        last = self.entries[-1]
        header = last.header
        return Head(
            header.deployment,
            header.author,
            header.incarnation,
            header.sequence,
            last.hash,
            self.signed_on,
        )


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A run that is not well formed: the log it claims, for the answer, and what is wrong."""

    log: LogName
    first: int
    error: CairnError


def encode_batch(deployment: DeploymentId, runs: Sequence[Run]) -> bytes:
    """Return the batch's bytes (SYNC-010)."""
    return encode([1, deployment, [_run_to_wire(run) for run in runs]])


def _run_to_wire(run: Run) -> list[object]:
    first = run.entries[0].header
    return [
        first.author,
        first.incarnation,
        first.sequence,
        first.previous,
        [_entry_to_wire(entry) for entry in run.entries],
        run.signed_on,
        run.signature,
    ]


def _entry_to_wire(entry: SealedEntry) -> list[object]:
    payloads: list[list[object]] = []
    for ref in entry.header.payloads:
        data = entry.payloads.get(ref.compartment)
        if data is None or ref.compartment in DETACHED:
            payloads.append([ref.compartment, ref.hash, ref.length])
        else:
            payloads.append([ref.compartment, data])
    return [entry.header.kind, entry.header.epoch, entry.header.salt, payloads]


def decode_batch(data: bytes, deployment: DeploymentId) -> list[Run | UnreadableRun]:
    """Return the runs of a batch; one that is malformed does not spoil the others (SYNC-013).

    Raises:
        LimitExceeded: over BATCH_BYTES_MAX or BATCH_ENTRIES_MAX (SYNC-012).
        EncodingInvalid: not a batch at all.
        RemoteProtocolError: of another project.
    """
    if len(data) > BATCH_BYTES_MAX:
        raise LimitExceeded(f"a batch is larger than {BATCH_BYTES_MAX} bytes")
    items = array(version(decode(data), "a batch"), "a batch", 3)
    if octets(items[1], "deployment", DEPLOYMENT_ID_BYTES) != deployment:
        raise RemoteProtocolError("the batch belongs to another project")
    runs: list[Run | UnreadableRun] = []
    count = 0
    for item in array(items[2], "runs"):
        parts = array(item, "a run", 7)
        log = log_name(parts[0], parts[1])
        first = uint(parts[2], "first sequence", SEQUENCE_MAX - BATCH_ENTRIES_MAX)
        count += len(array(parts[4], "entries"))
        if count > BATCH_ENTRIES_MAX:
            raise LimitExceeded(f"a batch holds more than {BATCH_ENTRIES_MAX} entries")
        try:
            runs.append(_run_from_wire(parts, deployment, log, first))
        except CairnError as error:
            runs.append(UnreadableRun(log, first, error))
    return runs


def _run_from_wire(parts: list[object], deployment: DeploymentId, log: LogName, first: int) -> Run:
    previous = EntryHash(octets(parts[3], "previous hash", HASH_BYTES))
    entries: list[SealedEntry] = []
    for number, item in enumerate(array(parts[4], "entries")):
        kind, epoch, salt, payloads = array(item, "an entry", 4)
        refs: list[PayloadRef] = []
        at_hand: dict[Compartment, bytes] = {}
        for payload in array(payloads, "payloads"):
            ref, ciphertext = _payload_from_wire(payload)
            refs.append(ref)
            if ciphertext is not None:
                at_hand[ref.compartment] = ciphertext
        header = Header(
            deployment=deployment,
            author=log.author,
            incarnation=log.incarnation,
            sequence=first + number,
            kind=uint(kind, "kind"),
            previous=previous,
            epoch=uint(epoch, "epoch"),
            salt=octets(salt, "salt", SALT_BYTES),
            payloads=tuple(refs),
        )
        entry = sealed_entry(check_header(header), at_hand)
        previous = entry.hash
        entries.append(entry)
    if not entries:
        raise EncodingInvalid("a run holds no entry")
    signature = octets(parts[6], "signature", SIGNATURE_BYTES)
    return Run(tuple(entries), uint(parts[5], "signed_on", DAY_MAX), signature)


def _payload_from_wire(value: object) -> tuple[PayloadRef, bytes | None]:
    parts = array(value, "a payload")
    if len(parts) == _ATTACHED:
        ciphertext = octets(parts[1], "ciphertext")
        try:
            compartment = Compartment(uint(parts[0], "compartment"))
        except ValueError:
            raise EncodingInvalid("the compartment is not known") from None
        if compartment in DETACHED:
            raise EncodingInvalid("an attachment travels by chunk, not inside its entry")
        return ref_of(compartment, ciphertext), ciphertext
    number, digest, length = array(parts, "a payload", 3)
    return payload_ref(number, digest, length), None
