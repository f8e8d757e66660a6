"""Attachments in chunks, and bundle frames by the same nonces: SEAL-048, SYNC-050, SYNC-051."""

from collections.abc import Iterable

import pytest
from sealing_kit import Project, secret, seeded

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, LimitExceeded, NoKeyMatches, TagMismatch
from shared.limits import CHUNK_BYTES
from shared.sealing import attachments, transfer
from shared.sealing.attachments import SEALED_CHUNK_BYTES, chunk_nonce, open_chunks, seal_chunks
from shared.sealing.keys import SecretKey, Suite

KEY = secret("attachment")
PROJECT = Project()


def content(size: int) -> bytes:
    return seeded(size)(size)


def in_blocks(data: bytes, size: int) -> Iterable[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize(
    ("size", "chunks"),
    [
        (0, 1),
        (1, 1),
        (CHUNK_BYTES, 1),
        (CHUNK_BYTES + 1, 2),
        (2 * CHUNK_BYTES, 2),
        (3 * CHUNK_BYTES + 5, 4),
    ],
)
def test_any_size_in_any_blocks_comes_back(size: int, chunks: int) -> None:
    data = content(size)
    for block in (1 << 12, CHUNK_BYTES, 1 << 20):
        sealed = list(seal_chunks(KEY, in_blocks(data, block)))
        assert len(sealed) == chunks
        assert all(len(chunk) == SEALED_CHUNK_BYTES for chunk in sealed[:-1])
        whole = b"".join(sealed)
        assert b"".join(open_chunks(KEY, in_blocks(whole, block - 7))) == data
        assert data not in whole or not data


def test_a_nonce_says_number_and_end() -> None:
    assert chunk_nonce(0, last=False) == bytes(12)
    assert chunk_nonce(258, last=True) == bytes(7) + b"\x00\x00\x01\x02" + b"\x01"


def damaged() -> dict[str, bytes]:
    chunks = list(seal_chunks(KEY, [content(3 * CHUNK_BYTES - 9)]))
    a, b, c = chunks
    flipped = bytearray(b)
    flipped[100] ^= 1
    return {
        "changed": a + bytes(flipped) + c,
        "swapped": b + a + c,
        "repeated": a + a + b + c,
        "missing": a + c,
        "cut at a chunk": a + b,
        "cut in a chunk": a + b + c[:-1],
        "cut to nothing": b"",
        "goes on": a + b + c + b"\0",
        "begins late": b + c,
    }


@pytest.mark.parametrize("case", damaged().keys())
def test_damaged_attachments_are_refused(case: str) -> None:
    with pytest.raises(TagMismatch):
        list(open_chunks(KEY, [damaged()[case]]))


def test_another_key_opens_nothing() -> None:
    sealed = list(seal_chunks(KEY, [b"photo"]))
    with pytest.raises(TagMismatch):
        list(open_chunks(secret("other"), sealed))


def test_a_shorter_key_is_never_taken() -> None:
    """The library would encrypt under 128 bits without a word."""
    with pytest.raises(EncodingInvalid, match="32 bytes"):
        list(seal_chunks(KEY[:16], [b"photo"]))
    with pytest.raises(EncodingInvalid, match="32 bytes"):
        list(transfer.seal_frames(KEY[:16], bytes(32), [b"message"]))


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "ATTACHMENT_BYTES_MAX", 1000)
    monkeypatch.setattr(attachments, "DETACHED_BYTES_MAX", 1016)
    with pytest.raises(LimitExceeded):
        list(seal_chunks(KEY, [bytes(600), bytes(600)]))
    sealed = list(seal_chunks(KEY, [bytes(1000)]))
    assert b"".join(open_chunks(KEY, sealed)) == bytes(1000)
    with pytest.raises(LimitExceeded):
        list(open_chunks(KEY, [bytes(2000)]))


# --- bundle frames ----------------------------------------------------------------------------

BINDING = b"b" * 32
MESSAGES = [b"one", b"", b"three" * 100]


def frames() -> list[bytes]:
    return list(transfer.seal_frames(KEY, BINDING, MESSAGES))


def test_frames_come_back_in_order() -> None:
    for count in (1, 2, 3):
        sealed = transfer.seal_frames(KEY, BINDING, iter(MESSAGES[:count]))
        assert list(transfer.open_frames(KEY, BINDING, sealed)) == MESSAGES[:count]


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: f[:-1],
        lambda f: f[:0],
        lambda f: [f[1], f[0], f[2]],
        lambda f: [*f, f[2]],
        lambda f: [*f, b""],
        lambda f: [f[0], f[2]],
        lambda f: [f[0], f[1], f[2][:-1]],
        lambda f: [f[0] + b"\0", f[1], f[2]],
    ],
)
def test_a_torn_or_changed_bundle_is_refused(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(TagMismatch):
        list(transfer.open_frames(KEY, BINDING, damage(frames())))


def test_frames_belong_to_their_file() -> None:
    for key, binding in [(secret("other"), BINDING), (KEY, b"c" * 32)]:
        with pytest.raises(TagMismatch):
            list(transfer.open_frames(key, binding, frames()))


def test_a_bundle_holds_at_least_one_message_and_not_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(EncodingInvalid, match="at least one"):
        list(transfer.seal_frames(KEY, BINDING, []))
    monkeypatch.setattr(transfer, "FRAMES_MAX", 2)
    with pytest.raises(LimitExceeded, match="split"):
        frames()


def test_each_reader_finds_the_file_key_and_others_do_not() -> None:
    file_key = transfer.new_file_key(seeded(1))
    hub, server = SecretKey.generate(Suite.X25519), PROJECT.transport
    recipients = transfer.seal_file_key(file_key, [hub.public, server.public], PROJECT.deployment)
    parsed = transfer.parse_recipients(decode(encode(recipients)))
    assert parsed == recipients
    for reader in (hub, server):
        assert transfer.open_file_key(parsed, [reader], PROJECT.deployment) == file_key
    with pytest.raises(NoKeyMatches):
        transfer.open_file_key(parsed, [PROJECT.intake], PROJECT.deployment)
    with pytest.raises(TagMismatch):
        transfer.open_file_key(parsed, [hub], type(PROJECT.deployment)(bytes(8)))


def test_a_bundle_is_never_written_for_nobody() -> None:
    """P2: without a reader's key there is no bundle."""
    with pytest.raises(NoKeyMatches):
        transfer.seal_file_key(KEY, [], PROJECT.deployment)


@pytest.mark.parametrize("row", [[bytes(7), 1, b""], [bytes(8), 3, b""], [bytes(8), 1], 5])
def test_malformed_recipients_are_refused(row: object) -> None:
    with pytest.raises(EncodingInvalid):
        transfer.parse_recipients([row])


def test_a_file_key_of_a_wrong_size_is_refused() -> None:
    recipients = transfer.seal_file_key(b"short", [PROJECT.transport.public], PROJECT.deployment)
    with pytest.raises(EncodingInvalid):
        transfer.open_file_key(recipients, [PROJECT.transport], PROJECT.deployment)
