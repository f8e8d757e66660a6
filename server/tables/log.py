"""Logs as they lie in the inbox store: entries, payloads, signatures, and the work they make.

An entry is stored once, known by its hash. A payload leaves when intake has taken it over under
the record's own key; header and chain stay, so the log still verifies (SEAL-021). Rows of one log
that disagree are branches, each kept (SEAL-032).
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from server.tables.stores import InboxTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class WorkState(StrEnum):
    """Where a received entry stands on its way through intake."""

    WAITING = "waiting"
    HELD = "held"


class Log(InboxTable, table=True):
    """The head of one branch of a log; branch 0 is the first that came."""

    __tablename__ = "log"
    __table_args__ = (
        sized("log", "author", 16),
        sized("log", "hash", 32),
        CheckConstraint("sequence >= 1", name="log_sequence_min"),
        CheckConstraint("branch >= 0", name="log_branch_min"),
    )

    author: bytes = Field(primary_key=True, sa_type=LargeBinary)
    incarnation: int = Field(primary_key=True)
    branch: int = Field(primary_key=True)
    sequence: int
    hash: bytes = Field(sa_type=LargeBinary)
    admitted: bool = Field(default=True, description="a second branch waits for a coordinator")
    backed_up_sequence: int = Field(default=0)
    backed_up_hash: bytes | None = Field(default=None, sa_type=LargeBinary)


class LogEntry(InboxTable, table=True):
    """One entry's header, exactly the bytes its hash covers."""

    __tablename__ = "log_entry"
    __table_args__ = (
        UniqueConstraint("author", "incarnation", "sequence", "branch", name="log_entry_place"),
        sized("log_entry", "author", 16),
        sized("log_entry", "hash", 32),
        CheckConstraint("sequence >= 1", name="log_entry_sequence_min"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowNumber)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    sequence: int
    branch: int
    kind: int
    hash: bytes = Field(sa_type=LargeBinary, unique=True)
    header: bytes = Field(sa_type=LargeBinary)
    carrier: bytes = Field(sa_type=LargeBinary, description="author that brought it")
    received_at: datetime = Field(sa_type=UtcDateTime)


class LogPayload(InboxTable, table=True):
    """One sealed payload, as received; gone once taken over or pruned."""

    __tablename__ = "log_payload"

    entry_id: int = Field(primary_key=True, sa_type=RowNumber)
    compartment: int = Field(primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)


class LogSignature(InboxTable, table=True):
    """A head signature: where a run may be cut when the log is sent on (SYNC-011)."""

    __tablename__ = "log_signature"
    __table_args__ = (sized("log_signature", "signature", 64),)

    hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    signed_on: int
    signature: bytes = Field(sa_type=LargeBinary)


class Work(InboxTable, table=True):
    """An entry that intake has yet to finish. A lease that ran out may be taken by another worker.

    The row is deleted in the same transaction that drops the received payload.
    """

    __tablename__ = "work"
    __table_args__ = (
        one_of("work", "state", WorkState),
        Index("work_next", "state", "entry_id"),
    )

    entry_id: int = Field(primary_key=True, sa_type=RowNumber)
    state: str = Field(default=WorkState.WAITING.value, max_length=8)
    worker: str | None = Field(default=None, max_length=64)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = Field(default=0)


class ShelvedRun(InboxTable, table=True):
    """A run that was not let into a log: its bytes and why. Kept until replayed or released."""

    __tablename__ = "shelved_run"
    __table_args__ = (sized("shelved_run", "digest", 32), sized("shelved_run", "author", 16))

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary, description="SHA-256 of data")
    reason: str = Field(max_length=32)
    author: bytes = Field(sa_type=LargeBinary, index=True)
    incarnation: int
    first_sequence: int
    last_sequence: int
    entries: int
    data: bytes = Field(sa_type=LargeBinary)
    carrier: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HubNote(InboxTable, table=True):
    """A hub's hand-over note as it reached the server by any road (SEAL-084)."""

    __tablename__ = "hub_note"
    __table_args__ = (sized("hub_note", "digest", 32),)

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    hub: bytes = Field(sa_type=LargeBinary, index=True)
    data: bytes = Field(sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)
