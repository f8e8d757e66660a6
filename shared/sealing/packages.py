"""App packages: the manifest that the project root signs for one file. Rules SEAL-090, SEAL-091.

The file's bytes travel apart (SYNC-130) and are nothing without a manifest: it alone says what they
are, for whom, and by which hash they are known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid
from shared.ids import HASH_BYTES, DeploymentId
from shared.limits import PACKAGE_BYTES_MAX
from shared.sealing.documents import Document, open_document
from shared.sealing.ring import KeyRing
from shared.shapes import array, octets, text, uint
from shared.versions import Version, parse_version

PACKAGE_DOCUMENT: Final = "package"
APP_NAME: Final = "cairn"
"""The package by which this program itself is upgraded."""
ANY_PLATFORM: Final = "any"
CHANGES_CHARS_MAX: Final = 2_000
_LANGUAGES_MAX: Final = 64
_WORD: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)
_FORMAT_MAX: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one package is.

    Attributes:
        platform: what the file runs on; `any` for every platform.
        size: of the file, in bytes.
        hash: SHA-256 of the file.
        changes: what is new in words, by BCP 47 tag.
        log_format, vault_format: the oldest formats of a device's stores that it can bring up.
    """

    name: str
    version: Version
    platform: str
    file_name: str
    size: int
    hash: bytes
    changes: Mapping[str, str]
    log_format: int = 0
    vault_format: int = 0

    @property
    def title(self) -> str:
        """What the signed document is called: one name, version and platform, one file."""
        return f"{self.name} {self.version} {self.platform}"

    def suits(self, platform: str) -> bool:
        """Tell whether the file runs on a platform."""
        return self.platform in (platform, ANY_PLATFORM)

    def encode(self) -> bytes:
        """Return the document's content."""
        return encode(
            [
                1,
                self.name,
                self.version.text,
                self.platform,
                self.file_name,
                self.size,
                self.hash,
                dict(self.changes),
                [self.log_format, self.vault_format],
            ]
        )


def decode_manifest(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        EncodingInvalid: malformed; the message names the part.
    """
    items = array(decode(content), "a package manifest", 9)
    if items[0] != 1 or isinstance(items[0], bool):
        raise EncodingInvalid("the package manifest is of another version")
    formats = array(items[8], "formats", 2)
    size = uint(items[5], "size", PACKAGE_BYTES_MAX)
    if size == 0:
        raise EncodingInvalid("a package has at least one byte")
    return Manifest(
        name=_matching(items[1], "name", _WORD),
        version=parse_version(text(items[2], "version")),
        platform=_matching(items[3], "platform", _WORD),
        file_name=_matching(items[4], "file name", _FILE),
        size=size,
        hash=octets(items[6], "hash", HASH_BYTES),
        changes=_changes(items[7]),
        log_format=uint(formats[0], "log format", _FORMAT_MAX),
        vault_format=uint(formats[1], "vault format", _FORMAT_MAX),
    )


def manifest_document(deployment: DeploymentId, manifest: Manifest) -> Document:
    """Return the document that the root signs.

    Raises:
        EncodingInvalid: a part of the manifest is not what SEAL-090 allows.
    """
    decode_manifest(manifest.encode())
    return Document(deployment, PACKAGE_DOCUMENT, manifest.title, 1, manifest.encode())


def open_manifest(payload: bytes, ring: KeyRing) -> Manifest:
    """Return the manifest in a signed document.

    Raises:
        SignatureInvalid, KeyNotTrusted: not signed by this project's root.
        EncodingInvalid: malformed, not a package's, or called by another name than its own.
    """
    document = open_document(payload, ring)
    if document.type != PACKAGE_DOCUMENT or document.serial != 1:
        raise EncodingInvalid("the signed document is not of an app package")
    manifest = decode_manifest(document.content)
    if document.name != manifest.title:
        raise EncodingInvalid("the document is called otherwise than the package it describes")
    return manifest


def _matching(value: object, what: str, pattern: re.Pattern[str]) -> str:
    found = text(value, what)
    if not pattern.fullmatch(found):
        raise EncodingInvalid(f"the {what} of a package may not be {found[:60]!r}")
    return found


def _changes(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not 0 < len(value) <= _LANGUAGES_MAX:
        raise EncodingInvalid("a package says in words what is new, in at least one language")
    changes: dict[str, str] = {}
    for language, words in value.items():
        tag = _matching(language, "language", _LANGUAGE)
        if not 0 < len(text(words, "changes").strip()) <= CHANGES_CHARS_MAX:
            raise EncodingInvalid(f"what is new is said in 1 to {CHANGES_CHARS_MAX} characters")
        changes[tag] = words
    return changes
