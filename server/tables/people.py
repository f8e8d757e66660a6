"""Users, their sessions and failed logins, and the audit chain (records store)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, sized
from server.tables.types import RowNumber, UtcDateTime


class User(RecordsTable, table=True):
    """A person who logs in at the mission server; enumerators do not, their devices do."""

    __tablename__ = "user_account"

    name: str = Field(primary_key=True, max_length=120)
    roles: str = Field(max_length=200, description="role names, sorted, separated by spaces")
    password_hash: str = Field(max_length=400, description="Argon2id, PHC string")
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UserSession(RecordsTable, table=True):
    """A logged-in session; only the hash of its token is kept."""

    __tablename__ = "user_session"
    __table_args__ = (sized("user_session", "token_hash", 32),)

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    user: str = Field(index=True, max_length=120)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class LoginFailure(RecordsTable, table=True):
    """Failed logins by name, also of names that do not exist, so that both slow down alike."""

    __tablename__ = "login_failure"

    name_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    failures: int
    blocked_until: datetime = Field(sa_type=UtcDateTime)


class AuditLine(RecordsTable, table=True):
    """One line of the audit chain: never updated, never deleted (P7)."""

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("sequence >= 1", name="audit_sequence_min"),
        sized("audit", "hash", 32),
    )

    sequence: int = Field(primary_key=True, sa_type=RowNumber)
    line: bytes = Field(sa_type=LargeBinary, description="canonical CBOR, GOV-030")
    hash: bytes = Field(sa_type=LargeBinary)


class AuditCheckpoint(RecordsTable, table=True):
    """The chain's head, signed: what an auditor who kept one can hold the server to."""

    __tablename__ = "audit_checkpoint"

    sequence: int = Field(primary_key=True, sa_type=RowNumber)
    data: bytes = Field(sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
