"""Files of a draft: pictures, sound, documents, each sealed under a key that only the draft holds.

Their names on the medium are random and tell nothing; destroying the draft's key closes them all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mobile_client.device.files import write_private
from shared.clock import RandomBytes
from shared.errors import NotFound
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import open_chunks, seal_chunks

MediaFile = tuple[str, bytes]
"""Random name on the medium, and key."""

_NAME_BYTES: Final = 12
_ANSWER_BYTES: Final = 4
_KEY_BYTES: Final = 32
_SUFFIX_CHARS_MAX: Final = 8


def keep_media(
    folder: Path, source: str, data: bytes, random_bytes: RandomBytes
) -> tuple[str, MediaFile]:
    """Seal a file's content; return the answer's text and the file.

    The answer keeps the kind of file and nothing else of its name: people put names into names.
    """
    file = random_bytes(_NAME_BYTES).hex(), random_bytes(_KEY_BYTES)
    write_private(folder / file[0], b"".join(seal_chunks(file[1], _blocks(data))))
    suffix = Path(source).suffix.lower()
    suffix = suffix if suffix[1:].isalnum() and len(suffix) <= _SUFFIX_CHARS_MAX else ""
    return f"{random_bytes(_ANSWER_BYTES).hex()}{suffix}", file


def open_media(folder: Path, file: MediaFile) -> Iterator[bytes]:
    """Yield the content of a kept file.

    Raises:
        NotFound: it is not there any more.
        TagMismatch: it was changed.
    """
    name, key = file
    try:
        with (folder / name).open("rb") as handle:
            yield from open_chunks(key, iter(lambda: handle.read(CHUNK_BYTES), b""))
    except FileNotFoundError as error:
        raise NotFound("the file of this answer is gone; take it again") from error


def _blocks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]
