"""What is wrong with what people read: translations that are missing, choices without names."""

from collections.abc import Iterator, Mapping
from typing import Final

from shared.forms.check_rules import Rows, row_of
from shared.forms.definition import Control, Form, Label
from shared.forms.problems import Problem

_SHOWN: Final = 5
_HIDDEN: Final = frozenset({"", "-"})
"""What stands for no text: pyxform writes `-` where a translation is missing."""


def text_problems(form: Form, places: Rows) -> Iterator[Problem]:
    """Yield what is wrong with the form's texts and choices."""
    yield from _untranslated(form, places)
    stack = list(reversed(form.controls))
    while stack:
        control = stack.pop()
        stack.extend(reversed(control.children))
        yield from _choices_of(control, places)


def _untranslated(form: Form, places: Rows) -> Iterator[Problem]:
    """Warn of texts one language has and another lacks, sheet by sheet."""
    everything = {name for texts in form.itext.values() for name in texts}
    for language, texts in form.itext.items():
        missing = [
            name
            for name in sorted(everything)
            if name not in texts or _is_missing(texts[name].get(""), texts[name])
        ]
        for sheet in ("survey", "choices"):
            here = [name for name in missing if (sheet == "survey") == name.startswith("/")]
            if here:
                yield _untranslated_problem(sheet, language, here, places)


def _is_missing(pieces: object, forms: Mapping[str, object]) -> bool:
    if pieces is None:
        return not forms
    return isinstance(pieces, tuple) and len(pieces) == 1 and pieces[0] in _HIDDEN


def _untranslated_problem(sheet: str, language: str, missing: list[str], places: Rows) -> Problem:
    names = [name.partition(":")[0].rpartition("/")[2] for name in missing]
    rows = [row_of(places, name) for name in names] if sheet == "survey" else []
    shown = ", ".join(
        f"{name} (row {row})" if row else name
        for name, row in list(dict(zip(names, rows or [0] * len(names), strict=True)).items())[
            :_SHOWN
        ]
    )
    more = " and more" if len(set(names)) > _SHOWN else ""
    return Problem(
        sheet,
        next((row for row in rows if row), 0),
        f"label::{language}",
        f"{len(missing)} text(s) have no {language}: {shown}{more}",
        "Translate them",
        "warning",
    )


def _choices_of(control: Control, places: Rows) -> Iterator[Problem]:
    if control.kind not in ("select1", "select", "rank"):
        return
    name = control.ref.rpartition("/")[2]
    row = row_of(places, name)
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
