"""Quarantine: what was received and cannot be taken in yet, with the reason (records store)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class QuarantineSource(StrEnum):
    """Where the sealed bytes lie: an entry in a log, or a run on the shelf."""

    ENTRY = "entry"
    SHELF = "shelf"


class QuarantineState(StrEnum):
    """What became of it."""

    OPEN = "open"
    REPLAYED = "replayed"
    RELEASED = "released"
    SHREDDED = "shredded"


class Quarantined(RecordsTable, table=True):
    """One entry or run set aside. Its bytes stay sealed in the inbox store."""

    __tablename__ = "quarantine"
    __table_args__ = (
        sized("quarantine", "digest", 32),
        one_of("quarantine", "source", QuarantineSource),
        one_of("quarantine", "state", QuarantineState),
    )

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary, description="entry or run hash")
    source: str = Field(max_length=8)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    sequence: int
    kind: int | None = Field(default=None, description="None where a run was never opened")
    entry_id: int | None = Field(default=None, sa_type=RowNumber, description="None on the shelf")
    record_id: bytes | None = Field(
        default=None, sa_type=LargeBinary, index=True, description="None where it was not opened"
    )
    entries: int = Field(default=1, description="revisions in it")
    reason: str = Field(max_length=32, index=True)
    detail: str = Field(max_length=2000, description="ids and field paths, never answers")
    state: str = Field(default=QuarantineState.OPEN.value, max_length=12, index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    shred_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str = Field(default="", max_length=120)
