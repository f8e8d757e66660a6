"""Files of direct fields, opened at the custodian's station chunk by chunk. Rule GOV-095.

Only what the identity just opened names is opened: a folder with more in it gives no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from server.intake.files import SEALED_SUFFIX, write_blocks
from shared.errors import EncodingInvalid, UsageError
from shared.records.files import THUMBNAIL_SUFFIX, read_file_name
from shared.sealing.attachments import SEALED_CHUNK_BYTES, open_chunks
from shared.sealing.envelope import Compartment, parse_header
from shared.sealing.epochs import open_epoch, payload_key
from shared.sealing.keys import SecretKey


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """Where the sealed files of a request lie, and the new folder they are opened into."""

    sealed: Path
    into: Path


def open_files(
    files: OpenFiles, answers: dict[str, str], sealed: list[Any], keys: tuple[SecretKey, ...]
) -> list[dict[str, Any]]:
    """Open the sealed files that the identity just opened names, and no other.

    Raises:
        UsageError: the folder exists, or a sealed file is not there.
        NoKeyMatches, TagMismatch: a file is not sealed to this custodian, or was changed.
    """
    if files.into.exists():
        raise UsageError(f"{files.into} exists; files are written into a new folder")
    at_hand = {digest: (header, epoch) for digest, header, epoch in sealed}
    files.into.mkdir(parents=True, mode=0o700)
    written: list[dict[str, Any]] = []
    for address, text in sorted(answers.items()):
        for name, digest in _names(address, text):
            if digest not in at_hand:
                continue
            header_bytes, epoch = at_hand[digest]
            header = parse_header(header_bytes)
            secret = open_epoch(epoch, keys, header.log, Compartment.IDENTITY)
            part = Compartment.DIRECT_ATTACHMENT
            key = payload_key(secret, header.log, header.salt, part)
            blocks = open_chunks(key, _blocks(files.sealed / f"{digest.hex()}{SEALED_SUFFIX}"))
            size_bytes, content = write_blocks(files.into / f"{len(written) + 1}-{name}", blocks)
            written.append(
                {
                    "name": f"{len(written) + 1}-{name}",
                    "field": address,
                    "bytes": size_bytes,
                    "sha256": content,
                }
            )
    return written


def _names(address: str, text: str) -> list[tuple[str, bytes]]:
    """Return the file names and hashes that an answer names; none where it names no file."""
    try:
        file = read_file_name(text)
    except EncodingInvalid:
        return []
    field = address.rpartition("/")[2]
    suffix = f".{file.suffix}" if file.suffix else ""
    names = [(f"{field}{suffix}", file.hash)]
    if file.thumbnail is not None:
        names.append((f"{field}-thumbnail.{THUMBNAIL_SUFFIX}", file.thumbnail))
    return names


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from iter(partial(file.read, SEALED_CHUNK_BYTES), b"")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
