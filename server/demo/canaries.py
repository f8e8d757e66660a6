"""Canaries: words that must never be found in the clear, and the scan that looks for them.

Each direct identifier that the demonstration's people give contains one of two marks. The marks
are looked for in every byte of a folder, as text in several encodings, hex and base64, so that
neither a stray debug line nor an encoded copy goes unseen.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

NAME_MARK: Final = "Qzavx"
"""Starts every family name of the demonstration; no language or file format contains it."""
PHONE_MARK: Final = "99907315"
"""Starts every phone number after the plus sign."""
CHUNK_BYTES: Final = 1 << 20


def _forms(mark: str) -> Iterator[bytes]:
    """Yield the byte forms in which `mark` could lie about."""
    raw = mark.encode()
    yield raw
    yield mark.lower().encode()
    yield mark.upper().encode()
    yield mark.encode("utf-16-le")[:-1]  # without the outer zero, in either byte order
    yield raw.hex().encode()
    for shift in range(3):
        # Base64 has three alignments; the outer characters depend on the neighbours, so drop them.
        text = base64.b64encode(b"\0" * shift + raw)
        first = 0 if shift == 0 else 2 if shift == 1 else 3
        last = len(text) - 4 if text.endswith(b"=") else len(text)
        yield text[first:last]


_SOUGHT: Final = tuple(sorted({f for mark in (NAME_MARK, PHONE_MARK) for f in _forms(mark)}))
_LONGEST: Final = max(map(len, _SOUGHT))


def count_hits(paths: Iterable[Path]) -> int:
    """Return how often a mark occurs in the bytes of these files and folders.

    A missing path counts as an error, not as zero: a scan of nothing proves nothing.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    return sum(_hits_in_file(file) for path in paths for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (p for p in sorted(path.rglob("*")) if p.is_file())
    else:
        raise FileNotFoundError(path)


def _hits_in_file(file: Path) -> int:
    hits = 0
    carried = b""
    with file.open("rb") as source:
        while block := source.read(CHUNK_BYTES):
            window = carried + block
            # One search a form is many times faster than one pattern of all forms. What lies
            # whole in the carried part was counted with the block before.
            hits += sum(window.count(form) - carried.count(form) for form in _SOUGHT)
            carried = window[-(_LONGEST - 1) :]
    return hits
