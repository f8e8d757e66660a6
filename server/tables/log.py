"""Logs as they lie in the inbox store: branches, entries, payloads, and the work they make.

A log is a tree: one branch until its author forks, which is evidence (SEAL-032). A payload leaves
when intake has taken it over under the record's own key; header and chain stay, so the log still
verifies (SEAL-021).
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


class LogBranch(InboxTable, table=True):
    """One branch of a log and its head; branch 0 is the first that came."""

    __tablename__ = "log_branch"
    __table_args__ = (
        sized("log_branch", "author", 16),
        sized("log_branch", "head_hash", 32),
        CheckConstraint("number >= 0", name="log_branch_number_min"),
        CheckConstraint("head_sequence >= forked_at", name="log_branch_head_min"),
    )

    author: bytes = Field(primary_key=True, sa_type=LargeBinary)
    incarnation: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    parent: int | None = Field(default=None)
    forked_at: int = Field(default=0, description="last sequence shared with the parent")
    head_sequence: int
    head_hash: bytes = Field(sa_type=LargeBinary)
    admitted: bool = Field(default=True, description="a second branch waits for a coordinator")
    backed_up_sequence: int = Field(default=0, description="the two newest backups hold it")
    backed_up_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    copied_sequence: int = Field(default=0, description="the newest backup holds it")
    copied_hash: bytes | None = Field(default=None, sa_type=LargeBinary)


class LogEntry(InboxTable, table=True):
    """One entry's header, exactly the bytes its hash covers."""

    __tablename__ = "log_entry"
    __table_args__ = (
        UniqueConstraint("author", "incarnation", "branch", "sequence", name="log_entry_place"),
        sized("log_entry", "author", 16),
        sized("log_entry", "hash", 32),
        CheckConstraint("sequence >= 1", name="log_entry_sequence_min"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowNumber)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    branch: int
    sequence: int
    kind: int
    hash: bytes = Field(sa_type=LargeBinary)
    header: bytes = Field(sa_type=LargeBinary)
    carrier: bytes | None = Field(default=None, sa_type=LargeBinary, description="who brought it")
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

    entry_id: int = Field(primary_key=True, sa_type=RowNumber)
    signed_on: int
    signature: bytes = Field(sa_type=LargeBinary)


class Detached(InboxTable, table=True):
    """A payload that travels by chunk, and how much of it is here (SYNC-080)."""

    __tablename__ = "detached"
    __table_args__ = (sized("detached", "payload_hash", 32),)

    payload_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    author: bytes = Field(sa_type=LargeBinary, description="who names it first")
    number: int = Field(sa_type=RowNumber, index=True, description="order of arrival")
    length: int = Field(sa_type=RowNumber)
    received: int = Field(default=0, sa_type=RowNumber)
    whole: bool = Field(default=False, index=True)


class DetachedChunk(InboxTable, table=True):
    """One piece of a detached payload."""

    __tablename__ = "detached_chunk"

    payload_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    offset: int = Field(primary_key=True, sa_type=RowNumber)
    data: bytes = Field(sa_type=LargeBinary)


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
    entries: int
    data: bytes = Field(sa_type=LargeBinary, description="a batch of this one run")
    carrier: bytes | None = Field(default=None, sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)
    listed: bool = Field(default=False, index=True, description="stands in the quarantine list")


class Paper(InboxTable, table=True):
    """A signed paper that came by: receipt, note, certificate; the newest of its name."""

    __tablename__ = "paper"

    kind: str = Field(primary_key=True, max_length=32)
    name: bytes = Field(primary_key=True, sa_type=LargeBinary)
    data: bytes = Field(sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime)


class MailSent(InboxTable, table=True):
    """What was appended to the server's own logs for a `mail_due` row, so that it is once."""

    __tablename__ = "mail_sent"
    __table_args__ = (sized("mail_sent", "salt", 16),)

    salt: bytes = Field(primary_key=True, sa_type=LargeBinary)
    author: bytes = Field(sa_type=LargeBinary)
    sequence: int
