"""A form as data: frozen, without behaviour, the same on phone and server.

`shared/forms/xform.py` makes one from an XForm; `shared/forms/cache.py` keeps one in a file that
loads fast. Expressions stay text here; shared/forms/program.py compiles them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

CAIRN_NAMESPACE: Final = "https://cairn.invalid/xforms"


class Shape(StrEnum):
    """What a field is in the answer tree."""

    VALUE = "value"
    GROUP = "group"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Output:
    """An expression shown inside a text."""

    expression: str


Pieces: TypeAlias = tuple[str | Output, ...]
"""A text with outputs in it."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text of the form: written in place, or an expression such as `jr:itext('id')`."""

    pieces: Pieces = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One node of the primary instance with everything its bind says.

    Attributes:
        path: `/data/member/age`, without positions.
        name: the last step; `prefix` and `uri` where it is in a namespace of its own.
        type: the bind type without prefix, e.g. `int`, `dateTime`; `string` when absent.
        default: the text in the form's own instance.
        relevant, required, readonly, constraint, calculate: expressions, "" when absent.
        preload: (jr:preload, jr:preloadParams).
        attributes: attributes of the node itself, as (qualified name, text).
        extra: the bind's other attributes, e.g. `cairn:disclosure`, `entities:saveto`.
    """

    path: str
    name: str
    shape: Shape
    children: tuple[str, ...] = ()
    prefix: str = ""
    uri: str = ""
    type: str = "string"
    default: str = ""
    relevant: str = ""
    required: str = ""
    readonly: str = ""
    constraint: str = ""
    calculate: str = ""
    required_message: Label | None = None
    constraint_message: Label | None = None
    preload: tuple[str, str] = ("", "")
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """A choice written in the form's body."""

    value: str
    label: Label


@dataclass(frozen=True, slots=True)
class Itemset:
    """Choices taken from nodes: where they are, and what of each is value and label."""

    nodeset: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something done on an event.

    Attributes:
        kind: setvalue, setgeopoint or recordaudio.
        target: form path of the node it writes.
        source: form path of the control or repeat it is nested in; "" at model level.
    """

    kind: str
    events: tuple[str, ...]
    target: str
    source: str = ""
    value: str = ""
    text: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """One element of the body.

    Attributes:
        kind: input, select1, select, rank, upload, trigger, range, group or repeat.
        ref: form path it is bound to; "" for a group that only groups.
        count: jr:count of a repeat; fixed: jr:noAddRemove.
        attributes: everything else on the element, by qualified name.
    """

    kind: str
    ref: str
    label: Label | None = None
    hint: Label | None = None
    appearance: str = ""
    items: tuple[Item, ...] = ()
    itemset: Itemset | None = None
    children: "tuple[Control, ...]" = ()
    count: str = ""
    fixed: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Secondary:
    """A secondary instance: inline rows or XML, or a file that comes with the form.

    Attributes:
        source: `jr://file/...` for an external one, "" for an inline one.
        table: root name, item name and columns, when every item has the same leaves.
        xml: the content otherwise.
    """

    id: str
    source: str = ""
    table: "tuple[str, str, Mapping[str, Sequence[str]]] | None" = None
    xml: str = ""


Translation: TypeAlias = Mapping[str, Mapping[str, Pieces]]
"""Text id -> form (`` for plain, `short`, `guidance`, `image`, `audio`, `video`) -> pieces."""


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a form, ready to be asked.

    Attributes:
        id, version: as on the primary instance's root.
        hash: SHA-256 of the XForm bytes, in hex: the form's name in the cache and in records.
        languages: in form order; default_language is one of them, or "" without translations.
        basis, purposes, consent_group: Cairn's settings, "" and () when not given.
        instance_xml: the primary instance as the form ships it, with repeat templates.
        fields: path -> field, in form order; the first is the root.
        controls: the body.
        settings: submission and other form-wide attributes.
        warnings: what the XForm says that means nothing, for its author.
    """

    id: str
    version: str
    title: str
    hash: str
    fields: Mapping[str, Field]
    controls: tuple[Control, ...]
    instance_xml: str
    languages: tuple[str, ...] = ()
    default_language: str = ""
    itext: Mapping[str, Translation] = field(default_factory=dict)
    instances: Mapping[str, Secondary] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    namespaces: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    purposes: tuple[str, ...] = ()
    consent_group: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def root(self) -> Field:
        """The field of the primary instance's root element."""
        return next(iter(self.fields.values()))

    @property
    def repeats(self) -> frozenset[str]:
        """Paths of all repeats."""
        return frozenset(f.path for f in self.fields.values() if f.shape is Shape.REPEAT)
