"""What is wrong with a form's rules: what `cairn forms check` says of expressions.

Every expression is compiled by itself, wherever it stands; circles are told as a path of names; a
path to a node the form lacks reads as empty for ever, which no author means.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import FormError, LimitExceeded
from shared.forms.definition import Control, Field, Form, Output, Pieces
from shared.forms.dependency import CycleFound
from shared.forms.problems import Problem
from shared.forms.program import Program
from shared.forms.xform_body import resolve
from shared.forms.xpath.ast import Expr, Path, subexpressions

Rows = Mapping[str, tuple[int, ...]]
"""Question name -> its rows on the survey sheet."""

_COLUMNS: Final = {
    "calculate": "calculation",
    "relevant": "relevant",
    "required": "required",
    "readonly": "read_only",
    "constraint": "constraint",
    "count": "repeat_count",
    "choices": "choice_filter",
}
_NEVER: Final = frozenset({"false()", "0"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """An expression and where it stands."""

    path: str
    column: str
    expression: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def row_of(places: Rows, name: str) -> int:
    """Return a question's row; 0 where the name is not there or not alone."""
    found = places.get(name, ())
    return found[0] if len(found) == 1 else 0


def rule_problems(form: Form, places: Rows) -> Iterator[Problem]:
    """Yield what is wrong with the form's rules."""
    bare = Program.for_expressions(form)
    readable = True
    for rule in _rules(form):
        try:
            tree = bare.compiler.tree(rule.expression)
        except (FormError, LimitExceeded) as error:
            readable = False
            yield _problem(rule, places, error.message, "Mend the expression")
            continue
        try:
            bare.closure(rule.expression)
        except (FormError, LimitExceeded) as error:
            yield _problem(rule, places, error.message, "Mend the expression")
        yield from _unknown_paths(form, rule, tree, places)
    if readable:
        yield from _graph_problems(form, places)
    yield from _stop_signs(form, bare, places)
    yield from _never_asked(form, places)


def _graph_problems(form: Form, places: Rows) -> Iterator[Problem]:
    try:
        Program(form)
    except CycleFound as error:
        for circle in error.circles:
            yield _circle_problem(circle, places)
    except (FormError, LimitExceeded) as error:
        yield Problem("survey", 0, "", error.message, "Mend the rule it names")


def _circle_problem(circle: tuple[tuple[str, str], ...], places: Rows) -> Problem:
    """Return a circle as a path of names: each one's rule reads the one before it."""
    first, kind = circle[0]
    steps = [f"{path.rpartition('/')[2]} ({_COLUMNS.get(rule, rule)})" for path, rule in circle]
    path = " -> ".join([*steps, steps[0].partition(" ")[0]])
    told = f"these wait for each other in a circle: {path}"
    advice = "Take one of them out of the circle: let its rule read something else"
    row = row_of(places, first.rpartition("/")[2])
    return Problem("survey", row, _COLUMNS.get(kind, kind), told, advice, field=first)


def _problem(rule: _Rule, places: Rows, what: str, instead: str) -> Problem:
    told = f"{rule.name}: {what}" if rule.name else what
    row = row_of(places, rule.name)
    return Problem("survey", row, rule.column, told, instead, field=rule.path)


# ---- where expressions stand


def _rules(form: Form) -> Iterator[_Rule]:
    for field in form.fields.values():
        yield from _field_rules(field)
    stack = list(reversed(form.controls))
    while stack:
        control = stack.pop()
        stack.extend(reversed(control.children))
        yield from _control_rules(control)
    for action in form.actions:
        if action.value:
            yield _Rule(action.target, "trigger" if action.source else "default", action.value)
    for language, texts in form.itext.items():
        for name, forms in texts.items():
            for pieces in forms.values():
                yield from _outputs(name.partition(":")[0], f"label::{language}", pieces)


def _field_rules(field: Field) -> Iterator[_Rule]:
    for kind in ("relevant", "required", "readonly", "constraint", "calculate"):
        if expression := getattr(field, kind):
            yield _Rule(field.path, _COLUMNS[kind], expression)
    for column, message in (
        ("constraint_message", field.constraint_message),
        ("required_message", field.required_message),
    ):
        if message is not None:
            yield from _outputs(field.path, column, message.pieces)


def _control_rules(control: Control) -> Iterator[_Rule]:
    if control.count:
        yield _Rule(control.ref, _COLUMNS["count"], control.count)
    if control.itemset is not None:
        yield _Rule(control.ref, _COLUMNS["choices"], control.itemset.nodeset)
    for column, label in (("label", control.label), ("hint", control.hint)):
        if label is not None:
            yield from _outputs(control.ref, column, label.pieces)


def _outputs(path: str, column: str, pieces: Pieces) -> Iterator[_Rule]:
    for piece in pieces:
        if isinstance(piece, Output):
            yield _Rule(path, column, piece.expression)


# ---- paths that lead nowhere


def _unknown_paths(form: Form, rule: _Rule, tree: Expr, places: Rows) -> Iterator[Problem]:
    """Yield absolute paths of plain names that lead to no node of the form."""
    for part in subexpressions(tree):
        path = _plain_path(part)
        if not path or path in form.fields or not path.startswith(form.root.path + "/"):
            continue
        if "/@" in path:
            continue
        near = difflib.get_close_matches(path, list(form.fields), 1)
        advice = f"Did you mean {near[0]}?" if near else "Write the path of an existing question"
        yield _problem(rule, places, f"it reads {path}, which the form does not have", advice)


def _plain_path(part: Expr) -> str:
    """Return `/data/a/b` for an absolute path of child steps; "" for any other expression."""
    if not isinstance(part, Path) or not part.absolute or part.base is not None:
        return ""
    names: list[str] = []
    for step in part.steps:
        if step.axis != "child" or step.test.kind != "name" or step.test.name == "*":
            return ""
        names.append(step.test.name)
    return resolve("/" + "/".join(names), "") if names else ""


# ---- questions nobody gets past, or to


def _stop_signs(form: Form, bare: Program, places: Rows) -> Iterator[Problem]:
    """Warn of what must be answered, cannot be, and depends on nothing: no interview gets past."""
    for field in form.fields.values():
        computed = field.calculate or field.relevant or field.preload[0]
        if not bare.is_asked(field.path):
            continue
        if field.readonly == "true()" and field.required == "true()" and not computed:
            yield Problem(
                "survey",
                row_of(places, field.name),
                "required",
                f"{field.name} must be answered and cannot be; where it comes up, nobody gets past",
                "Leave `required` empty, or write in `relevant` when it is to stop the interview",
                "warning",
                field.path,
            )


def _never_asked(form: Form, places: Rows) -> Iterator[Problem]:
    """Warn of what is switched off for good."""
    for field in form.fields.values():
        if field.relevant in _NEVER:
            yield Problem(
                "survey",
                row_of(places, field.name),
                "relevant",
                f"{field.name} is never asked: its relevant is {field.relevant}",
                "Remove the row, or write when it is to be asked",
                "warning",
                field.path,
            )
