"""Documents signed by the project root: forms, policies, lists (SEAL-082).

They travel open (compartment 5) in the server's broadcast log; the root's signature, not the
server's, makes them true.
"""

import zlib
from dataclasses import dataclass
from typing import Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, KeyNotTrusted, LimitExceeded
from shared.ids import DEPLOYMENT_ID_BYTES, DeploymentId
from shared.limits import XFORM_BYTES_MAX
from shared.sealing.keys import SIGNATURE_BYTES, SigningKey, verify
from shared.sealing.ring import KeyRing
from shared.shapes import array, octets, text, uint, version

_RAW_DEFLATE: Final = -15


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a named thing the root stands behind.

    Attributes:
        type: `form`, `policy`, `list` or another word both sides know.
        name: what it is called; a higher serial of one type and name replaces a lower one.
    """

    deployment: DeploymentId
    type: str
    name: str
    serial: int
    content: bytes


def sign_document(root: SigningKey, document: Document) -> bytes:
    """Return the payload for compartment 5: the document and the root's signature."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE)
    packed = packer.compress(document.content) + packer.flush()
    data = encode([1, document.deployment, document.type, document.name, document.serial, packed])
    return encode([data, root.sign("document", data)])


def open_document(payload: bytes, ring: KeyRing) -> Document:
    """Return the document in `payload`.

    Raises:
        SignatureInvalid: the ring's root did not sign it, or it was changed since.
        KeyNotTrusted: it belongs to another project.
        LimitExceeded: its content is over XFORM_BYTES_MAX.
        EncodingInvalid: malformed.
    """
    data, signature = array(decode(payload), "a signed document", 2)
    data = octets(data, "document")
    verify(
        ring.root_public, "document", data, octets(signature, "document signature", SIGNATURE_BYTES)
    )
    items = array(version(decode(data), "a document"), "a document", 6)
    deployment = DeploymentId(octets(items[1], "deployment", DEPLOYMENT_ID_BYTES))
    if deployment != ring.deployment:
        raise KeyNotTrusted("the document belongs to another project")
    return Document(
        deployment=deployment,
        type=text(items[2], "document type"),
        name=text(items[3], "document name"),
        serial=uint(items[4], "document serial"),
        content=_unpack(octets(items[5], "document content")),
    )


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(_RAW_DEFLATE)
    try:
        content = unpacker.decompress(packed, XFORM_BYTES_MAX)
        more = b"" if unpacker.eof else unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error:
        raise EncodingInvalid("the document's content is not DEFLATE") from None
    if more:
        raise LimitExceeded(f"a document is larger than {XFORM_BYTES_MAX} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise EncodingInvalid("the document's content is not one whole DEFLATE stream")
    return content
