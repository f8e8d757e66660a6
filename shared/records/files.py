"""How an answer names a file: by the hash of its ciphertext, its suffix, and its thumbnail's hash.

The name says nothing of the file but what kind it is; people put names of people into file names.
Rule SEAL-064.
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.errors import EncodingInvalid

SUFFIX_CHARS_MAX: Final = 8
THUMBNAIL_SUFFIX: Final = "jpg"
"""What thumbnails are."""
_NAME: Final = re.compile(r"([0-9a-f]{64})(?:\.([a-z0-9]{1,8}))?(?: ([0-9a-f]{64}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileName:
    """A file that an answer names.

    Attributes:
        hash: SHA-256 of its whole ciphertext.
        suffix: lower-case letters and digits without a dot, "" for none.
        thumbnail: the same hash of its thumbnail, None where it has none.
    """

    hash: bytes
    suffix: str = ""
    thumbnail: bytes | None = None

    def text(self) -> str:
        """Return the answer's text."""
        suffix = f".{self.suffix}" if self.suffix else ""
        thumbnail = f" {self.thumbnail.hex()}" if self.thumbnail else ""
        return f"{self.hash.hex()}{suffix}{thumbnail}"


def read_file_name(text: str) -> FileName:
    """Return the file that an answer names.

    Raises:
        EncodingInvalid: it names none.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise EncodingInvalid("the answer to a file question names no file")
    digest, suffix, thumbnail = found.groups()
    return FileName(
        bytes.fromhex(digest), suffix or "", None if thumbnail is None else bytes.fromhex(thumbnail)
    )


def suffix_of(name: str) -> str:
    """Return the suffix of a file's own name where it is a plain one, else ""."""
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot else ""
    plain = suffix.isascii() and suffix.isalnum() and len(suffix) <= SUFFIX_CHARS_MAX
    return suffix if plain else ""
