"""Where secondary instances come from: inline, or a CSV, GeoJSON or XML file beside the form."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.program import Program
from shared.forms.xpath.node import Kind, Node
from shared.forms.xpath.tables import Instance, Table
from shared.forms.xpath.xmltree import parse_xml


class SecondaryInstances(Mapping[str, Node]):
    """A form's secondary instances by id, made when first read."""

    def __init__(self, program: Program, attachments: Mapping[str, Instance]) -> None:
        self._program = program
        self._attachments = attachments

    def __getitem__(self, name: str) -> Node:
        """Return the instance's document node."""
        found = self._program.instance(name, self._attachments)
        if found is None:
            found = self._attachments.get(f"{name}.csv")
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """Return the instance or `default`."""
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        """Tell whether the form, or what came with it, has an instance of that id."""
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield the ids the form declares."""
        return iter(self._program.form.instances)

    def __len__(self) -> int:
        """Return how many instances the form declares."""
        return len(self._program.form.instances)


def read_attachment(name: str, data: bytes) -> Instance:
    """Return a file beside a form as a secondary instance, by its name's ending.

    Raises:
        FormError: not CSV, GeoJSON or XML, or malformed.
    """
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return _from_csv(name, data)
    if ending in ("geojson", "json"):
        return _from_geojson(name, data)
    if ending == "xml":
        top = Instance()
        top.append(parse_xml(data, what=name).kids[0])
        return top
    raise FormError(f"{name}: choices come from .csv, .geojson or .xml files")


def _from_csv(name: str, data: bytes) -> Table:
    """Return root/item rows with one child per column."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormError(f"{name} is not UTF-8; save it as CSV UTF-8") from error
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        return _table(name, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FormError(f"{name} is not a CSV file: {error}") from error


def _table(name: str, rows: Iterator[list[str]]) -> Table:
    """Read a header and its rows."""
    header = [cell.strip() for cell in next(rows, [])]
    if not header or not all(header) or len(set(header)) != len(header):
        raise FormError(f"{name} needs one non-empty, unique name per column in its first line")
    return table_of(name, header, rows)


def table_of(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return root/item rows with one child per column; equal cells of a column are one text.

    Raises:
        LimitExceeded: more rows than CHOICES_MAX.
    """
    columns: list[list[str]] = [[] for _ in header]
    known: list[dict[str, str]] = [{} for _ in header]
    for count, row in enumerate(rows):
        if count >= limits.CHOICES_MAX:
            raise LimitExceeded(f"{name} has more than {limits.CHOICES_MAX} rows")
        if any(row):
            for place, column in enumerate(columns):
                cell = row[place] if place < len(row) else ""
                column.append(known[place].setdefault(cell, cell))
    return Table("root", "item", dict(zip(header, columns, strict=True)))


def _from_geojson(name: str, data: bytes) -> Instance:
    """Return features as root/item with geometry, id and properties."""
    try:
        document: Any = json.loads(data)
        features = document["features"]
        if document["type"] != "FeatureCollection" or not isinstance(features, list):
            raise FormError(f"{name} is not a GeoJSON FeatureCollection")
        top = Instance()
        root = top.append(Node(Kind.ELEMENT, "root"))
        for feature in features[: limits.CHOICES_MAX]:
            item = root.append(Node(Kind.ELEMENT, "item"))
            cells = {"geometry": _geometry(name, feature.get("geometry"))}
            cells |= {str(k): _plain(v) for k, v in (feature.get("properties") or {}).items()}
            if "id" in feature:
                cells["id"] = _plain(feature["id"])
            for cell, text in cells.items():
                item.append(Node(Kind.ELEMENT, cell, text))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise FormError(f"{name} is not a GeoJSON FeatureCollection: {error}") from error
    return top


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _geometry(name: str, geometry: Any) -> str:
    """Return `lat lon 0 0`, with `; ` between points."""
    if not geometry:
        return ""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        coordinates = [coordinates]
    elif kind == "Polygon":
        coordinates = coordinates[0]
    elif kind != "LineString":
        raise FormError(f"{name} holds a {kind}; use Point, LineString or Polygon")
    return "; ".join(f"{c[1]} {c[0]} 0 0" for c in coordinates)
