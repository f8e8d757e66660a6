"""A record's revisions as the records store holds them: wrapped, unwrapped, merged.

A body is kept as the plaintext of its compartment under the record's own key, identity still
sealed to the custodian inside that wrap (INTK-030). Each wrap is bound to its revision, so one
cannot be put in another's place.
"""

from collections.abc import Collection
from typing import Final

from server.intake.forms import FormShelf
from server.mission import Mission
from server.tables.records import Revision as RevisionRow
from shared.clock import RandomBytes
from shared.ids import RevisionId
from shared.records.codec import decode_body
from shared.sealing.wrap import unwrap, wrap
from sync.core.merge import Attestations, RecordState, Revision, resolve

_BODY: Final = b"body"
_IDENTITY: Final = b"identity"


def wrap_body(key: bytes, revision_id: bytes, plaintext: bytes, random_bytes: RandomBytes) -> bytes:
    """Wrap the plaintext of compartment 1 under a record's key."""
    return wrap(key, plaintext, _BODY + revision_id, random_bytes)


def wrap_identity(
    key: bytes, revision_id: bytes, sealed: bytes, random_bytes: RandomBytes
) -> bytes:
    """Wrap the ciphertext of compartment 2 under a record's key."""
    return wrap(key, sealed, _IDENTITY + revision_id, random_bytes)


def unwrap_identity(key: bytes, row: RevisionRow) -> bytes | None:
    """Return the ciphertext of compartment 2, for the custodian's station."""
    if row.identity is None:
        return None
    return unwrap(key, row.identity, _IDENTITY + row.revision_id)


def read_revision(key: bytes, row: RevisionRow, forms: FormShelf) -> Revision | None:
    """Return a kept revision, None where its body is gone.

    Raises:
        TagMismatch: the row was changed, or the key is another record's.
    """
    if row.body is None:
        return None
    plaintext = unwrap(key, row.body, _BODY + row.revision_id)
    _, body = decode_body(plaintext, forms.codebook)
    return Revision(RevisionId(row.revision_id), body)


def state_of(
    revisions: Collection[Revision], forms: FormShelf, withdrawn: frozenset[bytes]
) -> RecordState:
    """Return what revisions come to by the rules of the newest form version among them."""
    newest = forms.newest({one.body.form_hash for one in revisions})
    return resolve(revisions, newest.rules, Attestations(withdrawn=withdrawn))


def master_key(mission: Mission) -> bytes:
    """Return the key that wraps record keys."""
    return mission.keychain.wrap
