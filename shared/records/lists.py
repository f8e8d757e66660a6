"""Lists of rows by key: choices that forms read, and the cases that are given to a device.

A list is a CSV in one canonical spelling, so that equal rows are equal bytes and a hash names a
version. How versions travel: list_delta.py. Rules LIST-001 to LIST-003.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shared import limits
from shared.errors import FormError, LimitExceeded

Row = Sequence[str]
BLOCK_BYTES: Final = 1 << 16
"""Lists are read and written in blocks of about this size; never as a whole."""
_KEY: Final = "name"
_BOM: Final = b"\xef\xbb\xbf"


def key_column(columns: Row) -> int:
    """Return which column names a row: `name`, as in a choice list, else the first."""
    return columns.index(_KEY) if _KEY in columns else 0


def canonical_list(data: bytes, what: str = "the list") -> bytes:
    """Return a CSV file in the one spelling that lists travel in (LIST-001).

    Separators `,` `;` and tab are read; rows without any text are left out.

    Raises:
        FormError: not UTF-8, no header, or a row with more cells than the header.
        LimitExceeded: too many bytes, rows or columns.
    """
    if len(data) > limits.LIST_BYTES_MAX:
        raise LimitExceeded(f"{what} is larger than {limits.LIST_BYTES_MAX} bytes")
    first_line = data.removeprefix(_BOM).partition(b"\n")[0]
    delimiter = max(",;\t", key=lambda mark: first_line.count(mark.encode()))
    rows = _parsed(iter((data.removeprefix(_BOM),)), delimiter, what)
    header = [cell.strip() for cell in next(rows, [])]
    if not all(header) or not header or len(set(header)) != len(header):
        raise FormError(f"{what} needs one non-empty, unique name per column in its first line")
    if len(header) > limits.LIST_COLUMNS_MAX:
        raise LimitExceeded(f"{what} has more than {limits.LIST_COLUMNS_MAX} columns")
    return b"".join(blocks_of(_filled(header, rows, what)))


def _filled(header: list[str], rows: Iterator[Row], what: str) -> Iterator[Row]:
    """Yield the header and every row that says something, each with one cell a column."""
    yield header
    count = 0
    for row in rows:
        if not any(row):
            continue
        count += 1
        if count > limits.CHOICES_MAX:
            raise LimitExceeded(f"{what} has more than {limits.CHOICES_MAX} rows")
        if len(row) > len(header) and any(row[len(header) :]):
            raise FormError(f"{what}: row {count} has more cells than the first line has columns")
        yield [*row[: len(header)], *[""] * (len(header) - len(row))]


def blocks_of(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the canonical bytes of rows, the header among them, block by block.

    Not the csv module's writer: what it quotes differs between versions of Python, and the bytes
    are hashed.
    """
    lines: list[str] = []
    size = 0
    for row in rows:
        line = ",".join(row)
        if '"' in line or "\n" in line or "\r" in line or line.count(",") != len(row) - 1:
            line = ",".join(_quoted(cell) for cell in row)
        lines.append(line)
        size += len(line) + 1
        if size >= BLOCK_BYTES:
            yield ("\n".join(lines) + "\n").encode()
            lines, size = [], 0
    if lines:
        yield ("\n".join(lines) + "\n").encode()


def _quoted(cell: str) -> str:
    if any(mark in cell for mark in ',"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def rows_in(blocks: Iterable[bytes], what: str = "the list") -> Iterator[Row]:
    """Yield the rows of a canonical list, header first, from its bytes in any pieces.

    Raises:
        FormError: not UTF-8, or quotes that never end.
    """
    return _parsed(blocks, ",", what)


def _parsed(blocks: Iterable[bytes], delimiter: str, what: str) -> Iterator[Row]:
    try:
        yield from csv.reader(_lines(blocks), delimiter=delimiter, strict=True)
    except UnicodeDecodeError as error:
        raise FormError(f"{what} is not UTF-8; save it as CSV UTF-8") from error
    except csv.Error as error:
        raise FormError(f"{what} is not a CSV file: {error}") from error


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield text line by line with its line ends; no line break inside quotes is lost."""
    rest = b""
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line.decode() + "\n"
    if rest:
        yield rest.decode()


def doubled_key(data: bytes) -> str | None:
    """Return a key that stands twice in a canonical list, or None where each stands once."""
    rows = rows_in((data,))
    column = key_column(next(rows, ("",)))
    seen: set[str] = set()
    for row in rows:
        if row[column] in seen:
            return row[column]
        seen.add(row[column])
    return None
