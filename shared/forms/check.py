"""Everything wrong with an authored form, at once: what `cairn forms check` reports.

Leaves conversion to xlsform.py, rules to check_rules.py, texts to check_texts.py and disclosure to
codebook.py; adds likely identifiers, the files a form reads and what it costs a tablet to load it.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from shared.errors import FormError, LimitExceeded
from shared.forms.check_device import device_problems
from shared.forms.check_rules import Rows, row_of, rule_problems
from shared.forms.check_texts import text_problems
from shared.forms.codebook import publishing_problems
from shared.forms.definition import Field, Form, Shape
from shared.forms.problems import FormProblems, Problem
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import Converted, convert, warnings_of
from shared.forms.xpath.tables import Instance, Table

Files: TypeAlias = Mapping[str, Callable[[], bytes]]
"""File name -> what reads it."""


_IDENTIFYING: Final = re.compile(
    r"(?:^|_)(?:name|surname|nom|prenom|phone|tel|telephone|mobile|email|address|adresse|"
    r"passport|passeport|national_id|id_number|case_number|gps|latitude|longitude|photo|signature)"
    r"(?:_|$|\d)",
    re.IGNORECASE,
)
_IDENTIFYING_TYPES: Final = frozenset({"geopoint", "geotrace", "geoshape", "binary"})
_IDENTIFYING_TEXTS: Final = frozenset({"string", "int", "barcode"})
_BYTES_PER_TABLET_SECOND: Final = 200_000
"""XForm an entry-level tablet reads in a second, measured at a tenth of a laptop."""
_RULES_PER_TABLET_SECOND: Final = 1250
"""Rules an entry-level tablet parses and runs in a second, measured at a tenth of a laptop."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking one file.

    Attributes:
        form: None if it could not be read at all.
        load_s: estimated seconds until the first question on a tablet, without a cache.
        made: files that come out of the workbook itself, by name.
    """

    problems: tuple[Problem, ...]
    form: Form | None = None
    xform: bytes = b""
    load_s: float = 0.0
    made: Mapping[str, bytes] = dataclasses.field(default_factory=dict)

    @property
    def publishable(self) -> bool:
        """Whether nothing is an error."""
        return not any(problem.severity == "error" for problem in self.problems)


def check_file(name: str, data: bytes, files: Files | None = None) -> Checked:
    """Return every problem of an XLSForm or XForm.

    Args:
        name: the file's name; its ending tells what it is.
        data: its content.
        files: the files beside it, by name, as far as known; None leaves them unchecked.
    """
    rows: Mapping[str, tuple[int, ...]] = {}
    made: dict[str, bytes] = {}
    problems: list[Problem] = []
    if name.lower().endswith(".xml"):
        xform = data
    else:
        try:
            converted = convert(data)
        except FormProblems as error:
            problems += error.problems
            if not isinstance(error.converted, Converted):
                return Checked(tuple(problems))
            converted = error.converted
        except LimitExceeded as error:
            return Checked((Problem("", 0, "", error.message, "Split the form or its lists"),))
        xform, rows = converted.xform, converted.rows
        made = converted.files
        problems += [one for told in converted.warnings for one in warnings_of(told)]
    try:
        form = read_form(xform)
    except (FormError, LimitExceeded) as error:
        problems.append(Problem("", 0, "", error.message, ""))
        return Checked(tuple(problems), None, xform)
    problems += check_form(form, rows)
    if files is not None:
        own: dict[str, Callable[[], bytes]] = {n: partial(bytes, d) for n, d in made.items()}
        problems += _file_problems(form, {**files, **own})
    return Checked(tuple(problems), form, xform, _load_s(form, len(xform)), made)


def check_form(form: Form, rows: Mapping[str, tuple[int, ...]] | None = None) -> list[Problem]:
    """Return the problems of a readable form."""
    places = rows or {}
    problems = [Problem("", 0, "", warning, "", "warning") for warning in form.warnings]
    problems += rule_problems(form, places)
    problems += _disclosure_problems(form, places)
    problems += _likely_identifiers(form, places)
    problems += text_problems(form, places)
    problems += device_problems(form, places)
    return problems


def _load_s(form: Form, size_bytes: int) -> float:
    """Return the seconds until the first question on a tablet that has no cache yet."""
    rules = sum(
        bool(text)
        for field in form.fields.values()
        for text in (field.relevant, field.calculate, field.constraint)
    )
    reading = size_bytes / _BYTES_PER_TABLET_SECOND
    return round((rules + len(form.fields)) / _RULES_PER_TABLET_SECOND + reading, 1)


def _disclosure_problems(form: Form, places: Rows) -> Iterator[Problem]:
    """Yield what keeps the form from being published; of likely identifiers, which class it is."""
    for problem in publishing_problems(form, places):
        field = form.fields.get(problem.field)
        if field is None or "cairn:disclosure" in field.extra or not _identifies(field):
            yield problem
        else:
            told = f"{field.name} looks like an identifier and has no disclosure class"
            yield replace(problem, what=told, instead="Write direct, unless it is generalised")


def _identifies(field: Field) -> bool:
    """Tell whether a field looks as if it named a person or the place of one."""
    if field.type in _IDENTIFYING_TYPES:
        return True
    asked = field.type in _IDENTIFYING_TEXTS and not field.calculate
    return asked and _IDENTIFYING.search(field.name) is not None


def _file_problems(form: Form, files: Files) -> Iterator[Problem]:
    """Yield files that are missing, cannot be read, or lack a column that a select shows."""
    for instance in form.instances.values():
        file = instance.source.rpartition("/")[2]
        if not file or instance.source.startswith("jr://instance/"):
            continue
        if file not in files:
            told = f"the file {file} is not beside the form; its list is empty without it"
            yield Problem("survey", 0, "type", told, "Put it there", "warning")
            continue
        try:
            columns = _columns(read_attachment(file, files[file]()))
        except (FormError, LimitExceeded) as error:
            yield Problem("survey", 0, "type", error.message, "Mend the file")
            continue
        yield from _lacking(form, instance.id, file, columns)


def _columns(read: Instance) -> set[str]:
    if isinstance(read, Table):
        return set(read.columns)
    items = [item for root in read.elements() for item in root.elements()]
    return {cell.name for item in items for cell in item.elements()}


def _lacking(form: Form, name: str, file: str, columns: set[str]) -> Iterator[Problem]:
    stack = list(form.controls)
    while stack:
        control = stack.pop()
        stack.extend(control.children)
        itemset = control.itemset
        if itemset is None or f"instance('{name}')" not in itemset.nodeset.replace('"', "'"):
            continue
        for column in sorted({itemset.value, itemset.label} - columns):
            told = f"{file} has no column {column!r}, which {control.ref.rpartition('/')[2]} shows"
            yield Problem("survey", 0, "parameters", told, "Add it, or name another in parameters")


def _likely_identifiers(form: Form, places: Rows) -> Iterator[Problem]:
    """Warn of fields that look identifying and are not marked direct."""
    for field in form.fields.values():
        if field.shape is not Shape.VALUE or field.path.startswith(f"{form.root.path}/meta/"):
            continue
        marked = field.extra.get("cairn:disclosure", "")
        if marked in ("", "direct") or field.extra.get("cairn:declassify"):
            continue
        if field.extra.get("cairn:generalise"):
            continue  # the author has said what becomes of it
        if _identifies(field):
            yield Problem(
                "survey",
                row_of(places, field.name),
                "bind::cairn:disclosure",
                f"{field.name} looks like an identifier and is marked {marked}",
                "Mark it direct, or generalise it",
                "warning",
                field.path,
            )
