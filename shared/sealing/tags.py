"""Equality tags: the server sees whether two writes of an identity field are equal, nothing more.

The tag key travels in the identity compartment alone, so a server with every body and every tag
cannot test a guess (SEAL-050). It is new for every record, so tags of two records never match.
"""

import hmac
from typing import Final

from shared.canonical import encode
from shared.clock import RandomBytes
from shared.errors import EncodingInvalid
from shared.ids import RecordId
from shared.records.revision import DELETED, Deletion, Value
from shared.records.values import canonical_value
from shared.sealing.labels import label

TAG_KEY_BYTES: Final = 16
EQUALITY_TAG_BYTES: Final = 8


def new_tag_key(random_bytes: RandomBytes) -> bytes:
    """Draw the tag key of a new record; later revisions of the record use the same one."""
    return random_bytes(TAG_KEY_BYTES)


def equality_tag(
    tag_key: bytes, record_id: RecordId, address: str, value: Value | Deletion
) -> bytes:
    """Return the tag of one write of a direct field (SEAL-050).

    Raises:
        EncodingInvalid: the key is not a tag key, or `value` is a deletion, which is no answer.
    """
    if len(tag_key) != TAG_KEY_BYTES:
        raise EncodingInvalid(f"a tag key is {TAG_KEY_BYTES} bytes")
    if value is DELETED:
        raise EncodingInvalid("a deletion has no tag")
    data = label("tag") + encode([record_id, address, canonical_value(value)])
    return hmac.digest(tag_key, data, "sha256")[:EQUALITY_TAG_BYTES]
