"""Where a value sits in a record: a form path whose repeat steps name their instance.

`/data/member[ab12cd34ef567890]/age` is the age of one member; `/data/member[ab12cd34ef567890]` is
that member's existence. Instance ids are 8 random bytes in lower-case hex, so two tablets can each
add a member and both survive.
"""

import re
from collections.abc import Iterator
from typing import Final

from shared.errors import EncodingInvalid

_INSTANCE: Final = re.compile(r"\[([0-9a-f]{16})\]")
_ADDRESS: Final = re.compile(r"(?:/[^/\[\]\s]+(?:\[[0-9a-f]{16}\])?)+")


def check_address(address: str) -> str:
    """Return `address` unchanged.

    Raises:
        EncodingInvalid: it is not a path of names with hex instance ids.
    """
    if not _ADDRESS.fullmatch(address):
        raise EncodingInvalid("an address must be /name[16 hex digits]/name ...")
    return address


def form_path(address: str) -> str:
    """Return the address without instance ids: the field's or repeat's path in the form."""
    return _INSTANCE.sub("", address) if "[" in address else address


def instance_ids(address: str) -> tuple[str, ...]:
    """Return the instance ids in the address, outermost first."""
    return tuple(_INSTANCE.findall(address))


def is_instance(address: str) -> bool:
    """Tell whether the address names a repeat instance itself rather than a value in it."""
    return address.endswith("]")


def enclosing_instances(address: str) -> Iterator[str]:
    """Yield the addresses of the repeat instances that hold `address`, outermost first."""
    if "[" not in address:
        return
    for match in _INSTANCE.finditer(address):
        if match.end() < len(address):
            yield address[: match.end()]


def child(parent: str, name: str, instance: str | None = None) -> str:
    """Return the address of `name` under `parent`, as an instance if one is given."""
    return f"{parent}/{name}" if instance is None else f"{parent}/{name}[{instance}]"
