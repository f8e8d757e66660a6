"""Files of a draft: pictures, sound, documents, each sealed under a key that only the draft holds.

Their names on the medium are random and tell nothing; destroying the draft's key closes them all.
A file is sealed as it is read, chunk by chunk, and never lies in memory as a whole.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from mobile_client.device.files import remove, write_private
from mobile_client.device.services import Taken
from mobile_client.vault.drafts import MediaFile
from shared.clock import RandomBytes
from shared.errors import NotFound
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import open_chunks, seal_chunks

_NAME_BYTES: Final = 12
_ANSWER_BYTES: Final = 4
_KEY_BYTES: Final = 32
_OWNER_CHARS: Final = 8


def keep_media(
    folder: Path, owner: str, taken: Taken, random_bytes: RandomBytes
) -> tuple[str, MediaFile]:
    """Seal a file and its thumbnail; return the answer's text and the file.

    The answer keeps the kind of file and nothing else of its name: people put names into names.

    Raises:
        StoreFull: no space; nothing is left of it.
    """
    digest = sha256()

    def read() -> Iterator[bytes]:
        for block in taken.blocks():
            digest.update(block)
            yield block

    name, key = _seal(folder, owner, read(), random_bytes)
    small, small_key = "", b""
    if taken.thumbnail:
        try:
            small, small_key = _seal(folder, owner, (taken.thumbnail,), random_bytes)
        except BaseException:
            remove(folder / name)
            raise
    suffix = f".{taken.suffix}" if taken.suffix else ""
    answer = f"{random_bytes(_ANSWER_BYTES).hex()}{suffix}"
    return answer, MediaFile(name, key, digest.digest(), small, small_key)


def open_media(folder: Path, name: str, key: bytes) -> Iterator[bytes]:
    """Yield the content of a kept file or thumbnail.

    Raises:
        NotFound: it is not there any more.
        TagMismatch: it was changed.
    """
    try:
        with (folder / name).open("rb") as handle:
            yield from open_chunks(key, iter(lambda: handle.read(CHUNK_BYTES), b""))
    except FileNotFoundError as error:
        raise NotFound("the file of this answer is gone; take it again") from error


def drop_media(folder: Path, files: Iterable[MediaFile]) -> None:
    """Remove files and their thumbnails; durable on return."""
    for file in files:
        remove(folder / file.name)
        if file.thumbnail:
            remove(folder / file.thumbnail)


def sweep_media(folder: Path, owner: str, kept: Iterable[MediaFile]) -> int:
    """Remove an owner's files that no draft names: what a kill left; return how many.

    Their keys were never saved, so they open for nobody and only take space.
    """
    named = {name for file in kept for name in (file.name, file.thumbnail)}
    lost = [
        path
        for path in folder.iterdir()
        if path.name.lstrip(".").startswith(_mark(owner)) and path.name not in named
    ]
    for path in lost:
        remove(path)
    return len(lost)


def _seal(
    folder: Path, owner: str, blocks: Iterable[bytes], random_bytes: RandomBytes
) -> tuple[str, bytes]:
    name = _mark(owner) + random_bytes(_NAME_BYTES).hex()
    key = random_bytes(_KEY_BYTES)
    write_private(folder / name, seal_chunks(key, blocks))
    return name, key


def _mark(owner: str) -> str:
    """Return what the names of one enumerator's files begin with: it names nobody."""
    return sha256(owner.encode()).hexdigest()[:_OWNER_CHARS]
