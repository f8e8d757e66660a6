"""Every error the project raises on purpose. Codes are stable; messages carry ids, never answers.

CairnError(code, retryable)
├── FormError, SubmissionInvalid(violations)   fixable by a person; says what to change
├── ProtocolError ── LocalProtocolError (our bug), RemoteProtocolError (peer old, faulty, hostile)
├── EnvelopeError ── HeaderInvalid, NoKeyMatches, TagMismatch   kept apart, none masks another
├── PolicyDenied ── ConsentMissing, PurposeNotPermitted, DisclosureRisk;  NotFound looks the same
├── StoreError ── StoreBusy (retryable), StoreFull, StoreCorrupt, StoreTooNew
├── PackageRefused, UpgradeNeeded               app packages and the version policy asks for
└── TransportError ── Offline, TimedOut, Throttled(retry_after_s)   retryable; no alarm
"""

import errno
from collections.abc import Sequence
from typing import ClassVar, Final


class CairnError(Exception):
    """Base of all deliberate errors; `code` is stable and documented in docs/spec/errors.md."""

    code: ClassVar[str] = "CAIRN-000"
    retryable: ClassVar[bool] = False

    @property
    def message(self) -> str:
        """The sentence shown to a person: what is wrong and what to do."""
        return str(self.args[0]) if self.args else self.code


class UsageError(CairnError):
    """A command or setting was given something it cannot use; the message says what to change."""

    code = "CAIRN-001"


class LimitExceeded(CairnError):
    """Input is larger, deeper or slower than shared/limits.py allows."""

    code = "CAIRN-002"


class EncodingInvalid(CairnError):
    """Bytes are not the one canonical encoding we accept."""

    code = "CAIRN-003"


class FormError(CairnError):
    """A form cannot be used as it is written; the message tells its author what to change."""

    code = "FORM-001"


class SubmissionInvalid(CairnError):
    """Answers break the form's own rules."""

    code = "FORM-002"

    def __init__(self, message: str, violations: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.violations = tuple(violations)


class ProtocolError(CairnError):
    """A sync rule was broken; raise a concrete subclass."""

    code = "SYNC-000"


class LocalProtocolError(ProtocolError):
    """Our own code broke the protocol: a bug."""

    code = "SYNC-001"


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol: old, faulty or hostile."""

    code = "SYNC-002"


class ChainBroken(RemoteProtocolError):
    """An entry does not follow the one before it in its author's log."""

    code = "SYNC-003"


class ForkDetected(RemoteProtocolError):
    """One author and incarnation signed two different entries for one place in its log."""

    code = "SYNC-004"


class UnknownAuthor(RemoteProtocolError):
    """No enrolled key is known for this author."""

    code = "SYNC-005"


class EnvelopeError(CairnError):
    """A sealed thing cannot be opened; raise a concrete subclass."""

    code = "SEAL-000"


class HeaderInvalid(EnvelopeError):
    """The clear header is malformed or of a version we do not read."""

    code = "SEAL-001"


class NoKeyMatches(EnvelopeError):
    """It was sealed to a key we do not hold."""

    code = "SEAL-002"


class TagMismatch(EnvelopeError):
    """The bytes were changed, or the key is wrong: authentication failed."""

    code = "SEAL-003"


class SignatureInvalid(EnvelopeError):
    """The signature does not belong to this author and these bytes."""

    code = "SEAL-004"


class KeyNotTrusted(EnvelopeError):
    """The key is not signed by the project root, or its dates exclude today."""

    code = "SEAL-005"


class PassphraseWrong(EnvelopeError):
    """The passphrase does not open this vault or key file."""

    code = "SEAL-006"


class PolicyDenied(CairnError):
    """Policy says no; the message names the rule."""

    code = "GOV-001"


class ConsentMissing(PolicyDenied):
    """The form's basis is consent and the record carries none that covers this."""

    code = "GOV-002"


class PurposeNotPermitted(PolicyDenied):
    """The use asked for is outside the purposes the record was collected for."""

    code = "GOV-003"


class DisclosureRisk(PolicyDenied):
    """A number to be published would tell too much about a person or small group."""

    code = "GOV-004"


class NotFound(CairnError):
    """The caller may not see it, or it does not exist; we never say which."""

    code = "API-004"


class TokenInvalid(CairnError):
    """An enrolment or session token is unknown, used or past its time."""

    code = "API-005"


class StoreError(CairnError):
    """The local database cannot do what was asked; raise a concrete subclass."""

    code = "STORE-000"


class StoreBusy(StoreError):
    """Another process holds the lock; try again."""

    code = "STORE-001"
    retryable = True


class StoreFull(StoreError):
    """No space left; free some and go on, nothing is torn."""

    code = "STORE-002"


class StoreCorrupt(StoreError):
    """What was read back is not what was written."""

    code = "STORE-003"


class StoreTooNew(StoreError):
    """A newer version of the program wrote it; nothing was touched (SYNC-141)."""

    code = "STORE-004"


class PackageRefused(CairnError):
    """An app package is not what its manifest says, was withdrawn, or is not for this device."""

    code = "APP-001"


class UpgradeNeeded(CairnError):
    """Policy asks for a newer version of the app before new interviews begin (SYNC-138)."""

    code = "APP-002"


_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_disk_full(error: OSError) -> bool:
    """Tell whether the system refused for want of space: disk, quota, or largest file."""
    return error.errno in _DISK_FULL


class TransportError(CairnError):
    """The other side could not be reached or did not answer in full."""

    code = "NET-000"
    retryable = True


class Offline(TransportError):
    """No route to the peer: normal in the field."""

    code = "NET-001"


class TimedOut(TransportError):
    """The peer did not answer in time."""

    code = "NET-002"


class Throttled(TransportError):
    """The peer asks to wait `retry_after_s` seconds."""

    code = "NET-003"

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
