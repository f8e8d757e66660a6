"""One key per record, and the ledger of the destroyed ones (key store).

Key and ledger share a store so that "destroyed" and "never again" are one transaction: whoever
asks for the key of an erased record is told so, and a replayed bundle cannot bring it back.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary
from sqlmodel import Field

from server.tables.stores import KeysTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class ErasureCause(StrEnum):
    """Why something was erased."""

    WITHDRAWAL = "withdrawal"
    REFUSED_CONSENT = "refused_consent"
    RETENTION = "retention"


class RecordKey(KeysTable, table=True):
    """A record's key, wrapped under the server's own; deleting the row shreds the record."""

    __tablename__ = "record_key"
    __table_args__ = (sized("record_key", "record_id", 16),)

    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    wrapped: bytes = Field(sa_type=LargeBinary)


class Erasure(KeysTable, table=True):
    """One line of the erasure ledger. `whole` lines close a record id for ever."""

    __tablename__ = "erasure"
    __table_args__ = (sized("erasure", "record_id", 16), one_of("erasure", "cause", ErasureCause))

    id: int | None = Field(default=None, primary_key=True, sa_type=RowNumber)
    record_id: bytes = Field(sa_type=LargeBinary, index=True)
    respondent: str = Field(max_length=1000, description="'' is the whole record")
    whole: bool
    cause: str = Field(max_length=32)
    withdrawal_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    erased_at: datetime = Field(sa_type=UtcDateTime)
