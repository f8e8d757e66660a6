"""XForm XML -> `Form`: the body's controls, and actions wherever they stand."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.errors import FormError
from shared.forms.definition import Action, Control, Item, Itemset, Label, Output
from shared.forms.xmlwriter import write_node
from shared.forms.xpath.node import Kind, Node

_CONTROLS: Final = {
    "input": "input",
    "secret": "input",
    "textarea": "input",
    "select1": "select1",
    "select": "select",
    "rank": "rank",
    "upload": "upload",
    "trigger": "trigger",
    "range": "range",
    "group": "group",
    "repeat": "repeat",
}
_QUERY: Final = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)/root/item(.*)", re.DOTALL)
_SEARCH: Final = re.compile(r"\bsearch\s*\(\s*['\"]?([^'\",)]*)")
_PARTS: Final = frozenset(
    {"label", "hint", "help", "alert", "item", "itemset", "value", "output", "extension"}
)
_ACTIONS: Final = frozenset({"setvalue", "setgeopoint", "recordaudio"})
EVENTS: Final = {
    "xforms-ready": "odk-instance-first-load",
    "jr-insert": "odk-new-repeat",
}
"""Old names of events and what they are called now."""
KNOWN_EVENTS: Final = frozenset(
    {
        "odk-instance-first-load",
        "odk-instance-load",
        "odk-new-repeat",
        "xforms-value-changed",
        "xforms-revalidate",
    }
)
_ATTRIBUTES_READ: Final = frozenset(
    {"ref", "nodeset", "bind", "appearance", "count", "noAddRemove"}
)


class BodyReader:
    """Reads the body once; afterwards `repeats` and `actions` hold what it met."""

    def __init__(self, root_path: str, bind_ids: Mapping[str, str]) -> None:
        self._root = root_path
        self._bind_ids = bind_ids
        self.repeats: set[str] = set()
        self.external: dict[str, None] = {}
        self.actions: list[Action] = []

    def read(self, body: Node | None) -> tuple[Control, ...]:
        """Return the top-level controls."""
        return () if body is None else self._controls(body, self._root)

    def _controls(self, parent: Node, context: str) -> tuple[Control, ...]:
        found: list[Control] = []
        for element in parent.elements():
            kind = _CONTROLS.get(element.name)
            if kind is not None:
                found.append(self._control(element, kind, context))
            elif element.name not in _PARTS and element.name not in _ACTIONS:
                raise FormError(
                    f"the body holds <{element.name}>, which is not a question type Cairn knows"
                )
        return tuple(found)

    def _control(self, element: Node, kind: str, context: str) -> Control:
        ref = self._reference(element, kind, context)
        if kind == "repeat":
            self.repeats.add(ref)
        query = element.attribute("query").strip()
        if query and kind == "input":
            kind = "select1"
        _refuse_search(ref, element.attribute("appearance"))
        media = element.attribute("mediatype")
        if kind == "upload" and media and "/" not in media:
            raise FormError(f"{ref}: {media!r} is no media type; write e.g. image/*")
        self.actions.extend(read_actions(element, self._root, ref, self._bind_ids))
        children: tuple[Control, ...] = ()
        if kind in ("group", "repeat"):
            children = self._controls(element, ref or context)
        if kind == "group" and len(children) == 1 and _wraps(ref, children[0]):
            # pyxform and Collect put a group around each repeat to carry its label.
            label = _label(element.child("label"))
            return replace(children[0], label=label or children[0].label)
        return Control(
            kind=kind,
            ref=ref,
            label=_label(element.child("label")),
            hint=_label(element.child("hint")),
            appearance=_appearance(element, kind),
            items=_items(element),
            itemset=self._external(ref, query) if query else _itemset(element),
            children=children,
            count=element.attribute("count").strip(),
            fixed=element.attribute("noAddRemove").strip() in ("true()", "true"),
            attributes={
                (f"{a.prefix}:{a.name}" if a.prefix else a.name): a.text
                for a in element.attributes
                if a.name not in _ATTRIBUTES_READ
            },
        )

    def _external(self, ref: str, query: str) -> Itemset:
        """Return the choices of a `select_one_external`: rows of one list of itemsets.csv."""
        match = _QUERY.fullmatch(query)
        if match is None:
            raise FormError(
                f"{ref}: the query {query!r} is not of the kind instance('list')/root/item[...]; "
                "write select_one_from_file with a choice_filter"
            )
        name, rest = match[1], match[2]
        self.external[name] = None
        nodeset = f"instance('{name}')/root/item[list_name = '{name}']{rest}"
        return Itemset(nodeset, "name", "label")

    def _reference(self, element: Node, kind: str, context: str) -> str:
        ref = (element.attribute("nodeset") or element.attribute("ref")).strip()
        ref = ref or self._bind_ids.get(element.attribute("bind"), "")
        if not ref:
            if kind == "group":
                return ""
            raise FormError(f"a <{element.name}> has no ref; name the node it writes")
        return resolve(ref, context)


def _refuse_search(ref: str, appearance: str) -> None:
    if match := _SEARCH.search(appearance):
        raise FormError(
            f"{ref} has the appearance search(), which only old programs of ODK know; write "
            f"`select_one_from_file {match[1]}.csv` with a choice_filter instead"
        )


def _appearance(element: Node, kind: str) -> str:
    """Return the appearance words; `search` on a select is an old name of `autocomplete`."""
    words = element.attribute("appearance").split()
    if kind in ("select", "select1") and "search" in words and "autocomplete" not in words:
        words.append("autocomplete")
    return " ".join(words)


def _wraps(ref: str, child: Control) -> bool:
    return child.kind == "repeat" and ref in ("", child.ref) and child.label is None


def resolve(ref: str, context: str) -> str:
    """Return a plain path made absolute against `context`; positions are left out."""
    if ref.startswith("/"):
        parts: list[str] = []
    else:
        parts = context.strip("/").split("/")
    for step in ref.strip("/").split("/"):
        name = step.strip()
        if name == "..":
            parts = parts[:-1]
        elif name not in (".", "", "current()"):
            plain = name.partition("[")[0]
            mark = "@" if plain.startswith("@") else ""
            parts.append(mark + plain.removeprefix("@").rpartition(":")[2])
    return "/" + "/".join(parts)


def _label(element: Node | None) -> Label | None:
    if element is None:
        return None
    reference = element.attribute("ref").strip()
    if reference:
        return Label(reference=reference)
    if not element.kids:
        return Label(pieces=(element.text,) if element.text else ())
    pieces: list[str | Output] = []
    for kid in element.kids:
        if kid.kind is Kind.TEXT:
            pieces.append(kid.text)
        elif kid.name == "output":
            pieces.append(Output((kid.attribute("value") or kid.attribute("ref")).strip()))
        else:
            pieces.append(write_node(kid))
    return Label(pieces=tuple(pieces))


def _items(element: Node) -> tuple[Item, ...]:
    items: list[Item] = []
    for item in element.children("item"):
        value = item.child("value")
        if value is None:
            raise FormError("an <item> has no <value>; every choice needs a name")
        items.append(Item(value.value().strip(), _label(item.child("label")) or Label()))
    return tuple(items)


def _itemset(element: Node) -> Itemset | None:
    itemset = element.child("itemset")
    if itemset is None:
        return None
    value, label = itemset.child("value"), itemset.child("label")
    if value is None:
        raise FormError("an <itemset> has no <value>; name the child that holds the choice name")
    value_ref = value.attribute("ref").strip()
    label_ref = label.attribute("ref").strip() if label is not None else value_ref
    return Itemset(itemset.attribute("nodeset").strip(), value_ref, label_ref)


def read_actions(
    parent: Node, root_path: str, source: str, bind_ids: Mapping[str, str]
) -> list[Action]:
    """Return the actions directly under a model, control or repeat.

    Old forms name the target by its bind's id; `bind_ids` are those with their paths.

    Raises:
        FormError: an event or a target the form does not have.
    """
    actions: list[Action] = []
    for element in parent.elements():
        if element.name not in _ACTIONS:
            continue
        events = tuple(EVENTS.get(e, e) for e in element.attribute("event").split())
        unknown = [event for event in events if event not in KNOWN_EVENTS]
        if unknown or not events:
            raise FormError(
                f"<{element.name}> waits for {' '.join(unknown) or 'no event'}; "
                f"use one of {', '.join(sorted(KNOWN_EVENTS))}"
            )
        ref = element.attribute("ref").strip() or bind_ids.get(element.attribute("bind"), "")
        if not ref:
            raise FormError(f"<{element.name}> has no ref; name the node it writes")
        actions.append(
            Action(
                kind=element.name,
                events=events,
                target=resolve(ref, source or root_path),
                source=source,
                value=element.attribute("value").strip(),
                text=element.value(),
                reference=ref,
            )
        )
    return actions
