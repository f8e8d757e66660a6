"""Everything wrong with an authored form, at once: what `cairn forms check` reports.

Leaves conversion to xlsform.py and disclosure to codebook.py; adds expressions, cycles, texts and
choices that nobody can reach.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import FormError
from shared.forms.codebook import publishing_problems
from shared.forms.definition import Control, Field, Form, Label, Shape
from shared.forms.problems import FormProblems, Problem
from shared.forms.program import Program
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.faults import ExpressionError

_COLUMNS: Final = {
    "calculate": "calculation",
    "relevant": "relevant",
    "required": "required",
    "readonly": "read_only",
    "constraint": "constraint",
}
_IDENTIFYING: Final = re.compile(
    r"(?:^|_)(?:name|surname|nom|prenom|phone|tel|telephone|mobile|email|address|adresse|"
    r"passport|passeport|national_id|id_number|case_number|gps|latitude|longitude|photo|signature)"
    r"(?:_|$|\d)",
    re.IGNORECASE,
)
_IDENTIFYING_TYPES: Final = frozenset({"geopoint", "geotrace", "geoshape", "binary"})
_RULES_PER_TABLET_SECOND: Final = 1500
"""Rules an entry-level tablet parses and runs in a second, measured at a tenth of a laptop."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking one file.

    Attributes:
        form: None if it could not be read at all.
        load_s: estimated seconds until the first question on a tablet, without a cache.
    """

    problems: tuple[Problem, ...]
    form: Form | None = None
    xform: bytes = b""
    load_s: float = 0.0

    @property
    def publishable(self) -> bool:
        """Whether nothing is an error."""
        return not any(problem.severity == "error" for problem in self.problems)


def check_file(name: str, data: bytes) -> Checked:
    """Return every problem of an XLSForm or XForm."""
    rows: Mapping[str, tuple[int, ...]] = {}
    problems: list[Problem] = []
    if name.lower().endswith(".xml"):
        xform = data
    else:
        try:
            converted = convert(data)
        except FormProblems as error:
            return Checked(error.problems)
        xform, rows = converted.xform, converted.rows
        problems += [Problem("", 0, "", warning, "", "warning") for warning in converted.warnings]
    try:
        form = read_form(xform)
    except FormError as error:
        problems.append(Problem("", 0, "", error.message, ""))
        return Checked(tuple(problems), None, xform)
    problems += check_form(form, rows)
    rules = sum(
        bool(text)
        for field in form.fields.values()
        for text in (field.relevant, field.calculate, field.constraint)
    )
    load_s = (rules + len(form.fields)) / _RULES_PER_TABLET_SECOND
    return Checked(tuple(problems), form, xform, round(load_s, 1))


def check_form(form: Form, rows: Mapping[str, tuple[int, ...]] | None = None) -> list[Problem]:
    """Return the problems of a readable form."""
    places = rows or {}
    problems = [Problem("", 0, "", warning, "", "warning") for warning in form.warnings]
    problems += _expression_problems(form, places)
    if all(problem.severity == "warning" for problem in problems):
        problems += publishing_problems(form, places)
    problems += _likely_identifiers(form, places)
    problems += _untranslated(form)
    problems += _stop_signs(form, places)
    problems += _choice_problems(form, places)
    return problems


def _row(places: Mapping[str, tuple[int, ...]], name: str) -> int:
    found = places.get(name, ())
    return found[0] if len(found) == 1 else 0


def _expression_problems(form: Form, places: Mapping[str, tuple[int, ...]]) -> list[Problem]:
    try:
        program = Program(form)
    except ExpressionError as error:
        return [*_unreadable(form, places, error)]
    except FormError as error:
        return [Problem("survey", 0, "", error.message, "")]
    return [
        _expression_problem(field, kind, error, places)
        for field, kind, error in program.check_expressions()
    ]


def _unreadable(
    form: Form, places: Mapping[str, tuple[int, ...]], first: FormError
) -> Iterator[Problem]:
    """Compile each expression by itself, since the graph could not be built."""
    bare = Program.for_expressions(form)
    found = False
    for field, kind, error in bare.check_expressions():
        found = True
        yield _expression_problem(field, kind, error, places)
    if not found:
        yield Problem("survey", 0, "", first.message, "")


def _expression_problem(
    field: Field, kind: str, error: FormError, places: Mapping[str, tuple[int, ...]]
) -> Problem:
    return Problem(
        "survey",
        _row(places, field.name),
        _COLUMNS[kind],
        f"{field.name}: {error.message}",
        "Mend the expression",
        field=field.path,
    )


def _likely_identifiers(form: Form, places: Mapping[str, tuple[int, ...]]) -> Iterator[Problem]:
    """Warn of fields that look identifying and are not marked direct."""
    for field in form.fields.values():
        if field.shape is not Shape.VALUE or field.path.startswith(f"{form.root.path}/meta/"):
            continue
        marked = field.extra.get("cairn:disclosure", "")
        if marked in ("", "direct") or field.extra.get("cairn:declassify"):
            continue
        if field.extra.get("cairn:generalise"):
            continue  # the author has said what becomes of it
        by_type = field.type in _IDENTIFYING_TYPES
        if by_type or (field.type == "string" and _IDENTIFYING.search(field.name)):
            yield Problem(
                "survey",
                _row(places, field.name),
                "bind::cairn:disclosure",
                f"{field.name} looks like an identifier and is marked {marked}",
                "Mark it direct, or generalise it",
                "warning",
                field.path,
            )


def _stop_signs(form: Form, places: Mapping[str, tuple[int, ...]]) -> Iterator[Problem]:
    """Warn of what must be answered, cannot be, and depends on nothing: no interview gets past."""
    for field in form.fields.values():
        computed = field.calculate or field.relevant or field.preload[0]
        if field.readonly == "true()" and field.required == "true()" and not computed:
            yield Problem(
                "survey",
                _row(places, field.name),
                "required",
                f"{field.name} must be answered and cannot be; where it comes up, nobody gets past",
                "Leave `required` empty, or write in `relevant` when it is to stop the interview",
                "warning",
                field.path,
            )


def _untranslated(form: Form) -> Iterator[Problem]:
    """Warn of texts one language has and another lacks (pyxform writes `-` for those)."""
    everything = {name for texts in form.itext.values() for name in texts}
    for language, texts in form.itext.items():
        missing = [
            name
            for name in sorted(everything)
            if name not in texts or texts[name].get("") == ("-",)
        ]
        if missing:
            shown = ", ".join(name.rpartition("/")[2] for name in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""  # noqa: PLR2004
            yield Problem(
                "survey",
                0,
                f"label::{language}",
                f"{len(missing)} text(s) have no {language}: {shown}{more}",
                "Translate them",
                "warning",
            )


def _choice_problems(form: Form, places: Mapping[str, tuple[int, ...]]) -> Iterator[Problem]:
    stack = list(reversed(form.controls))
    while stack:
        control = stack.pop()
        stack.extend(reversed(control.children))
        yield from _choices_of(control, places)


def _choices_of(control: Control, places: Mapping[str, tuple[int, ...]]) -> Iterator[Problem]:
    if control.kind not in ("select1", "select", "rank"):
        return
    name = control.ref.rpartition("/")[2]
    row = _row(places, name)
    if control.itemset is None and not control.items:
        yield Problem("survey", row, "type", f"{name} has no choices", "Add its list", "error")
    seen: set[str] = set()
    for item in control.items:
        if item.value in seen:
            yield Problem(
                "choices",
                0,
                "name",
                f"{name} has the choice {item.value!r} twice",
                "Give each choice its own name",
                "warning",
            )
        seen.add(item.value)
        if " " in item.value and control.kind == "select":
            yield Problem(
                "choices",
                0,
                "name",
                f"the choice {item.value!r} of {name} holds a space, so it reads as two answers",
                "Write an underscore instead",
            )
        if item.label == Label():
            yield Problem(
                "choices",
                0,
                "label",
                f"the choice {item.value!r} has no label",
                "Add one",
                "warning",
            )
