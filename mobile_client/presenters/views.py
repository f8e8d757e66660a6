"""The pieces screens are made of: questions, choices, repeats, rows of lists. Plain values only."""

from dataclasses import dataclass, field
from enum import StrEnum


class EntryState(StrEnum):
    """Where a finalized record is; shown by shape and word."""

    ON_DEVICE = "on_device"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Media:
    """Files a label brings along: names in the form's media folder, "" for none."""

    image: str = ""
    audio: str = ""
    video: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One answer to choose."""

    name: str
    label: str
    selected: bool = False
    media: Media = field(default_factory=Media)


@dataclass(frozen=True, slots=True)
class RangeView:
    """Bounds and step of a range question, as written in the form."""

    start: str
    end: str
    step: str


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as it stands.

    Attributes:
        path: handle to give back to `answer`; positions in it, e.g. `/data/member[2]/age`.
        kind: text, integer, decimal, range, select_one, select_multiple, rank, note, date, time,
            datetime, geopoint, geotrace, geoshape, image, audio, video, file, barcode, acknowledge.
        appearance: words of the appearance column.
        value: the answer as text, "" while unanswered. Selects: names joined by spaces. A date is
            YYYY-MM-DD, a point `lat lon alt accuracy`, a file its name in the draft.
        message: why the present answer does not do, in the form's words; "" when it does.
        shield: kept apart as identity, sealed to the custodian.
    """

    path: str
    kind: str
    label: str
    value: str = ""
    hint: str = ""
    guidance: str = ""
    required: bool = False
    readonly: bool = False
    appearance: frozenset[str] = frozenset()
    choices: tuple[ChoiceView, ...] = ()
    bounds: RangeView | None = None
    media: Media = field(default_factory=Media)
    message: str = ""
    shield: bool = False


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One instance of a repeat.

    Attributes:
        path: handle for `remove_repeat` and `jump`, e.g. `/data/member[2]`.
        cells: first answers of the instance, labels resolved, in form order.
        unanswered: questions still open in it.
    """

    path: str
    title: str
    cells: tuple[str, ...] = ()
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class RepeatView:
    """The screen that asks whether one more follows, with those there are.

    Attributes:
        path: handle for `add_repeat`, e.g. `/data/member`.
        can_add: False where the form counts them itself.
    """

    path: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[RosterRow, ...]
    can_add: bool = True
    can_remove: bool = True


class ScreenKind(StrEnum):
    """What stands on the interview screen."""

    QUESTIONS = "questions"
    CONSENT = "consent"
    REPEAT = "repeat"
    END = "end"


@dataclass(frozen=True, slots=True)
class ScreenView:
    """One screen of an interview: a question, a field-list, the notice, a repeat, or the end.

    Attributes:
        trail: labels of the groups and instances around it, outermost first.
        position: index of this screen among the screens now relevant, from 0.
    """

    kind: ScreenKind
    questions: tuple[QuestionView, ...] = ()
    repeat: RepeatView | None = None
    trail: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far an interview is: relevant questions, and those answered."""

    answered: int = 0
    total: int = 0

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.answered / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """One line of the jump list, and of the review.

    Attributes:
        depth: nesting, 0 at the root.
        kind: question, group or repeat.
        answer: the answer as a person reads it, "" when open.
        message: why it does not do; "" when it does or is open.
    """

    path: str
    label: str
    kind: str = "question"
    depth: int = 0
    answer: str = ""
    answered: bool = False
    required: bool = False
    message: str = ""
    shield: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the form: the name as the form writes it, its BCP 47 tag, its direction."""

    name: str
    tag: str
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class PurposeRow:
    """One purpose asked for, in the language of the notice."""

    purpose: str
    label: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """The notice of a form in one language.

    Attributes:
        resuming: the respondent decided before and is asked only whether to go on.
        basis: consent, key_informant, observation or another the policy names.
        audio: name of a file that reads it aloud, "" for none.
        purposes: what the respondent decides on and the form does not ask itself.
        asks_method: the form does not ask itself how consent was given.
    """

    form_id: str
    title: str
    basis: str
    text: str
    language: Language
    languages: tuple[Language, ...]
    purposes: tuple[PurposeRow, ...] = ()
    audio: str = ""
    resuming: bool = False
    asks_method: bool = False


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """What the screen asked because the form does not: purposes, and how consent was given.

    `method` is verbal, signature, thumbprint or guardian.
    """

    granted: frozenset[str] = frozenset()
    method: str = "verbal"
    assent: bool | None = None


@dataclass(frozen=True, slots=True)
class EnumeratorRow:
    """One person who uses this device."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FormRow:
    """One form that can be filled here."""

    form_id: str
    title: str
    version: str
    basis: str
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One unfinished interview.

    Attributes:
        ready: all questions answered well; finalize can take it.
        needs_consent: opening it asks again whether the respondent agrees to go on.
        returned: why a team lead sent it back; "" where nobody did.
    """

    draft_id: str
    form_id: str
    title: str
    started_ms: int
    updated_ms: int
    progress: ProgressView = field(default_factory=ProgressView)
    ready: bool = False
    needs_consent: bool = True
    returned: str = ""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One finalized record: no answer of it can be read here any more.

    Attributes:
        record_id: 32 hex digits.
        readable_until_ms: policy keeps a readable copy until then; None where it keeps none.
        carrier: which hub or bundle took it, "" while nobody did.
    """

    record_id: str
    form_id: str
    title: str
    finalized_ms: int
    state: EntryState = EntryState.ON_DEVICE
    readable_until_ms: int | None = None
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One assigned household or site."""

    record_id: str
    form_id: str
    label: str
    detail: str = ""
    conflicts: int = 0
    editable: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """Finalized work by where it is; told also while locked."""

    on_device: int = 0
    handed_over: int = 0
    received: int = 0

    @property
    def waiting(self) -> int:
        """What only this device holds."""
        return self.on_device


@dataclass(frozen=True, slots=True)
class Banner:
    """The line on top of every screen.

    Attributes:
        online: None until the first try tells.
        free_bytes, battery_percent: None where the device does not say.
        training: the project is one for training, by its name: no real people's answers.
    """

    online: bool | None = None
    last_sync_ms: int | None = None
    free_bytes: int | None = None
    battery_percent: int | None = None
    training: bool = False
    low_space: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """Where sealed records can go: kind is mission, hub or bundle."""

    kind: str
    label: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A hand-over under way. Numbers never go back within one transfer."""

    entries_sent: int = 0
    entries_total: int = 0
    entries_taken: int = 0
    bytes_sent: int = 0
    bytes_total: int = 0
    elapsed_s: float = 0.0

    @property
    def bytes_per_s(self) -> float:
        """Mean speed so far."""
        return self.bytes_sent / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds to go at the pace so far; None while unknown."""
        if not self.entries_sent or self.elapsed_s <= 0:
            return None
        return (self.entries_total - self.entries_sent) * self.elapsed_s / self.entries_sent
