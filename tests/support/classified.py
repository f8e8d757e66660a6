"""Gives a form that others wrote what Cairn asks of it: basis, purposes, and a class per field.

What a form author would do by hand, by kind and name: text, phones, names and positions are direct
identifiers, as is every file; choices, numbers, dates and what the form computes are quasi.

One fault is mended too: a note that is required on no condition ends every interview, in any
program, since nobody can answer it (the draft of REACH has one, in row 259).
"""

import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from shared.forms.xlsform import convert

_XFORMS: Final = "http://www.w3.org/2002/xforms"
_CAIRN: Final = "https://cairn.invalid/xforms"
_PREFIXES: Final = {
    "": _XFORMS,
    "h": "http://www.w3.org/1999/xhtml",
    "ev": "http://www.w3.org/2001/xml-events",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "jr": "http://openrosa.org/javarosa",
    "orx": "http://openrosa.org/xforms",
    "odk": "http://www.opendatakit.org/xforms",
    "cairn": _CAIRN,
}
_TELLING: Final = re.compile(r"name|phone|tel|email|address|gps|location", re.IGNORECASE)
_DIRECT_TYPES: Final = frozenset({"geopoint", "geotrace", "geoshape", "binary", "barcode"})


def classified(form: Path, form_id: str) -> bytes:
    """Return an XLSForm or XForm as an XForm that may be published.

    Args:
        form: the file as its authors published it.
        form_id: under what id; several published forms are all called `data`.
    """
    data = form.read_bytes()
    xform = data if form.suffix == ".xml" else convert(data).xform
    for prefix, uri in _PREFIXES.items():
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.fromstring(xform)
    model = _found(root, "model")
    primary = _found(model, "instance")[0]
    primary.set("id", form_id)
    primary.set(f"{{{_CAIRN}}}basis", "observation")
    primary.set(f"{{{_CAIRN}}}purposes", "statistics")
    chosen = {
        control.get("ref", "")
        for tag in ("select", "select1")
        for control in root.iter(f"{{{_XFORMS}}}{tag}")
    }
    asked = {control.get("ref", "") for control in root.iter(f"{{{_XFORMS}}}input")}
    binds = {bind.get("nodeset", ""): bind for bind in model.findall(f"{{{_XFORMS}}}bind")}
    for path in _leaves(primary, ""):
        bind = binds.get(path)
        if bind is None:
            bind = ElementTree.SubElement(model, f"{{{_XFORMS}}}bind", {"nodeset": path})
        word = _class(path, bind, is_choice=path in chosen, is_asked=path in asked)
        bind.set(f"{{{_CAIRN}}}disclosure", word)
        if bind.get("readonly") == "true()" and not (bind.get("relevant") or bind.get("calculate")):
            bind.attrib.pop("required", None)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _class(path: str, bind: ElementTree.Element, *, is_choice: bool, is_asked: bool) -> str:
    if is_choice:
        return "quasi"
    kind = bind.get("type", "string").rpartition(":")[2]
    if kind in _DIRECT_TYPES or (is_asked and _TELLING.search(path.rpartition("/")[2])):
        return "direct"
    return "direct" if is_asked and kind == "string" else "quasi"


def _found(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = next(parent.iter(f"{{{_XFORMS}}}{tag}"), None)
    assert found is not None, f"the form has no <{tag}>"
    return found


def _leaves(node: ElementTree.Element, above: str) -> dict[str, None]:
    """Return the paths of all leaves but those of the form's own bookkeeping, each once."""
    name = node.tag.rpartition("}")[2]
    path = f"{above}/{name}"
    if name == "meta" and above.count("/") == 1:
        return {}
    if not len(node):
        return {path: None}
    found: dict[str, None] = {}
    for kid in node:
        found |= _leaves(kid, path)
    return found
