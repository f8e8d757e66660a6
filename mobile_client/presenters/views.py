"""The pieces an interview's screens are made of: questions, repeats, progress, the notice.

Plain values only. Rows of the lists are in rows.py, how the work stands in status.py.
"""

from dataclasses import dataclass, field
from enum import StrEnum


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
