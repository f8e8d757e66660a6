"""Files that go between the mission server and the steward's offline station, by stick.

One frame for all: 8 bytes that say what it is, then CBOR `[kind, value]`. Nothing secret stands in
one: what is signed carries its signature, what is sealed stays sealed. The check words under a
file's name are what two people compare over the telephone.
"""

import os
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, UsageError

MAGIC: Final = b"CAIRNX1\n"
BYTES_MAX: Final = 64 << 20
_GROUP: Final = 4
_GROUPS: Final = 6


class Exchange(StrEnum):
    """What a file carries."""

    RING_REQUEST = "ring-request"
    RING = "ring"
    FORM_REQUEST = "form-request"
    LIST_REQUEST = "list-request"
    DOCUMENTS = "documents"
    IDENTITY_REQUEST = "identity-request"
    IDENTITY = "identity"
    COORDINATOR_REQUEST = "coordinator-request"


def write_exchange(path: Path, kind: Exchange, value: object) -> str:
    """Write a file in one piece and return its check words."""
    data = MAGIC + encode([kind.value, value])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return check_words(data)


def read_exchange(path: Path, kind: Exchange) -> tuple[Any, str]:
    """Read a file and return its value and check words.

    Raises:
        UsageError: no such file, not one of ours, or one of another kind.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise UsageError(f"{path} is larger than {BYTES_MAX} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if not data.startswith(MAGIC):
        raise UsageError(f"{path} is not a Cairn exchange file; a {kind.value} is wanted")
    try:
        found, value = decode(data[len(MAGIC) :])
    except (EncodingInvalid, ValueError, TypeError) as error:
        raise UsageError(f"{path} is damaged; have it written again") from error
    if found != kind.value:
        raise UsageError(f"{path} is a {found}; a {kind.value} is wanted")
    return value, check_words(data)


def is_exchange(path: Path) -> bool:
    """Tell whether a file is one of ours, whatever kind."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def check_words(data: bytes) -> str:
    """Return 24 hex digits in groups of four: enough that nobody makes a second file for them."""
    digest = sha256(data).hexdigest()
    return " ".join(digest[i * _GROUP : (i + 1) * _GROUP] for i in range(_GROUPS))
