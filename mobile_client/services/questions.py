"""The engine's nodes -> the views that screens draw. Reads the interview, changes nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from mobile_client.device.services import Wish
from mobile_client.presenters.views import (
    ChoiceView,
    Media,
    OutlineRow,
    QuestionView,
    RangeView,
    RepeatView,
    RosterRow,
)
from mobile_client.services.loaded_form import LoadedForm
from shared.forms.definition import Shape
from shared.forms.interview import Interview, NodeState
from shared.forms.validate import Violation

_POSITION: Final = re.compile(r"\[[0-9a-f]+\]")
_INPUTS: Final[Mapping[str, str]] = {
    "int": "integer",
    "integer": "integer",
    "long": "integer",
    "decimal": "decimal",
    "double": "decimal",
    "float": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "datetime",
    "geopoint": "geopoint",
    "geotrace": "geotrace",
    "geoshape": "geoshape",
    "barcode": "barcode",
}
_CONTROLS: Final[Mapping[str, str]] = {
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "rank",
    "trigger": "acknowledge",
    "range": "range",
}
_LISTS: Final = frozenset({"select_multiple", "rank"})
_ROSTER_COLUMNS: Final = 3
_MAX_PIXELS: Final = "orx:max-pixels"
_METADATA: Final = "cairn:metadata"
"""`keep`: the form asks for what the camera wrote beside a picture, place and time among it."""


def form_path(path: str) -> str:
    """Return a path without positions or instance ids."""
    return _POSITION.sub("", path)


def kind_of(state: NodeState) -> str:
    """Return the question type as screens know it."""
    if state.kind in _CONTROLS:
        return _CONTROLS[state.kind]
    if state.kind == "upload":
        media = state.attributes.get("mediatype", "").partition("/")[0]
        return media if media in ("image", "audio", "video") else "file"
    if state.readonly and not state.value:
        return "note"
    return _INPUTS.get(state.type, "text")


def wish_of(interview: Interview, loaded: LoadedForm, path: str) -> Wish:
    """Return what the form wants of the file that answers a question."""
    state = interview.get(path)
    said = loaded.form.fields[form_path(path)].extra
    pixels = said.get(_MAX_PIXELS, "")
    return Wish(
        kind_of(state),
        int(pixels) if pixels.isascii() and pixels.isdigit() else 0,
        said.get(_METADATA, "") == "keep",
    )


def question_view(
    interview: Interview, loaded: LoadedForm, path: str, *, judged: bool
) -> QuestionView:
    """Return one question as it stands.

    Args:
        interview: the interview.
        loaded: its form.
        path: with positions.
        judged: an open required question shows its message only where this is set.
    """
    state = interview.get(path)
    kind = kind_of(state)
    chosen = state.value.split() if kind in _LISTS else [state.value]
    attributes = state.attributes
    bounds = None
    if kind == "range":
        bounds = RangeView(*(attributes.get(name, "") for name in ("start", "end", "step")))
    return QuestionView(
        path=state.path,
        kind=kind,
        label=state.label.strip(),
        value=state.value,
        hint=state.hint.strip(),
        guidance=state.guidance.strip(),
        required=state.required,
        readonly=state.readonly,
        appearance=frozenset(state.appearance.split()),
        choices=tuple(
            ChoiceView(choice.value, choice.label, choice.value in chosen, _media(choice.media))
            for choice in state.choices
        ),
        bounds=bounds,
        media=_media(state.media),
        message=state.message if judged or state.value else "",
        shield=form_path(state.path) in loaded.direct,
    )


def _media(media: Mapping[str, str]) -> Media:
    """Return the file names of a label's media, without `jr://images/` before them."""
    names = {kind: link.rpartition("/")[2] for kind, link in media.items()}
    image = names.get("big-image") or names.get("image", "")
    return Media(image, names.get("audio", ""), names.get("video", ""))


def answer_text(state: NodeState) -> str:
    """Return an answer as a person reads it: labels instead of choice names."""
    if not state.choices:
        return state.value
    labels = {choice.value: choice.label for choice in state.choices}
    names = state.value.split() if kind_of(state) in _LISTS else [state.value]
    return ", ".join(labels.get(name, name) for name in names if name)


def outline(interview: Interview, loaded: LoadedForm) -> Iterator[OutlineRow]:
    """Yield every relevant question, group and repeat instance, in form order."""
    root = loaded.form.root
    return _below(interview, loaded, root.path, root.path, 0)


def _below(
    interview: Interview, loaded: LoadedForm, field_path: str, path: str, depth: int
) -> Iterator[OutlineRow]:
    """Yield the rows below one node; a form's nesting is bounded by XFORM_DEPTH_MAX."""
    for child_path in loaded.form.fields[field_path].children:
        field = loaded.form.fields[child_path]
        here = f"{path}/{field.name}"
        if field.shape is Shape.REPEAT:
            for place, instance in enumerate(interview.instances(here), 1):
                state = interview.get(instance)
                if not state.relevant:
                    continue
                title = f"{state.label.strip()} {place}".strip()
                yield OutlineRow(instance, title, "repeat", depth)
                yield from _below(interview, loaded, child_path, instance, depth + 1)
            continue
        state = interview.get(here)
        if not state.relevant:
            continue
        if field.shape is Shape.GROUP:
            if state.label:
                yield OutlineRow(here, state.label.strip(), "group", depth)
            inner = depth + bool(state.label)
            yield from _below(interview, loaded, child_path, here, inner)
        elif state.kind and kind_of(state) != "note":
            yield _question_row(state, loaded, depth)


def _question_row(state: NodeState, loaded: LoadedForm, depth: int) -> OutlineRow:
    return OutlineRow(
        path=state.path,
        label=state.label.strip(),
        depth=depth,
        answer=answer_text(state),
        answered=state.value != "",
        required=state.required,
        message=state.message if state.value else "",
        shield=form_path(state.path) in loaded.direct,
    )


def barring(
    interview: Interview, loaded: LoadedForm, path: str | None = None, *, correction: bool
) -> tuple[Violation, ...]:
    """Return the broken rules that bar finalize, of the whole or below one node.

    A case comes to the device without its direct identifiers (P5): that they are open in a
    correction is no fault.
    """
    return tuple(
        violation
        for violation in interview.violations(path)
        if not (
            correction
            and violation.rule == "required"
            and form_path(violation.address) in loaded.direct
        )
    )


def violation_rows(
    interview: Interview, loaded: LoadedForm, *, correction: bool
) -> tuple[OutlineRow, ...]:
    """Return the questions that bar finalize, each with its message."""
    rows = []
    for violation in barring(interview, loaded, correction=correction):
        row = _question_row(interview.get(violation.path), loaded, 0)
        rows.append(replace(row, message=violation.message))
    return tuple(rows)


def repeat_view(interview: Interview, loaded: LoadedForm, path: str) -> RepeatView:
    """Return the roster of a repeat that may grow: its instances by their first questions."""
    instances = interview.instances(path)
    columns: tuple[str, ...] = ()
    rows = []
    shown = interview.shown(instances[0]).text.strip() if instances else ""
    label = shown or path.rpartition("/")[2]
    for place, instance in enumerate(instances, 1):
        questions = [
            row
            for row in _below(interview, loaded, form_path(instance), instance, 0)
            if row.kind == "question"
        ]
        columns = columns or tuple(row.label for row in questions[:_ROSTER_COLUMNS])
        rows.append(
            RosterRow(
                path=instance,
                title=f"{label} {place}".strip(),
                cells=tuple(row.answer for row in questions[:_ROSTER_COLUMNS]),
                unanswered=sum(row.required and not row.answered for row in questions),
            )
        )
    return RepeatView(path=path, label=label, columns=columns, rows=tuple(rows))


def trail(interview: Interview, loaded: LoadedForm, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of the groups and repeat instances around a screen, outermost first."""
    labels = []
    for path in groups:
        label = interview.shown(path).text.strip()
        if loaded.form.fields[form_path(path)].shape is Shape.REPEAT:
            label = f"{label} {path.rpartition('[')[2].rstrip(']')}".strip()
        labels.append(label)
    return tuple(label for label in labels if label)
