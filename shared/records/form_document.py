"""What a signed form document holds (GOV-020): the XForm and the hashes of the files it reads.

Choice lists and media travel once each, as list documents (the file's bytes, name = file name):
a new form version over the same 100,000 villages does not send them again. Documents are deflated
by shared/sealing/documents.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, LimitExceeded
from shared.ids import FORM_HASH_BYTES, HASH_BYTES, FormHash

FORM_DOCUMENT: Final = "form"
LIST_DOCUMENT: Final = "list"
POLICY_DOCUMENT: Final = "policy"
DELTA_DOCUMENT: Final = "delta"
"""Document types (SEAL-082)."""
FILES_MAX: Final = 256
_VERSION: Final = 1
_ITEMS: Final = 4


@dataclass(frozen=True, slots=True)
class FormDocument:
    """One form version as published.

    Attributes:
        version: the form's own version text; shown to people.
        files: file name as the XForm writes it -> SHA-256 of its bytes.
    """

    xform: bytes
    version: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def form_hash(self) -> FormHash:
        """The hash that revisions name the form by (SEAL-061)."""
        return form_hash(self.xform)


def form_hash(xform: bytes) -> FormHash:
    """Return the first half of the SHA-256 of an XForm's bytes."""
    return FormHash(sha256(xform).digest()[:FORM_HASH_BYTES])


def encode_form_document(document: FormDocument) -> bytes:
    """Return a form document's content."""
    return encode([_VERSION, document.xform, document.version, dict(document.files)])


def decode_form_document(content: bytes) -> FormDocument:
    """Read a form document's content.

    Raises:
        EncodingInvalid: not a form document of version 1.
        LimitExceeded: it names more files than FILES_MAX.
    """
    value = decode(content)
    if not isinstance(value, list) or len(value) < _ITEMS or value[0] != _VERSION:
        raise EncodingInvalid("not a form document of version 1")
    _, xform, version, files = value[:_ITEMS]
    if not (isinstance(xform, bytes) and isinstance(version, str) and isinstance(files, dict)):
        raise EncodingInvalid("a form document is [1, XForm, version, files]")
    if len(files) > FILES_MAX:
        raise LimitExceeded(f"a form names at most {FILES_MAX} files")
    for name, digest in files.items():
        if not (isinstance(name, str) and isinstance(digest, bytes) and len(digest) == HASH_BYTES):
            raise EncodingInvalid("a form document's files map names to SHA-256 hashes")
    return FormDocument(xform, version, files)
