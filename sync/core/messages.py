"""Messages and answers: the one exchange that every carrier uses (SYNC-020 to 022, 027)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, LimitExceeded, RemoteProtocolError
from shared.ids import AUTHOR_ID_BYTES, DEPLOYMENT_ID_BYTES, HASH_BYTES, AuthorId, DeploymentId
from shared.limits import BATCH_BYTES_MAX, CHUNK_BYTES
from shared.sealing.envelope import DETACHED_BYTES_MAX, TAG_BYTES
from shared.sealing.keys import SIGNATURE_BYTES
from shared.sealing.receipts import Signed
from shared.shapes import array, octets, text, uint
from sync.core.buckets import (
    Asking,
    Compared,
    Scope,
    asking_from_wire,
    asking_to_wire,
    compared_from_wire,
)
from sync.core.have import SEQUENCE_MAX, HaveVector, have_from_wire, log_name
from sync.core.plan import Outcome, OutcomeCode
from sync.core.store import Chunk, Want

VERSION: Final = 1
MORE: Final = 1
"""Flag: the writer has more to send."""
MESSAGE_BYTES_MAX: Final = BATCH_BYTES_MAX + (4 << 20)
"""A batch, and beside it papers, wants and a have-vector of 20,000 logs."""
CHUNK_DATA_MAX: Final = CHUNK_BYTES + TAG_BYTES
PAPERS_MAX: Final = 20_000
WANTS_MAX: Final = 1_000
CHUNKS_MAX: Final = 16
OUTCOMES_MAX: Final = 20_000
_ITEMS: Final = 11


@dataclass(frozen=True, slots=True)
class Papers:
    """Signed papers that travel along: each is checked by its own signature (SYNC-054)."""

    receipts: tuple[Signed, ...] = ()
    notes: tuple[Signed, ...] = ()
    certificates: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What one peer sends (SYNC-020); `have` is None where nothing is asked for.

    Attributes:
        asks: digests instead of a have-vector, or the buckets that `have` is about (SYNC-028).
    """

    deployment: DeploymentId
    sender: AuthorId
    have: HaveVector | None = None
    batch: bytes | None = None
    papers: Papers = field(default_factory=Papers)
    chunks: tuple[Chunk, ...] = ()
    wants: tuple[Want, ...] = ()
    more: bool = False
    asks: Asking | Scope | None = None

    def encode(self) -> bytes:
        """Return the message's bytes."""
        return encode(
            [
                VERSION,
                self.deployment,
                self.sender,
                None if self.have is None else self.have.to_wire(),
                self.batch,
                *_papers_to_wire(self.papers),
                self.chunks,
                self.wants,
                MORE if self.more else 0,
                *asking_to_wire(self.asks),
            ]
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other returns (SYNC-022).

    Attributes:
        compared: the buckets that `have` is about, where digests were compared (SYNC-028).
    """

    deployment: DeploymentId
    have: HaveVector
    outcomes: tuple[Outcome, ...] = ()
    batch: bytes | None = None
    papers: Papers = field(default_factory=Papers)
    chunks: tuple[Chunk, ...] = ()
    wants: tuple[Want, ...] = ()
    more: bool = False
    compared: Compared | None = None

    def encode(self) -> bytes:
        """Return the answer's bytes."""
        return encode(
            [
                VERSION,
                self.deployment,
                self.have.to_wire(),
                [[*o.log, o.sequence, o.code, o.reason] for o in self.outcomes],
                self.batch,
                *_papers_to_wire(self.papers),
                self.chunks,
                self.wants,
                MORE if self.more else 0,
                *([] if self.compared is None else [self.compared.to_wire()]),
            ]
        )


def decode_message(data: bytes) -> Message:
    """Read a message.

    Raises:
        LimitExceeded: over MESSAGE_BYTES_MAX or another bound.
        RemoteProtocolError: of another version (SYNC-027).
        EncodingInvalid: malformed.
    """
    items = _items(data, "a message")
    return Message(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        sender=AuthorId(octets(items[2], "sender", AUTHOR_ID_BYTES)),
        have=None if items[3] is None else have_from_wire(items[3]),
        batch=_batch(items[4]),
        papers=_papers(items[5:8]),
        chunks=_chunks(items[8]),
        wants=_wants(items[9]),
        more=bool(uint(items[10], "flags") & MORE),
        asks=None if (last := _further(items)) is None else asking_from_wire(last),
    )


def decode_answer(data: bytes) -> Answer:
    """Read an answer; raises as `decode_message`."""
    items = _items(data, "an answer")
    outcomes = _bounded(items[3], "outcomes", OUTCOMES_MAX)
    return Answer(
        deployment=DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        have=have_from_wire(items[2]),
        outcomes=tuple(_outcome(item) for item in outcomes),
        batch=_batch(items[4]),
        papers=_papers(items[5:8]),
        chunks=_chunks(items[8]),
        wants=_wants(items[9]),
        more=bool(uint(items[10], "flags") & MORE),
        compared=None if (last := _further(items)) is None else compared_from_wire(last),
    )


def _further(items: list[object]) -> object:
    """Return what stands behind the first eleven; null stands for nothing, so that more may."""
    return items[_ITEMS] if len(items) > _ITEMS else None


def _items(data: bytes, what: str) -> list[object]:
    if len(data) > MESSAGE_BYTES_MAX:
        raise LimitExceeded(f"{what} is larger than {MESSAGE_BYTES_MAX} bytes")
    items: list[object] = array(decode(data), what)
    if not items or items[0] != VERSION or isinstance(items[0], bool):
        raise RemoteProtocolError(
            f"{what} is of another protocol version; version {VERSION} is understood here"
        )
    if len(items) < _ITEMS:
        raise EncodingInvalid(f"{what} has {_ITEMS} items")
    return items


def _batch(value: object) -> bytes | None:
    return None if value is None else octets(value, "batch")


def _papers_to_wire(papers: Papers) -> list[list[Signed]]:
    kinds = (papers.receipts, papers.notes, papers.certificates)
    return [list(kind) for kind in kinds]


def _papers(values: Sequence[object]) -> Papers:
    receipts, notes, certificates = (_signed(value) for value in values)
    return Papers(receipts, notes, certificates)


def _signed(value: object) -> tuple[Signed, ...]:
    items = _bounded(value, "papers", PAPERS_MAX)
    read: list[Signed] = []
    for item in items:
        data, signature = array(item, "a signed paper", 2)
        read.append(Signed(octets(data, "paper"), octets(signature, "signature", SIGNATURE_BYTES)))
    return tuple(read)


def _chunks(value: object) -> tuple[Chunk, ...]:
    read: list[Chunk] = []
    for item in _bounded(value, "chunks", CHUNKS_MAX):
        payload_hash, offset, data = array(item, "a chunk", 3)
        if len(octets(data, "chunk data")) > CHUNK_DATA_MAX:
            raise LimitExceeded(f"a chunk is larger than {CHUNK_DATA_MAX} bytes")
        read.append(Chunk(octets(payload_hash, "payload hash", HASH_BYTES), _offset(offset), data))
    return tuple(read)


def _wants(value: object) -> tuple[Want, ...]:
    read: list[Want] = []
    for item in _bounded(value, "wants", WANTS_MAX):
        payload_hash, offset = array(item, "a want", 2)
        read.append(Want(octets(payload_hash, "payload hash", HASH_BYTES), _offset(offset)))
    return tuple(read)


def _offset(value: object) -> int:
    return uint(value, "offset", DETACHED_BYTES_MAX)


def _bounded(value: object, what: str, at_most: int) -> list[object]:
    items = array(value, what)
    if len(items) > at_most:
        raise LimitExceeded(f"more than {at_most} {what} in one message")
    return items


def _outcome(item: object) -> Outcome:
    author, incarnation, sequence, code, reason = array(item, "an outcome", 5)
    log = log_name(author, incarnation)
    try:
        known = OutcomeCode(uint(code, "outcome code"))
    except ValueError:
        raise EncodingInvalid("the outcome code is not known") from None
    return Outcome(log, uint(sequence, "sequence", SEQUENCE_MAX), known, text(reason, "reason"))
