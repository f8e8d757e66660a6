"""May this revision be taken in? Device, window, basis, consent, and the form's own rules. Pure.

Everything here judges one opened revision by itself; what needs the record's other revisions is
judged where they are merged. Rules INTK-011 to INTK-015, CONS-004, CONS-006, CONS-007.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from server.governance.policy import Policy
from server.intake.opening import OpenRevision, OpenStatus, OpenTally, Refused
from server.intake.reasons import RELEASABLE, Reason
from shared.clock import RandomBytes
from shared.records.codebook import Basis
from shared.records.revision import RevisionBody
from shared.records.split import granted_purposes

_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """Which logs count only so far.

    Attributes:
        unadmitted: branches of forked logs that wait for a coordinator.
        accept_through: revoked author -> incarnation -> last sequence still taken.
        released: entries a coordinator accepted as they are.
    """

    unadmitted: Collection[tuple[bytes, int, int]] = frozenset()
    accept_through: Mapping[bytes, Mapping[int, int]] = field(default_factory=dict)
    released: Collection[bytes] = frozenset()


def check_sender(
    opened: OpenRevision | OpenTally | OpenStatus, standing: Standing
) -> Refused | None:
    """Refuse what a fork or a revoked device sent, unless it was released (SYNC-014)."""
    entry = opened.entry
    if entry.hash in standing.released:
        return None
    header = entry.header
    if (header.author, header.incarnation, entry.branch) in standing.unadmitted:
        return _refuse_any(opened, Reason.FORK, f"branch {entry.branch} of a forked log")
    through = standing.accept_through.get(header.author)
    if through is not None and header.sequence > through.get(header.incarnation, 0):
        last = through.get(header.incarnation, 0)
        return _refuse_any(opened, Reason.REVOKED_DEVICE, f"accepted only through entry {last}")
    return None


def check_revision(
    opened: OpenRevision, policy: Policy, standing: Standing, random_bytes: RandomBytes
) -> Refused | None:
    """Return why a revision may not be taken in, None where it may."""
    codebook, body = opened.form.codebook, opened.body
    if codebook.basis not in policy.intake.bases:
        return refuse(opened, Reason.BASIS, f"form {codebook.form_id}: {codebook.basis.value}")
    unknown = sorted(set(codebook.purposes) - policy.purposes.keys())
    if unknown and codebook.basis is Basis.CONSENT:
        return refuse(opened, Reason.PURPOSE, f"form {codebook.form_id}: {' '.join(unknown)}")
    found = _window(opened, policy) or (None if body.parents else _consent(opened))
    if found is None and not body.parents:
        found = check_answers(opened, body, random_bytes)
    if found is None or (found.reason in RELEASABLE and opened.entry.hash in standing.released):
        return None
    return found


def check_answers(
    opened: OpenRevision, whole: RevisionBody, random_bytes: RandomBytes
) -> Refused | None:
    """Judge whole answers by the form's rules, as far as the body alone can tell."""
    granted = None
    if opened.form.codebook.basis is Basis.CONSENT:
        agreed = granted_purposes(whole.consents)
        granted = frozenset[str]().union(*agreed.values())
        dropped = opened.form.not_agreed(whole.patch, agreed)
        if dropped:
            return refuse(opened, Reason.INVALID, f"not agreed to: {_some(dropped)}")
    broken = opened.form.violations(
        whole.patch, granted, whole.at_ms, whole.offset_min, random_bytes
    )
    if not broken:
        return None
    return refuse(opened, Reason.INVALID, _some([f"{v.address} ({v.rule})" for v in broken]))


def refuse(opened: OpenRevision, reason: Reason, detail: str) -> Refused:
    """Return a refusal that still names record and codes, so that a withdrawal reaches it."""
    codes = tuple((one.withdrawal_hash, one.respondent) for one in opened.body.consents)
    return Refused(opened.entry, reason, detail, opened.body.record_id, codes)


def _refuse_any(
    opened: OpenRevision | OpenTally | OpenStatus, reason: Reason, detail: str
) -> Refused:
    if isinstance(opened, OpenRevision):
        return refuse(opened, reason, detail)
    return Refused(opened.entry, reason, detail)


def interview_day(body: RevisionBody) -> date:
    """Return the local day on which a revision was finalized, by the device's clock."""
    return datetime.fromtimestamp(body.at_ms / 1000 + body.offset_min * 60, UTC).date()


def _window(opened: OpenRevision, policy: Policy) -> Refused | None:
    window = policy.forms.get(opened.form.codebook.form_id)
    if window is None or opened.body.parents:
        return None
    if window.until_day is not None:
        last = window.until_day + timedelta(days=policy.intake.late_days)
        if opened.entry.received_at.date() > last:
            return refuse(opened, Reason.LATE, f"arrivals were taken until {last}")
    day = interview_day(opened.body)
    early = window.from_day is not None and day < window.from_day
    after = window.until_day is not None and day > window.until_day
    if early or after:
        return refuse(opened, Reason.OUTSIDE_WINDOW, f"interviewed on {day}")
    return None


def _consent(opened: OpenRevision) -> Refused | None:
    """Refuse a first revision whose respondent did not grant the form's first purpose."""
    codebook = opened.form.codebook
    if codebook.basis is not Basis.CONSENT:
        return None
    wanted = codebook.purposes[0] if codebook.purposes else ""
    if not opened.body.consents:
        return refuse(opened, Reason.CONSENT_MISSING, "the record carries no consent")
    if not any(wanted in consent.granted() for consent in opened.body.consents):
        return refuse(opened, Reason.CONSENT_MISSING, f"the purpose {wanted!r} was not granted")
    return None


def _some(found: Collection[str]) -> str:
    listed = sorted(found)
    more = "" if len(listed) <= _SHOWN_MAX else f" and {len(listed) - _SHOWN_MAX} more"
    return ", ".join(listed[:_SHOWN_MAX]) + more
