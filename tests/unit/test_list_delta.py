"""LIST-001 to LIST-013: canonical lists, and the steps between their versions."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, FormError, LimitExceeded
from shared.limits import CHOICES_MAX, LIST_BYTES_MAX, LIST_COLUMNS_MAX
from shared.records.list_delta import (
    BaseUnknown,
    Delta,
    apply_delta,
    decode_delta,
    encode_delta,
    make_delta,
)
from shared.records.lists import BLOCK_BYTES, canonical_list, doubled_key, rows_in

HEAD = b"name,label,admin1\n"
BASE = HEAD + b"a,Alpha,1\nb,Beta,1\nc,Gamma,2\nd,Delta,2\n"


def stepped(base: bytes, delta: Delta, piece: int = 7) -> bytes:
    pieces = (base[at : at + piece] for at in range(0, len(base), piece))
    return b"".join(apply_delta(pieces, delta))


def between(base: bytes, new: bytes) -> Delta:
    delta = make_delta(base, new)
    assert delta is not None
    return delta


# LIST-001
@pytest.mark.parametrize(
    ("data", "canonical"),
    [
        (b"name,label\r\na,Alpha\r\n", b"name,label\na,Alpha\n"),
        (b"\xef\xbb\xbfname;label\na;Alpha\n", b"name,label\na,Alpha\n"),
        (b"name\tlabel\na\tx\n\n\t\n", b"name,label\na,x\n"),
        (b' name ,label\na,"two\nlines"\nb,"say ""no"""', None),
        (b"name,label\na\n", b"name,label\na,\n"),
        (b'name,label\na,"b,c"\n', b'name,label\na,"b,c"\n'),
    ],
)
def test_one_spelling_for_equal_rows(data: bytes, canonical: bytes | None) -> None:
    expected = canonical or b'name,label\na,"two\nlines"\nb,"say ""no"""\n'
    assert canonical_list(data) == expected
    assert canonical_list(expected) == expected


# LIST-001, LIST-003
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "unique name per column"),
        (b"name,name\na,b\n", "unique name per column"),
        (b"name,\na,b\n", "unique name per column"),
        (b"name\n\xff\n", "not UTF-8"),
        (b'name\n"never ends\n', "not a CSV"),
        (b"name\na,b\n", "row 1 has more cells"),
    ],
)
def test_what_is_no_list_is_told(data: bytes, told: str) -> None:
    with pytest.raises(FormError, match=told):
        canonical_list(data)


# LIST-003
def test_lists_are_bounded() -> None:
    with pytest.raises(LimitExceeded, match="bytes"):
        canonical_list(b"a" * (LIST_BYTES_MAX + 1))
    with pytest.raises(LimitExceeded, match="rows"):
        canonical_list(b"name\n" + b"a\n" * (CHOICES_MAX + 1))
    wide = ",".join(f"c{n}" for n in range(LIST_COLUMNS_MAX + 1))
    with pytest.raises(LimitExceeded, match="columns"):
        canonical_list(wide.encode())


# LIST-002
def test_a_key_that_stands_twice_is_named() -> None:
    assert doubled_key(BASE) is None
    assert doubled_key(BASE + b"b,Again,3\n") == "b"
    assert doubled_key(b"code,name\nx,a\nx,b\n") is None, "`name` is the key where there is one"
    assert doubled_key(b"code,town\nx,a\nx,b\n") == "x", "else the first column"


# LIST-010, LIST-011
@pytest.mark.parametrize(
    "new",
    [
        BASE,
        HEAD,
        HEAD + b"a,Alpha,1\nb,Beta,1\nd,Delta,2\n",
        HEAD + b"z,Zed,9\na,Alpha,1\nb,Beta,1\nc,Gamma,2\nd,Delta,2\ny,,\n",
        HEAD + b'a,"A, B",1\nb,,7\nc,Gamma,2\nd,Delta,2\n',
        HEAD + b"d,Delta,2\nc,Gamma,2\nb,Beta,1\na,Alpha,1\n",
        HEAD + b"c,Gamma,3\na,Alpha,1\nnew,New,1\n",
    ],
)
def test_a_step_ends_in_the_very_bytes(new: bytes) -> None:
    delta = between(BASE, new)
    assert decode_delta(encode_delta(delta)) == delta
    assert stepped(BASE, delta) == new


def test_a_step_says_only_what_changed() -> None:
    new = HEAD + b"a,Alpha,1\nb,Bee,1\nd,Delta,2\ne,Epsilon,3\n"
    delta = between(BASE, new)
    assert (delta.removed, delta.changed, delta.added) == ((2,), ((1, 1, "Bee"),), (3,))
    assert delta.cells == ("e", "Epsilon", "3")


def test_a_step_from_nothing_and_to_nothing() -> None:
    assert stepped(HEAD, between(HEAD, BASE)) == BASE
    assert stepped(BASE, between(BASE, HEAD)) == HEAD


# LIST-012
@pytest.mark.parametrize(
    "new",
    [
        b"name,label\na,Alpha\n",
        BASE + b"b,Again,3\n",
        HEAD + b"".join(b"n%d,label,1\n" % n for n in range(70_000)),
    ],
)
def test_what_no_step_can_say_travels_whole(new: bytes) -> None:
    assert make_delta(BASE, new) is None
    doubled = BASE + b"a,Again,3\n"
    assert make_delta(doubled, BASE) is None


# LIST-013
def test_a_step_is_applied_to_nothing_else() -> None:
    new = HEAD + b"a,Alpha,1\nb,Bee,1\n"
    delta = between(BASE, new)
    for other in (HEAD, BASE + b"e,Eps,1\n", BASE[:-1], new, b"", b"\xff", b'"', BASE[5:]):
        with pytest.raises(BaseUnknown):
            stepped(other, delta)
    assert stepped(BASE, delta) == new


# LIST-013
@pytest.mark.parametrize(
    "lie",
    [
        {"result": bytes(32)},
        {"size": 10},
        {"removed": (3, 99)},
        {"changed": ((1, 1, "Bee"), (99, 0, "far"))},
        {"changed": ((1, 77, "no such column"),)},
        {"added": (5,), "cells": ("too", "far", "away")},
        {"added": (1,), "cells": ("two", "cells")},
        {"changed": ((0, 0, 'a"\n,'),)},
    ],
)
def test_a_step_that_lies_is_found_out(lie: dict[str, Any]) -> None:
    delta = replace(between(BASE, HEAD + b"a,Alpha,1\nb,Bee,1\nc,Gamma,2\n"), **lie)
    with pytest.raises(BaseUnknown):
        stepped(BASE, delta)


# LIST-011
@pytest.mark.parametrize(
    ("position", "value", "error"),
    [
        (0, 2, EncodingInvalid),
        (1, bytes(31), EncodingInvalid),
        (3, LIST_BYTES_MAX + 1, LimitExceeded),
        (4, [-1], EncodingInvalid),
        (4, [CHOICES_MAX], LimitExceeded),
        (4, [1 << 62, 1], LimitExceeded),
        (4, [1], EncodingInvalid),
        (5, [1, 0], EncodingInvalid),
        (6, [1, 1], EncodingInvalid),
        (6, [LIST_COLUMNS_MAX + 1], EncodingInvalid),
        (7, [7], EncodingInvalid),
        (8, [], EncodingInvalid),
        (9, ["one", "two", "three", "four"], None),
        (9, [b"x", "y", "z"], EncodingInvalid),
    ],
)
def test_a_malformed_step_is_refused(position: int, value: object, error: type | None) -> None:
    delta = between(BASE, HEAD + b"a,Alpha,1\nb,Bee,1\nd,Delta,2\ne,Eps,3\n")
    items = decode(encode_delta(delta))
    items[position] = value
    if error is None:
        with pytest.raises(BaseUnknown):
            stepped(BASE, decode_delta(encode(items)))
        return
    with pytest.raises(error):
        decode_delta(encode(items))


def test_two_changes_of_one_cell_are_refused() -> None:
    delta = between(BASE, HEAD + b"a,Alpha,1\nb,Bee,7\nc,Gamma,2\nd,Delta,2\n")
    assert len(delta.changed) == 2
    for changed in (delta.changed[::-1], delta.changed[:1] * 2):
        content = encode_delta(replace(delta, changed=delta.changed))
        items = decode(content)
        items[6] = [column for _, column, _ in changed]
        with pytest.raises(EncodingInvalid):
            decode_delta(encode(items))


# LIST-013: a step that would write without end stops at the size it promises
def test_a_step_writes_no_more_than_it_says() -> None:
    long = "x" * 1000
    wide = HEAD + b"".join(b"k%d,%s,1\n" % (n, long.encode()) for n in range(500))
    delta = replace(between(HEAD, wide), size=100)
    written: list[bytes] = []
    with pytest.raises(BaseUnknown):
        written.extend(apply_delta(iter((HEAD,)), delta))
    assert sum(map(len, written)) <= 2 * BLOCK_BYTES


CELLS = st.text(alphabet='ab,"\n \r;é', max_size=4)
ROWS = st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=2), CELLS, max_size=8)


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, st.randoms(use_true_random=False), st.integers(1, 40))
def test_any_two_versions_are_one_step_apart(
    old: dict[str, str], new: dict[str, str], chance: object, piece: int
) -> None:
    def listed(rows: dict[str, str]) -> bytes:
        keys = list(rows)
        chance.shuffle(keys)  # type: ignore[attr-defined]
        lines = [f'{key},"{rows[key].replace(chr(34), chr(34) * 2)}"\n' for key in keys]
        return canonical_list(("name,label\n" + "".join(lines)).encode())

    base, result = listed(old), listed(new)
    delta = decode_delta(encode_delta(between(base, result)))
    assert stepped(base, delta, piece) == result
    assert sha256(result).digest() == delta.result
    assert next(iter(rows_in((result,)))) == ["name", "label"]
