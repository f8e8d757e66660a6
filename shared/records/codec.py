"""A record's two halves as plaintexts of their compartments, and back (SEAL-060 to SEAL-063).

The bytes name the form they were filled with; whoever decodes finds its codebook by the form key.
Consents go by purpose, answers by position (patch.py). What is not this exact shape is refused.
"""

import zlib
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from shared.canonical import decode, encode
from shared.errors import EncodingInvalid, FormError, LimitExceeded
from shared.ids import (
    RECORD_ID_BYTES,
    REVISION_ID_BYTES,
    FormHash,
    RecordId,
    RevisionId,
)
from shared.limits import BODY_BYTES_MAX
from shared.records.codebook import Codebook
from shared.records.consent_codec import consents_from_wire, consents_to_wire
from shared.records.layout import (
    LAYOUT_CHECK_BYTES,
    FormLayout,
    Half,
    layout_of,
)
from shared.records.patch import patch_from_wire, patch_to_wire, tags_from_wire, tags_to_wire
from shared.records.revision import Identity, RevisionBody
from shared.sealing.labels import label
from shared.sealing.tags import TAG_KEY_BYTES
from shared.shapes import array, integer, octets, scalars, text, uint

FORM_KEY_BYTES: Final = 8
_PLAIN: Final = 1
_DEFLATED: Final = 2
_PREFIX_BYTES: Final = 1 + FORM_KEY_BYTES + LAYOUT_CHECK_BYTES
_RAW_DEFLATE: Final = -15
_OFFSET_MIN_MAX: Final = 24 * 60

FindCodebook = Callable[[bytes], Codebook]
"""Return the codebook of the form with that form key, or raise FormError where it is not here."""


def form_key(form_hash: FormHash) -> bytes:
    """Return the 8 bytes by which a plaintext names its form: the start of the form's hash."""
    return form_hash[:FORM_KEY_BYTES]


class Codebooks:
    """The forms at hand, by form key: what `decode_body` asks."""

    def __init__(self, *codebooks: Codebook) -> None:
        self._codebooks = {form_key(book.form_hash): book for book in codebooks}

    def add(self, codebook: Codebook) -> None:
        """Make a form known."""
        self._codebooks[form_key(codebook.form_hash)] = codebook

    def __call__(self, key: bytes) -> Codebook:
        """Return the codebook of that form key.

        Raises:
            FormError: the form is not here.
        """
        if key not in self._codebooks:
            raise FormError("it was filled with a form that is not here; fetch the newest forms")
        return self._codebooks[key]


def revision_id(form_hash: FormHash, body_cbor: bytes) -> RevisionId:
    """Return the revision's id: equal bodies of one form are one revision (SEAL-060)."""
    digest = sha256(label("revision") + form_hash + body_cbor).digest()
    return RevisionId(digest[:REVISION_ID_BYTES])


# --- body -------------------------------------------------------------------------------------


def encode_body(body: RevisionBody, codebook: Codebook) -> bytes:
    """Return the plaintext of compartment 1.

    Raises:
        EncodingInvalid: the body is not of this form, or holds what a body must not.
    """
    return _pack(layout_of(codebook), body_cbor(body, codebook))


def body_cbor(body: RevisionBody, codebook: Codebook) -> bytes:
    """Return the body's canonical bytes, whose hash is the revision id (SEAL-062)."""
    if body.form_hash != codebook.form_hash:
        raise EncodingInvalid("the revision was made with another form than this codebook's")
    form = layout_of(codebook)
    started = None if body.started_ms is None else body.at_ms - body.started_ms
    data = encode(
        [
            body.record_id,
            sorted(set(body.parents)),
            body.at_ms,
            body.offset_min,
            body.enumerator,
            body.round_id,
            body.location,
            consents_to_wire(body.consents, codebook.purposes, body.at_ms),
            patch_to_wire(body.patch, form.halves[Half.BODY], Half.BODY),
            tags_to_wire(body.tags, form.halves[Half.IDENTITY]),
            body.resolves,
            body.reason,
            started,
            None if body.paradata is None else scalars(dict(body.paradata), "paradata"),
        ]
    )
    if len(data) > BODY_BYTES_MAX:
        raise LimitExceeded(f"a record's answers take more than {BODY_BYTES_MAX} bytes")
    return data


def decode_body(plaintext: bytes, find_codebook: FindCodebook) -> tuple[RevisionId, RevisionBody]:
    """Return a revision and its id from the plaintext of compartment 1.

    Raises:
        FormError: its form is not here, or read into other positions than by its author.
        EncodingInvalid: malformed.
        LimitExceeded: it unpacks to more than BODY_BYTES_MAX.
    """
    form, data = _unpack(plaintext, find_codebook)
    codebook = form.codebook
    return revision_id(codebook.form_hash, data), _body(form, array(decode(data), "a body", 14))


def _body(form: FormLayout, items: list[Any]) -> RevisionBody:
    at_ms = uint(items[2], "at_ms")
    offset_min = integer(items[3], "offset_min")
    if abs(offset_min) > _OFFSET_MIN_MAX:
        raise EncodingInvalid("an offset from UTC is at most a day")
    return RevisionBody(
        record_id=RecordId(octets(items[0], "record id", RECORD_ID_BYTES)),
        parents=_parents(items[1]),
        form_id=form.codebook.form_id,
        form_hash=form.codebook.form_hash,
        at_ms=at_ms,
        offset_min=offset_min,
        enumerator=text(items[4], "enumerator"),
        round_id=text(items[5], "round"),
        location=text(items[6], "location"),
        consents=consents_from_wire(items[7], form.codebook.purposes, at_ms),
        patch=patch_from_wire(items[8], form.halves[Half.BODY], Half.BODY),
        tags=tags_from_wire(items[9], form.halves[Half.IDENTITY]),
        resolves=tuple(text(a, "a settled address") for a in array(items[10], "resolves")),
        reason=text(items[11], "reason"),
        started_ms=None if items[12] is None else at_ms - integer(items[12], "started"),
        paradata=None if items[13] is None else scalars(items[13], "paradata"),
    )


def _parents(value: object) -> tuple[RevisionId, ...]:
    parents = tuple(
        RevisionId(octets(p, "parent", REVISION_ID_BYTES)) for p in array(value, "parents")
    )
    if list(parents) != sorted(set(parents)):
        raise EncodingInvalid("parents must be sorted, each once")
    return parents


# --- identity ---------------------------------------------------------------------------------


def encode_identity(identity: Identity, codebook: Codebook) -> bytes:
    """Return the plaintext of compartment 2.

    Raises:
        EncodingInvalid: it holds a field of the body, or a value its field cannot hold.
    """
    form = layout_of(codebook)
    patch = patch_to_wire(identity.patch, form.halves[Half.IDENTITY], Half.IDENTITY)
    data = encode([identity.record_id, octets(identity.tag_key, "tag key", TAG_KEY_BYTES), patch])
    if len(data) > BODY_BYTES_MAX:
        raise LimitExceeded(f"a record's identity takes more than {BODY_BYTES_MAX} bytes")
    return _pack(form, data)


def decode_identity(plaintext: bytes, find_codebook: FindCodebook) -> Identity:
    """Return the direct identifiers from the plaintext of compartment 2.

    Raises:
        FormError: its form is not here, or read into other positions than by its author.
        EncodingInvalid: malformed.
        LimitExceeded: it unpacks to more than BODY_BYTES_MAX.
    """
    form, data = _unpack(plaintext, find_codebook)
    record_id, tag_key, patch = array(decode(data), "an identity", 3)
    return Identity(
        record_id=RecordId(octets(record_id, "record id", RECORD_ID_BYTES)),
        tag_key=octets(tag_key, "tag key", TAG_KEY_BYTES),
        patch=patch_from_wire(patch, form.halves[Half.IDENTITY], Half.IDENTITY),
    )


# --- packing ----------------------------------------------------------------------------------


def _pack(form: FormLayout, data: bytes) -> bytes:
    """Put the prefix before the shorter of plain and deflated (SEAL-061)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE, 9, zdict=form.dictionary)
    packed = packer.compress(data) + packer.flush()
    way, content = (_DEFLATED, packed) if len(packed) < len(data) else (_PLAIN, data)
    return bytes((way,)) + form_key(form.codebook.form_hash) + form.check + content


def _unpack(plaintext: bytes, find_codebook: FindCodebook) -> tuple[FormLayout, bytes]:
    way = plaintext[:1]
    if len(plaintext) < _PREFIX_BYTES or way not in (b"\x01", b"\x02"):
        raise EncodingInvalid("the record is in a format that is not read here")
    form = layout_of(find_codebook(plaintext[1 : 1 + FORM_KEY_BYTES]))
    if plaintext[1 + FORM_KEY_BYTES : _PREFIX_BYTES] != form.check:
        raise FormError(
            "this version of the program reads the form differently from the one that filled it; "
            "update the older of the two"
        )
    content = plaintext[_PREFIX_BYTES:]
    return form, content if way == b"\x01" else _inflate(content, form.dictionary)


def _inflate(packed: bytes, dictionary: bytes) -> bytes:
    unpacker = zlib.decompressobj(_RAW_DEFLATE, zdict=dictionary)
    try:
        data = unpacker.decompress(packed, BODY_BYTES_MAX)
        more = b"" if unpacker.eof else unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error:
        raise EncodingInvalid("the record's content is not DEFLATE") from None
    if more:
        raise LimitExceeded(f"a record unpacks to more than {BODY_BYTES_MAX} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise EncodingInvalid("the record's content is not one whole DEFLATE stream")
    return data
