"""What the coordinator tells by CSV: targets, and names of devices. Rules STN-037, STN-038."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import UsageError

BYTES_MAX: Final = 8 << 20
TARGET_MAX: Final = 1_000_000
_FAULTS_SHOWN: Final = 20
_DEVICE_DIGITS: Final = 8
_COLLECTOR_DIGITS: Final = 4
_HEX: Final = frozenset("0123456789abcdef")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """How many interviews a location needs; an empty round or form stands for all."""

    location: str
    target: int
    name: str = ""
    round: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A device, or one enumerator on it, by the first digits of its id."""

    device: str
    enumerator: str = ""
    name: str = ""
    team: str = ""


def read_targets(data: bytes) -> tuple[Target, ...]:
    """Read the targets.

    Raises:
        UsageError: every fault, each with its line; nothing of the file is used.
    """
    faults: list[str] = []
    found: dict[str, list[Target]] = {}
    rows = _rows(data, ("location", "target"), ("name", "round", "form"))
    for line, row in rows:
        location, wanted = row["location"], _whole(row["target"])
        made = Target(
            location, wanted or 0, row.get("name", ""), row.get("round", ""), row.get("form", "")
        )
        if not location:
            faults.append(f"line {line}: the location is missing")
        elif wanted is None:
            faults.append(
                f"line {line}: the target of {location} is {row['target']!r}; "
                f"write a whole number from 1 to {TARGET_MAX}"
            )
        elif any(_overlap(made, other) for other in found.get(location, ())):
            faults.append(
                f"line {line}: {location} has a target for that round and form already; keep one "
                "of the two (an empty round or form means all)"
            )
        else:
            found.setdefault(location, []).append(made)
    _refuse(faults)
    return tuple(target for targets in found.values() for target in targets)


def _overlap(one: Target, other: Target) -> bool:
    def meet(a: str, b: str) -> bool:
        return not a or not b or a == b

    return meet(one.round, other.round) and meet(one.form, other.form)


def read_names(data: bytes) -> tuple[Named, ...]:
    """Read the names of devices, teams and enumerators.

    Raises:
        UsageError: every fault, each with its line; nothing of the file is used.
    """
    faults: list[str] = []
    found: dict[tuple[str, str], Named] = {}
    for line, row in _rows(data, ("device",), ("name", "team", "enumerator")):
        device, enumerator = row["device"].lower(), row.get("enumerator", "").lower()
        if not _is_hex(device, _DEVICE_DIGITS):
            faults.append(
                f"line {line}: {row['device']!r} is no device; write the first {_DEVICE_DIGITS} "
                "or more hexadecimal digits of its id"
            )
        elif enumerator and not _is_hex(enumerator, _COLLECTOR_DIGITS):
            faults.append(
                f"line {line}: {row['enumerator']!r} is no enumerator; write the first "
                f"{_COLLECTOR_DIGITS} or more hexadecimal digits that the page shows"
            )
        elif (device, enumerator) in found:
            faults.append(f"line {line}: {device} is given twice; keep one line of the two")
        else:
            found[device, enumerator] = Named(
                device, enumerator, row.get("name", ""), row.get("team", "")
            )
    _refuse(faults)
    return tuple(found.values())


def _rows(
    data: bytes, needed: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[int, Row]]:
    """Yield (line, row) of a file whose header names the columns."""
    if len(data) > BYTES_MAX:
        raise UsageError(f"the file is larger than {BYTES_MAX >> 20} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"line {line}: not UTF-8; save the file as CSV in UTF-8") from None
    first = text.partition("\n")[0]
    separator = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, needed, optional)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [*cells, *[""] * (len(header) - len(cells))]
                if len(cells) > len(header):
                    raise UsageError(f"line {reader.line_num}: more cells than the header names")
                row = {name: cell.strip() for name, cell in zip(header, padded, strict=True)}
                yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num}: {error}") from error


def _check_header(header: list[str], needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = (*needed, *optional)
    faults = [f"the column {name!r} is missing" for name in needed if name not in header]
    faults += [f"the column {name!r} is not known" for name in header if name not in known]
    faults += [f"the column {name!r} stands twice" for name in known if header.count(name) > 1]
    if faults:
        raise UsageError(
            f"line 1: {'; '.join(faults)}; the columns are {', '.join(needed)} and, where wanted, "
            f"{', '.join(optional)}"
        )


def _whole(text: str) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(TARGET_MAX)):
        return None
    number = int(text)
    return number if 1 <= number <= TARGET_MAX else None


def _is_hex(text: str, at_least: int) -> bool:
    return len(text) >= at_least and set(text) <= _HEX


def _refuse(faults: list[str]) -> None:
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        tail = [f"and {more} more"] if more > 0 else []
        raise UsageError("\n".join([*faults[:_FAULTS_SHOWN], *tail]))
