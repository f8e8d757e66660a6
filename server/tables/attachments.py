"""Attachments as intake knows them: whose they are, how far they are, and their wrapped chunks.

Chunks lie under the record's own key (records store), so that shredding the record shreds its files
and their thumbnails too. What is sealed to the custodian stays so inside that wrap. Rules INTK-080
to INTK-087.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class AttachmentState(StrEnum):
    """Where an attachment stands. How many of its bytes are here, the inbox tells."""

    NAMED = "named"
    LINKED = "linked"
    KEPT = "kept"
    ASIDE = "aside"
    ERASED = "erased"


class Attachment(RecordsTable, table=True):
    """One attachment entry: its place in its log, its record once that is known, its state."""

    __tablename__ = "attachment"
    __table_args__ = (
        sized("attachment", "entry_hash", 32),
        sized("attachment", "payload_hash", 32),
        sized("attachment", "record_id", 16),
        one_of("attachment", "state", AttachmentState),
        CheckConstraint("length >= 0", name="attachment_length_min"),
        Index("attachment_undropped", "dropped", "state"),
    )

    entry_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    entry_id: int = Field(sa_type=RowNumber)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    sequence: int
    payload_hash: bytes = Field(sa_type=LargeBinary, index=True)
    compartment: int
    length: int = Field(sa_type=RowNumber, description="of the ciphertext")
    state: str = Field(default=AttachmentState.NAMED.value, max_length=8, index=True)
    record_id: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    revision_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    address: str = Field(default="", max_length=1000, description="'' where identity alone tells")
    suffix: str = Field(default="", max_length=16)
    thumbnail: bool = Field(default=False)
    kept_bytes: int = Field(default=0, sa_type=RowNumber, description="of the plaintext, if opened")
    dropped: bool = Field(default=False, description="nothing of it is left in the inbox")
    worker: str | None = Field(default=None, max_length=64)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    named_at: datetime = Field(sa_type=UtcDateTime)


class AttachmentClaim(RecordsTable, table=True):
    """A revision that has attachments and is not linked to them yet; gone once it is."""

    __tablename__ = "attachment_claim"
    __table_args__ = (
        sized("attachment_claim", "entry_hash", 32),
        sized("attachment_claim", "record_id", 16),
    )

    entry_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    entry_id: int = Field(sa_type=RowNumber)
    record_id: bytes = Field(sa_type=LargeBinary)
    revision_id: bytes = Field(sa_type=LargeBinary)
    named: bytes = Field(sa_type=LargeBinary, description="CBOR: what the body names, by hash")


class AttachmentChunk(RecordsTable, table=True):
    """One chunk of an attachment under its record's key."""

    __tablename__ = "attachment_chunk"
    __table_args__ = (sized("attachment_chunk", "entry_hash", 32),)

    entry_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    number: int = Field(primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)
