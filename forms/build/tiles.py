"""Polygons that tile a rectangle: a jittered grid whose borders are drawn once and shared.

Two neighbours read the same stored line, so areas meet without gap or overlap, and a parent's
outline is what remains of its children's lines once those drawn twice have cancelled.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
"""Longitude and latitude, in degrees."""
Ring = list[Point]
Cell = tuple[int, int]
Corner = tuple[int, int]
Edge = tuple[Corner, Corner]


@dataclass(frozen=True)
class Frame:
    """The rectangle to tile, and into how many cells."""

    west: float
    south: float
    cell_degrees: float
    columns: int
    rows: int


class Tiling:
    """Cells of a frame with irregular shared borders."""

    def __init__(self, frame: Frame, draw: Callable[[], float]) -> None:
        """Lay out corners and borders with `draw`, a source of numbers in [0, 1)."""
        self.frame = frame
        self._draw = draw
        self._corners: dict[Corner, Point] = {
            (x, y): self._jittered(x, y)
            for y in range(frame.rows + 1)
            for x in range(frame.columns + 1)
        }
        self._lines: dict[Edge, Ring] = {}
        for cell in self.cells():
            for edge in _edges(cell):
                if edge not in self._lines:
                    line = self._rough(self._corners[edge[0]], self._corners[edge[1]])
                    self._lines[edge] = line
                    self._lines[edge[::-1]] = line[::-1]

    def cells(self) -> list[Cell]:
        """Return the cells, row by row."""
        return [(x, y) for y in range(self.frame.rows) for x in range(self.frame.columns)]

    def neighbours(self, cell: Cell) -> list[Cell]:
        """Return the cells that share a border with `cell`."""
        around = ((cell[0] + dx, cell[1] + dy) for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)))
        known = set(self.cells())
        return [other for other in around if other in known]

    def outline(self, cells: Iterable[Cell]) -> Ring:
        """Return the closed ring around connected `cells`, counter-clockwise."""
        edges = {edge for cell in cells for edge in _edges(cell)}
        outer = {start: end for start, end in edges if (end, start) not in edges}
        start = corner = min(outer)
        ring: Ring = []
        while True:
            following = outer[corner]
            ring += self._lines[corner, following][:-1]
            corner = following
            if corner == start:
                return [*ring, ring[0]]

    def _jittered(self, x: int, y: int) -> Point:
        def shift() -> float:
            return 0.36 * (self._draw() - 0.5)

        size = self.frame.cell_degrees
        west, south = self.frame.west + x * size, self.frame.south + y * size
        return (round(west + shift() * size, 4), round(south + shift() * size, 4))

    def _rough(self, start: Point, end: Point, levels: int = 3) -> Ring:
        """Return a line from start to end, bent at its middle, and each half again."""
        if levels == 0:
            return [start, end]
        along = (end[0] - start[0], end[1] - start[1])
        bend = 0.22 * (self._draw() - 0.5)
        middle = (
            round((start[0] + end[0]) / 2 - bend * along[1], 4),
            round((start[1] + end[1]) / 2 + bend * along[0], 4),
        )
        return self._rough(start, middle, levels - 1)[:-1] + self._rough(middle, end, levels - 1)


def _edges(cell: Cell) -> list[Edge]:
    x, y = cell
    corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    return [(corners[i], corners[(i + 1) % 4]) for i in range(4)]


def contains(ring: Ring, point: Point) -> bool:
    """Return whether `point` lies inside the closed `ring` (even-odd rule)."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def area(ring: Ring) -> float:
    """Return the signed area of a closed ring in square degrees; positive: counter-clockwise."""
    pairs = pairwise(ring)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def partition(
    tiling: Tiling, count: int, sizes: tuple[int, int], draw: Callable[[], float]
) -> list[list[Cell]]:
    """Return `count` connected groups of cells, each of a size within `sizes`.

    Groups grow one cell at a time, the smallest first; a layout that gets stuck is drawn again.
    """
    while True:
        groups = _grown(tiling, count, draw)
        # A ring road around one cell would give a parent with a hole; such layouts are redrawn.
        if all(sizes[0] <= len(group) <= sizes[1] and _simple(group) for group in groups):
            return sorted((sorted(group) for group in groups), key=min)


def _grown(tiling: Tiling, count: int, draw: Callable[[], float]) -> list[list[Cell]]:
    cells = tiling.cells()
    free = set(cells)
    groups: list[list[Cell]] = []
    while len(groups) < count:
        seed = cells[int(draw() * len(cells))]
        if seed in free:
            free.remove(seed)
            groups.append([seed])
    while free:
        reach = [
            (len(group), index, sorted(_border(tiling, group, free)))
            for index, group in enumerate(groups)
        ]
        _, index, options = min(entry for entry in reach if entry[2])
        chosen = options[int(draw() * len(options))]
        free.remove(chosen)
        groups[index].append(chosen)
    return groups


def _border(tiling: Tiling, group: list[Cell], free: set[Cell]) -> set[Cell]:
    return {other for cell in group for other in tiling.neighbours(cell) if other in free}


def _simple(group: list[Cell]) -> bool:
    """Return whether the group's outline passes each corner once (no hole, no pinch)."""
    edges = {edge for cell in group for edge in _edges(cell)}
    outer = [start for start, end in edges if (end, start) not in edges]
    return len(outer) == len(set(outer)) and len(outer) == 2 * len(group) + 2 - 2 * _squares(group)


def _squares(group: list[Cell]) -> int:
    """Return how many 2 x 2 blocks lie inside the group: each one hides two border edges."""
    held = set(group)
    return sum({(x + 1, y), (x, y + 1), (x + 1, y + 1)} <= held for x, y in group)
