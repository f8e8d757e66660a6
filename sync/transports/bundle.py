"""Bundle files for a stick or card: written whole or not at all, read whole or not at all.

Rules SYNC-050 to SYNC-052 and SYNC-055. The sealing of frames is shared/sealing/transfer.py's; what
the messages mean is carrier.py's.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import EncodingInvalid, StoreFull, TagMismatch, UsageError
from shared.ids import AUTHOR_ID_BYTES, DEPLOYMENT_ID_BYTES, AuthorId, DeploymentId
from shared.sealing.envelope import TAG_BYTES
from shared.sealing.keys import PublicKey, SecretKey
from shared.sealing.transfer import (
    Recipient,
    new_file_key,
    open_file_key,
    open_frames,
    parse_recipients,
    seal_file_key,
    seal_frames,
)
from shared.shapes import array, octets, uint, version
from sync.core.messages import MESSAGE_BYTES_MAX

MAGIC: Final = b"CAIRNB1\n"
SUFFIX: Final = ".cairnb"
PART_BYTES_MAX: Final = 3 << 30
"""Parts stay below what FAT32, the file system of most sticks, can hold in one file."""
HEADER_BYTES_MAX: Final = 128 << 10
PARTS_MAX: Final = 9_999
_LENGTH_BYTES: Final = 4
_FRAME_BYTES_MAX: Final = MESSAGE_BYTES_MAX + TAG_BYTES

MakeMessage = Callable[[], bytes]
"""Makes one message when it is written, so that a stick full of them is never held in memory."""


@dataclass(frozen=True, slots=True)
class BundleHeader:
    """What stands in the clear at the beginning of a bundle."""

    deployment: DeploymentId
    sender: AuthorId
    created_ms: int
    part: int
    parts: int
    recipients: tuple[Recipient, ...]

    def encode(self) -> bytes:
        """Return the header's bytes."""
        return encode(
            [
                1,
                self.deployment,
                self.sender,
                self.created_ms,
                self.part,
                self.parts,
                [list(recipient) for recipient in self.recipients],
            ]
        )


@dataclass(frozen=True, slots=True)
class BundleFrom:
    """Who writes a bundle, when, and how large a part may be."""

    deployment: DeploymentId
    sender: AuthorId
    created_ms: int
    part_bytes_max: int = PART_BYTES_MAX


def write_bundle(
    path: Path,
    origin: BundleFrom,
    readers: Sequence[PublicKey],
    messages: Sequence[MakeMessage],
    random_bytes: RandomBytes,
) -> list[Path]:
    """Write the messages as one file, or as numbered parts; return the files.

    Each file appears under its name only when it is whole and on the medium (SYNC-052).

    Raises:
        NoKeyMatches: no reader; a bundle is never written in the clear.
        StoreFull: the medium is full; no file of that name is left half written.
    """
    parts = list(_in_parts(messages, origin.part_bytes_max))
    if len(parts) > PARTS_MAX:
        raise UsageError(f"the bundle would have more than {PARTS_MAX} parts: allow larger ones")
    written: list[Path] = []
    for number, part in enumerate(parts, start=1):
        file_key = new_file_key(random_bytes)
        header = BundleHeader(
            origin.deployment,
            origin.sender,
            origin.created_ms,
            number,
            len(parts),
            seal_file_key(file_key, readers, origin.deployment),
        )
        name = path if len(parts) == 1 else path.with_stem(f"{path.stem}-{number}of{len(parts)}")
        _write_file(name, header, file_key, part)
        written.append(name)
    return written


def _in_parts(messages: Sequence[MakeMessage], part_bytes_max: int) -> Iterator[list[MakeMessage]]:
    part: list[MakeMessage] = []
    size_bytes = 0
    for make in messages:
        cost = len(make()) + TAG_BYTES + _LENGTH_BYTES
        if part and size_bytes + cost > part_bytes_max:
            yield part
            part, size_bytes = [], 0
        part.append(make)
        size_bytes += cost
    yield part


def _write_file(
    path: Path, header: BundleHeader, file_key: bytes, messages: Sequence[MakeMessage]
) -> None:
    head = header.encode()
    start = MAGIC + len(head).to_bytes(_LENGTH_BYTES, "big") + head
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            file.write(start)
            plaintexts = (make() for make in messages)
            for frame in seal_frames(file_key, sha256(start).digest(), plaintexts):
                file.write(len(frame).to_bytes(_LENGTH_BYTES, "big"))
                file.write(frame)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreFull(f"cannot write {path}: {error.strerror}; use another stick") from error


def _flush_folder(folder: Path) -> None:
    """Make the new name durable, where the system can flush a folder."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_header(file: BinaryIO) -> tuple[BundleHeader, bytes]:
    """Return a bundle's header and the hash that its frames are bound to.

    Raises:
        EncodingInvalid: not a bundle.
    """
    start = file.read(len(MAGIC) + _LENGTH_BYTES)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + _LENGTH_BYTES:
        raise EncodingInvalid("this is not a bundle file")
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if length > HEADER_BYTES_MAX:
        raise EncodingInvalid("the bundle's header is larger than one can be")
    head = file.read(length)
    if len(head) < length:
        raise EncodingInvalid("the bundle is torn: it ends in its header")
    items = array(version(decode(head), "a bundle header"), "a bundle header")
    if len(items) < 7:  # noqa: PLR2004 - the items of SYNC-050
        raise EncodingInvalid("a bundle header has 7 items")
    header = BundleHeader(
        DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES)),
        AuthorId(octets(items[2], "sender", AUTHOR_ID_BYTES)),
        uint(items[3], "created_ms"),
        uint(items[4], "part", PARTS_MAX),
        uint(items[5], "parts", PARTS_MAX),
        parse_recipients(items[6]),
    )
    return header, sha256(start + head).digest()


def read_frames(file: BinaryIO) -> Iterator[bytes]:
    """Yield the sealed frames that follow a header.

    Raises:
        TagMismatch: the file ends inside a frame.
        EncodingInvalid: a frame is larger than one can be.
    """
    while prefix := file.read(_LENGTH_BYTES):
        length = int.from_bytes(prefix, "big")
        if len(prefix) == _LENGTH_BYTES and length > _FRAME_BYTES_MAX:
            raise EncodingInvalid("a frame of the bundle is larger than one can be")
        frame = file.read(length)
        if len(prefix) < _LENGTH_BYTES or len(frame) < length:
            raise TagMismatch("the bundle is torn: it ends inside a frame; nothing was applied")
        yield frame


def open_bundle(
    path: Path, secret_keys: Sequence[SecretKey], deployment: DeploymentId
) -> tuple[BundleHeader, Iterator[bytes]]:
    """Verify a whole bundle, then return its header and its messages (SYNC-051, SYNC-052).

    Raises:
        EncodingInvalid: not a bundle of this project.
        NoKeyMatches: sealed to other readers.
        TagMismatch: torn, or changed; nothing of it may be applied.
    """
    header, frames = _verified(path, secret_keys, deployment)
    for _ in frames:
        pass
    return header, _verified(path, secret_keys, deployment)[1]


def _verified(
    path: Path, secret_keys: Sequence[SecretKey], deployment: DeploymentId
) -> tuple[BundleHeader, Iterator[bytes]]:
    with path.open("rb") as file:
        header, binding = read_header(file)
        begins = file.tell()
    if header.deployment != deployment:
        raise EncodingInvalid("the bundle belongs to another project")
    file_key = open_file_key(header.recipients, secret_keys, deployment)

    def messages() -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(begins)
            yield from open_frames(file_key, binding, read_frames(file))

    return header, messages()
