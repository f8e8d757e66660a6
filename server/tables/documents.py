"""Forms and policies the root signed, and releases published here (records store)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, one_of, sized
from server.tables.types import UtcDateTime


class FormState(StrEnum):
    """A retired form takes no new interviews; what was collected with it is still taken in."""

    PUBLISHED = "published"
    RETIRED = "retired"


class Form(RecordsTable, table=True):
    """One version of a form, as signed. Never deleted: its revisions need it for ever."""

    __tablename__ = "form"
    __table_args__ = (sized("form", "form_hash", 16), one_of("form", "state", FormState))

    form_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    form_id: str = Field(max_length=250, index=True)
    version: str = Field(max_length=120)
    title: str = Field(max_length=400)
    basis: str = Field(max_length=32)
    serial: int = Field(description="SEAL-082: the higher replaces the lower under one name")
    state: str = Field(default=FormState.PUBLISHED.value, max_length=12)
    payload: bytes = Field(sa_type=LargeBinary, description="document and signature")
    published_at: datetime = Field(sa_type=UtcDateTime)


class ListVersion(RecordsTable, table=True):
    """One version of a file that forms read: choices, areas, media."""

    __tablename__ = "list_version"
    __table_args__ = (sized("list_version", "digest", 32),)

    name: str = Field(primary_key=True, max_length=250)
    serial: int = Field(primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, description="SHA-256 of the file")
    payload: bytes = Field(sa_type=LargeBinary, description="document and signature")
    step: bytes | None = Field(
        default=None, sa_type=LargeBinary, description="what was broadcast where it was the step"
    )
    published_at: datetime = Field(sa_type=UtcDateTime)


class PolicyVersion(RecordsTable, table=True):
    """One policy, as signed; the one with the highest serial is in force."""

    __tablename__ = "policy"

    serial: int = Field(primary_key=True)
    payload: bytes = Field(sa_type=LargeBinary, description="document and signature")
    content: bytes = Field(sa_type=LargeBinary, description="TOML, UTF-8")
    published_at: datetime = Field(sa_type=UtcDateTime)
