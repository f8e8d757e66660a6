"""What intake made of the entries: records, revisions, conflicts, withdrawals (records store).

Bodies lie sealed under the record's own key, which is in the key store; identity stays sealed to
the custodian inside that wrap. Columns in the clear name ids, forms and counts, never answers.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class RecordState(StrEnum):
    """Whether a record's body can still be read."""

    LIVE = "live"
    DELETED = "deleted"
    ERASED = "erased"


class RevisionState(StrEnum):
    """What became of a revision: it counts, waits for a parent, or its body is gone."""

    RESOLVED = "resolved"
    HELD = "held"
    ERASED = "erased"


class ConflictState(StrEnum):
    """Whether a coordinator still has to look."""

    OPEN = "open"
    SETTLED = "settled"


class WithdrawalState(StrEnum):
    """Whether the code has met its record yet."""

    WAITING = "waiting"
    EXECUTED = "executed"


class Record(RecordsTable, table=True):
    """One interview or entity: where it stands, not what it says."""

    __tablename__ = "record"
    __table_args__ = (
        sized("record", "record_id", 16),
        one_of("record", "state", RecordState),
        CheckConstraint("version >= 1", name="record_version_min"),
        CheckConstraint("revisions >= 0", name="record_revisions_min"),
    )

    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    form_id: str = Field(max_length=250, index=True)
    state: str = Field(default=RecordState.LIVE.value, max_length=8)
    version: int = Field(default=1, description="grows with every change of the merged state")
    accepted: int = Field(sa_type=RowNumber, description="order of first acceptance")
    revisions: int = Field(default=0)
    held: int = Field(default=0)
    conflicts_open: int = Field(default=0)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Revision(RecordsTable, table=True):
    """One revision under its record's key; the sealed forms are NULL once erased."""

    __tablename__ = "revision"
    __table_args__ = (
        sized("revision", "revision_id", 16),
        sized("revision", "entry_hash", 32),
        one_of("revision", "state", RevisionState),
    )

    revision_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    record_id: bytes = Field(sa_type=LargeBinary, index=True)
    form_hash: bytes = Field(sa_type=LargeBinary)
    state: str = Field(max_length=8)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    sequence: int
    entry_id: int = Field(sa_type=RowNumber)
    entry_hash: bytes = Field(sa_type=LargeBinary)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    identity: bytes | None = Field(default=None, sa_type=LargeBinary)


class Resealed(RecordsTable, table=True):
    """A further entry that carried a revision already here; erased with it."""

    __tablename__ = "resealed"
    __table_args__ = (sized("resealed", "entry_hash", 32),)

    entry_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    revision_id: bytes = Field(sa_type=LargeBinary)
    record_id: bytes = Field(sa_type=LargeBinary, index=True)
    author: bytes = Field(sa_type=LargeBinary)
    incarnation: int
    sequence: int


class Respondent(RecordsTable, table=True):
    """Where a withdrawal code leads: its hash, the record and the respondent in it."""

    __tablename__ = "respondent"
    __table_args__ = (sized("respondent", "withdrawal_hash", 16),)

    withdrawal_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    address: str = Field(primary_key=True, max_length=1000, description="'' is the whole record")


class Conflict(RecordsTable, table=True):
    """One question to a coordinator: these revisions disagree on this unit of the record."""

    __tablename__ = "conflict"
    __table_args__ = (
        sized("conflict", "fingerprint", 16),
        one_of("conflict", "state", ConflictState),
    )

    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    fingerprint: bytes = Field(primary_key=True, sa_type=LargeBinary)
    address: str = Field(max_length=1000)
    state: str = Field(default=ConflictState.OPEN.value, max_length=8, index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Withdrawal(RecordsTable, table=True):
    """A withdrawal code that was handed in; an unknown one waits here as a tombstone."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        sized("withdrawal", "withdrawal_hash", 16),
        one_of("withdrawal", "state", WithdrawalState),
    )

    withdrawal_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    state: str = Field(default=WithdrawalState.WAITING.value, max_length=8)
    received_at: datetime = Field(sa_type=UtcDateTime)
    executed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Tally(RecordsTable, table=True):
    """A count without a record: refused, absent, inaccessible ... (SEAL-072)."""

    __tablename__ = "tally"
    __table_args__ = (CheckConstraint("count >= 0", name="tally_count_min"),)

    entry_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    author: bytes = Field(sa_type=LargeBinary)
    form_id: str = Field(max_length=250, index=True)
    round_id: str = Field(max_length=120)
    area: str = Field(max_length=120)
    day: int = Field(description="days since 1970-01-01, device clock")
    outcome: str = Field(max_length=32)
    count: int


class DeviceStatus(RecordsTable, table=True):
    """The newest status a device sent: versions, storage, clock; JSON."""

    __tablename__ = "device_status"

    author: bytes = Field(primary_key=True, sa_type=LargeBinary)
    entry_id: int = Field(sa_type=RowNumber)
    status: str
    received_at: datetime = Field(sa_type=UtcDateTime)


class Assignment(RecordsTable, table=True):
    """A record handed to a device for follow-up."""

    __tablename__ = "assignment"

    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    device: bytes = Field(primary_key=True, sa_type=LargeBinary)
    version: int = Field(description="the record's version that the device was sent last")
    assigned_by: str = Field(max_length=120)
    assigned_at: datetime = Field(sa_type=UtcDateTime)


class AnalyticsDue(RecordsTable, table=True):
    """A record whose analytic rows lag behind its merged state: written with it, drained after."""

    __tablename__ = "analytics_due"

    record_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    version: int


class MailDue(RecordsTable, table=True):
    """Something to append to the server's own logs, written with the change that causes it.

    It is appended once: the entry takes the row's salt, so a repeated one is found. What is said of
    a record is put together when it is sent, so that no answer lies here in the clear.
    """

    __tablename__ = "mail_due"
    __table_args__ = (sized("mail_due", "salt", 16),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowNumber)
    salt: bytes = Field(sa_type=LargeBinary, unique=True)
    device: bytes | None = Field(default=None, sa_type=LargeBinary, description="None: all")
    kind: int
    record_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    content: bytes = Field(sa_type=LargeBinary, description="of a broadcast; else empty")
