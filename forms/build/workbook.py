"""Write and read the sheets of an XLSForm as a workbook, the same bytes each time."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from forms.build.source import CAIRN, LANGUAGES, PLAIN, TEXTS, VALUE_TYPE, Row, Sheets

_STAMP: Final = (2020, 1, 1, 0, 0, 0)
_HEAD_FILL: Final = PatternFill("solid", fgColor="FF1F4E79")
_GROUP_FILL: Final = PatternFill("solid", fgColor="FFDDEBF7")


def survey_columns() -> list[str]:
    """Return the headings of the survey sheet, in the order authors expect."""
    texts = [f"{text}::{language}" for text in TEXTS for language in LANGUAGES.values()]
    return ["type", "name", *texts, *PLAIN[2:], VALUE_TYPE, *CAIRN.values()]


def write(sheets: Sheets, path: Path) -> None:
    """Write the workbook at `path`; equal sheets give equal bytes."""
    book = Workbook()
    survey = book.active
    assert isinstance(survey, Worksheet), "a new workbook has one sheet"
    survey.title = "survey"
    used = {key for row in sheets.survey for key in row}
    _fill(survey, [name for name in survey_columns() if name in used], sheets.survey)
    choice_columns = dict.fromkeys(key for row in sheets.choices for key in row)
    _fill(book.create_sheet("choices"), list(choice_columns), sheets.choices)
    _fill(book.create_sheet("settings"), list(sheets.settings), [sheets.settings])
    raw = io.BytesIO()
    book.save(raw)
    path.write_bytes(_normalised(raw.getvalue()))


def read(path: Path) -> Sheets:
    """Return the sheets of the workbook at `path`, empty cells left out."""
    book = load_workbook(path, read_only=False)
    survey, choices, settings = (_rows(book[name]) for name in ("survey", "choices", "settings"))
    return Sheets(survey, choices, settings[0])


def _rows(sheet: Worksheet) -> list[Row]:
    lines = sheet.iter_rows(values_only=True)
    head = [str(cell) for cell in next(lines)]
    return [
        {name: str(cell) for name, cell in zip(head, line, strict=True) if cell is not None}
        for line in lines
    ]


def _fill(sheet: Worksheet, columns: Sequence[str], rows: Sequence[Row]) -> None:
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(name) or None for name in columns])
    sheet.freeze_panes = "C2" if sheet.title == "survey" else "A2"
    for number, name in enumerate(columns, start=1):
        wide = "::" in name and not name.startswith(("bind", "attribute"))
        sheet.column_dimensions[get_column_letter(number)].width = 44 if wide else 22
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFFFF"), _HEAD_FILL
    for line in sheet.iter_rows(min_row=2):
        structure = str(line[0].value).startswith(("begin", "end"))
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.data_type = "s" if cell.value is not None else cell.data_type
            if structure:
                cell.fill = _GROUP_FILL


def _normalised(raw: bytes) -> bytes:
    """Return the same archive with fixed times, so that an unchanged form shows no change."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2020-01-01T00:00:00Z", data)
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(info, data)
    return out.getvalue()
