"""A patch to a canonical value and back: by position, scope by scope (SEAL-070).

A scope change is the row `[codes, values, repeats, others]`, an instance's the same with its order
before it; empty parts at the end are left out. Equality tags follow the same rows with a bit per
field and the tags behind each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.errors import EncodingInvalid
from shared.ids import INSTANCE_ID_BYTES
from shared.records.address import check_address, form_path, instance_ids, is_instance
from shared.records.cells import FIRST_CODE, IN_VALUES, Cell
from shared.records.layout import Half, Layout, ScopeLayout
from shared.records.revision import DELETED, Deletion, Patch, Value
from shared.shapes import array, mapping, octets, text, uint

TAG_BYTES: Final = 8
_ORDER_MAX: Final = (1 << 32) - 1
_NONE_LEFT: Final = b"no value left"
"""Of a type no cell takes, so a change with too few values is refused like a wrong one."""


@dataclass(slots=True)
class _Node:
    """What a patch writes in one scope instance."""

    order: int | None = None
    written: dict[int, Any] = field(default_factory=dict)
    repeats: dict[int, dict[bytes, "_Node | None"]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)


# --- encoding ---------------------------------------------------------------------------------


def patch_to_wire(patch: Patch, layout: Layout, half: Half) -> object:
    """Return the canonical value of one half's patch.

    Raises:
        EncodingInvalid: an address or value that this half cannot hold. A body takes only what the
            form classes as not direct; what the form does not know counts as direct.
    """
    if patch.get(layout.root_path) is DELETED:
        if len(patch) > 1:
            raise EncodingInvalid("a patch that deletes the record changes nothing else")
        return False
    root = _tree(patch, layout)
    if root.others and half is Half.BODY:
        raise EncodingInvalid(
            f"{form_path(min(root.others))} is not in the form, so it counts as direct and enters "
            "no body"
        )
    return _scope_row(root, layout.root)


def tags_to_wire(tags: Mapping[str, bytes], layout: Layout) -> object:
    """Return the canonical value of the equality tags; `layout` is the identity half's."""
    return _tags_row(_tree(tags, layout), layout.root)


def _tree(patch: Mapping[str, Any], layout: Layout) -> _Node:
    root = _Node()
    for address, value in patch.items():
        path = form_path(address) if "[" in address else address
        ids = instance_ids(address) if path is not address else ()
        found = layout.fields.get(path)
        way = found[0] if found else layout.scopes.get(path)
        if path in layout.elsewhere:
            raise EncodingInvalid(f"{path} belongs to the other half of the record")
        if way is None or len(way) != len(ids) or is_instance(address) is bool(found):
            root.others[check_address(address)] = value
        elif found:
            _node(root, way, ids).written[found[1]] = value
        else:
            _write_instance(root, way, ids, value)
    return root


def _node(root: _Node, way: tuple[int, ...], ids: tuple[str, ...]) -> _Node:
    node = root
    for position, instance in zip(way, ids, strict=True):
        inner = node.repeats.setdefault(position, {}).setdefault(bytes.fromhex(instance), _Node())
        if inner is None:
            raise EncodingInvalid("a deleted repeat instance holds no answers")
        node = inner
    return node


def _write_instance(root: _Node, way: tuple[int, ...], ids: tuple[str, ...], value: object) -> None:
    if value is DELETED:
        instances = _node(root, way[:-1], ids[:-1]).repeats.setdefault(way[-1], {})
        if instances.setdefault(bytes.fromhex(ids[-1]), None) is not None:
            raise EncodingInvalid("a deleted repeat instance holds no answers")
    else:
        _node(root, way, ids).order = uint(value, "a repeat instance's order", _ORDER_MAX)


def _scope_row(node: _Node, scope: ScopeLayout) -> list[object]:
    number, radix = 0, 1
    values: list[object] = []
    for position, cell in enumerate(scope.cells):
        if position in node.written:
            number += radix * _digit(cell, node.written[position], values)
        radix *= cell.radix
    repeats = _repeats(node, scope, _scope_row)
    others = {address: _other_to_wire(value) for address, value in node.others.items()}
    return _trim([_minimal(number), values, repeats, others])


def _digit(cell: Cell, value: object, values: list[object]) -> int:
    if value is DELETED:
        raise EncodingInvalid("only a repeat instance or a whole record can be deleted")
    code = cell.to_code(value)
    if code is not None:
        return FIRST_CODE + code
    values.append(cell.to_wire(value))
    return IN_VALUES


def _repeats(node: _Node, scope: ScopeLayout, row: Any) -> dict[int, dict[bytes, object]]:
    repeats: dict[int, dict[bytes, object]] = {}
    for position, instances in node.repeats.items():
        inner = scope.repeats[position]
        repeats[position] = {
            instance: False if child is None else [child.order, *row(child, inner)]
            for instance, child in instances.items()
        }
    return repeats


def _tags_row(node: _Node, scope: ScopeLayout) -> list[object]:
    mask = sum(1 << position for position in node.written)
    tags = b"".join(
        octets(node.written[position], "an equality tag", TAG_BYTES)
        for position in sorted(node.written)
    )
    others = {a: octets(tag, "an equality tag", TAG_BYTES) for a, tag in node.others.items()}
    return _trim([_minimal(mask), tags, _repeats(node, scope, _tags_row), others])


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _trim(row: list[object]) -> list[object]:
    while row and not row[-1]:
        row.pop()
    return row


def _other_to_wire(value: Value | Deletion) -> object:
    return {} if value is DELETED else value


# --- decoding ---------------------------------------------------------------------------------


def patch_from_wire(wire: object, layout: Layout, half: Half) -> dict[str, Value | Deletion]:
    """Return the patch that `patch_to_wire` wrote.

    Raises:
        EncodingInvalid: not a patch of this form and half.
    """
    if wire is False:
        return {layout.root_path: DELETED}
    patch: dict[str, Value | Deletion] = {}
    row = _parts(array(wire, "a scope change"), 4)
    if len(row) > 3:  # noqa: PLR2004 - the row's fourth part, others
        if half is Half.BODY:
            raise EncodingInvalid("a body must not hold fields that the form does not know")
        for address, value in mapping(row[3], "others").items():
            patch[check_address(text(address, "an address"))] = _other_from_wire(value)
    _read_scope(row[:3], layout.root, layout.root.suffix, patch)
    return patch


def tags_from_wire(wire: object, layout: Layout) -> dict[str, bytes]:
    """Return the equality tags that `tags_to_wire` wrote."""
    tags: dict[str, bytes] = {}
    row = _parts(array(wire, "a scope change"), 4)
    if len(row) > 3:  # noqa: PLR2004 - the row's fourth part, others
        for address, tag in mapping(row[3], "others").items():
            name = check_address(text(address, "an address"))
            tags[name] = octets(tag, "an equality tag", TAG_BYTES)
    _read_tags(row[:3], layout.root, layout.root.suffix, tags)
    return tags


def _parts(row: list[Any], most: int) -> list[Any]:
    """Return the parts of a scope change: at most codes, values, repeats and others."""
    if len(row) > most or (row and not row[-1]):
        raise EncodingInvalid("a scope change has too many parts, or ends in an empty one")
    return row


def _read_scope(
    row: list[Any], scope: ScopeLayout, address: str, patch: dict[str, Value | Deletion]
) -> None:
    if not row:
        return
    values = array(row[1], "values") if len(row) > 1 else []
    _read_cells(_number(row[0], scope.codes_bytes_max), values, scope, address, patch)
    for inner, instance_address, change in _instances(row, scope, address):
        if change is None:
            patch[instance_address] = DELETED
            continue
        if change[0] is not None:
            patch[instance_address] = uint(change[0], "a repeat instance's order", _ORDER_MAX)
        _read_scope(change[1:], inner, instance_address, patch)


def _read_cells(
    number: int,
    values: list[Any],
    scope: ScopeLayout,
    address: str,
    patch: dict[str, Value | Deletion],
) -> None:
    """Write one scope instance's answers into `patch`: the hot path of every intake."""
    following = iter(values)
    for cell in scope.cells:
        if not number:
            break
        number, digit = divmod(number, cell.radix)
        if digit == IN_VALUES:
            value: Any = next(following, _NONE_LEFT)
            if type(value) not in cell.as_is:
                value = cell.from_wire(value)
            patch[address + cell.suffix] = value
        elif digit:
            patch[address + cell.suffix] = cell.from_code(digit - FIRST_CODE)
    if number or next(following, _NONE_LEFT) is not _NONE_LEFT:
        raise EncodingInvalid("a scope change has codes or values that belong to no field")


def _read_tags(row: list[Any], scope: ScopeLayout, address: str, tags: dict[str, bytes]) -> None:
    if not row:
        return
    mask = _number(row[0], (len(scope.cells) + 7) // 8)
    data = octets(row[1], "tags") if len(row) > 1 else b""
    at = 0
    for position, cell in enumerate(scope.cells):
        if mask >> position & 1:
            tags[address + cell.suffix] = data[at : at + TAG_BYTES]
            at += TAG_BYTES
    if mask >> len(scope.cells) or at != len(data):
        raise EncodingInvalid("the tags do not match the fields they are for")
    for inner, instance_address, change in _instances(row, scope, address):
        if change is None or change[0] is not None:
            raise EncodingInvalid("tags neither delete nor order repeat instances")
        _read_tags(change[1:], inner, instance_address, tags)


def _number(part: object, size_max: int) -> int:
    data = octets(part, "codes")
    if len(data) > size_max or data[:1] == b"\0":
        raise EncodingInvalid("the codes of a scope change are longer than due")
    return int.from_bytes(data, "big")


def _instances(
    row: list[Any], scope: ScopeLayout, address: str
) -> Iterator[tuple[ScopeLayout, str, list[Any] | None]]:
    """Yield each instance's scope, address and change; None where it is deleted."""
    if len(row) < 3:  # noqa: PLR2004 - the row's third part, repeats
        return
    for position, instances in mapping(row[2], "repeats").items():
        if type(position) is not int or not 0 <= position < len(scope.repeats):
            raise EncodingInvalid("a scope change names a repeat that the form does not have")
        inner = scope.repeats[position]
        if not instances:
            raise EncodingInvalid("a repeat is named but none of its instances is changed")
        for instance, change in mapping(instances, "repeat instances").items():
            name = octets(instance, "a repeat instance's id", INSTANCE_ID_BYTES).hex()
            place = f"{address}{inner.suffix}[{name}]"
            if change is False:
                yield inner, place, None
                continue
            inner_row = array(change, "a repeat instance's change")
            if not inner_row or inner_row == [None]:
                raise EncodingInvalid("a repeat instance is named but not changed")
            yield inner, place, [inner_row[0], *_parts(inner_row[1:], 3)]


def _other_from_wire(value: object) -> Value | Deletion:
    if value == {}:
        return DELETED
    if isinstance(value, list):
        return tuple(text(name, "a choice") for name in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise EncodingInvalid("an answer is a text, number, yes or no, list of texts, or null")
