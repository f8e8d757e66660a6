"""Nodes -> XML text, declaring namespaces where they are first used."""

from xml.sax.saxutils import escape, quoteattr

from shared.forms.xpath.node import XML_NAMESPACE, Kind, Node


def write_node(node: Node, *, declared: dict[str, str] | None = None) -> str:
    """Return an element as XML; `declared` are the prefixes already in force."""
    out: list[str] = []
    # An entry is text to write, or a node with the namespaces in force where it stands.
    stack: list[str | tuple[Node, dict[str, str]]] = [(node, declared or {})]
    while stack:
        entry = stack.pop()
        if isinstance(entry, str):
            out.append(entry)
            continue
        element, scope = entry
        if element.kind is Kind.TEXT:
            out.append(escape(element.text))
            continue
        if element.kind is not Kind.ELEMENT:
            continue
        tag = f"{element.prefix}:{element.name}" if element.prefix else element.name
        inner = dict(scope)
        out.append(f"<{tag}{_declarations(element, inner)}{_attributes(element)}")
        if element.kids:
            out.append(">")
            stack.append(f"</{tag}>")
            stack.extend((kid, inner) for kid in reversed(element.kids))
        elif element.text:
            out.append(f">{escape(element.text)}</{tag}>")
        else:
            out.append("/>")
    return "".join(out)


def _declarations(element: Node, scope: dict[str, str]) -> str:
    """Return the xmlns attributes this element must carry, and put them in scope."""
    out = ""
    needed = [(element.prefix, element.uri)]
    needed += [(a.prefix, a.uri) for a in element.attributes if a.prefix]
    for prefix, uri in needed:
        if uri == XML_NAMESPACE or scope.get(prefix, "") == uri:
            continue
        scope[prefix] = uri
        out += f" xmlns:{prefix}={quoteattr(uri)}" if prefix else f" xmlns={quoteattr(uri)}"
    return out


def _attributes(element: Node) -> str:
    return "".join(
        f" {a.prefix + ':' if a.prefix else ''}{a.name}={quoteattr(a.text)}"
        for a in element.attributes
    )
