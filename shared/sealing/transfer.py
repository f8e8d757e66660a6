"""Bundle files: a header in the clear, then frames under a file key (SYNC-050, SYNC-051).

A bundle is sealed once more to the hub or server that shall read it. These functions turn bytes
into bytes; writing files atomically and reading messages is sync's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import RandomBytes
from shared.errors import EncodingInvalid, LimitExceeded, NoKeyMatches, TagMismatch
from shared.ids import KEY_ID_BYTES, DeploymentId
from shared.sealing.attachments import chunk_nonce
from shared.sealing.cipher import aes_256_gcm
from shared.sealing.keys import KEY_BYTES, PublicKey, SecretKey, find_key, recipient_suite
from shared.sealing.labels import label
from shared.shapes import array, octets, uint

FRAMES_MAX: Final = 1 << 32


class Recipient(NamedTuple):
    """The file key, sealed to one reader."""

    key_id: bytes
    suite: int
    sealed: bytes


def new_file_key(random_bytes: RandomBytes) -> bytes:
    """Draw the key of one bundle file."""
    return random_bytes(KEY_BYTES)


def seal_file_key(
    file_key: bytes, readers: Sequence[PublicKey], deployment: DeploymentId
) -> tuple[Recipient, ...]:
    """Seal the file key to each reader.

    Raises:
        NoKeyMatches: no reader is given; a bundle is never written in the clear.
    """
    if not readers:
        raise NoKeyMatches("a bundle needs the transport key of the hub or server that reads it")
    info = label("bundle") + deployment
    return tuple(Recipient(r.key_id, int(r.suite), r.seal(file_key, info)) for r in readers)


def parse_recipients(value: object) -> tuple[Recipient, ...]:
    """Return the recipients from a bundle header's decoded array.

    Raises:
        EncodingInvalid: malformed.
    """
    recipients = []
    for row in array(value, "recipients"):
        key_id, suite, sealed = array(row, "a recipient", 3)
        recipients.append(
            Recipient(
                octets(key_id, "key id", KEY_ID_BYTES),
                recipient_suite(uint(suite, "suite")),
                octets(sealed, "sealed file key"),
            )
        )
    return tuple(recipients)


def open_file_key(
    recipients: Iterable[Recipient], secret_keys: Sequence[SecretKey], deployment: DeploymentId
) -> bytes:
    """Return the file key.

    Raises:
        NoKeyMatches: the bundle is for other readers.
        TagMismatch: it was changed.
    """
    for recipient in recipients:
        try:
            key = find_key(secret_keys, recipient.suite, recipient.key_id)
        except NoKeyMatches:
            continue
        file_key = key.open(recipient.sealed, label("bundle") + deployment)
        return octets(file_key, "file key", KEY_BYTES)
    raise NoKeyMatches("this bundle is for another hub or server")


def seal_frames(file_key: bytes, binding: bytes, plaintexts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the sealed frames of one file.

    Args:
        file_key: used for this file alone.
        binding: SHA-256 of all bytes before the first frame.
        plaintexts: the messages; at least one.

    Raises:
        EncodingInvalid: there is no message.
    """
    cipher = aes_256_gcm(file_key)
    source = iter(plaintexts)
    try:
        held = next(source)
    except StopIteration:
        raise EncodingInvalid("a bundle holds at least one message") from None
    number = 0
    for following in source:
        yield cipher.encrypt(chunk_nonce(number, last=False), held, binding)
        held, number = following, number + 1
        if number >= FRAMES_MAX:
            raise LimitExceeded("a bundle holds too many messages; split it")
    yield cipher.encrypt(chunk_nonce(number, last=True), held, binding)


def open_frames(file_key: bytes, binding: bytes, frames: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the messages of one file.

    A reader applies none of them before the iteration has ended: only then is the file whole
    (SYNC-051).

    Raises:
        TagMismatch: a frame was changed, moved or repeated, or the file ends before its last frame.
    """
    cipher = aes_256_gcm(file_key)
    ended = False
    for number, frame in enumerate(frames):
        if ended:
            raise TagMismatch("the bundle goes on behind its last frame")
        plaintext, ended = _open_frame(cipher, binding, number, frame)
        yield plaintext
    if not ended:
        raise TagMismatch("the bundle is torn: its last frame is missing")


def _open_frame(cipher: AESGCM, binding: bytes, number: int, frame: bytes) -> tuple[bytes, bool]:
    for last in (False, True):
        try:
            return cipher.decrypt(chunk_nonce(number, last=last), frame, binding), last
        except InvalidTag:
            continue
    raise TagMismatch(f"frame {number} of the bundle was changed or moved")
