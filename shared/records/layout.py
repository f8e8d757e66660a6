"""Where each field of a form stands in a patch's encoding: derived once per codebook, then reused.

A patch writes values by position, so both ends must derive the same positions (SEAL-070). Fields
with few possible answers (selects, booleans) are coded as digits of one mixed-radix number; the
others are a digit that says whether they are written, and a value. The layout check travels with
every record, so a form read differently by another version of the program is refused, not misread.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final

from shared.canonical import encode
from shared.errors import EncodingInvalid
from shared.records.cells import Cell, cell_of, is_coded
from shared.records.codebook import Codebook, Disclosure, Field, Scope
from shared.records.words import dictionary
from shared.sealing.labels import label

LAYOUT_CHECK_BYTES: Final = 2
_LAYOUTS_MAX: Final = 512


class Half(IntEnum):
    """Which of a record's two halves a layout is for."""

    BODY = 1
    IDENTITY = 2


@dataclass(frozen=True, slots=True)
class ScopeLayout:
    """One scope's cells in form order, and the repeats inside it."""

    suffix: str
    cells: tuple[Cell, ...]
    repeats: tuple["ScopeLayout", ...]
    codes_bytes_max: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One half of a form: its root scope, and where each form path leads.

    Attributes:
        fields: form path -> (repeat positions from the root, cell position).
        scopes: form path of a repeat -> repeat positions from the root, its own last.
        elsewhere: form paths of the fields in the other half.
    """

    root_path: str
    root: ScopeLayout
    fields: dict[str, tuple[tuple[int, ...], int]]
    scopes: dict[str, tuple[int, ...]]
    elsewhere: frozenset[str]


@dataclass(frozen=True, slots=True)
class FormLayout:
    """Both halves of a form and the check of how they were derived."""

    codebook: Codebook
    halves: dict[Half, Layout]
    check: bytes
    dictionary: bytes = field(repr=False)


_layouts: dict[int, FormLayout] = {}


def layout_of(codebook: Codebook) -> FormLayout:
    """Return the codebook's layout, from memory where it was asked for before.

    Looked up by identity: hashing a codebook would cost more than decoding a record.
    """
    known = _layouts.get(id(codebook))
    if known is not None and known.codebook is codebook:
        return known
    if len(_layouts) >= _LAYOUTS_MAX:
        _layouts.clear()
    made = FormLayout(
        codebook,
        {half: _half(codebook, half) for half in Half},
        layout_check(codebook),
        form_dictionary(codebook),
    )
    _layouts[id(codebook)] = made
    return made


def layout_check(codebook: Codebook) -> bytes:
    """Return 2 bytes that differ when a form is read into other positions (SEAL-061)."""
    scopes = [
        [scope.path, [[f.path, f.kind, _is_direct(f), f.choices] for f in scope.fields]]
        for scope in codebook.scopes()
    ]
    digest = sha256(label("layout") + encode([codebook.purposes, scopes])).digest()
    return digest[:LAYOUT_CHECK_BYTES]


def form_dictionary(codebook: Codebook) -> bytes:
    """Return the preset dictionary for DEFLATE: made from the form alone (SEAL-071)."""
    return dictionary(
        name for item in codebook.fields() if not is_coded(item) for name in item.choices
    )


def _is_direct(item: Field) -> bool:
    return item.disclosure is Disclosure.DIRECT


def _half(codebook: Codebook, half: Half) -> Layout:
    elsewhere = frozenset(
        item.path for item in codebook.fields() if _is_direct(item) is (half is Half.BODY)
    )
    layout = Layout(codebook.root.path, _scope(codebook.root, "", half), {}, {}, elsewhere)
    _index(codebook.root, (), half, layout)
    return layout


def _index(scope: Scope, way: tuple[int, ...], half: Half, layout: Layout) -> None:
    for position, item in enumerate(_fields(scope, half)):
        layout.fields[item.path] = (way, position)
    for position, repeat in enumerate(scope.repeats):
        layout.scopes[repeat.path] = (*way, position)
        _index(repeat, (*way, position), half, layout)


def _fields(scope: Scope, half: Half) -> list[Field]:
    return [f for f in scope.fields if _is_direct(f) is (half is Half.IDENTITY)]


def _scope(scope: Scope, parent_path: str, half: Half) -> ScopeLayout:
    cells = tuple(cell_of(item, _below(item.path, scope.path)) for item in _fields(scope, half))
    product = 1
    for cell in cells:
        product *= cell.radix
    return ScopeLayout(
        suffix=_below(scope.path, parent_path),
        cells=cells,
        repeats=tuple(_scope(repeat, scope.path, half) for repeat in scope.repeats),
        codes_bytes_max=(product.bit_length() + 7) // 8,
    )


def _below(path: str, parent: str) -> str:
    if not path.startswith(parent + "/"):
        raise EncodingInvalid(f"the codebook has {path} outside the scope {parent or '/'}")
    return path[len(parent) :]
