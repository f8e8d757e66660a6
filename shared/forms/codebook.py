"""Form -> Codebook: which fields there are, how each is typed, and how much each tells.

Disclosure classes propagate: what is computed from a direct identifier is direct, unless its author
declassifies it with a reason. An unmarked field is direct, so nobody leaks by forgetting.
"""

from collections.abc import Mapping
from typing import Final

from shared.errors import FormError
from shared.forms.definition import Control, Field, Form, Output, Shape
from shared.forms.problems import Problem
from shared.forms.program import Program, program_of
from shared.ids import FORM_HASH_BYTES, FormHash
from shared.records import codebook as records

_KINDS: Final = {
    "int": records.Kind.INTEGER,
    "integer": records.Kind.INTEGER,
    "long": records.Kind.INTEGER,
    "decimal": records.Kind.DECIMAL,
    "double": records.Kind.DECIMAL,
    "float": records.Kind.DECIMAL,
    "boolean": records.Kind.BOOLEAN,
    "date": records.Kind.DATE,
    "time": records.Kind.TIME,
    "dateTime": records.Kind.DATETIME,
    "geopoint": records.Kind.GEOPOINT,
    "geotrace": records.Kind.GEOTRACE,
    "geoshape": records.Kind.GEOSHAPE,
    "binary": records.Kind.ATTACHMENT,
    "odk:rank": records.Kind.RANK,
    "rank": records.Kind.RANK,
}
_SELECTS: Final = {
    "select1": records.Kind.SELECT_ONE,
    "select": records.Kind.SELECT_MULTIPLE,
    "rank": records.Kind.RANK,
    "upload": records.Kind.ATTACHMENT,
}
_META_OPEN: Final = frozenset({"instanceID", "deprecatedID"})
"""Random ids that say nothing of the respondent."""
_ENTITY_OPEN: Final = frozenset(
    {"@id", "@create", "@update", "@baseVersion", "@trunkVersion", "@branchId"}
)
"""What an entity is by: random ids and versions, unless an answer goes into them."""
_STRICTEST_FIRST: Final = (
    records.Disclosure.DIRECT,
    records.Disclosure.SENSITIVE,
    records.Disclosure.QUASI,
    records.Disclosure.OPEN,
)


def codebook_of(form: Form) -> records.Codebook:
    """Return the codebook of a form, with effective disclosure classes."""
    classes = effective_classes(form)
    program = program_of(form)
    return records.Codebook(
        form_id=form.id,
        version=form.version,
        form_hash=FormHash(bytes.fromhex(form.hash)[:FORM_HASH_BYTES]),
        title=form.title,
        basis=basis_of(form),
        purposes=form.purposes,
        root=_scope(form, program, form.root, classes, _bound_attributes(form)),
    )


def _bound_attributes(form: Form) -> Mapping[str, list[Field]]:
    """Return path -> its attributes with a bind of their own, such as an entity's id."""
    found: dict[str, list[Field]] = {}
    for field in form.fields.values():
        owner, mark, _ = field.path.partition("/@")
        if mark:
            found.setdefault(owner, []).append(field)
    return found


def basis_of(form: Form) -> records.Basis:
    """Return the basis; a form that names none is treated as one that needs consent."""
    try:
        return records.Basis(form.basis)
    except ValueError:
        return records.Basis.CONSENT


def _scope(
    form: Form,
    program: Program,
    top: Field,
    classes: Mapping[str, records.Disclosure],
    attributes: Mapping[str, list[Field]],
) -> records.Scope:
    fields: list[records.Field] = []
    repeats: list[records.Scope] = []
    stack = [form.fields[path] for path in reversed(top.children)]
    while stack:
        field = stack.pop()
        if field.shape is Shape.REPEAT:
            repeats.append(_scope(form, program, field, classes, attributes))
            continue
        fields += [
            _field(form, program, a, classes[a.path]) for a in attributes.get(field.path, ())
        ]
        if field.shape is Shape.GROUP:
            stack.extend(form.fields[path] for path in reversed(field.children))
        else:
            fields.append(_field(form, program, field, classes[field.path]))
    return records.Scope(path=top.path, fields=tuple(fields), repeats=tuple(repeats))


def _field(
    form: Form, program: Program, field: Field, disclosure: records.Disclosure
) -> records.Field:
    control = program.controls.get(field.path)
    merge = field.extra.get("cairn:merge", "").split()
    groups = [word.partition(":")[2] for word in merge if word.startswith("group:")]
    rules = [word for word in merge if not word.startswith("group:")]
    kind = _kind(field, control)
    asked = control is not None and control.kind != "trigger"
    return records.Field(
        path=field.path,
        kind=kind,
        disclosure=disclosure,
        choices=_choice_names(form, control),
        generalise=field.extra.get("cairn:generalise") or None,
        merge=rules[0] if rules else "review",
        group=groups[0] if groups else None,
        purposes=tuple(field.extra.get("cairn:purpose", "").split()),
        measure=field.extra.get("cairn:measure") or None,
        readonly=bool(field.calculate) or not asked,
    )


def _kind(field: Field, control: Control | None) -> records.Kind:
    if control is not None and control.kind in _SELECTS:
        return _SELECTS[control.kind]
    return _KINDS.get(field.type, records.Kind.TEXT)


def _choice_names(form: Form, control: Control | None) -> tuple[str, ...]:
    """Return the choice names a form itself holds, before any filter, each once."""
    if control is None or control.kind not in ("select1", "select", "rank"):
        return ()
    if control.itemset is None:
        return tuple(dict.fromkeys(item.value for item in control.items))
    nodeset = control.itemset.nodeset
    start = nodeset.find("instance(")
    if start < 0:
        return ()
    name = nodeset[start:].partition("(")[2].partition(")")[0].strip().strip("'\"").strip()
    definition = form.instances.get(name)
    if definition is None or definition.source:
        return ()
    if definition.table is not None:
        return tuple(dict.fromkeys(definition.table[2].get(control.itemset.value, ())))
    top = program_of(form).instance(name, {})
    if top is None or not top.elements():
        return ()
    cells = (item.child(control.itemset.value) for item in top.elements()[0].elements())
    return tuple(dict.fromkeys(cell.value() for cell in cells if cell is not None))


# ---- disclosure


def declared_class(field: Field) -> records.Disclosure | None:
    """Return the class the author wrote, or None.

    Raises:
        FormError: a word that is no class.
    """
    word = field.extra.get("cairn:disclosure", "").strip()
    if not word:
        return None
    try:
        return records.Disclosure(word)
    except ValueError:
        known = ", ".join(records.Disclosure)
        raise FormError(f"{field.path}: {word!r} is no disclosure class; use {known}") from None


def effective_classes(form: Form) -> dict[str, records.Disclosure]:
    """Return each leaf's class after propagation through calculations and copied labels."""
    program = program_of(form)
    classes: dict[str, records.Disclosure] = {}
    leaves = [f for f in form.fields.values() if f.shape is Shape.VALUE]
    for field in leaves:
        classes[field.path] = declared_class(field) or _default_class(form, field)
    direct = {path for path, found in classes.items() if found is records.Disclosure.DIRECT}
    reads = _computed_reads(form, program)
    changed = True
    while changed:
        changed = False
        for field in leaves:
            if field.path in direct or declassified(field):
                continue
            if any(_touches(path, direct) for path in reads.get(field.path, ())):
                direct.add(field.path)
                changed = True
    for path in [f.path for f in leaves if _is_made(form, f) and declared_class(f) is None]:
        read = {classes[one] for one in reads.get(path, ()) if one in classes}
        classes[path] = next((one for one in _STRICTEST_FIRST if one in read), classes[path])
    return classes | dict.fromkeys(direct, records.Disclosure.DIRECT)


def _is_made(form: Form, field: Field) -> bool:
    """Tell whether a field is the form's own making, which its author cannot classify."""
    made = "/meta/" in field.path and (bool(field.calculate) or "@" in field.path)
    return made or field.path.startswith(f"{form.root.path}/meta/")


def _default_class(form: Form, field: Field) -> records.Disclosure:
    if field.path.startswith(f"{form.root.path}/meta/") and field.name in _META_OPEN:
        return records.Disclosure.OPEN
    by_what_it_is = field.path.rpartition("/")[2] in _ENTITY_OPEN
    if _is_made(form, field) and (field.calculate or by_what_it_is):
        # As open as what it is computed from, which is added afterwards.
        return records.Disclosure.OPEN
    return records.Disclosure.DIRECT


def declassified(field: Field) -> bool:
    """Tell whether the author says, with a reason, that a computed value identifies nobody."""
    declared = declared_class(field)
    return bool(field.extra.get("cairn:declassify", "").strip()) and declared not in (
        None,
        records.Disclosure.DIRECT,
    )


def _touches(path: str, direct: set[str]) -> bool:
    """Tell whether reading a path (a leaf or a whole group) reads a direct field."""
    return path in direct or any(one.startswith(path + "/") for one in direct)


def _computed_reads(form: Form, program: Program) -> dict[str, set[str]]:
    """Return, for each computed field, the paths its value is made of."""
    reads: dict[str, set[str]] = {}

    def add(target: str, expression: str) -> None:
        if not expression:
            return
        found = reads.setdefault(target, set())
        found.update(reference.path for reference in program.references(expression, target))
        found.update(_label_reads(form, program, expression, target))

    for field in form.fields.values():
        add(field.path, field.calculate)
    for action in form.actions:
        if action.target in form.fields:
            add(action.target, action.value)
    return {
        target: {p for p in paths if not _is_structure(form, p)} for target, paths in reads.items()
    }


def _is_structure(form: Form, path: str) -> bool:
    """Counting or placing repeat instances reads no answer."""
    field = form.fields.get(path)
    return field is None or field.shape is Shape.REPEAT


def _label_reads(form: Form, program: Program, expression: str, target: str) -> set[str]:
    """Return what the texts that `jr:itext` copies into data show."""
    if "jr:itext" not in expression:
        return set()
    found: set[str] = set()
    for translation in form.itext.values():
        for name, forms in translation.items():
            if name not in expression:
                continue
            for pieces in forms.values():
                for piece in pieces:
                    if isinstance(piece, Output):
                        found |= {r.path for r in program.references(piece.expression, target)}
    return found


# ---- publishing


def publishing_problems(
    form: Form, rows: Mapping[str, tuple[int, ...]] | None = None
) -> list[Problem]:
    """Return what keeps a form from being published: no basis, unclassified fields, bad words."""
    problems = _settings_problems(form)
    for field in form.fields.values():
        if field.shape is not Shape.VALUE or _is_made(form, field):
            continue
        problem = _class_problem(field)
        if problem is not None:
            where = (rows or {}).get(field.name, ())
            row = where[0] if len(where) == 1 else 0
            problems.append(
                Problem("survey", row, problem[0], problem[1], problem[2], field=field.path)
            )
    return problems


def _settings_problems(form: Form) -> list[Problem]:
    problems: list[Problem] = []
    if not form.basis:
        problems.append(
            Problem(
                "settings",
                2,
                "cairn_basis",
                "the form does not say on which basis it may be asked",
                "Write consent, key_informant or observation",
            )
        )
    if not form.purposes:
        problems.append(
            Problem(
                "settings",
                2,
                "cairn_purposes",
                "the form names no purpose",
                "Write the purposes the answers may serve, separated by spaces",
            )
        )
    if form.basis == "consent" and consent_path(form) is None:
        problems.append(
            Problem(
                "settings",
                2,
                "cairn_consent",
                f"the consent group {form.consent_group!r} is not in the form"
                if form.consent_group
                else "the form asks on consent and names no consent group",
                "Write the name of the group that asks for consent",
            )
        )
    return problems


def consent_path(form: Form) -> str | None:
    """Return the form path of the consent group, or None."""
    wanted = form.consent_group.rpartition("/")[2]
    if not wanted:
        return None
    for field in form.fields.values():
        if field.shape is not Shape.VALUE and field.name == wanted:
            return field.path
    return None


def _class_problem(field: Field) -> tuple[str, str, str] | None:
    """Return (column, what, instead) or None."""
    known = ", ".join(records.Disclosure)
    try:
        declared = declared_class(field)
    except FormError:
        word = field.extra["cairn:disclosure"]
        return "bind::cairn:disclosure", f"{word!r} is no disclosure class", f"Use {known}"
    if declared is None:
        return (
            "bind::cairn:disclosure",
            f"{field.name} has no disclosure class",
            f"Write one of {known}",
        )
    if field.extra.get("cairn:declassify") and not field.calculate:
        return (
            "bind::cairn:declassify",
            f"{field.name} is declassified but not computed",
            "Give its class in bind::cairn:disclosure alone",
        )
    return None
