"""What a visit tells the coordinator: one progress entry beside each record and each tally.

Rules STN-001 to STN-006. Where the key ring names no coordinator, nothing is told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from mobile_client.services.assemble import Setting, local_day, placed
from mobile_client.services.checks import Visit, checks
from mobile_client.services.loaded_form import LoadedForm
from mobile_client.services.log_author import SECONDS_PER_DAY, LogAuthor, Sealed
from mobile_client.services.paradata import summary
from mobile_client.vault.drafts import Draft
from shared.forms.answers import Answers
from shared.forms.interview import Interview
from shared.records.small import Outcome, Progress, Tally, encode_progress, encode_tally
from shared.sealing.envelope import Compartment, Kind


@dataclass(frozen=True, slots=True)
class Ended:
    """A visit that made no record.

    Attributes:
        setting: its round and location, and who collected.
        reference: by which it is known to the coordinator (STN-004).
        at: when it ended, by the device's local time.
    """

    form_id: str
    outcome: Outcome
    setting: Setting
    reference: bytes
    at: datetime


def told(log: LogAuthor, progress: Progress) -> list[Sealed]:
    """Return the entry for the coordinator; none where the project has no coordinator's key."""
    if not log.seals(Compartment.PROGRESS):
        return []
    return [Sealed(Kind.PROGRESS, {Compartment.PROGRESS: encode_progress(progress)})]


def counted(log: LogAuthor, ended: Ended) -> list[Sealed]:
    """Return the tally, and the same for the coordinator: no more than it says (STN-002)."""
    setting = ended.setting
    at_s = int(ended.at.timestamp())
    offset = ended.at.utcoffset() or timedelta()
    place = setting.round_id, setting.location
    tally = Tally(ended.form_id, *place, at_s // SECONDS_PER_DAY, ended.outcome)
    progress = Progress(
        round_id=setting.round_id,
        form_id=ended.form_id,
        location=setting.location,
        outcome=ended.outcome,
        duration_s=0,
        day=local_day(at_s * 1000, int(offset.total_seconds()) // 60),
        collector=setting.collector,
        reference=ended.reference,
    )
    return [Sealed(Kind.TALLY, {Compartment.BODY: encode_tally(tally)}), *told(log, progress)]


def flags_of(
    loaded: LoadedForm, draft: Draft, interview: Interview, answers: Answers, setting: Setting
) -> tuple[str, ...]:
    """Return the checks that fired (STN-005); of a correction none.

    Args:
        loaded: the form.
        draft: with its time of sealing set.
        interview: as it was finalized.
        answers: its relevant answers.
        setting: the device's offset from UTC, and its own place, where the form asks for none.
    """
    if draft.parents:
        return ()
    zone = timezone(timedelta(minutes=setting.offset_min))
    sealed_ms = draft.sealed_at_ms or draft.updated_ms
    visit = Visit(
        started=datetime.fromtimestamp(draft.started_ms / 1000, zone),
        ended=datetime.fromtimestamp(sealed_ms / 1000, zone),
        location=placed(loaded, answers.values, setting).location,
        paradata=summary(draft.paradata),
    )
    return checks(loaded, interview, answers, visit)
