"""String functions of XPath 1.0 and ODK."""

import re
from typing import Final

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.xpath.context import Context, nodes_of, own_text
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.node import Node
from shared.forms.xpath.patterns import matches
from shared.forms.xpath.tables import rows_where
from shared.forms.xpath.values import Value, to_number, to_text

_UUID_CHARACTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
_UUID_MAX: Final = 4096
_SPACE: Final = " \t\r\n"
_SPACES: Final = re.compile(r"[ \t\r\n]+")


def _string(_context: Context, node: Node, value: Value | None = None) -> str:
    return own_text(node) if value is None else to_text(value)


def _texts_of(values: tuple[Value, ...]) -> list[str]:
    """Return one text per value, and one per node of a set."""
    texts: list[str] = []
    for value in values:
        if isinstance(value, list):
            texts.extend(node.value() for node in value)
        else:
            texts.append(to_text(value))
    return texts


def _concat(_context: Context, _node: Node, *values: Value) -> str:
    return _joined("", _texts_of(values))


def _join(_context: Context, _node: Node, separator: Value, *values: Value) -> str:
    return _joined(to_text(separator), _texts_of(values))


def _joined(separator: str, texts: list[str]) -> str:
    """Return texts as one; calculations that double each other's text must not fill memory."""
    if sum(map(len, texts)) + len(separator) * len(texts) > limits.XPATH_TEXT_CHARS_MAX:
        raise LimitExceeded(f"a text is longer than {limits.XPATH_TEXT_CHARS_MAX} characters")
    return separator.join(texts)


def _starts_with(_context: Context, _node: Node, text: Value, start: Value) -> bool:
    return to_text(text).startswith(to_text(start))


def _ends_with(_context: Context, _node: Node, text: Value, end: Value) -> bool:
    return to_text(text).endswith(to_text(end))


def _contains(_context: Context, _node: Node, text: Value, part: Value) -> bool:
    return to_text(part) in to_text(text)


def _substring_before(_context: Context, _node: Node, text: Value, part: Value) -> str:
    before, found, _ = to_text(text).partition(to_text(part)) if to_text(part) else ("", "", "")
    return before if found else ""


def _substring_after(_context: Context, _node: Node, text: Value, part: Value) -> str:
    if not to_text(part):
        return to_text(text)
    return to_text(text).partition(to_text(part))[2]


def _substring(
    context: Context, _node: Node, text: Value, start: Value, length: Value | None = None
) -> str:
    """XPath's 1-based substring, with its rounding and its NaN rules."""
    whole = to_text(text)
    first = _round_half_up(to_number(start, context.zone))
    if length is None:
        last = float("inf")
    else:
        last = first + _round_half_up(to_number(length, context.zone))
    return "".join(c for place, c in enumerate(whole, 1) if place >= first and place < last)


def _round_half_up(number: float) -> float:
    if number != number or number in (float("inf"), float("-inf")):
        return number
    return float((number + 0.5) // 1)


def _substr(
    context: Context, _node: Node, text: Value, start: Value, end: Value | None = None
) -> str:
    """ODK's 0-based substr; a negative place counts from the end."""
    whole = to_text(text)
    first = _place(to_number(start, context.zone), len(whole))
    last = len(whole) if end is None else _place(to_number(end, context.zone), len(whole))
    return whole[first:last]


def _place(number: float, length: int) -> int:
    if number != number:
        return 0
    place = int(max(min(number, length), -length))
    return place + length if place < 0 else place


def _string_length(_context: Context, node: Node, text: Value | None = None) -> float:
    return float(len(own_text(node) if text is None else to_text(text)))


def _normalize_space(_context: Context, node: Node, text: Value | None = None) -> str:
    return " ".join(
        _SPACES.split((own_text(node) if text is None else to_text(text)).strip(_SPACE))
    )


def _translate(_context: Context, _node: Node, text: Value, old: Value, new: Value) -> str:
    table: dict[int, str | None] = {}
    replacements = to_text(new)
    for place, character in enumerate(to_text(old)):
        table.setdefault(ord(character), replacements[place : place + 1] or None)
    return to_text(text).translate(table)


def _regex(_context: Context, _node: Node, text: Value, pattern: Value) -> bool:
    return matches(to_text(pattern), to_text(text))


def _uuid(context: Context, _node: Node, length: Value | None = None) -> str:
    """Return a version 4 UUID, or that many random characters."""
    if length is not None:
        count = to_number(length, context.zone)
        if not 0 <= count <= _UUID_MAX:
            raise EvaluationError(f"uuid(n) takes a length from 0 to {_UUID_MAX}")
        return "".join(_UUID_CHARACTERS[byte & 63] for byte in context.random_bytes(int(count)))
    octets = bytearray(context.random_bytes(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _pulldata(
    context: Context, _node: Node, file: Value, wanted: Value, key: Value, value: Value
) -> str:
    """Return one cell of an attached table, looked up by another column."""
    name = to_text(file).strip().removesuffix(".csv")
    column = to_text(wanted).strip()
    top = context.instance(name if name in context.instances else f"{name}.csv")
    for item in rows_where(top, to_text(key).strip(), to_text(value)):
        if column.startswith("@"):
            return item.attribute(column[1:])
        cell = item.child(column)
        return "" if cell is None else cell.value()
    return ""


def _name(kind: str) -> "Function":
    def run(_context: Context, node: Node, value: Value | None = None) -> str:
        nodes = [node] if value is None else nodes_of(value, f"{kind}()")
        if not nodes or nodes[0].name.startswith("#"):
            return ""
        first = nodes[0]
        if kind == "namespace-uri":
            return first.uri
        if kind == "local-name" or not first.prefix:
            return first.name
        return f"{first.prefix}:{first.name}"

    return Function(run, (0, 1))


FUNCTIONS: Final = {
    "string": Function(_string, (0, 1)),
    "concat": Function(_concat, (0, None)),
    "join": Function(_join, (1, None)),
    "starts-with": Function(_starts_with, (2, 2)),
    "ends-with": Function(_ends_with, (2, 2)),
    "contains": Function(_contains, (2, 2)),
    "substring-before": Function(_substring_before, (2, 2)),
    "substring-after": Function(_substring_after, (2, 2)),
    "substring": Function(_substring, (2, 3)),
    "substr": Function(_substr, (2, 3)),
    "string-length": Function(_string_length, (0, 1)),
    "normalize-space": Function(_normalize_space, (0, 1)),
    "translate": Function(_translate, (3, 3)),
    "regex": Function(_regex, (2, 2)),
    "uuid": Function(_uuid, (0, 1)),
    "pulldata": Function(_pulldata, (4, 4)),
    "name": _name("name"),
    "local-name": _name("local-name"),
    "namespace-uri": _name("namespace-uri"),
}
