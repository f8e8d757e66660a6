"""XLSForm -> XForm XML, through pyxform: the one module that imports it, and only when called.

Adds what Cairn's columns need: the namespace, and the settings `cairn_basis`, `cairn_purposes` and
`cairn_consent` as attributes of the instance. pyxform's messages become `Problem`s with sheet, row
and what to write instead.
"""

import re
import warnings as silence
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from shared.forms.definition import CAIRN_NAMESPACE
from shared.forms.problems import FormProblems, Problem
from shared.forms.sheet_lint import lint
from shared.forms.workbook import guard_workbook

CAIRN_SETTINGS: Final = {
    "cairn_basis": "attribute::cairn:basis",
    "cairn_purposes": "attribute::cairn:purposes",
    "cairn_consent": "attribute::cairn:consent",
}
_ROW: Final = re.compile(r"\[row : (\d+)\]\s*")
_SHEET: Final = re.compile(r"On the '(\w+)' sheet,\s*")
_COLUMN: Final = re.compile(r"the '([^']+)' (?:value|column)")
_DUMPED: Final = re.compile(r":? \{.*?'name': '([^']*)'.*\}")
_UNKNOWN_TYPE: Final = re.compile(r"[Uu]nknown question type '([^']*)'")
_QUOTED: Final = re.compile(r"[{'\u2018]([^{}'\u2018\u2019]+)[}'\u2019]")
_FIXES: Final = (
    (
        re.compile(r"Choice names must be unique"),
        "Give each choice of the list its own name, or write `yes` under `allow_choice_duplicates`"
        " on the settings sheet if the same name is meant",
    ),
    (
        re.compile(r"[Uu]nknown question type|not a valid .*type"),
        "Use a type of the XLSForm list",
    ),
    (
        re.compile(r"There has been a problem trying to replace|no survey element named"),
        "Write the name of a question of this form between ${ and }",
    ),
    (
        re.compile(r"[Ll]ist name not in choices sheet"),
        "Add the list to the choices sheet, or mend its name in the type column",
    ),
    (
        re.compile(r"duplicate|more than one (?:survey element|question)", re.IGNORECASE),
        "Give each question of a group its own name",
    ),
    (
        re.compile(r"[Uu]nmatched|begin|end_"),
        "Close every `begin group` and `begin repeat` with its own `end`",
    ),
)


@dataclass(frozen=True, slots=True)
class Converted:
    """An XForm and what the converter had to say about it.

    Attributes:
        rows: question name -> its rows on the survey sheet, for messages.
        external_choices: the CSV of `select_one_external`, "" if the form has none.
    """

    xform: bytes
    warnings: tuple[str, ...]
    rows: Mapping[str, tuple[int, ...]]
    external_choices: str = ""

    @property
    def files(self) -> dict[str, bytes]:
        """What the form reads that comes out of the workbook itself, by name."""
        return {"itemsets.csv": self.external_choices.encode()} if self.external_choices else {}


def convert(source: str | Path | bytes, *, form_name: str | None = None) -> Converted:
    """Return the XForm of an XLSForm (xlsx, xls, csv or Markdown).

    Raises:
        FormProblems: with sheet, row, what is wrong and what to write.
    """
    guard_workbook(source)
    sheets = _read(source)
    try:
        return _converted(sheets, form_name)
    except FormProblems as error:
        raise _everything(sheets, form_name, error) from error


def _read(source: str | Path | bytes) -> dict[str, Any]:
    """Return the workbook's sheets with Cairn's columns as the converter takes them."""
    backends: Any = import_module("pyxform.xls2json_backends")
    with _told_as_problems(), silence.catch_warnings():
        # openpyxl warns of styles and footers it does not know; forms do not use them.
        silence.simplefilter("ignore", UserWarning)
        sheets = _sheets(backends.get_xlsform(xlsform=source))
        _add_cairn(sheets)
        return sheets


def _converted(sheets: dict[str, Any], form_name: str | None) -> Converted:
    # pyxform stays off the device and carries no types.
    converter: Any = import_module("pyxform.xls2xform")
    warnings: list[str] = []
    survey = sheets.get("survey") or ()
    with _told_as_problems(survey):
        result = converter.convert(dict(sheets), warnings=warnings, form_name=form_name)
    return Converted(
        xform=result.xform.encode(),
        warnings=tuple(warnings),
        rows=_rows(survey),
        external_choices=result.itemsets or "",
    )


@contextmanager
def _told_as_problems(survey: Sequence[Mapping[str, Any]] = ()) -> Iterator[None]:
    """Turn the ways in which the converter fails into problems."""
    errors: Any = import_module("pyxform.errors")
    try:
        yield
    except errors.PyXFormError as error:
        found = problems_of(str(error))
        raise FormProblems([_located(problem, survey) for problem in found]) from error
    except Exception as error:
        # pyxform and the readers under it fail in any way on workbooks that are damaged.
        told = f"the workbook cannot be converted: {type(error).__name__} {error}".strip()
        advice = "Check that it has survey, choices and settings sheets with a header row"
        raise FormProblems([Problem("", 0, "", told, advice)]) from error


def _everything(sheets: dict[str, Any], form_name: str | None, first: FormProblems) -> FormProblems:
    """Return all that is wrong, also behind the mistake the converter stopped at."""
    types: Any = import_module("pyxform.question_type_dictionary")
    found, mended = lint(sheets, list(types.QUESTION_TYPE_DICT))
    if not found:
        return first
    converted: Converted | None = None
    told = list(first.problems)
    try:
        converted = _converted(mended, form_name)
    except FormProblems as second:
        told += second.problems
    return FormProblems([*found, *_not_told(told, found)], converted)


def _not_told(told: Sequence[Problem], found: Sequence[Problem]) -> list[Problem]:
    """Return what the converter says that the rows have not shown already, each thing once."""
    places = {(problem.sheet, problem.row) for problem in found}
    words = {word for problem in found for word in _QUOTED.findall(problem.what)}
    new: dict[str, Problem] = {}
    for problem in told:
        known = (problem.sheet, problem.row) in places or words & set(_QUOTED.findall(problem.what))
        if not known:
            new[problem.what] = problem
    return list(new.values())


def _sheets(definition: Any) -> dict[str, Any]:
    """Return pyxform's reading of the workbook as plain lists."""
    return {name: getattr(definition, name) for name in definition.__slots__}


def _add_cairn(sheets: dict[str, Any]) -> None:
    """Declare the namespace and turn Cairn's settings into instance attributes."""
    rows: list[dict[str, Any]] = list(sheets.get("settings") or ()) or [{}]
    settings = [dict(row) for row in rows]
    first = settings[0]
    headers = sheets.get("settings_header")
    header = dict(headers[0]) if headers else dict.fromkeys(first)
    namespaces = str(first.get("namespaces") or "")
    if "cairn=" not in namespaces:
        first["namespaces"] = f'{namespaces} cairn="{CAIRN_NAMESPACE}"'.strip()
        header["namespaces"] = None
    for column, attribute in CAIRN_SETTINGS.items():
        value = first.get(column)
        if value and not first.get(attribute):
            first[attribute] = str(value).strip()
            header[attribute] = None
    sheets["settings"] = settings
    sheets["settings_header"] = [header]


def _rows(survey: Any) -> dict[str, tuple[int, ...]]:
    """Return where each name stands; the sheet's first row is its header."""
    rows: dict[str, list[int]] = {}
    for number, row in enumerate(survey, 2):
        name = row.get("name")
        if name:
            rows.setdefault(str(name), []).append(number)
    return {name: tuple(numbers) for name, numbers in rows.items()}


def problems_of(message: str) -> list[Problem]:
    """Return pyxform's message, one problem a line, with place and remedy."""
    problems: list[Problem] = []
    for line in message.splitlines():
        text = line.strip()
        if not text:
            continue
        row = _ROW.search(text)
        sheet = _SHEET.search(text)
        column = _COLUMN.search(text)
        what = _SHEET.sub("", _ROW.sub("", text)).partition(" Learn more:")[0].rstrip(". ")
        problems.append(
            Problem(
                sheet=sheet[1] if sheet else ("survey" if row else ""),
                row=int(row[1]) if row else 0,
                column=column[1] if column else "",
                what=what,
                instead=remedy(text),
            )
        )
    return problems


def warnings_of(message: str) -> list[Problem]:
    """Return one of the converter's warnings, line by line, each with its sheet and row."""
    found: list[Problem] = []
    for line in message.splitlines():
        row, sheet = _ROW.search(line), _SHEET.search(line)
        what = _SHEET.sub("", _ROW.sub("", line)).partition(" Learn more:")[0]
        what = _DUMPED.sub(lambda match: f": {match[1]}", what).strip().rstrip(".")
        place = sheet[1] if sheet else ("survey" if row else "")
        if what:
            found.append(Problem(place, int(row[1]) if row else 0, "", what, "", "warning"))
    return found


def _located(problem: Problem, survey: Sequence[Mapping[str, Any]]) -> Problem:
    """Return a problem with its row: of a type it does not know, pyxform names none."""
    unknown = _UNKNOWN_TYPE.search(problem.what)
    if problem.row or unknown is None:
        return problem
    for number, row in enumerate(survey, 2):
        if row.get("type") == unknown[1]:
            return replace(problem, sheet="survey", row=number, column="type")
    return problem


def remedy(message: str) -> str:
    """Return what to write instead, by what the message is about."""
    for pattern, advice in _FIXES:
        if pattern.search(message):
            return advice
    return "Mend this row as the message says and check again"
