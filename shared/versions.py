"""Versions of the app: dotted numbers, compared number by number. Rule SEAL-091."""

import re
from dataclasses import dataclass, field
from typing import Final

from shared.errors import EncodingInvalid

_PARTS: Final = 4
_NUMBER_MAX: Final = (1 << 31) - 1
_TEXT: Final = re.compile(r"(?:0|[1-9][0-9]{0,9})(?:\.(?:0|[1-9][0-9]{0,9})){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version: the four numbers that order it, and the text it was written as.

    1.2 and 1.2.0 are one version.
    """

    numbers: tuple[int, ...]
    text: str = field(compare=False)

    def __str__(self) -> str:
        """Return the text as it was written."""
        return self.text


def parse_version(text: str) -> Version:
    """Read a version.

    Raises:
        EncodingInvalid: it is none; the message shows one.
    """
    if not _TEXT.fullmatch(text):
        raise EncodingInvalid(f"a version is up to four numbers such as 1.4.0, not {text[:40]!r}")
    numbers = tuple(int(part) for part in text.split("."))
    if max(numbers) > _NUMBER_MAX:
        raise EncodingInvalid(f"a number in a version is at most {_NUMBER_MAX}")
    return Version(numbers + (0,) * (_PARTS - len(numbers)), text)


VERSION: Final = parse_version("0.1.0")
"""Of this program; a test holds it equal to pyproject.toml's (a phone has no package metadata)."""
