"""Headers and their refusals: SEAL-020 to SEAL-023, SEAL-031, SEAL-032; padding: SEAL-045."""

from dataclasses import replace

import pytest
from sealing_kit import Project

from shared.canonical import encode
from shared.errors import EncodingInvalid, HeaderInvalid, SignatureInvalid
from shared.ids import EntryHash
from shared.limits import ATTACHMENT_BYTES_MAX, ENTRY_BYTES_MAX
from shared.sealing.envelope import (
    Compartment,
    Head,
    Header,
    Kind,
    PayloadRef,
    encode_header,
    entry_hash,
    is_device_kind,
    parse_header,
    sign_head,
    verify_head,
)
from shared.sealing.padding import PADDED_BYTES_MIN, pad, padded_length, unpad

PROJECT = Project()
BODY = PayloadRef(Compartment.BODY, bytes(32), 144)
HEADER = Header(*PROJECT.log, 2, Kind.REVISION, EntryHash(b"p" * 32), 1, b"s" * 16, (BODY,))


def test_a_header_is_rebuilt_byte_for_byte() -> None:
    data = encode_header(HEADER)
    assert parse_header(data) == HEADER
    assert encode_header(parse_header(data)) == data


def test_a_header_is_written_as_the_array_it_is() -> None:
    """It is joined by hand for speed, so it is held against the encoder."""
    for header in (HEADER, replace(HEADER, incarnation=300, sequence=70_000, kind=33, epoch=256)):
        refs = [list(ref) for ref in header.payloads]
        place = [*header.log, header.sequence, header.kind, header.previous, header.epoch]
        assert encode_header(header) == encode([1, *place, header.salt, refs])


@pytest.mark.parametrize("part", ["deployment", "author", "previous", "salt"])
def test_a_header_of_wrong_sizes_is_never_written(part: str) -> None:
    with pytest.raises(HeaderInvalid, match="wrong size"):
        encode_header(replace(HEADER, **{part: b"short"}))


def test_a_header_of_an_unknown_kind_is_carried() -> None:
    """SEAL-023: a newer peer may know it."""
    newer = replace(HEADER, kind=999)
    assert parse_header(encode_header(newer)).kind == 999


def fields() -> list[object]:
    return [1, *PROJECT.log, 2, 2, b"p" * 32, 1, b"s" * 16, [[1, bytes(32), 144]]]


def payloads(*rows: list[object]) -> list[object]:
    return list(rows)


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, 2),
        (0, True),
        (1, bytes(7)),
        (2, bytes(15)),
        (3, -1),
        (3, None),
        (4, 0),
        (4, 1),
        (5, -1),
        (6, bytes(32)),
        (6, bytes(31)),
        (7, 2),
        (7, -1),
        (8, bytes(15)),
        (9, {}),
        (9, payloads([1, bytes(32)])),
        (9, payloads([0, bytes(32), 1])),
        (9, payloads([8, bytes(32), 1])),
        (9, payloads([1, bytes(31), 1])),
        (9, payloads([1, bytes(32), -1])),
        (9, payloads([1, bytes(32), ENTRY_BYTES_MAX + 1])),
        (9, payloads([3, bytes(32), ATTACHMENT_BYTES_MAX * 2])),
        (9, payloads([2, bytes(32), 1], [1, bytes(32), 1])),
        (9, payloads([1, bytes(32), 1], [1, bytes(32), 1])),
        (9, payloads([1, bytes(32), ENTRY_BYTES_MAX], [2, bytes(32), 1])),
        (9, payloads([5, bytes(32), 1])),
        (9, payloads([6, bytes(32), 1])),
    ],
)
def test_a_header_with_one_thing_wrong_is_refused_whole(position: int, value: object) -> None:
    items = fields()
    assert parse_header(encode(items))
    items[position] = value
    with pytest.raises(HeaderInvalid):
        parse_header(encode(items))


def test_other_bytes_are_no_header() -> None:
    data = encode_header(HEADER)
    for bad in (b"", data[:-1], data + b"\0", encode(fields()[:-1]), encode({}), b"\x81" * 99):
        with pytest.raises(HeaderInvalid):
            parse_header(bad)
    with pytest.raises(HeaderInvalid, match="larger"):
        parse_header(bytes(ENTRY_BYTES_MAX + 1))


def test_the_first_entry_follows_nothing() -> None:
    items = fields()
    items[4], items[7] = 1, 0
    with pytest.raises(HeaderInvalid, match="32 zero bytes"):
        parse_header(encode(items))
    items[6] = bytes(32)
    assert parse_header(encode(items)).sequence == 1


def test_a_server_may_fill_the_open_compartments() -> None:
    items = fields()
    items[5], items[7], items[9] = 33, 0, [[5, bytes(32), 1]]
    assert parse_header(encode(items)).payloads[0].compartment is Compartment.OPEN
    assert is_device_kind(31)
    assert not is_device_kind(32)


def test_a_large_attachment_is_within_its_own_limit() -> None:
    items = fields()
    items[5], items[9] = 3, [[3, bytes(32), ATTACHMENT_BYTES_MAX]]
    assert parse_header(encode(items)).payloads[0].length == ATTACHMENT_BYTES_MAX


def test_a_fork_is_two_signed_hashes_for_one_place() -> None:
    """SEAL-031, SEAL-032: both heads verify, so both are evidence; a third nobody signed is not."""
    public = PROJECT.device.public_bytes
    heads = []
    for salt in (b"a" * 16, b"b" * 16):
        digest = entry_hash(encode_header(replace(HEADER, salt=salt)))
        head = Head(*PROJECT.log, 2, digest, 20_600)
        verify_head(public, head, sign_head(PROJECT.device, head))
        heads.append(head)
    assert heads[0].hash != heads[1].hash
    with pytest.raises(SignatureInvalid):
        verify_head(public, heads[1], sign_head(PROJECT.device, heads[0]))


# --- padding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "padded"),
    [
        (0, 128),
        (1, 128),
        (128, 128),
        (129, 144),
        (144, 144),
        (256, 256),
        (257, 272),
        (513, 544),
        (1000, 1024),
        (65_537, 67_584),
        (1_000_000, 1_015_808),
    ],
)
def test_lengths_step_by_padme(length: int, padded: int) -> None:
    assert padded_length(length) == padded


def test_padding_costs_at_most_an_eighth_and_comes_off() -> None:
    for length in range(3000):
        data = b"\x80" * length
        padded = pad(data)
        assert unpad(padded) == data
        assert len(padded) == padded_length(length + 1)
        assert len(padded) <= max(PADDED_BYTES_MIN, (length + 1) * 1.12)


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(128),
        b"x" * 127 + b"\x80" + bytes(16),
        b"\x80" + bytes(126),
        b"\x80" + bytes(128),
        b"x" * 128,
    ],
)
def test_other_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(EncodingInvalid, match="padding"):
        unpad(padded)
