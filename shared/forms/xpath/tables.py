"""Secondary instances: a document node that can answer `child = key` from a hash index.

`Instance` indexes a tree of nodes; `Table` keeps rows as columns and makes nodes of a row only
when somebody looks at it, so 100,000 villages load as a few strings.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from shared.forms.xpath.node import Kind, Node
from shared.forms.xpath.values import text_number

IndexKey = tuple[tuple[str, ...], str]


class Instance(Node):
    """The document node of a secondary instance."""

    __slots__ = ("_numbers", "_texts")

    size_unknown = 1 << 40
    """Stands for the size of an answer nobody has looked up."""

    def __init__(self) -> None:
        super().__init__(Kind.DOCUMENT, "#document")
        self._texts: dict[IndexKey, dict[str, list[Node]]] = {}
        self._numbers: dict[IndexKey, dict[float, list[Node]]] = {}

    def find(self, names: tuple[str, ...], column: str, key: str) -> list[Node]:
        """Return the nodes at `names` whose child `column` has this text; none is empty."""
        return self._index(names, column).get(key, [])

    def size(self, names: tuple[str, ...], column: str, key: str) -> int:
        """Return how many nodes `find` would return."""
        return len(self.find(names, column, key))

    def find_number(
        self, names: tuple[str, ...], column: str, key: float, zone: tzinfo
    ) -> list[Node]:
        """Return the nodes at `names` that have a child `column` with this number."""
        if math.isnan(key):
            return []
        index = self._numbers.get((names, column))
        if index is None:
            index = {}
            for text, nodes in self._index(names, column).items():
                number = text_number(text, zone)
                if not math.isnan(number):
                    index.setdefault(number, []).extend(nodes)
            self._numbers[names, column] = index
        return index.get(key, [])

    def _index(self, names: tuple[str, ...], column: str) -> dict[str, list[Node]]:
        index = self._texts.get((names, column))
        if index is None:
            index = self._texts[names, column] = {}
            here: list[Node] = [self]
            for name in names:
                here = [kid for node in here for kid in node.children(name)]
            for node in here:
                for text in {kid.value() for kid in node.children(column)} or {""}:
                    index.setdefault(text, []).append(node)
        return index


class Table(Instance):
    """root/item rows kept as columns; nodes appear row by row, on demand.

    Attributes:
        columns: column name -> one text per row; every row has every column.
    """

    __slots__ = ("_filled", "_made", "_rows", "_top", "columns", "item_name", "row_count")

    def __init__(
        self, root_name: str, item_name: str, columns: Mapping[str, Sequence[str]]
    ) -> None:
        super().__init__()
        self.columns = columns
        self.item_name = item_name
        self.row_count = len(next(iter(columns.values()), ()))
        self._made: dict[int, Node] = {}
        self._rows: dict[str, dict[str, list[int]]] = {}
        self._filled = False
        self._top = TableRoot(self, root_name)
        self.append(self._top)

    def find(self, names: tuple[str, ...], column: str, key: str) -> list[Node]:
        """Return the rows whose column has this text; a column that is not there is empty."""
        if names != (self._top.name, self.item_name):
            return []
        return [self._row(place) for place in self._places(column).get(key, ())]

    def find_all(self, names: tuple[str, ...], wanted: Sequence[tuple[str, str]]) -> list[Node]:
        """Return the rows whose columns have all these texts; no other row is made a node."""
        if names != (self._top.name, self.item_name):
            return []
        (column, key), *others = sorted(wanted, key=lambda pair: self.size(names, *pair))
        places: Sequence[int] = self._places(column).get(key, ())
        for column, key in others:
            texts = self.columns.get(column)
            if texts is not None:
                places = [place for place in places if texts[place] == key]
            elif key:
                places = ()
        return [self._row(place) for place in places]

    def size(self, names: tuple[str, ...], column: str, key: str) -> int:
        """Return how many rows have this text, without making them."""
        if names != (self._top.name, self.item_name):
            return 0
        return len(self._places(column).get(key, ()))

    def find_number(
        self, names: tuple[str, ...], column: str, key: float, zone: tzinfo
    ) -> list[Node]:
        """Return the rows whose column has this number."""
        if math.isnan(key) or names != (self._top.name, self.item_name):
            return []
        rows: list[int] = []
        for text, places in self._places(column).items():
            if text_number(text, zone) == key:
                rows.extend(places)
        return [self._row(place) for place in sorted(rows)]

    def _places(self, column: str) -> dict[str, list[int]]:
        index = self._rows.get(column)
        if index is None:
            index = self._rows[column] = {}
            texts = self.columns.get(column)
            if texts is None:
                index[""] = list(range(self.row_count))
            for place, text in enumerate(texts or ()):
                if text in index:
                    index[text].append(place)
                else:
                    index[text] = [place]
        return index

    def _row(self, place: int) -> Node:
        row = self._made.get(place)
        if row is None:
            row = Node(Kind.ELEMENT, self.item_name)
            row.parent = self._top
            for name, texts in self.columns.items():
                row.append(Node(Kind.ELEMENT, name, texts[place]))
            self._made[place] = row
        return row

    def rows(self) -> list[Node]:
        """Return every row as nodes, making those that nobody saw yet."""
        return [self._row(place) for place in range(self.row_count)]


class TableRoot(Node):
    """The `root` element of a table; its children appear when first asked for."""

    __slots__ = ("_table",)

    def __init__(self, table: Table, name: str) -> None:
        super().__init__(Kind.ELEMENT, name)
        self._table = table

    def __getattribute__(self, name: str) -> object:
        """Fill `kids` when it is first looked at."""
        if name == "kids":
            kids = super().__getattribute__("kids")
            if not kids:
                kids.extend(super().__getattribute__("_table").rows())
            return kids
        return super().__getattribute__(name)


def rows_where(top: Node, column: str, key: str) -> list[Node]:
    """Return the rows of a secondary instance whose column has this text."""
    root = next(iter(top.elements()), None)
    if root is None:
        return []
    if isinstance(top, Table):
        return top.find((root.name, top.item_name), column, key)
    items = root.elements()
    if not items:
        return []
    if column.startswith("@"):
        name = column[1:]
        return [r for r in items if any(a.name == name and a.text == key for a in r.attributes)]
    if isinstance(top, Instance):
        return top.find((root.name, items[0].name), column, key)
    return [row for row in items if any(cell.value() == key for cell in row.children(column))]
