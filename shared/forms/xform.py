"""XForm XML -> `Form`: the model half. The body is read in xform_body.py.

Reads ODK XForms, the dialect pyxform writes and older tools wrote, and Cairn's own attributes on
binds and model. Everything a form author can get wrong is a FormError that says what to change.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Final

from shared.errors import FormError
from shared.forms.definition import (
    CAIRN_NAMESPACE,
    Field,
    Form,
    Label,
    Secondary,
    Shape,
)
from shared.forms.xform_body import BodyReader, read_actions
from shared.forms.xform_secondary import read_secondary
from shared.forms.xform_texts import read_itext
from shared.forms.xmlwriter import write_node
from shared.forms.xpath.node import Node
from shared.forms.xpath.xmltree import parse_xml

JAVAROSA: Final = "http://openrosa.org/javarosa"
_PREFIXES: Final = {
    CAIRN_NAMESPACE: "cairn",
    JAVAROSA: "jr",
    "http://openrosa.org/xforms": "orx",
    "http://www.opendatakit.org/xforms": "odk",
    "http://www.opendatakit.org/xforms/entities": "entities",
}
_ITEMSETS: Final = "jr://file-csv/itemsets.csv"
"""Where pyxform puts the external_choices sheet."""
_ENTITIES_YEAR: Final = 2025
_BIND_EXPRESSIONS: Final = ("relevant", "required", "readonly", "constraint", "calculate")


def read_form(xform: bytes) -> Form:
    """Return the form an XForm document defines.

    Raises:
        FormError: malformed or not an XForm; the message says what to change.
        LimitExceeded: too large or nested too deep.
    """
    document = parse_xml(xform, what="the form")
    html = _only(document, "the form is empty")
    head, body = html.child("head"), html.child("body")
    model = head.child("model") if head is not None else html.child("model")
    if model is None:
        raise FormError("this is not an XForm: <h:head> holds no <model>")
    title = head.child("title") if head is not None else None
    return _Reader(model, body, "" if title is None else title.value()).form(
        hashlib.sha256(xform).hexdigest()
    )


def _only(node: Node, message: str) -> Node:
    for kid in node.elements():
        return kid
    raise FormError(message)


def qualified(attribute: Node) -> str:
    """Return an attribute's name with its usual prefix, whatever prefix the form declares."""
    usual = _PREFIXES.get(attribute.uri)
    if usual:
        return f"{usual}:{attribute.name}"
    return f"{attribute.prefix}:{attribute.name}" if attribute.prefix else attribute.name


class _Reader:
    """Reads one model; holds what later parts need of earlier ones."""

    def __init__(self, model: Node, body: Node | None, title: str) -> None:
        self._model = model
        self._body = body
        self._title = title.strip()
        instances = model.children("instance")
        if not instances:
            raise FormError("the form has no primary <instance>")
        self._primary = _only(instances[0], "the primary <instance> is empty")
        self._secondary = instances[1:]
        self._warnings: list[str] = []

    def form(self, digest: str) -> Form:
        root = self._primary
        bind_ids = {
            bind.attribute("id"): bind.attribute("nodeset")
            for bind in self._model.children("bind")
            if bind.attribute("id")
        }
        reader = BodyReader(f"/{root.name}", bind_ids)
        controls = reader.read(self._body)
        fields = _Fields(root, reader.repeats).read()
        self._apply_binds(fields)
        languages, default, itext = read_itext(self._model)
        extra = {qualified(a): a.text for a in (*root.attributes, *self._model.attributes)}
        extra.pop("id", None)
        _check_entities_version(extra.get("entities:entities-version", ""))
        return Form(
            id=root.attribute("id") or root.uri or root.name,
            version=root.attribute("version"),
            title=self._title or root.attribute("name") or root.name,
            hash=digest,
            fields=fields,
            controls=controls,
            instance_xml=write_node(root),
            languages=languages,
            default_language=default,
            itext=itext,
            instances={
                **{name: Secondary(name, _ITEMSETS) for name in reader.external},
                **{i.id: i for i in map(read_secondary, self._secondary)},
            },
            actions=(*read_actions(self._model, f"/{root.name}", "", bind_ids), *reader.actions),
            namespaces=self._namespaces(),
            basis=extra.get("cairn:basis", ""),
            purposes=tuple(extra.get("cairn:purposes", "").split()),
            consent_group=extra.get("cairn:consent", ""),
            settings=self._settings(extra),
            warnings=tuple(self._warnings),
        )

    def _namespaces(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        node: Node | None = self._primary
        while node is not None:
            for prefix, uri in (node.namespaces or {}).items():
                if prefix:
                    found.setdefault(prefix, uri)
            node = node.parent
        return found

    def _settings(self, extra: Mapping[str, str]) -> Mapping[str, str]:
        settings = dict(extra)
        submission = self._model.child("submission")
        if submission is not None:
            for attribute in submission.attributes:
                settings[f"submission:{qualified(attribute)}"] = attribute.text
        if self._body is not None and (style := self._body.attribute("class")):
            settings["style"] = style
        return settings

    def _apply_binds(self, fields: dict[str, Field]) -> None:
        for bind in self._model.children("bind"):
            path = _absolute(bind.attribute("nodeset") or bind.attribute("ref"), self._primary.name)
            field = fields.get(path)
            if field is None:
                if "@" in path:
                    # Entities bind attributes such as meta/entity/@id: kept under their own path.
                    owner = fields.get(path.partition("/@")[0])
                    if owner is not None:
                        name = path.rpartition("/")[2]
                        fields[path] = _bound(Field(path=path, name=name, shape=Shape.VALUE), bind)
                        continue
                self._warnings.append(
                    f"a <bind> names {path!r}, which is not in the primary instance; "
                    "remove the bind or add the node"
                )
                continue
            fields[path] = _bound(field, bind)


class _Fields:
    """Walks the primary instance into fields; several nodes of one path are one field."""

    def __init__(self, root: Node, repeats: frozenset[str] | set[str]) -> None:
        self._root = root
        self._repeats = set(repeats)
        self._children: dict[str, dict[str, None]] = {}
        self._nodes: dict[str, Node] = {}

    def read(self) -> dict[str, Field]:
        stack = [(self._root, f"/{self._root.name}")]
        while stack:
            node, path = stack.pop()
            known = self._nodes.setdefault(path, node)
            if known is not node and not known.kids and node.kids:
                self._nodes[path] = node
            children = self._children.setdefault(path, {})
            below = [(kid, f"{path}/{kid.name}") for kid in node.elements()]
            children.update(dict.fromkeys(child for _, child in below))
            self._note_fixed(below)
            stack.extend(reversed(below))
        return self._in_form_order()

    def _note_fixed(self, below: list[tuple[Node, str]]) -> None:
        """Several groups of one name without a <repeat> are a repeat nobody can add to."""
        counts = Counter(child for kid, child in below if kid.kids)
        self._repeats.update(child for child, count in counts.items() if count > 1)

    def _in_form_order(self) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        stack = [f"/{self._root.name}"]
        while stack:
            path = stack.pop()
            node = self._nodes[path]
            children = tuple(self._children[path])
            stack.extend(reversed(children))
            shape = Shape.GROUP if children else Shape.VALUE
            if path in self._repeats:
                shape = Shape.REPEAT
            fields[path] = Field(
                path=path,
                name=node.name,
                shape=shape,
                children=children,
                prefix=node.prefix,
                uri=node.uri,
                default="" if children else node.text,
            )
            _check_unbound_repeat(path, node)
        missing = [repeat for repeat in self._repeats if repeat not in fields]
        if missing:
            raise FormError(
                f"the <repeat> {missing[0]!r} is not in the primary instance; add the node"
            )
        return fields


def _check_unbound_repeat(path: str, node: Node) -> None:
    if node.attribute("template", uri=JAVAROSA) and not node.kids:
        raise FormError(f"the repeat template {path!r} is empty; put its questions in it")


def _absolute(path: str, root: str) -> str:
    path = "/".join(_unprefixed(step) for step in path.strip().split("/"))
    if path.startswith("/"):
        return path
    return f"/{root}" if path in ("", ".") else f"/{root}/{path.removeprefix('./')}"


def _unprefixed(step: str) -> str:
    """Names are told apart by their local part; an attribute keeps its mark."""
    mark = "@" if step.startswith("@") else ""
    return mark + step.removeprefix("@").rpartition(":")[2]


def _bound(field: Field, bind: Node) -> Field:
    """Return the field with what its bind says."""
    known: dict[str, str] = {}
    extra: dict[str, str] = dict(field.extra)
    for attribute in bind.attributes:
        if attribute.name in ("nodeset", "ref", "id") and not attribute.uri:
            continue
        if not attribute.uri and attribute.name in (*_BIND_EXPRESSIONS, "type"):
            known[attribute.name] = attribute.text.strip()
        else:
            extra[qualified(attribute)] = attribute.text
    preload = (extra.pop("jr:preload", ""), extra.pop("jr:preloadParams", ""))
    return Field(
        path=field.path,
        name=field.name,
        shape=field.shape,
        children=field.children,
        prefix=field.prefix,
        uri=field.uri,
        type=known.get("type", field.type).rpartition(":")[2] or "string",
        default=field.default,
        relevant=known.get("relevant", field.relevant),
        required=known.get("required", field.required),
        readonly=known.get("readonly", field.readonly),
        constraint=known.get("constraint", field.constraint),
        calculate=known.get("calculate", field.calculate),
        required_message=_message(extra.pop("jr:requiredMsg", "")) or field.required_message,
        constraint_message=_message(extra.pop("jr:constraintMsg", "")) or field.constraint_message,
        preload=preload if preload[0] else field.preload,
        extra=extra,
    )


def _check_entities_version(version: str) -> None:
    """Refuse entities newer than what is known here: half understood, they would do harm."""
    year = version.partition(".")[0]
    if version and not (year.isdecimal() and int(year) <= _ENTITIES_YEAR):
        raise FormError(
            f"the form's entities-version is {version}; Cairn reads those up to "
            f"{_ENTITIES_YEAR}.1: convert the form with an older pyxform or update Cairn"
        )


def _message(text: str) -> Label | None:
    if not text:
        return None
    if text.strip().startswith("jr:itext("):
        return Label(reference=text.strip())
    return Label(pieces=(text,))
