"""App packages that were published here (inbox store, where their bytes lie too)."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from server.tables.stores import InboxTable, sized
from server.tables.types import RowNumber, UtcDateTime


class AppPackage(InboxTable, table=True):
    """One package: its signed manifest, and what became of it. A withdrawn one stays listed."""

    __tablename__ = "app_package"
    __table_args__ = (
        sized("app_package", "hash", 32),
        UniqueConstraint("title", name="app_package_title"),
    )

    hash: bytes = Field(primary_key=True, sa_type=LargeBinary, description="SHA-256 of the file")
    number: int = Field(sa_type=RowNumber, description="order of publishing")
    title: str = Field(max_length=160, description="name, version and platform")
    payload: bytes = Field(sa_type=LargeBinary, description="manifest document and signature")
    published_at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=400, description="why it was withdrawn")
