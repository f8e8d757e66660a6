"""A compiled form as bytes that load fast: the definition and the rule graph, as JSON.

Named by the XForm's SHA-256, so a changed form never meets an old cache. JSON and not pickle or
marshal: reading a cache somebody planted must do nothing but fail.
"""

import json
from typing import Any, Final

from shared.errors import FormError
from shared.forms.definition import (
    Action,
    Control,
    Field,
    Form,
    Item,
    Itemset,
    Label,
    Output,
    Pieces,
    Secondary,
    Shape,
    Translation,
)
from shared.forms.dependency import Graph, Rule
from shared.forms.parts import resting_of_fresh
from shared.forms.program import Program, program_of, remember
from shared.forms.references import Reference
from shared.forms.resting import Resting

FORMAT: Final = "cairn-form-2"
_CELL_END: Final = "\x1f"


class CacheUnreadable(FormError):
    """The bytes are not a cache of this version; compile the XForm again."""

    code = "FORM-010"


def dump_form(form: Form) -> bytes:
    """Return a form and its rule graph as bytes."""
    graph = program_of(form).graph
    resting = resting_of_fresh(form)
    body = {
        "format": FORMAT,
        "head": [form.id, form.version, form.title, form.hash, form.instance_xml],
        "fields": [_field_out(field) for field in form.fields.values()],
        "controls": [_control_out(control) for control in form.controls],
        "languages": [list(form.languages), form.default_language],
        "itext": {lang: _translation_out(texts) for lang, texts in form.itext.items()},
        "instances": [_secondary_out(s) for s in form.instances.values()],
        "actions": [_action_out(action) for action in form.actions],
        "namespaces": dict(form.namespaces),
        "cairn": [form.basis, list(form.purposes), form.consent_group],
        "settings": dict(form.settings),
        "warnings": list(form.warnings),
        "rules": [
            [r.kind, r.target, r.expression, [[x.path, x.anchor] for x in r.references]]
            for r in graph.rules
        ],
        "rank": list(graph.rank),
        "resting": [sorted(resting.still), list(resting.shut), dict(resting.computed)],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def load_form(data: bytes) -> Form:
    """Return the form of a cache; its program is ready too.

    Raises:
        CacheUnreadable: not a cache, or of another version.
    """
    try:
        body: Any = json.loads(data)
        if body["format"] != FORMAT:
            raise CacheUnreadable(f"the compiled form is of format {body['format']!r}")
        form = _form_in(body)
        graph = _graph_in(body)
        still, shut, computed = body["resting"]
        resting = Resting(
            frozenset(still), tuple(shut), {str(k): str(computed[k]) for k in computed}
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CacheUnreadable(f"the compiled form cannot be read: {error}") from error
    remember(Program(form, graph, resting))
    return form


def _form_in(body: Any) -> Form:
    form_id, version, title, digest, instance_xml = body["head"]
    basis, purposes, consent = body["cairn"]
    fields = (_field_in(values) for values in body["fields"])
    return Form(
        id=form_id,
        version=version,
        title=title,
        hash=digest,
        fields={field.path: field for field in fields},
        controls=tuple(_control_in(values) for values in body["controls"]),
        instance_xml=instance_xml,
        languages=tuple(body["languages"][0]),
        default_language=body["languages"][1],
        itext={lang: _translation_in(texts) for lang, texts in body["itext"].items()},
        instances={s.id: s for s in map(_secondary_in, body["instances"])},
        actions=tuple(_action_in(values) for values in body["actions"]),
        namespaces=body["namespaces"],
        basis=basis,
        purposes=tuple(purposes),
        consent_group=consent,
        settings=body["settings"],
        warnings=tuple(body["warnings"]),
    )


def _graph_in(body: Any) -> Graph:
    rules: list[Rule] = []
    readers: dict[str, list[tuple[int, str]]] = {}
    for index, (kind, target, expression, references) in enumerate(body["rules"]):
        found = tuple(Reference(path, anchor) for path, anchor in references)
        rules.append(Rule(index, kind, target, expression, found))
        for reference in found:
            readers.setdefault(reference.path, []).append((index, reference.anchor))
    return Graph(
        tuple(rules),
        tuple(body["rank"]),
        {path: tuple(dict.fromkeys(pairs)) for path, pairs in readers.items()},
    )


# ---- parts


def _pieces_out(pieces: Pieces) -> Any:
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return pieces[0]
    return [[p.expression] if isinstance(p, Output) else p for p in pieces]


def _pieces_in(value: Any) -> Pieces:
    if isinstance(value, str):
        return (value,)
    return tuple(Output(p[0]) if isinstance(p, list) else p for p in value)


def _label_out(label: Label | None) -> Any:
    return None if label is None else [_pieces_out(label.pieces), label.reference]


def _label_in(value: Any) -> Label | None:
    return None if value is None else Label(_pieces_in(value[0]), value[1])


def _field_out(field: Field) -> list[Any]:
    return [
        field.path,
        field.name,
        field.shape.value,
        list(field.children),
        field.prefix,
        field.uri,
        field.type,
        field.default,
        field.relevant,
        field.required,
        field.readonly,
        field.constraint,
        field.calculate,
        _label_out(field.required_message),
        _label_out(field.constraint_message),
        list(field.preload),
        dict(field.extra),
    ]


_SHAPES: Final = {shape.value: shape for shape in Shape}


def _field_in(v: Any) -> Field:
    return Field(
        v[0],
        v[1],
        _SHAPES[v[2]],
        tuple(v[3]),
        v[4],
        v[5],
        v[6],
        v[7],
        v[8],
        v[9],
        v[10],
        v[11],
        v[12],
        None if v[13] is None else _label_in(v[13]),
        None if v[14] is None else _label_in(v[14]),
        (v[15][0], v[15][1]),
        v[16],
    )


def _control_out(control: Control) -> list[Any]:
    itemset = control.itemset
    return [
        control.kind,
        control.ref,
        _label_out(control.label),
        _label_out(control.hint),
        control.appearance,
        [[item.value, _label_out(item.label)] for item in control.items],
        None if itemset is None else [itemset.nodeset, itemset.value, itemset.label],
        [_control_out(child) for child in control.children],
        control.count,
        control.fixed,
        dict(control.attributes),
    ]


def _control_in(v: Any) -> Control:
    kind, ref, label, hint, appearance, items, itemset, children, count, fixed, attributes = v
    # Most controls have no items and no children: nothing is made for what is not there.
    return Control(
        kind,
        ref,
        None if label is None else _label_in(label),
        None if hint is None else _label_in(hint),
        appearance,
        tuple([Item(value, _label_in(text) or Label()) for value, text in items]) if items else (),
        None if itemset is None else Itemset(*itemset),
        tuple([_control_in(child) for child in children]) if children else (),
        count,
        fixed,
        attributes,
    )


def _translation_out(texts: Translation) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, forms in texts.items():
        if set(forms) == {""} and len(forms[""]) == 1 and isinstance(forms[""][0], str):
            out[name] = forms[""][0]
        else:
            out[name] = {form: _pieces_out(pieces) for form, pieces in forms.items()}
    return out


def _translation_in(texts: Any) -> Translation:
    return {
        name: {"": (value,)}
        if value.__class__ is str
        else {form: _pieces_in(pieces) for form, pieces in value.items()}
        for name, value in texts.items()
    }


def _secondary_out(secondary: Secondary) -> list[Any]:
    table: Any = None
    if secondary.table is not None:
        root, item, columns = secondary.table
        joined = {name: _CELL_END.join(texts) for name, texts in columns.items()}
        table = [root, item, joined, len(next(iter(columns.values()), ()))]
    return [secondary.id, secondary.source, table, secondary.xml]


def _secondary_in(v: Any) -> Secondary:
    table = None
    if v[2] is not None:
        root, item, joined, rows = v[2]
        columns = {name: text.split(_CELL_END) for name, text in joined.items()}
        if any(len(cells) != rows for cells in columns.values()):
            raise CacheUnreadable(f"instance {v[0]!r} has columns of different length")
        table = root, item, columns
    return Secondary(v[0], v[1], table, v[3])


def _action_out(action: Action) -> list[Any]:
    return [
        action.kind,
        list(action.events),
        action.target,
        action.source,
        action.value,
        action.text,
        action.reference,
    ]


def _action_in(v: Any) -> Action:
    return Action(v[0], tuple(v[1]), *v[2:])
