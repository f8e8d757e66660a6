"""Case lists: the newest version of each, wrapped, and what each device's mailbox says of it."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field

from server.tables.stores import RecordsTable, sized
from server.tables.types import UtcDateTime


class CaseList(RecordsTable, table=True):
    """The newest version of a case list (LIST-034)."""

    __tablename__ = "case_list"
    __table_args__ = (sized("case_list", "digest", 32),)

    name: str = Field(primary_key=True, max_length=120)
    serial: int
    digest: bytes = Field(sa_type=LargeBinary, description="SHA-256 of the canonical rows")
    row_count: int
    sealed: bytes = Field(sa_type=LargeBinary, description="deflated and wrapped (SEAL-088)")
    published_by: str = Field(max_length=120)
    published_at: datetime = Field(sa_type=UtcDateTime)


class CaseListReader(RecordsTable, table=True):
    """What one device's mailbox says of a case list."""

    __tablename__ = "case_list_reader"
    __table_args__ = (
        sized("case_list_reader", "device", 16),
        sized("case_list_reader", "digest", 32),
    )

    name: str = Field(primary_key=True, max_length=120)
    device: bytes = Field(primary_key=True, sa_type=LargeBinary)
    serial: int
    digest: bytes = Field(sa_type=LargeBinary)
    wanted: bool = Field(default=False, description="the device asked for the whole list")
    whole_size: int = Field(description="bytes of the newest whole in the mailbox")
    steps_size: int = Field(default=0, description="bytes of the steps said after it")
    letters: bytes = Field(sa_type=LargeBinary, description="salts of that whole and those steps")
    stale: bytes = Field(
        default=b"", sa_type=LargeBinary, description="salts of letters that say nothing any more"
    )
