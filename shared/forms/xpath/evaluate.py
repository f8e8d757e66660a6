"""One expression on one document, as JSON in and JSON out: what `cairn xpath eval` answers.

For scripts and conformance checks; interviews do not come this way.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from shared.clock import RandomBytes
from shared.errors import LimitExceeded
from shared.forms.xpath.ast import Call, Expr, Path
from shared.forms.xpath.compiler import Compiler, Static
from shared.forms.xpath.context import NOWHERE, Context
from shared.forms.xpath.dates import DateValue
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.node import Kind, Node, Places, in_scope_namespaces, positional_path
from shared.forms.xpath.values import Value, to_boolean, to_number, to_text
from shared.forms.xpath.xmltree import parse_xml

STANDARD_NAMESPACES: Final = {
    "xhtml": "http://www.w3.org/1999/xhtml",
    "h": "http://www.w3.org/1999/xhtml",
    "jr": "http://openrosa.org/javarosa",
    "orx": "http://openrosa.org/xforms",
    "odk": "http://www.opendatakit.org/xforms",
    "enk": "http://enketo.org/xforms",
    "xsd": "http://www.w3.org/2001/XMLSchema",
}
TYPES: Final = ("string", "number", "boolean", "nodeset", "any")
_KIND_NAMES: Final = {
    Kind.DOCUMENT: "document",
    Kind.ELEMENT: "element",
    Kind.ATTRIBUTE: "attribute",
    Kind.TEXT: "text",
    Kind.COMMENT: "comment",
    Kind.INSTRUCTION: "processing-instruction",
    Kind.NAMESPACE: "namespace",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What to evaluate.

    Attributes:
        context: path by positions of the context node, `/` for the document.
        root: path by positions of what absolute paths start from; None finds it.
        language: for `jr:itext`.
    """

    expression: str
    xml: str | None = None
    context: str | None = None
    type: str = "any"
    namespaces: Mapping[str, str] = field(default_factory=dict)
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    zone: tzinfo = UTC
    root: str | None = None
    language: str = ""
    variables: Mapping[str, Value] = field(default_factory=dict)


def evaluate(question: Question, random_bytes: RandomBytes) -> Any:
    """Return the value as JSON data, in the type asked for.

    Raises:
        FormError: the expression cannot be read or evaluated.
    """
    if question.type not in TYPES:
        raise EvaluationError(f"the type is one of {', '.join(TYPES)}, not {question.type!r}")
    document = _document(question.xml)
    nowhere = question.context is None and question.xml is None
    node = NOWHERE if nowhere else _at(document, question.context or "/")
    try:
        return _evaluated(question, document, node, random_bytes)
    except RecursionError as error:
        raise LimitExceeded("the expression nests too deep") from error


def _evaluated(question: Question, document: Node, node: Node, random_bytes: RandomBytes) -> Any:
    compiler = Compiler(Static(namespaces=_namespaces(question, node)))
    tree = compiler.tree(question.expression)
    context = Context(
        now=question.now,
        zone=question.zone,
        random_bytes=random_bytes,
        instances=_instances(document),
    )
    context.root = _root(question, document, tree)
    context.current = node
    context.variables = question.variables
    context.language = question.language
    context.text = lambda name, _node: _plain(_itext(document, name, question.language))
    if question.type == "nodeset" and isinstance(tree, Call) and tree.name == "jr:itext":
        # A form reads an itext as text; a script may ask for the nodes it comes from.
        name = to_text(compiler.closure(tree.arguments[0])(context, node))
        return described(_itext(document, name, question.language))
    return _reply(compiler.closure(tree)(context, node), question)


def _document(xml: str | None) -> Node:
    if xml is None or not xml.strip():
        return Node(Kind.DOCUMENT, "#document")
    return parse_xml(xml.strip(), document=True)


def _at(document: Node, path: str) -> Node:
    """Return the node at a path by positions: `/*[1]/*[2]`, `/*[1]/text()[1]`, `/*[1]/@id`."""
    if path == "/":
        return document
    # A path by positions, as `positional_path` writes it.
    static = Static(namespaces=STANDARD_NAMESPACES)
    found = Compiler(static).compile(path)(Context(), document)
    if not isinstance(found, list) or not found:
        raise EvaluationError(f"the document has no node at {path}")
    return found[0]


def _namespaces(question: Question, node: Node) -> dict[str, str]:
    top = node.root()
    declared: dict[str, str] = {}
    stack = [top]
    while stack:
        here = stack.pop()
        for prefix, uri in (here.namespaces or {}).items():
            declared.setdefault(prefix, uri)
        stack.extend(here.kids)
    element = node if node.kind is Kind.ELEMENT else (node.parent or node)
    scope = in_scope_namespaces(element)
    known = {**STANDARD_NAMESPACES, **declared, **scope, **question.namespaces}
    known.pop("", None)
    return known


def _root(question: Question, document: Node, tree: Expr) -> Node:
    """Return what `/` means: the document, or the instance whose root the path names."""
    if question.root is not None:
        return _at(document, question.root)
    first = _first_name(tree)
    top = next(iter(document.elements()), None)
    if top is None or not first or top.name == first:
        return document
    for instance in _elements_named(document, "instance"):
        if instance.child(first) is not None:
            return instance
    return document


def _first_name(tree: Expr) -> str:
    """Return the first name of the first absolute path in an expression."""
    pending: list[Any] = [tree]
    while pending:
        part = pending.pop(0)
        if isinstance(part, Path) and part.absolute and part.steps:
            return part.steps[0].test.name if part.steps[0].axis == "child" else ""
        for name in getattr(part, "__slots__", ()):
            value = getattr(part, name)
            values = value if isinstance(value, tuple) else (value,)
            pending.extend(v for v in values if hasattr(v, "__slots__"))
    return ""


def _elements_named(document: Node, name: str) -> list[Node]:
    found: list[Node] = []
    stack = [document]
    while stack:
        node = stack.pop()
        if node.kind is Kind.ELEMENT and node.name == name:
            found.append(node)
        stack.extend(reversed(node.kids))
    return found


def _instances(document: Node) -> dict[str, Node]:
    """Return every `<instance id>` of a form or model, as `instance()` sees it."""
    found: dict[str, Node] = {}
    for element in _elements_named(document, "instance"):
        name = element.attribute("id")
        if name:
            found.setdefault(name, element)
    return found


def _itext(document: Node, name: str, language: str) -> list[Node]:
    """Return the values of a text in a language, else in the default one."""
    translations = _elements_named(document, "translation")
    chosen = [t for t in translations if t.attribute("lang") == language]
    chosen = chosen or [t for t in translations if _has(t, "default")] or translations
    for translation in chosen[:1]:
        for text in translation.children("text"):
            if text.attribute("id") == name:
                return list(text.children("value"))
    return []


def _has(node: Node, attribute: str) -> bool:
    return any(a.name == attribute for a in node.attributes)


def _plain(values: list[Node]) -> str | None:
    """Return the text among an itext's values: the one that is no image or sound."""
    plain = [value for value in values if not _has(value, "form")] or values
    return plain[0].value() if plain else None


# ---- replies


def _reply(value: Value, question: Question) -> Any:
    if question.type == "any":
        return _natural(value)
    if question.type == "string":
        return to_text(value)
    if question.type == "number":
        return json_number(to_number(value, question.zone))
    if question.type == "boolean":
        return to_boolean(value)
    if not isinstance(value, list):
        raise EvaluationError("the expression gives a value, not nodes")
    return described(value)


def _natural(value: Value) -> Any:
    if isinstance(value, list):
        return described(value)
    if isinstance(value, DateValue):
        if math.isnan(value.days):
            raise EvaluationError("the text is not a date; write it as 2026-03-31")
        return value.text
    if isinstance(value, float):
        return json_number(value)
    return value


def json_number(number: float) -> float | int | str:
    """Return a JSON number, or the name of one JSON has none for."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 and math.copysign(1, number) < 0:
        return "-0"
    return int(number) if number == int(number) and abs(number) < 1 << 53 else number


def described(nodes: list[Node]) -> list[dict[str, str]]:
    """Return nodes as {path, type, name, value}."""
    places = Places()
    return [
        {
            "path": positional_path(node, places),
            "type": _KIND_NAMES[node.kind],
            "name": f"{node.prefix}:{node.name}" if node.prefix else node.name,
            "value": node.value(),
        }
        for node in nodes
    ]
