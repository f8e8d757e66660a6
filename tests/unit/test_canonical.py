"""Canonical CBOR: SEAL-001 to SEAL-004. Known answers are from RFC 8949, appendix A."""

from enum import IntEnum, StrEnum
from typing import NamedTuple

import pytest

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, LimitExceeded
from shared.limits import CBOR_DEPTH_MAX, CBOR_ITEMS_MAX

KNOWN: list[tuple[object, str]] = [
    (0, "00"),
    (1, "01"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (25, "1819"),
    (100, "1864"),
    (255, "18ff"),
    (256, "190100"),
    (1000, "1903e8"),
    (65535, "19ffff"),
    (65536, "1a00010000"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-10, "29"),
    (-24, "37"),
    (-25, "3818"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (-(2**63), "3b7fffffffffffffff"),
    (1.1, "fb3ff199999999999a"),
    (1.0e300, "fb7e37e43c8800759c"),
    (-4.1, "fbc010666666666666"),
    (2.0**53, "fb4340000000000000"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (bytes.fromhex("01020304"), "4401020304"),
    ("", "60"),
    ("a", "6161"),
    ("IETF", "6449455446"),
    ('"\\', "62225c"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
    ({"a": "A", "b": "B", "c": "C"}, "a3616161416162614261636143"),
]


@pytest.mark.parametrize(("value", "encoded"), KNOWN, ids=[e for _, e in KNOWN])
def test_known_answers(value: object, encoded: str) -> None:
    assert encode(value).hex() == encoded
    assert decode(bytes.fromhex(encoded)) == value
    assert type(decode(bytes.fromhex(encoded))) is type(value)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (2.0, "02"),
        (-2.0, "21"),
        (-0.0, "00"),
        (2.0**53 - 1, "1b001fffffffffffff"),
        ((1, 2), "820102"),
        ({10: 0, 100: 0, -1: 0, "z": 0, "aa": 0, b"z": 0}, "a60a001864002000417a00617a0062616100"),
    ],
)
def test_one_value_has_one_encoding(value: object, encoded: str) -> None:
    """SEAL-001, SEAL-002: whole floats are integers; keys are sorted by their bytes."""
    assert encode(value).hex() == encoded.replace(" ", "")


class Colour(IntEnum):
    RED = 1


class Word(StrEnum):
    YES = "yes"


class Pair(NamedTuple):
    left: int
    right: bytes


def test_enums_and_named_tuples_are_what_they_derive_from() -> None:
    assert encode([Colour.RED, Word.YES, Pair(1, b"x")]) == encode([1, "yes", [1, b"x"]])


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**64,
        -(2**63) - 1,
        "\ud800",
        pytest.param(object(), id="object"),
        {1, 2},
        {True: 1},
        {None: 1},
        {1.5: 1},
        {(1, 2): 1},
        bytearray(b"x"),
    ],
    ids=str,
)
def test_what_has_no_encoding_is_refused(value: object) -> None:
    with pytest.raises(EncodingInvalid):
        encode(value)


def nested(levels: int) -> object:
    value: object = 1
    for level in range(levels):
        value = {1: value} if level % 2 else [value]
    return value


def test_depth_is_bounded_both_ways() -> None:
    """SEAL-004."""
    assert decode(encode(nested(CBOR_DEPTH_MAX))) == nested(CBOR_DEPTH_MAX)
    with pytest.raises(LimitExceeded):
        encode(nested(CBOR_DEPTH_MAX + 1))
    for innermost in ([1], {1: 1}):
        deep: object = innermost
        for _ in range(CBOR_DEPTH_MAX):
            deep = [deep]
        with pytest.raises(LimitExceeded):
            encode(deep)
    with pytest.raises(LimitExceeded):
        decode(b"\x81" * (CBOR_DEPTH_MAX + 1) + b"\x01")
    with pytest.raises(LimitExceeded):
        decode(b"\x81" * 100_000 + b"\x01")


def test_depth_is_of_one_path_not_of_all() -> None:
    wide = [[[1]]] * 100
    assert decode(encode(wide)) == wide
    maps = [{1: {2: 3}}] * 100
    assert decode(encode(maps)) == maps


def test_items_are_bounded_before_they_are_built() -> None:
    """SEAL-004: the count in the head is weighed against the bytes at hand, then the limit."""
    assert len(decode(b"\x9a" + CBOR_ITEMS_MAX.to_bytes(4, "big") + bytes(CBOR_ITEMS_MAX))) > 0
    more = CBOR_ITEMS_MAX + 1
    with pytest.raises(LimitExceeded):
        decode(b"\x9a" + more.to_bytes(4, "big") + bytes(more))
    for head in ("9affffffff", "9bffffffffffffffff", "bbffffffffffffffff"):
        with pytest.raises(EncodingInvalid):
            decode(bytes.fromhex(head))


REFUSED = {
    "nothing": "",
    "two items": "0000",
    "24 written long": "1817",
    "255 in two bytes": "1900ff",
    "65535 in four bytes": "1a0000ffff",
    "4 GiB - 1 in eight bytes": "1b00000000ffffffff",
    "-24 written long": "3817",
    "below -2^63": "3b8000000000000000",
    "long string head": "580161",
    "half float": "f90000",
    "half NaN": "f97e00",
    "single float": "fa47c35000",
    "NaN": "fb7ff8000000000000",
    "infinity": "fb7ff0000000000000",
    "whole float": "fb4000000000000000",
    "minus zero": "fb8000000000000000",
    "largest whole float below 2^53": "fb433fffffffffffff",
    "tag": "c11a514b67b0",
    "undefined": "f7",
    "simple 16": "f0",
    "simple 255": "f8ff",
    "false written long": "f814",
    "reserved head": "1c",
    "reserved string head": "7e",
    "indefinite bytes": "5f42010243030405ff",
    "indefinite text": "7f657374726561646d696e67ff",
    "indefinite array": "9fff",
    "indefinite map": "bfff",
    "break": "ff",
    "cut number": "19",
    "cut eight bytes": "1b0000",
    "cut float": "fb3ff1",
    "cut bytes": "4401",
    "cut bytes in an array": "814401",
    "cut text": "6461",
    "cut array": "8301",
    "cut map": "a201020304"[:6],
    "cut long head": "18",
    "not UTF-8": "61ff",
    "lone surrogate": "63eda080",
    "keys out of order": "a203040102",
    "text keys out of order": "a2616201616101",
    "key twice": "a201020103",
    "boolean key": "a1f501",
    "null key": "a1f601",
    "float key": "a1fb3ff199999999999a01",
    "array key": "a1810101",
}


@pytest.mark.parametrize("encoded", REFUSED.values(), ids=REFUSED.keys())
def test_every_other_encoding_is_refused(encoded: str) -> None:
    """SEAL-001 to SEAL-003."""
    with pytest.raises(EncodingInvalid):
        decode(bytes.fromhex(encoded))


def test_any_bytes_like_is_read() -> None:
    assert decode(bytearray(b"\x01")) == decode(memoryview(b"\x01")) == 1
