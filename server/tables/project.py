"""The project, its key rings and who may speak to it: devices, hubs, invitations (inbox store)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field

from server.tables.stores import InboxTable, one_of, sized
from server.tables.types import RowNumber, UtcDateTime


class DeviceKind(StrEnum):
    """What an enrolled author is; fixed when its invitation is made (SYNC-070)."""

    DEVICE = "device"
    HUB = "hub"


class DeviceState(StrEnum):
    """Whether what an author sends is still taken in."""

    ACTIVE = "active"
    REVOKED = "revoked"


class Project(InboxTable, table=True):
    """The one project of this server; root_* are NULL until the first signed ring came in."""

    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint("id = 1", name="project_single"),
        sized("project", "deployment", 8),
        sized("project", "root_fingerprint", 16),
        CheckConstraint("incarnation >= 0", name="project_incarnation_min"),
    )

    id: int = Field(default=1, primary_key=True)
    deployment: bytes = Field(sa_type=LargeBinary, description="SEAL-011")
    label: str = Field(max_length=200)
    controller: str = Field(max_length=200, description="who answers for the data in law")
    incarnation: int = Field(default=0, description="grows when the server is restored (SYNC-042)")
    root_fingerprint: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)


class RingVersion(InboxTable, table=True):
    """A key ring as the root signed it; the one with the highest serial is in force."""

    __tablename__ = "ring"
    __table_args__ = (CheckConstraint("serial >= 1", name="ring_serial_min"),)

    serial: int = Field(primary_key=True)
    data: bytes = Field(sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
    imported_at: datetime = Field(sa_type=UtcDateTime)


class Invitation(InboxTable, table=True):
    """An enrolment code that was given out; only the hash of its token is kept."""

    __tablename__ = "invitation"
    __table_args__ = (
        sized("invitation", "token_hash", 32),
        one_of("invitation", "kind", DeviceKind),
    )

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    label: str = Field(max_length=120)
    kind: str = Field(max_length=16)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    invited_by: str = Field(max_length=120)


class Device(InboxTable, table=True):
    """An enrolled device or hub: the public keys it signs with and is answered under."""

    __tablename__ = "device"
    __table_args__ = (
        sized("device", "author", 16),
        sized("device", "signing_key", 32),
        one_of("device", "kind", DeviceKind),
        one_of("device", "state", DeviceState),
    )

    author: bytes = Field(primary_key=True, sa_type=LargeBinary)
    number: int = Field(sa_type=RowNumber, unique=True, description="order of enrolment")
    kind: str = Field(max_length=16)
    state: str = Field(default=DeviceState.ACTIVE.value, max_length=16)
    label: str = Field(max_length=120)
    signing_key: bytes = Field(sa_type=LargeBinary)
    suite: int
    hpke_key: bytes = Field(sa_type=LargeBinary)
    certificate: bytes = Field(sa_type=LargeBinary)
    certificate_signature: bytes = Field(sa_type=LargeBinary)
    token_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    enrolled_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_reason: str = Field(default="", max_length=400)


class AcceptThrough(InboxTable, table=True):
    """The last entry still taken from a revoked author's log; its other logs end at nothing."""

    __tablename__ = "accept_through"
    __table_args__ = (
        sized("accept_through", "author", 16),
        sized("accept_through", "hash", 32),
    )

    author: bytes = Field(primary_key=True, sa_type=LargeBinary)
    incarnation: int = Field(primary_key=True)
    sequence: int
    hash: bytes = Field(sa_type=LargeBinary)


class Challenge(InboxTable, table=True):
    """A challenge a sender has yet to answer; deleted when used (SYNC-030)."""

    __tablename__ = "challenge"
    __table_args__ = (sized("challenge", "challenge", 16),)

    challenge: bytes = Field(primary_key=True, sa_type=LargeBinary)
    author: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
