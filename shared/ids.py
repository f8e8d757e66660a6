"""Identifier types: plain values at run time, distinct types to mypy. Sizes in bytes."""

from typing import Final, NewType

DeploymentId = NewType("DeploymentId", bytes)
"""8 bytes, random per project, opaque."""
AuthorId = NewType("AuthorId", bytes)
"""16 bytes: hash of a signing key and the audience it speaks to (SEAL-010)."""
RecordId = NewType("RecordId", bytes)
"""16 random bytes: one interview or one entity."""
RevisionId = NewType("RevisionId", bytes)
"""16 bytes: hash of a revision's body (SEAL-060)."""
EntryHash = NewType("EntryHash", bytes)
"""32 bytes: SHA-256 of an entry's header (SEAL-021)."""
FormHash = NewType("FormHash", bytes)
"""16 bytes: first half of the SHA-256 of the XForm's bytes."""
KeyId = NewType("KeyId", bytes)
"""8 bytes: first bytes of the SHA-256 of a recipient's public key."""

DEPLOYMENT_ID_BYTES: Final = 8
AUTHOR_ID_BYTES: Final = 16
RECORD_ID_BYTES: Final = 16
REVISION_ID_BYTES: Final = 16
INSTANCE_ID_BYTES: Final = 8
"""Repeat instances: random, unique within one record."""
FORM_HASH_BYTES: Final = 16
KEY_ID_BYTES: Final = 8
HASH_BYTES: Final = 32
