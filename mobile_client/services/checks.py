"""Checks of a finished interview for the coordinator: names of what fired, never an answer.

Pure: answers, form and the trail of steps in, names out. Rules STN-005 and STN-006 say what each
name means and where its limit comes from.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from mobile_client.services.loaded_form import LoadedForm
from shared.forms.answers import Answer, Answers
from shared.forms.interview import Interview
from shared.forms.xpath.functions.geo import Point, distance_m
from shared.forms.xpath.tables import rows_where
from shared.records.checks import FORM_CHECK, FORM_CHECK_FIELD, Check
from shared.records.codebook import Field, Kind

ROUGH_M: Final = 100.0
FAR_M: Final = 5_000.0
DONT_KNOWS_MIN: Final = 4
DONT_KNOW_SHARE: Final = 0.25
ASKED_MIN: Final = 10
MISSING_SHARE: Final = 0.3
STRAIGHT_MIN: Final = 5
STRAIGHT_CHOICES_MIN: Final = 3
RUSHED_ANSWERS_MIN: Final = 10
RUSHED_SHARE: Final = 0.5
NIGHT_FROM, NIGHT_UNTIL = 21, 6
DONT_KNOW: Final = frozenset(
    (
        "dont_know",
        "do_not_know",
        "doesnt_know",
        "dk",
        "no_answer",
        "prefer_not_to_say",
        "pnta",
        "refused",
        "98",
        "99",
        "-98",
        "-99",
        "888",
        "998",
        "999",
        "-888",
        "-998",
        "-999",
    )
)
"""Names of choices that say nothing: ours, and the codes that household surveys commonly use."""
_TRUE: Final = frozenset(("1", "true", "yes", "OK"))


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of an interview beside its answers.

    Attributes:
        started, ended: by the device's local time; it ends when it is finalized.
        location: the place assigned, as a p-code of the form's lists.
        paradata: the summary of its steps.
    """

    started: datetime
    ended: datetime
    location: str
    paradata: Mapping[str, Any]


def checks(
    loaded: LoadedForm, interview: Interview, answers: Answers, visit: Visit
) -> tuple[str, ...]:
    """Return the names of the checks that fired, in the order of the enumeration."""
    fields = loaded.codebook.field_map()
    asked = [a for a in answers.values if (f := fields.get(a.path)) is not None and not f.readonly]
    fired = {
        Check.DONT_KNOWS: _many_dont_knows(asked, fields),
        Check.MISSING: _much_missing(interview),
        Check.STRAIGHT_LINE: _straight_lined(asked, fields),
        Check.NIGHT: _is_night(visit.started) or _is_night(visit.ended),
        Check.RUSHED: _rushed(visit.paradata),
        **_positions(loaded, interview, asked, fields, visit.location),
    }
    named = [check.value for check in Check if fired.get(check)]
    return (*named, *_own_checks(loaded, interview, answers))


def _many_dont_knows(asked: list[Answer], fields: Mapping[str, Field]) -> bool:
    chosen = [a.text for a in asked if fields[a.path].kind is Kind.SELECT_ONE]
    unknown = sum(text in DONT_KNOW for text in chosen)
    return unknown >= DONT_KNOWS_MIN and unknown > DONT_KNOW_SHARE * len(chosen)


def _much_missing(interview: Interview) -> bool:
    progress = interview.progress()
    missing = progress.asked - progress.answered
    return progress.asked >= ASKED_MIN and missing > MISSING_SHARE * progress.asked


def _straight_lined(asked: list[Answer], fields: Mapping[str, Field]) -> bool:
    """Tell whether one battery (questions of one group with the same choices) has one answer."""

    def battery(answer: Answer) -> tuple[str, tuple[str, ...]]:
        return answer.address.rpartition("/")[0], fields[answer.path].choices

    rated = [
        a
        for a in asked
        if fields[a.path].kind is Kind.SELECT_ONE
        and len(fields[a.path].choices) >= STRAIGHT_CHOICES_MIN
    ]
    for _, members in groupby(rated, battery):
        texts = Counter(answer.text for answer in members)
        if len(texts) == 1 and texts.total() >= STRAIGHT_MIN:
            return True
    return False


def _is_night(at: datetime) -> bool:
    return at.hour >= NIGHT_FROM or at.hour < NIGHT_UNTIL


def _rushed(paradata: Mapping[str, Any]) -> bool:
    given, quick = int(paradata.get("answers", 0)), int(paradata.get("quick", 0))
    return given >= RUSHED_ANSWERS_MIN and quick > RUSHED_SHARE * given


# ---- where it was taken


def _positions(
    loaded: LoadedForm,
    interview: Interview,
    asked: list[Answer],
    fields: Mapping[str, Field],
    location: str,
) -> dict[Check, bool]:
    wanted = [path for path, field in fields.items() if field.kind is Kind.GEOPOINT]
    given = [a.text.split() for a in asked if fields[a.path].kind is Kind.GEOPOINT]
    if not given:
        due = any(_is_asked(loaded, interview, path) for path in wanted)
        return {Check.NO_POSITION: due}
    accuracies = [_number(parts[3]) for parts in given if len(parts) > 3]  # noqa: PLR2004 - fourth
    there = place_of(loaded, location)
    points = [point for parts in given if (point := _point(parts[:2])) is not None]
    return {
        Check.ROUGH_POSITION: any(m is not None and m > ROUGH_M for m in accuracies),
        Check.FAR: there is not None and any(distance_m(p, there) > FAR_M for p in points),
    }


def _is_asked(loaded: LoadedForm, interview: Interview, path: str) -> bool:
    """Tell whether a question outside any repeat is asked; one in a repeat may be nobody's."""
    inside = any(path.startswith(scope.path + "/") for scope in loaded.codebook.root.repeats)
    return not inside and interview.get(path).relevant


def place_of(loaded: LoadedForm, location: str) -> Point | None:
    """Return where a location lies by the lists the form reads, None where none says so."""
    for table in loaded.files.values() if location else ():
        for row in rows_where(table, "name", location):
            cells = {cell.name: cell.value() for cell in row.elements()}
            point = _point([cells.get("latitude", ""), cells.get("longitude", "")])
            if point is not None:
                return point
    return None


def _point(parts: list[str]) -> Point | None:
    numbers = [_number(part) for part in parts]
    if len(numbers) != 2 or None in numbers:  # noqa: PLR2004 - latitude and longitude
        return None
    return numbers[0] or 0.0, numbers[1] or 0.0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# ---- the form's own


def _own_checks(loaded: LoadedForm, interview: Interview, answers: Answers) -> Iterator[str]:
    """Yield the form's checks that fired: a note that is shown, or an answer that says yes."""
    texts = {answer.path: answer.text for answer in answers.values if answer.path == answer.address}
    for field in loaded.codebook.root.fields:
        if not field.name.startswith(FORM_CHECK_FIELD):
            continue
        said = loaded.form.fields[field.path].readonly != "true()"
        if texts.get(field.path) in _TRUE if said else interview.get(field.path).relevant:
            yield FORM_CHECK + field.name.removeprefix(FORM_CHECK_FIELD)
