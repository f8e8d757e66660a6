"""A finished interview -> the two halves of its revision. Pure: equal drafts give equal bytes.

Fields whose purposes were not agreed to are dropped here, before anything is sealed (CONS-006).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.paradata import summary
from mobile_client.vault.drafts import ConsentKept, Draft
from shared.errors import ConsentMissing
from shared.forms.answers import Answer, Answers
from shared.ids import RecordId, RevisionId
from shared.records.address import form_path, is_instance
from shared.records.checks import Check
from shared.records.codebook import Basis, Disclosure, Field, Kind
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import DELETED, Deletion, Identity, RevisionBody, Value
from shared.records.small import Outcome, Progress, visit_reference
from shared.records.split import granted_purposes, split_answers
from shared.records.values import same_value, value_from_text
from shared.sealing.tags import equality_tag
from shared.sealing.withdrawal import code_hash

Written = dict[str, Value | Deletion]

_NO_HASH: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and by whom it was collected.

    Attributes:
        round_id, location: the device's own, where the form asks for neither.
        reason: why a case is corrected; "" for an interview.
        collector: the enumerator's random id on this device, for the coordinator alone.
    """

    enumerator: str
    offset_min: int
    round_id: str = ""
    location: str = ""
    reason: str = ""
    collector: bytes = b""


@dataclass(frozen=True, slots=True)
class Assembled:
    """What is sealed, and what was left out for want of consent."""

    body: RevisionBody
    identity: Identity
    progress: Progress
    dropped: tuple[str, ...]


def assemble(  # noqa: PLR0913 - keyword-only past the first four
    loaded: LoadedForm,
    draft: Draft,
    answers: Answers,
    setting: Setting,
    *,
    files: Mapping[str, str],
    base: Mapping[str, Value | Deletion],
    flags: tuple[str, ...] = (),
) -> Assembled:
    """Return the revision that a draft becomes.

    Args:
        loaded: the form it was filled with.
        draft: with its time of sealing set.
        answers: the relevant answers, as the engine gave them.
        setting: where and by whom.
        files: answer text of a media question -> the address of its sealed attachment.
        base: of a correction, what the record holds already; else empty.
        flags: the checks that fired, for the coordinator.

    Raises:
        ConsentMissing: the form's basis is consent and the draft carries none that is in force.
    """
    assert draft.sealed_at_ms is not None, "the time of sealing is fixed before assembling"
    consents = _consents(loaded, draft)
    granted = granted_purposes(consents) if consents else None
    whole = _written(loaded, answers, files)
    if base:
        whole = _without_computed_identity(loaded, whole)
    split = split_answers(_changes(whole, base), loaded.codebook, granted)
    record_id = RecordId(draft.record_id)
    tags = {
        address: equality_tag(draft.tag_key, record_id, address, value)
        for address, value in split.identity.items()
        if value is not DELETED
    }
    setting = placed(loaded, answers.values, setting)
    body = RevisionBody(
        record_id=record_id,
        parents=tuple(RevisionId(parent) for parent in draft.parents),
        form_id=loaded.form.id,
        form_hash=loaded.codebook.form_hash,
        at_ms=draft.sealed_at_ms,
        offset_min=setting.offset_min,
        enumerator=setting.enumerator,
        patch=split.body,
        round_id=setting.round_id,
        location=setting.location,
        consents=() if draft.parents else consents,
        tags=tags,
        reason=setting.reason,
        started_ms=draft.started_ms,
        paradata=summary(draft.paradata),
    )
    identity = Identity(record_id, draft.tag_key, split.identity)
    progress = _progress(body, draft, setting, flags)
    return Assembled(body, identity, progress, split.dropped)


def _written(loaded: LoadedForm, answers: Answers, files: Mapping[str, str]) -> Written:
    """Return typed values by address, with each repeat instance and its order."""
    fields = loaded.codebook.field_map()
    written: Written = {}
    orders: dict[tuple[str, str], int] = {}
    for address in answers.instances:
        parent = address.rpartition("/")[0], form_path(address)
        orders[parent] = orders.get(parent, 0) + 1
        written[address] = orders[parent]
    for answer in answers.values:
        field = fields.get(answer.path)
        written[answer.address] = _value(field, answer.text, files)
    return written


def _without_computed_identity(loaded: LoadedForm, whole: Written) -> Written:
    """Leave out direct fields that the form computes: a case comes without its identity.

    What the record holds of them is not known here, so writing them again under a tag key of this
    device's own would look like a change and open a conflict nobody made.
    """
    fields = loaded.codebook.field_map()
    computed = {
        path
        for path, field in fields.items()
        if field.readonly and field.disclosure is Disclosure.DIRECT
    }
    return {a: value for a, value in whole.items() if form_path(a) not in computed}


def _value(field: Field | None, text: str, files: Mapping[str, str]) -> Value:
    if field is None:
        return text
    if field.kind is Kind.ATTACHMENT:
        return files.get(text, text)
    return value_from_text(field, text)


def _changes(whole: Written, base: Mapping[str, Value | Deletion]) -> Written:
    """Return what differs from what the record holds; everything where it holds nothing."""
    changed: Written = {
        address: value
        for address, value in whole.items()
        if address not in base or not same_value(base[address], value)
    }
    gone = [address for address in base if address not in whole]
    deleted = {address for address in gone if is_instance(address)}
    for address in gone:
        inside_deleted = any(address.startswith(instance + "/") for instance in deleted)
        if base[address] in (None, DELETED) or inside_deleted:
            continue
        changed[address] = DELETED if address in deleted else None
    return changed


def _consents(loaded: LoadedForm, draft: Draft) -> tuple[Consent, ...]:
    """Return the respondent's consent; none where the form's basis asks for none (CONS-008)."""
    if loaded.codebook.basis is not Basis.CONSENT:
        return ()
    kept = draft.consent
    if kept is None or draft.reconfirm:
        raise ConsentMissing("this respondent has not agreed yet; open the draft and ask")
    return (_consent(kept, draft),)


def _consent(kept: ConsentKept, draft: Draft) -> Consent:
    return Consent(
        respondent="",
        decisions={
            purpose: Decision.GRANTED if yes else Decision.REFUSED
            for purpose, yes in kept.decisions.items()
        },
        notice_hash=kept.notice_hash,
        language=kept.language,
        method=Method(kept.method),
        at_ms=kept.at_ms,
        withdrawal_hash=code_hash(draft.code) if draft.code else _NO_HASH,
        assent=kept.assent,
    )


def placed(loaded: LoadedForm, answers: Iterable[Answer], setting: Setting) -> Setting:
    """Return the setting with the form's own round and location where it asks them (CONS-003).

    What is asked after the notice, or sealed to the custodian, is an answer, no setting (STN-003).
    """
    notice = loaded.order.get(loaded.notice_group)
    named = {
        answer.path.rpartition("/")[2]: answer.text
        for answer in reversed(list(answers))
        if answer.path == answer.address
        and answer.path not in loaded.direct
        and (notice is None or loaded.order.get(answer.path, notice) < notice)
    }
    return replace(
        setting,
        round_id=named.get("round", setting.round_id),
        location=named.get("location", setting.location),
    )


def _progress(
    body: RevisionBody, draft: Draft, setting: Setting, flags: tuple[str, ...]
) -> Progress:
    active_s = (body.paradata or {}).get("active_s")
    edited = (Check.EDITED.value,) if draft.parents else ()
    return Progress(
        round_id=body.round_id,
        form_id=body.form_id,
        location=body.location,
        outcome=Outcome.FINALIZED,
        duration_s=active_s if isinstance(active_s, int) else 0,
        flags=(*edited, *flags),
        day=local_day(body.at_ms, setting.offset_min),
        collector=setting.collector,
        reference=visit_reference(draft.record_id, draft.tag_key),
    )


def local_day(at_ms: int, offset_min: int) -> int:
    """Return the calendar day at the place, as days since 1970-01-01."""
    return (at_ms + offset_min * 60_000) // 86_400_000
