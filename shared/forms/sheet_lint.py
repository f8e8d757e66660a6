"""What is wrong on an XLSForm's sheets, found without converting it: all of it at once, with rows.

The converter stops at the first kind of mistake it meets. This reads the rows themselves, and
returns besides the problems a copy mended where the author's meaning is plain, so that checking can
go on past an old spelling or a doubled choice and report what lies behind it as well.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from shared.forms.problems import Problem

LEGACY_TYPES: Final = {
    "hidden string": "hidden",
    "hidden text": "hidden",
    "hidden value": "hidden",
    "hidden int": "hidden",
    "hidden integer": "hidden",
    "calculate string": "calculate",
    "calculation": "calculate",
    "calculated": "calculate",
    "number": "integer",
    "numeric": "integer",
    "q text": "text",
    "q integer": "integer",
    "picture": "image",
    "time stamp": "dateTime",
    "timestamp": "dateTime",
    "date and time": "dateTime",
    "start_time": "start",
    "end_time": "end",
}
"""Spellings met in the field that the converter refuses, and what they are called now."""
_SELECT: Final = re.compile(
    r"^(?:select[ _](?:one|multiple)|select1|select all that apply(?: from)?|rank)\s+(\S+)",
    re.IGNORECASE,
)
_FROM_FILE: Final = re.compile(r"from[_ ]file|external", re.IGNORECASE)
_BEGIN: Final = re.compile(r"^begin[ _](group|repeat|loop|looped group|lgroup)\b", re.IGNORECASE)
_END: Final = re.compile(r"^end[ _](group|repeat|loop|looped group|lgroup)\b", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\$\{\s*(?:last-saved#)?([^}]*?)\s*\}")
_NAME: Final = re.compile(r"[^\W\d][\w.\-]*")
_YES: Final = frozenset({"yes", "true", "true()", "1"})

Row = Mapping[str, Any]
Sheets = Mapping[str, Any]


def lint(sheets: Sheets, known_types: Sequence[str]) -> tuple[list[Problem], dict[str, Any]]:
    """Return every problem of the rows, and a copy that converts where its meaning is plain.

    Args:
        sheets: sheet name -> rows, as the converter reads them.
        known_types: the types it knows, for suggestions.
    """
    mended = dict(sheets)
    known = frozenset(one.lower() for one in known_types)
    survey = [_normal(row) for row in sheets.get("survey") or ()]
    choices = [_normal(row) for row in sheets.get("choices") or ()]
    problems: list[Problem] = []
    problems += _legacy_types(survey, known)
    problems += _structure(survey)
    problems += _names(survey)
    problems += _references(survey)
    problems += _lists(survey, choices)
    mended["survey"] = [_modern(row, known) for row in sheets.get("survey") or ()]
    doubled = list(_doubled_choices(choices, sheets))
    if doubled:
        problems += doubled
        mended["settings"], mended["settings_header"] = _allowing_doubles(sheets)
    return problems, mended


def _normal(row: Row) -> Row:
    """Return a row with its columns as the documentation spells them."""
    return {"_".join(str(column).lower().split()): value for column, value in row.items()}


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()


def _legacy(kind: str) -> str:
    return LEGACY_TYPES.get(" ".join(kind.lower().split()), "")


def _modern(row: Row, known: Collection[str]) -> Row:
    for column, value in row.items():
        if str(column).strip().lower() == "type" and str(value).strip().lower() not in known:
            today = _legacy(str(value))
            return {**row, column: today} if today else row
    return row


def _legacy_types(survey: Sequence[Row], taken: Collection[str]) -> Iterator[Problem]:
    for number, row in enumerate(survey, 2):
        kind = _text(row, "type")
        spelled = kind.lower()
        if not kind or spelled in taken or _BEGIN.match(kind) or _END.match(kind):
            continue
        if _SELECT.match(kind) or _FROM_FILE.search(kind) or spelled.startswith(("osm ", "#")):
            continue
        name = _text(row, "name") or "this row"
        if today := _legacy(kind):
            advice = f"Write `{today}` instead of `{kind}`"
        else:
            near = difflib.get_close_matches(spelled, sorted(taken), 1)
            advice = f"Did you mean `{near[0]}`?" if near else "Use a type of the XLSForm list"
        told = f"{name} has the type {kind!r}, which is none"
        yield Problem("survey", number, "type", told, advice)


def _structure(survey: Sequence[Row]) -> Iterator[Problem]:
    """Yield begins without end and ends without begin."""
    opened: list[tuple[int, str, str]] = []
    for number, row in enumerate(survey, 2):
        kind = _text(row, "type")
        if begun := _BEGIN.match(kind):
            opened.append((number, begun[1].lower(), _text(row, "name")))
        elif ended := _END.match(kind):
            word = ended[1].lower()
            if not opened:
                yield Problem("survey", number, "type", f"`{kind}` ends nothing", "Remove this row")
            elif opened[-1][1] != word:
                began, open_word, name = opened[-1]
                told = f"`{kind}` stands where the {open_word} {name!r} of row {began} is open"
                advice = f"Write `end {open_word}` here, or before this row"
                yield Problem("survey", number, "type", told, advice)
                opened.pop()
            else:
                opened.pop()
    for number, word, name in opened:
        told = f"the {word} {name!r} is never ended"
        advice = f"Add an `end {word}` row after its questions"
        yield Problem("survey", number, "type", told, advice)


def _names(survey: Sequence[Row]) -> Iterator[Problem]:
    """Yield names that are missing, unusable, or taken in the same group."""
    scopes: list[dict[str, int]] = [{}]
    for number, row in enumerate(survey, 2):
        kind, name = _text(row, "type"), _text(row, "name")
        if not kind or kind.startswith("#"):
            continue
        if _END.match(kind):
            if len(scopes) > 1:
                scopes.pop()
            continue
        if name and not _NAME.fullmatch(name):
            fixed = re.sub(r"[^\w.\-]+", "_", name)
            fixed = fixed if _NAME.match(fixed) else f"_{fixed}"
            told = f"{name!r} is no name: letters, digits, _ - . and a letter first"
            yield Problem("survey", number, "name", told, f"Write `{fixed}`")
        first = scopes[-1].setdefault(name.lower(), number) if name else number
        if first != number:
            told = f"the name {name!r} is taken by row {first} of the same group"
            yield Problem("survey", number, "name", told, "Give each question its own name")
        if _BEGIN.match(kind):
            scopes.append({})


def _references(survey: Sequence[Row]) -> Iterator[Problem]:
    """Yield ${names} that no question has."""
    names = {_text(row, "name") for row in survey}
    for number, row in enumerate(survey, 2):
        for column, value in row.items():
            if not isinstance(value, str) or "${" not in value:
                continue
            for name in dict.fromkeys(_REFERENCE.findall(value)):
                if name not in names:
                    near = difflib.get_close_matches(name, sorted(names - {""}), 1)
                    advice = f"Did you mean `${{{near[0]}}}`?" if near else "Write an existing name"
                    told = f"${{{name}}} names no question of this form"
                    yield Problem("survey", number, str(column), told, advice)


def _lists(survey: Sequence[Row], choices: Sequence[Row]) -> Iterator[Problem]:
    """Yield selects whose list is not on the choices sheet, and choices without a name."""
    lists = {_list_of(row) for row in choices}
    for number, row in enumerate(survey, 2):
        kind = _text(row, "type")
        match = _SELECT.match(kind)
        if match is None or _FROM_FILE.search(kind) or match[1] in lists or "${" in match[1]:
            continue
        near = difflib.get_close_matches(match[1], sorted(lists - {""}), 1)
        advice = f"Did you mean the list `{near[0]}`?" if near else "Add its choices there"
        told = f"the list {match[1]!r} is not on the choices sheet"
        yield Problem("survey", number, "type", told, advice)
    for number, row in enumerate(choices, 2):
        if _list_of(row) and not _text(row, "name"):
            told = f"a choice of the list {_list_of(row)!r} has no name"
            yield Problem("choices", number, "name", told, "Write what is stored when it is chosen")


def _list_of(row: Row) -> str:
    return _text(row, "list_name")


def _doubled_choices(choices: Sequence[Row], sheets: Sheets) -> Iterator[Problem]:
    settings: Row = next(iter(sheets.get("settings") or ()), {})
    if _text(settings, "allow_choice_duplicates").lower() in _YES:
        return
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(choices, 2):
        name, listed = _text(row, "name"), _list_of(row)
        if not name or not listed:
            continue
        before = first.setdefault((listed, name), number)
        if before != number:
            told = f"the list {listed!r} has the choice {name!r} in row {before} already"
            advice = (
                f"Choice names must be unique: rename one (`{name}_2`) or remove it; where the "
                "same name is meant, as in a filtered list, write `yes` under "
                "`allow_choice_duplicates` on the settings sheet"
            )
            yield Problem("choices", number, "name", told, advice)


def _allowing_doubles(sheets: Sheets) -> tuple[list[Row], list[Row]]:
    """Return settings under which doubled choices convert, and their header."""
    rows: list[Row] = list(sheets.get("settings") or ()) or [{}]
    first = {**rows[0], "allow_choice_duplicates": "yes"}
    headers = sheets.get("settings_header")
    header = headers[0] if headers else dict.fromkeys(first)
    return [first, *rows[1:]], [{**header, "allow_choice_duplicates": None}]
