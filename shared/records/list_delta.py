"""Deltas between two versions of a list: what left, what changed, what came (LIST-010 to 013).

A delta names the bytes it starts from and the bytes it ends in, so that it is applied to nothing
else and what comes out is checked. It is made with both versions in memory and applied row by row,
whatever the size of the list.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from shared.canonical import decode, encode
from shared.errors import CairnError, EncodingInvalid, FormError, LimitExceeded
from shared.ids import HASH_BYTES
from shared.limits import CBOR_ITEMS_MAX, CHOICES_MAX, LIST_BYTES_MAX, LIST_COLUMNS_MAX
from shared.records.lists import Row, blocks_of, key_column, rows_in
from shared.shapes import array, octets, text, uint, version

_ITEMS: Final = 10
NOT_HERE: Final = "the version this change of the list starts from is not here; it is asked for"


class BaseUnknown(CairnError):
    """A delta starts from a version of the list that is not here."""

    code = "LIST-001"


@dataclass(frozen=True, slots=True)
class Delta:
    """One step of a list. Row numbers count from 0, the header left out.

    Attributes:
        base: SHA-256 of the canonical bytes it starts from.
        result: SHA-256 of those it ends in.
        size: how many bytes those are.
        removed: rows of the base, ascending.
        changed: row of the base, column and new text, ascending.
        added: rows of the result, ascending.
        cells: the added rows' cells, column by column.
    """

    base: bytes
    result: bytes
    size: int
    removed: tuple[int, ...]
    changed: tuple[tuple[int, int, str], ...]
    added: tuple[int, ...]
    cells: tuple[str, ...]


def make_delta(base: bytes, new: bytes) -> Delta | None:
    """Return the step between two canonical lists; None where the new one must travel whole.

    It must where the columns differ, a key stands twice, or the step has too many items.
    Cost n log n in the rows.
    """
    old_rows, new_rows = list(rows_in((base,))), list(rows_in((new,)))
    header = new_rows.pop(0)
    if old_rows.pop(0) != header:
        return None
    key = key_column(header)
    places = {row[key]: place for place, row in enumerate(old_rows)}
    if len(places) != len(old_rows) or len({row[key] for row in new_rows}) != len(new_rows):
        return None
    stays = _in_order([places.get(row[key]) for row in new_rows])
    kept = set(stays.values())
    removed = tuple(place for place in range(len(old_rows)) if place not in kept)
    added = tuple(place for place in range(len(new_rows)) if place not in stays)
    changed = tuple(
        (old, column, cell)
        for place, old in stays.items()
        if new_rows[place] != old_rows[old]
        for column, cell in enumerate(new_rows[place])
        if cell != old_rows[old][column]
    )
    cells = tuple(new_rows[place][column] for column in range(len(header)) for place in added)
    if len(removed) + 3 * len(changed) + len(added) + len(cells) > CBOR_ITEMS_MAX - _ITEMS:
        return None
    return Delta(
        sha256(base).digest(), sha256(new).digest(), len(new), removed, changed, added, cells
    )


def _in_order(places: Sequence[int | None]) -> dict[int, int]:
    """Return the most rows that keep their order, new place -> old place.

    The others moved: they leave and come again. Source: longest increasing subsequence by
    patience sorting, Fredman 1975.
    """
    tops: list[int] = []
    piles: list[int] = []
    before: dict[int, int | None] = {}
    for new, old in enumerate(places):
        if old is None:
            continue
        pile = bisect_left(tops, old)
        tops[pile : pile + 1] = [old]
        piles[pile : pile + 1] = [new]
        before[new] = piles[pile - 1] if pile else None
    chain: list[int] = []
    at = piles[-1] if piles else None
    while at is not None:
        chain.append(at)
        at = before[at]
    return {new: old for new in reversed(chain) if (old := places[new]) is not None}


def encode_delta(delta: Delta) -> bytes:
    """Return a delta's content (LIST-011)."""
    rows, columns, cells = zip(*delta.changed, strict=True) if delta.changed else ((), (), ())
    return encode(
        [
            1,
            delta.base,
            delta.result,
            delta.size,
            _gaps(delta.removed),
            [row - before for before, row in pairwise((0, *rows))],
            list(columns),
            list(cells),
            _gaps(delta.added),
            list(delta.cells),
        ]
    )


def _gaps(numbers: Iterable[int]) -> list[int]:
    return [number - before - 1 for before, number in pairwise((-1, *numbers))]


def decode_delta(content: bytes) -> Delta:
    """Read a delta.

    Raises:
        EncodingInvalid: malformed, or a row both removed and changed.
        LimitExceeded: a number or the result's size is out of bounds.
    """
    items = array(version(decode(content), "a delta"), "a delta", _ITEMS)
    size = uint(items[3], "size of the list")
    if size > LIST_BYTES_MAX:
        raise LimitExceeded(f"a list is larger than {LIST_BYTES_MAX} bytes")
    removed = _numbers(items[4], "removed rows")
    changed = _changes(items[5], items[6], items[7])
    if not set(removed).isdisjoint(row for row, _, _ in changed):
        raise EncodingInvalid("a delta changes a row that it removes")
    added = _numbers(items[8], "added rows")
    cells = tuple(text(cell, "cell") for cell in array(items[9], "added cells"))
    if len(cells) % len(added) if added else cells:
        raise EncodingInvalid("a delta's added rows have unequal numbers of cells")
    base, result = octets(items[1], "base", HASH_BYTES), octets(items[2], "result", HASH_BYTES)
    return Delta(base, result, size, removed, changed, added, cells)


def _numbers(value: object, what: str) -> tuple[int, ...]:
    """Return row numbers from their gaps: ascending whatever the gaps are."""
    number, numbers = -1, []
    for gap in array(value, what):
        number += uint(gap, what) + 1
        numbers.append(number)
    if number >= CHOICES_MAX:
        raise LimitExceeded(f"a list has more than {CHOICES_MAX} rows")
    return tuple(numbers)


def _changes(gaps: object, columns: object, cells: object) -> tuple[tuple[int, int, str], ...]:
    listed = array(gaps, "changed rows")
    at = array(columns, "changed columns", len(listed))
    texts = array(cells, "changed cells", len(listed))
    row = 0
    found: list[tuple[int, int, str]] = []
    for gap, column, cell in zip(listed, at, texts, strict=True):
        row += uint(gap, "changed row")
        place = (row, uint(column, "changed column", LIST_COLUMNS_MAX))
        if found and place <= found[-1][:2]:
            raise EncodingInvalid("a delta's changes must be in order, each cell once")
        found.append((*place, text(cell, "cell")))
    if row >= CHOICES_MAX:
        raise LimitExceeded(f"a list has more than {CHOICES_MAX} rows")
    return tuple(found)


def apply_delta(base: Iterable[bytes], delta: Delta) -> Iterator[bytes]:
    """Yield the result's bytes, block by block; keep them only once the iterator has ended.

    Memory: the delta and one row.

    Raises:
        BaseUnknown: `base` is not what the delta starts from, or what came out is not what it
            promises. It may be raised after the last block.
    """
    base_hash, result_hash, size = sha256(), sha256(), 0

    def heard() -> Iterator[bytes]:
        for block in base:
            base_hash.update(block)
            yield block

    try:
        for block in blocks_of(_stepped(rows_in(heard()), delta)):
            result_hash.update(block)
            size += len(block)
            if size > delta.size:
                break
            yield block
    except FormError as error:
        raise BaseUnknown(NOT_HERE) from error
    found = base_hash.digest(), result_hash.digest(), size
    if found != (delta.base, delta.result, delta.size):
        raise BaseUnknown(NOT_HERE)


def _stepped(rows: Iterator[Row], delta: Delta) -> Iterator[Row]:
    """Yield header and rows of the result."""
    header = next(rows, ())
    yield header
    width, count = len(header), len(delta.added)
    removed, changed = iter((*delta.removed, -1)), iter((*delta.changed, (-1, 0, "")))
    gone, change, come, at = next(removed), next(changed), 0, 0

    def arrived() -> Iterator[Row]:
        nonlocal come, at
        while come < count and delta.added[come] == at:
            yield [delta.cells[column * count + come] for column in range(width)]
            come, at = come + 1, at + 1

    if len(delta.cells) != width * count:
        raise BaseUnknown(NOT_HERE)
    for place, row in enumerate(rows):
        if place == gone:
            gone = next(removed)
            continue
        yield from arrived()
        if place == change[0]:
            row = list(row)  # noqa: PLW2901 - the row as it is now
            while place == change[0]:
                if change[1] >= width:
                    raise BaseUnknown(NOT_HERE)
                row[change[1]] = change[2]
                change = next(changed)
        yield row
        at += 1
    yield from arrived()
    if gone != -1 or change[0] != -1 or come != count:
        raise BaseUnknown(NOT_HERE)
