"""Where a caret stands on a laid-out line, and which character a touch means.

Logical and visual order differ in mixed text: these three functions are the only place that maps
one to the other. A caret belongs to the character after it, at the end to the one before.
"""

from mobile_client.text.layout import Line, Measure, Piece
from mobile_client.text.linebreak import cluster_starts
from mobile_client.text.runs import visible


def caret_x(text: str, line: Line, column: int, size_px: int, measure: Measure) -> int:
    """Return the x of the caret before character `column`, in pixels from the block's left."""
    for piece in line.pieces:
        if piece.start <= column < piece.stop or (column >= piece.stop == _last(line)):
            return _within(text, piece, column, size_px, measure)
    return line.width_px if line.rtl and not line.pieces else 0


def column_at(text: str, line: Line, x_px: float, size_px: int, measure: Measure) -> int:
    """Return the column whose caret stands nearest to `x_px`, never inside a cluster."""
    columns = [place for place in cluster_starts(text) if line.start <= place <= line.stop]
    return min(
        columns,
        key=lambda column: abs(caret_x(text, line, column, size_px, measure) - x_px),
        default=0,
    )


def selected_spans(
    text: str, line: Line, selection: tuple[int, int], size_px: int, measure: Measure
) -> list[tuple[int, int]]:
    """Return the stretches of x that a logical selection covers: one per piece it touches."""
    first, last = selection
    spans = []
    for piece in line.pieces:
        start, stop = max(first, piece.start), min(last, piece.stop)
        if start < stop:
            edges = [_within(text, piece, place, size_px, measure) for place in (start, stop)]
            spans.append((min(edges), max(edges)))
    return spans


def _last(line: Line) -> int:
    return max((piece.stop for piece in line.pieces), default=0)


def _within(text: str, piece: Piece, column: int, size_px: int, measure: Measure) -> int:
    before = visible(text[piece.start : min(column, piece.stop)])
    part = measure(before, piece.run, size_px).width_px if before else 0
    if column >= piece.stop:
        part = piece.width_px
    return piece.x_px + (piece.width_px - part if piece.run.rtl else part)
