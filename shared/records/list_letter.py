"""Letters that bring a case list to one device: whole, as a step, or taken back (LIST-030)."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, LimitExceeded
from shared.limits import LIST_BYTES_MAX
from shared.records.lists import BLOCK_BYTES
from shared.records.parts import check_part, cut
from shared.shapes import array, octets, text, uint, version

_ITEMS: Final = 7
WANTED_FACT: Final = "lists_wanted"
"""The fact of a status entry that asks for whole lists, one name a line (LIST-014)."""
_RAW_DEFLATE: Final = -15


class How(IntEnum):
    """What a letter does with the list it names."""

    DROP = 0
    WHOLE = 1
    STEP = 2


@dataclass(frozen=True, slots=True)
class ListLetter:
    """One part of a letter.

    Attributes:
        part: from 1 to `parts`.
        data: that part of the DEFLATE stream.
    """

    name: str
    serial: int
    how: How
    part: int
    parts: int
    data: bytes

    def encode(self) -> bytes:
        """Return the plaintext that is sealed to the device."""
        return encode([1, self.name, self.serial, self.how, self.part, self.parts, self.data])


def write_letters(name: str, serial: int, how: How, content: bytes = b"") -> list[ListLetter]:
    """Return a letter in as many parts as it needs."""
    pieces = cut(packed(content) if content else b"")
    return [
        ListLetter(name, serial, how, at, len(pieces), piece)
        for at, piece in enumerate(pieces, start=1)
    ]


def read_letter(plaintext: bytes) -> ListLetter:
    """Read one part of a letter.

    Raises:
        EncodingInvalid: malformed.
    """
    items = array(version(decode(plaintext), "a list letter"), "a list letter", _ITEMS)
    part, parts = check_part(items[4], items[5])
    try:
        how = How(uint(items[3], "what a list letter does"))
    except ValueError:
        raise EncodingInvalid("a list letter does what is not known here") from None
    name, serial = text(items[1], "name of a list"), uint(items[2], "serial of a list")
    return ListLetter(name, serial, how, part, parts, octets(items[6], "part of a list"))


def packed(content: bytes) -> bytes:
    """Return content as one raw DEFLATE stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE)
    return packer.compress(content) + packer.flush()


def packed_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks as one raw DEFLATE stream, quickly: for this device's own keeping."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _RAW_DEFLATE)
    for block in blocks:
        if piece := packer.compress(block):
            yield piece
    yield packer.flush()


def unpacked_blocks(pieces: Iterable[bytes], bytes_max: int = LIST_BYTES_MAX) -> Iterator[bytes]:
    """Yield the content of a raw DEFLATE stream given in pieces, never more than a block at once.

    Raises:
        LimitExceeded: it holds more than `bytes_max`.
        EncodingInvalid: it is not one whole stream.
    """
    unpacker = zlib.decompressobj(_RAW_DEFLATE)
    size = 0
    try:
        for piece in pieces:
            rest = piece
            while rest and not unpacker.eof:
                block = unpacker.decompress(rest, BLOCK_BYTES)
                rest = unpacker.unconsumed_tail
                size += len(block)
                if size > bytes_max:
                    raise LimitExceeded(f"a list is larger than {bytes_max} bytes")
                if block:
                    yield block
            if rest or unpacker.unused_data:
                raise EncodingInvalid("a list letter goes on behind its end")
    except zlib.error:
        raise EncodingInvalid("a list letter is not DEFLATE") from None
    while not unpacker.eof:
        block = unpacker.decompress(unpacker.unconsumed_tail, BLOCK_BYTES)
        size += len(block)
        if size > bytes_max:
            raise LimitExceeded(f"a list is larger than {bytes_max} bytes")
        if not block:
            raise EncodingInvalid("a list letter is not one whole DEFLATE stream")
        yield block
