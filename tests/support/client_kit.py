"""A small consent form with every kind of trouble, and ways to open it as the client does."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from mobile_client.device.services import Wish
from mobile_client.services.draft_desk import DraftDesk
from mobile_client.services.filling import Filling
from mobile_client.services.loaded_form import LoadedForm, loaded_form
from mobile_client.vault.drafts import Draft, MediaFile
from shared.errors import StoreFull
from shared.forms.interview import Interview
from shared.forms.xform import read_form
from shared.forms.xlsform import convert

HOUSEHOLD = """
| survey |
| | type | name | label::English (en) | label::Arabic (ar) | required | relevant | constraint | constraint_message::English (en) | appearance | calculation | bind::cairn:disclosure | bind::cairn:purpose |
| | begin_group | place | Place | المكان | | | | | field-list | | | |
| | integer | round | Round | الجولة | yes | | | | | | open | |
| | text | location | Location | الموقع | yes | | | | | | quasi | |
| | end_group | | | | | | | | | | | |
| | begin_group | consent | Consent | الموافقة | | | | | | | | |
| | note | consent_notice | We ask for ${location}. | نسأل عن ${location}. | | | | | | | open | |
| | select_one yes_no | adult | Adult? | بالغ؟ | yes | | | | | | quasi | |
| | select_one yes_no | guardian_present | Guardian? | ولي أمر؟ | yes | ${adult} = 'no' | | | | | sensitive | |
| | select_one yes_no | child_assent | Does the child agree? | هل يوافق الطفل؟ | yes | ${guardian_present} = 'yes' | | | | | open | |
| | select_one yes_no | consent_assistance | Keep it? | نحتفظ؟ | yes | | | | | | open | |
| | select_one yes_no | consent_contact | Call you? | نتصل؟ | yes | ${consent_assistance} = 'yes' | | | | | open | |
| | select_one method | consent_method | How? | كيف؟ | yes | ${consent_assistance} = 'yes' | | | | | open | |
| | end_group | | | | | | | | | | | |
| | begin_group | interview | Interview | المقابلة | | ${consent_assistance} = 'yes' | | | | | | |
| | text | head_name | Name of the head | اسم رب الأسرة | yes | | | | | | direct | assistance contact |
| | text | phone | Phone | الهاتف | | | | | | | direct | contact |
| | integer | size | How many people? | كم شخصاً؟ | yes | | . > 0 and . < 40 | Between 1 and 39. | | | quasi | |
| | select_multiple need | needs | Needs | الاحتياجات | | | | | | | open | |
| | note | thanks | Thank ${head_name}. | شكراً ${head_name}. | | | | | | | open | |
| | begin_repeat | member | Member | الفرد | | | | | | | | |
| | text | member_name | Name | الاسم | yes | | | | | | direct | |
| | integer | age | Age of ${member_name} | العمر | yes | | . < 120 | Below 120. | | | quasi | |
| | select_one sex | sex | Sex | الجنس | | | | | | | quasi | |
| | end_repeat | | | | | | | | | | | |
| | calculate | adults | | | | | | | | count(${member}[age > 17]) | quasi | |
| | image | photo | Photo of the shelter | صورة | | | | | | | direct | |
| | end_group | | | | | | | | | | | |
| choices |
| | list_name | name | label::English (en) | label::Arabic (ar) |
| | yes_no | yes | Yes | نعم |
| | yes_no | no | No | لا |
| | method | spoken | Spoken | شفوي |
| | method | signature | Signature | توقيع |
| | need | water | Water | ماء |
| | need | food | Food | طعام |
| | sex | female | Female | أنثى |
| | sex | male | Male | ذكر |
| settings |
| | form_id | form_title | version | default_language | cairn_basis | cairn_purposes | cairn_consent |
| | household | Household | 1 | English (en) | consent | assistance contact | consent |
"""  # noqa: E501 - a table

SITE = """
| survey |
| | type | name | label | required | relevant | bind::cairn:disclosure |
| | text | location | Location | yes | | quasi |
| | begin_group | informant | Informant | | | |
| | note | informant_notice | We ask about this site. | | | open |
| | select_one yes_no | informant_agrees | Does the informant agree? | yes | | open |
| | end_group | | | | | |
| | text | informant_name | Name | | ${informant_agrees} = 'yes' | direct |
| | integer | people | How many people? | yes | ${informant_agrees} = 'yes' | quasi |
| choices |
| | list_name | name | label |
| | yes_no | yes | Yes |
| | yes_no | no | No |
| settings |
| | form_id | form_title | version | cairn_basis | cairn_purposes |
| | site | Site | 1 | key_informant | statistics |
"""

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@dataclass
class MovingClock:
    """A clock that goes on one second at each reading, or as a test says."""

    at: datetime = START
    step_s: float = 1.0

    def now(self) -> datetime:
        """Return the time and move on."""
        self.at += timedelta(seconds=self.step_s)
        return self.at

    def monotonic_s(self) -> float:
        """Return seconds since the epoch."""
        return self.at.timestamp()


@lru_cache(maxsize=8)
def xform_of(markdown: str) -> bytes:
    """Return the XForm of an XLSForm written as Markdown."""
    return convert(markdown).xform


@lru_cache(maxsize=8)
def form_of(markdown: str) -> LoadedForm:
    """Return the form as a device loads it."""
    return loaded_form(read_form(xform_of(markdown)), {})


def new_draft(loaded: LoadedForm, draft_id: str = "d1") -> Draft:
    """Return a draft before its first question."""
    return Draft(
        draft_id=draft_id,
        form_id=loaded.form.id,
        form_hash=loaded.form.hash,
        title=loaded.form.title,
        record_id=os.urandom(16),
        tag_key=os.urandom(16),
        code=b"",
        started_ms=int(START.timestamp() * 1000),
        updated_ms=0,
        snapshot=b"",
    )


@dataclass
class Shelf:
    """A vault of one draft, in memory: what was saved, and what was declined."""

    saved: list[Draft] = field(default_factory=list)
    declined: list[tuple[str, str]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    full: bool = False
    approval: bool = False

    def save(self, draft: Draft) -> None:
        """Keep a draft, or refuse as a full disk does."""
        if self.full:
            raise StoreFull("there is no space left on this device; free some and go on")
        self.saved.append(draft)

    def decline(self, draft_id: str, outcome: str) -> None:
        """Note the outcome."""
        self.declined.append((draft_id, outcome))

    def take_in(self, draft: Draft, source: Path, wish: Wish) -> tuple[Draft, str]:
        """Note the file and what the form wants of it."""
        self.wishes.append(wish)
        file = MediaFile(f"sealed {source.name}", b"")
        return replace(draft, media={**draft.media, source.name: file}), source.name

    def drop(self, files: Iterable[MediaFile]) -> None:
        """Note what is destroyed."""
        self.dropped += [file.name for file in files]

    def desk(self) -> DraftDesk:
        """Return what a Filling is given."""
        return DraftDesk(
            self.save,
            self.decline,
            self.take_in,
            self.drop,
            lambda file: file.name.encode(),
            lambda _: None,
            self.approval,
        )


def start(loaded: LoadedForm, shelf: Shelf) -> Filling:
    """Open a new interview."""
    clock = MovingClock()
    interview = Interview(loaded.form, clock_now=clock.now(), tz=UTC, random_bytes=os.urandom)
    return Filling(loaded, interview, new_draft(loaded), shelf.desk(), clock)


def reopen(loaded: LoadedForm, shelf: Shelf, **changes: object) -> Filling:
    """Open the draft saved last, as after a kill."""
    clock = MovingClock()
    draft = replace(shelf.saved[-1], **changes)  # type: ignore[arg-type]
    interview = Interview.restore(
        loaded.form, draft.snapshot, clock_now=clock.now(), tz=UTC, random_bytes=os.urandom
    )
    return Filling(loaded, interview, draft, shelf.desk(), clock)


CONSENTING: Mapping[str, str] = {
    "/data/consent/adult": "yes",
    "/data/consent/consent_assistance": "yes",
    "/data/consent/consent_contact": "no",
    "/data/consent/consent_method": "spoken",
}
