"""XML bytes -> `Node`, by expat, within limits and without entities.

`data` mode drops comments, instructions and the white space between elements and keeps a leaf's
text on the leaf: what forms and instances need. `document` mode keeps every node.
"""

from typing import Final
from xml.parsers import expat

from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.xpath.node import XML_NAMESPACE, Kind, Node

_SEPARATOR: Final = "\x1f"
_MIXED: Final = frozenset({"label", "hint", "value"})
"""Elements in whose texts a space between two outputs counts."""


class _Builder:
    """Receives expat's events; one instance per document."""

    def __init__(self, *, document: bool) -> None:
        self.top = Node(Kind.DOCUMENT, "#document")
        self._here = self.top
        self._document = document
        self._texts: list[str] = []
        self._text_name = "#text"
        self._count = 0
        self._depth = 0
        self._declared: dict[str, str] = {}

    def start(self, name: str, attributes: list[str]) -> None:
        self._flush(closing=False)
        self._count += 1
        self._depth += 1
        if self._count > limits.XFORM_NODES_MAX:
            raise LimitExceeded(f"the document has more than {limits.XFORM_NODES_MAX} elements")
        if self._depth > limits.XFORM_DEPTH_MAX:
            raise LimitExceeded(f"elements nest deeper than {limits.XFORM_DEPTH_MAX}")
        uri, local, prefix = _split(name)
        element = Node(Kind.ELEMENT, local, uri=uri, prefix=prefix)
        if self._declared:
            element.namespaces = self._declared
            self._declared = {}
        for at in range(0, len(attributes), 2):
            uri, local, prefix = _split(attributes[at])
            element.set_attribute(local, attributes[at + 1], uri=uri, prefix=prefix)
        self._here.append(element)
        self._here = element

    def end(self, _name: str) -> None:
        self._flush(closing=True)
        self._depth -= 1
        parent = self._here.parent
        assert parent is not None
        self._here = parent

    def characters(self, data: str) -> None:
        self._texts.append(data)

    def cdata(self) -> None:
        if not self._texts:
            self._text_name = "#cdata-section"

    def comment(self, data: str) -> None:
        if self._document:
            self._flush(closing=False)
            self._here.append(Node(Kind.COMMENT, "#comment", data))

    def instruction(self, target: str, data: str) -> None:
        if self._document:
            self._flush(closing=False)
            self._here.append(Node(Kind.INSTRUCTION, target, data))

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _flush(self, *, closing: bool) -> None:
        """Turn gathered characters into a leaf's text or a text node."""
        if not self._texts:
            return
        text = "".join(self._texts)
        self._texts.clear()
        here = self._here
        if here is self.top:
            return
        if self._document:
            here.append(Node(Kind.TEXT, self._text_name, text))
            self._text_name = "#text"
        elif closing and not here.kids:
            here.text = text
        elif text.strip() or here.name in _MIXED:
            here.append(Node(Kind.TEXT, "#text", text))


def _split(name: str) -> tuple[str, str, str]:
    """Return (namespace, local name, prefix) of an expat triplet."""
    parts = name.split(_SEPARATOR)
    if len(parts) == 1:
        return "", parts[0], ""
    prefix = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - expat gives two or three parts
    return parts[0], parts[1], prefix or ("xml" if parts[0] == XML_NAMESPACE else "")


def parse_xml(source: bytes | str, *, document: bool = False, what: str = "the XML") -> Node:
    """Return the document node of `source`.

    Raises:
        FormError: malformed, or it declares entities.
        LimitExceeded: larger or deeper than shared/limits.py allows.
    """
    try:
        data = source.encode() if isinstance(source, str) else source
    except UnicodeEncodeError as error:
        raise FormError(f"{what} holds half a character at {error.start + 1}") from error
    if len(data) > limits.XFORM_BYTES_MAX:
        raise LimitExceeded(f"{what} is larger than {limits.XFORM_BYTES_MAX} bytes")
    encoding = "utf-8" if isinstance(source, str) else None
    parser = expat.ParserCreate(encoding, _SEPARATOR)
    builder = _Builder(document=document)
    parser.namespace_prefixes = True
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.CommentHandler = builder.comment
    parser.ProcessingInstructionHandler = builder.instruction
    if document:
        parser.StartCdataSectionHandler = builder.cdata
    parser.StartNamespaceDeclHandler = builder.namespace
    parser.EntityDeclHandler = _refuse_entity
    parser.StartDoctypeDeclHandler = _refuse_subset
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise FormError(
            f"{what} is not well-formed: {expat.ErrorString(error.code)}, "
            f"line {error.lineno}, column {error.offset + 1}"
        ) from error
    except ValueError as error:
        raise FormError(f"{what} names an unknown encoding: {error}") from error
    return builder.top


def _refuse_entity(name: str, *_details: object) -> None:
    raise FormError(f"the XML declares the entity {name!r}; write the text out instead")


def _refuse_subset(_name: str, system: str | None, _public: str | None, has_subset: int) -> None:
    if has_subset or (system and "://" in system):
        raise FormError("the XML has a document type definition; remove its <!DOCTYPE ...> line")
