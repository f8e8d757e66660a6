"""Values the device knows and nobody is asked: identifiers, times, properties."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from shared.clock import RandomBytes
from shared.forms.definition import Field, Form, Shape
from shared.forms.instance import Tree
from shared.forms.xpath.dates import moment_text

PROPERTIES: Final = (
    "deviceid",
    "email",
    "phonenumber",
    "username",
    "subscriberid",
    "simserial",
    "phone number",
    "uri:deviceid",
    "uri:email",
    "uri:phonenumber",
    "uri:username",
)


def new_instance_id(random_bytes: RandomBytes) -> str:
    """Return `uuid:` and a version 4 UUID."""
    octets = bytearray(random_bytes(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "uuid:" + "-".join(parts)


def apply_start(
    tree: Tree,
    *,
    now: datetime,
    zone: tzinfo,
    random_bytes: RandomBytes,
    properties: Mapping[str, str],
) -> None:
    """Fill what is known when an interview starts."""
    for field in preloaded(tree.form):
        node = tree.singles.get(field.path)
        if node is None:
            continue
        kind, parameter = field.preload
        if kind == "uid" or (not kind and field.name == "instanceID"):
            node.text = new_instance_id(random_bytes)
        elif kind == "timestamp" and parameter == "start":
            node.text = moment_text(now.astimezone(zone))
        elif kind == "date" and parameter == "today":
            node.text = now.astimezone(zone).date().isoformat()
        elif kind == "property":
            node.text = properties.get(parameter.strip(), node.text)


def apply_end(tree: Tree, *, now: datetime, zone: tzinfo) -> list[str]:
    """Fill the time an interview ends; return the paths written."""
    written: list[str] = []
    for field in preloaded(tree.form):
        node = tree.singles.get(field.path)
        if node is not None and field.preload == ("timestamp", "end"):
            node.text = moment_text(now.astimezone(zone))
            written.append(field.path)
    return written


def apply_edit(tree: Tree, random_bytes: RandomBytes) -> list[str]:
    """Move meta/instanceID to deprecatedID and make a new one; return the paths written."""
    meta = f"{tree.form.root.path}/meta"
    current = tree.singles.get(f"{meta}/instanceID")
    if current is None or not current.text:
        return []
    written = [f"{meta}/instanceID"]
    deprecated = tree.singles.get(f"{meta}/deprecatedID")
    if deprecated is None:
        deprecated = tree.add_meta("deprecatedID")
    deprecated.text = current.text
    current.text = new_instance_id(random_bytes)
    return [*written, f"{meta}/deprecatedID"]


def preloaded(form: Form) -> list[Field]:
    """Return the fields filled by the device."""
    return [
        field
        for field in form.fields.values()
        if field.shape is Shape.VALUE
        and "@" not in field.path
        and (field.preload[0] or is_instance_id(form, field))
    ]


def is_instance_id(form: Form, field: Field) -> bool:
    """Tell whether a field is `meta/instanceID`."""
    return field.name == "instanceID" and field.path == f"{form.root.path}/meta/instanceID"
