"""The audit chain: one line per decision, each holding the hash of the one before. Pure.

Who asked, what for, what was answered, by which rule of which policy; ids, never answers (P7).
Rules GOV-030..034. The same chain is kept at the mission server (records store) and at the
steward's station (a file).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, SignatureInvalid
from shared.ids import HASH_BYTES
from shared.sealing.keys import SigningKey, verify
from shared.sealing.labels import label

GENESIS: Final = bytes(HASH_BYTES)
CHECKPOINT_LABEL: Final = "audit-checkpoint"
_VERSION: Final = 1
_ITEMS: Final = 12


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What one line says.

    Attributes:
        purpose: the purpose named; "" for running the system.
        decision: "permit" or "deny".
        detail: ids and counts; never an answer, a name or a passphrase.
    """

    actor: str
    action: str
    resource: str
    purpose: str
    decision: str
    rule: str
    policy: int
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One link of the chain."""

    sequence: int
    data: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain breaks, and how."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement of the chain's head: [1, deployment, sequence, hash, at_ms]."""

    data: bytes
    signature: bytes


def next_line(previous: Line | None, at_ms: int, event: AuditEvent) -> Line:
    """Return the line that follows `previous`."""
    sequence = 1 if previous is None else previous.sequence + 1
    before = GENESIS if previous is None else previous.hash
    data = encode(
        [
            _VERSION,
            sequence,
            before,
            at_ms,
            event.actor,
            event.action,
            event.resource,
            event.purpose,
            event.decision,
            event.rule,
            event.policy,
            dict(event.detail),
        ]
    )
    return Line(sequence, data, line_hash(data))


def line_hash(data: bytes) -> bytes:
    """Return the hash that the next line names."""
    return sha256(label("audit") + data).digest()


def read_line(data: bytes) -> tuple[int, bytes, int, AuditEvent]:
    """Return a line's sequence, previous hash, time in ms and event.

    Raises:
        EncodingInvalid: not a line of version 1.
    """
    value = decode(data)
    if not isinstance(value, list) or len(value) != _ITEMS or value[0] != _VERSION:
        raise EncodingInvalid("not an audit line of version 1")
    return value[1], value[2], value[3], AuditEvent(*value[4:])


def find_fault(lines: Iterable[Line]) -> Fault | None:
    """Return the first place where the chain does not hold, or None.

    A removed line shows as a gap in the sequence, an altered one as a wrong hash, a replaced one
    as a line that the next does not follow.
    """
    expected, previous = 1, GENESIS
    for line in lines:
        if line.sequence != expected:
            return Fault(expected, f"line {expected} is missing (found line {line.sequence})")
        if line_hash(line.data) != line.hash:
            return Fault(expected, f"line {expected} was altered: its hash does not match")
        try:
            sequence, before, _, _ = read_line(line.data)
        except EncodingInvalid:
            return Fault(expected, f"line {expected} is not an audit line")
        if sequence != expected or before != previous:
            return Fault(expected, f"line {expected} does not follow the line before it")
        expected, previous = expected + 1, line.hash
    return None


def sign_checkpoint(key: SigningKey, deployment: bytes, line: Line, at_ms: int) -> Checkpoint:
    """Sign the chain's head with the server's receipt key."""
    data = encode([_VERSION, deployment, line.sequence, line.hash, at_ms])
    return Checkpoint(data, key.sign(CHECKPOINT_LABEL, data))


def read_checkpoint(checkpoint: Checkpoint, public_keys: Iterable[bytes]) -> tuple[int, bytes]:
    """Return the sequence and hash a checkpoint vouches for.

    Raises:
        SignatureInvalid: none of the keys signed it.
    """
    for public in public_keys:
        try:
            verify(public, CHECKPOINT_LABEL, checkpoint.data, checkpoint.signature)
        except SignatureInvalid:
            continue
        _, _, sequence, digest, _ = decode(checkpoint.data)
        return int(sequence), bytes(digest)
    raise SignatureInvalid("no receipt key of the key ring signed this checkpoint")
