"""The words policy speaks: roles, actions, and what each action touches."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who people are to the project. `device`, `hub` and `anyone` are what programs are."""

    ENUMERATOR = "enumerator"
    COORDINATOR = "coordinator"
    STEWARD = "steward"
    CUSTODIAN = "custodian"
    ANALYST = "analyst"
    PARTNER = "partner"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DEVICE = "device"
    HUB = "hub"
    ANYONE = "anyone"


HUMAN_ROLES: Final = frozenset(Role) - {Role.DEVICE, Role.HUB, Role.ANYONE}
"""Roles that a user can be given."""


class Action(StrEnum):
    """Everything that can be asked of the mission server."""

    HEALTH_READ = "health.read"
    RELEASE_LIST = "release.list"
    RELEASE_READ = "release.read"
    RELEASE_READ_CLOSED = "release.read_closed"
    RELEASE_MAKE = "release.make"
    RELEASE_APPROVE = "release.approve"
    RELEASE_PUBLISH = "release.publish"
    SESSION_OPEN = "session.open"
    SESSION_CLOSE = "session.close"
    DEVICE_ENROL = "device.enrol"
    SYNC_CHALLENGE = "sync.challenge"
    SYNC_EXCHANGE = "sync.exchange"
    DEVICE_LIST = "device.list"
    DEVICE_INVITE = "device.invite"
    DEVICE_REVOKE = "device.revoke"
    QUARANTINE_LIST = "quarantine.list"
    QUARANTINE_REPLAY = "quarantine.replay"
    QUARANTINE_RELEASE = "quarantine.release"
    CONFLICT_LIST = "conflict.list"
    CONFLICT_READ = "conflict.read"
    CONFLICT_RESOLVE = "conflict.resolve"
    RECORD_COUNT = "record.count"
    RECORD_READ = "record.read"
    RECORD_FILES = "record.files"
    RECORD_EXPORT = "record.export"
    RECORD_ASSIGN = "record.assign"
    RECORD_LOOKUP = "record.lookup"
    RECORD_WITHDRAW = "record.withdraw"
    IDENTITY_REQUEST = "identity.request"
    STATUS_READ = "status.read"
    USER_LIST = "user.list"
    USER_ADD = "user.add"
    USER_DISABLE = "user.disable"
    PROJECT_CREATE = "project.create"
    RING_IMPORT = "ring.import"
    KEY_LIST = "key.list"
    FORM_PUBLISH = "form.publish"
    FORM_LIST = "form.list"
    POLICY_PUBLISH = "policy.publish"
    POLICY_READ = "policy.read"
    APP_PUBLISH = "app.publish"
    APP_LIST = "app.list"
    APP_WITHDRAW = "app.withdraw"
    BACKUP_MAKE = "backup.make"
    AUDIT_READ = "audit.read"
    INTAKE_ACCEPT = "intake.accept"


OPENS_DATA: Final = frozenset(
    {
        Action.CONFLICT_READ,
        Action.CONFLICT_RESOLVE,
        Action.RECORD_READ,
        Action.RECORD_FILES,
        Action.RECORD_EXPORT,
        Action.RECORD_LOOKUP,
        Action.RECORD_ASSIGN,
        Action.IDENTITY_REQUEST,
    }
)
"""Actions whose answer holds answers of respondents, in the clear or de-identified."""
