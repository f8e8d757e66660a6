"""Attachments: photos, sound, tracks, sealed as a stream of chunks (SEAL-048).

The key is a payload key (epochs.py), so the chunks belong to one entry; number and last-flag in
each nonce make reordered, repeated, missing or cut chunks fail. Plaintext is given out chunk by
chunk: whoever writes it to a file keeps the file only once the iteration has ended.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag

from shared.errors import LimitExceeded, TagMismatch
from shared.limits import ATTACHMENT_BYTES_MAX, CHUNK_BYTES
from shared.sealing.cipher import aes_256_gcm
from shared.sealing.envelope import DETACHED_BYTES_MAX, TAG_BYTES

SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES


def chunk_count(length: int) -> int:
    """Return how many chunks a ciphertext of that length has; an empty file has one."""
    return max(1, -(-length // SEALED_CHUNK_BYTES))


def chunk_nonce(number: int, *, last: bool) -> bytes:
    """Return the nonce of one chunk: its number and whether any follows."""
    return bytes(7) + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def cut(blocks: Iterable[bytes], size: int, most: int) -> Iterator[tuple[bytes, bool]]:
    """Cut a stream into pieces of `size`, the last flagged: shorter, full, or of nothing at all.

    Raises:
        LimitExceeded: the stream is longer than `most`.
    """
    held = bytearray()
    total = 0
    for block in blocks:
        total += len(block)
        if total > most:
            raise LimitExceeded(f"an attachment is larger than {ATTACHMENT_BYTES_MAX} bytes")
        held += block
        # A full piece waits until more comes: only then is it known not to be the last.
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True


def seal_chunks(key: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the sealed chunks of a plaintext that comes in blocks of any size.

    `key` must be new to this call: an attempt that broke off is repeated under a new salt.

    Raises:
        LimitExceeded: the plaintext is over ATTACHMENT_BYTES_MAX.
    """
    cipher = aes_256_gcm(key)
    pieces = cut(blocks, CHUNK_BYTES, ATTACHMENT_BYTES_MAX)
    for number, (piece, last) in enumerate(pieces):
        yield cipher.encrypt(chunk_nonce(number, last=last), piece, None)


def open_chunks(key: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plaintext chunks of a ciphertext that comes in blocks of any size.

    Raises:
        TagMismatch: a chunk was changed, moved, repeated or is missing, or the end was cut off.
        LimitExceeded: it is larger than an attachment may be.
    """
    cipher = aes_256_gcm(key)
    pieces = cut(blocks, SEALED_CHUNK_BYTES, DETACHED_BYTES_MAX)
    for number, (piece, last) in enumerate(pieces):
        try:
            yield cipher.decrypt(chunk_nonce(number, last=last), piece, None)
        except InvalidTag:
            raise TagMismatch(
                f"chunk {number} of an attachment was changed, moved or cut off"
            ) from None
