"""Marks on the canvas: plates, text, icons, lines. Called inside `with widget.canvas`."""

from dataclasses import dataclass
from typing import Any, Final

from kivy.graphics import Color, Line, Rectangle, SmoothEllipse, SmoothRoundedRectangle

from mobile_client.text.bidi import LTR, RTL, base_direction, has_rtl
from mobile_client.text.layout import Style
from mobile_client.text.markup import RichText
from mobile_client.text.textures import DrawnText, drawn
from mobile_client.widgets.icons import ICONS, MIRRORED
from mobile_client.widgets.theme import Rgba, theme

CLEAR: Final[Rgba] = (0.0, 0.0, 0.0, 0.0)
Box = tuple[float, float, float, float]
"""x, y, width, height."""


def plate(
    box: Box, radius: float, fill: Rgba, edge: Rgba | None = None, stroke: float | None = None
) -> None:
    """Draw a rounded rectangle, outlined inwards when `edge` is given."""
    x, y, width, height = box
    radius = min(radius, width / 2, height / 2)
    if edge is not None:
        Color(*edge)
        SmoothRoundedRectangle(pos=(x, y), size=(width, height), radius=[radius])
        inset = theme.stroke_px if stroke is None else stroke
        x, y, width, height = x + inset, y + inset, width - 2 * inset, height - 2 * inset
        radius = max(0.0, radius - inset)
    if fill[3] and width > 0 and height > 0:
        Color(*fill)
        SmoothRoundedRectangle(pos=(x, y), size=(width, height), radius=[radius])


def rectangle(box: Box, fill: Rgba) -> None:
    """Draw a plain rectangle."""
    Color(*fill)
    Rectangle(pos=box[:2], size=box[2:])


def disc(x: float, y: float, radius: float, fill: Rgba) -> None:
    """Draw a filled circle around a point."""
    Color(*fill)
    SmoothEllipse(pos=(x - radius, y - radius), size=(2 * radius, 2 * radius))


def rule(x: float, y: float, width: float, colour: Rgba, thickness: float = 1.0) -> None:
    """Draw a horizontal line."""
    Color(*colour)
    Rectangle(pos=(x, y), size=(width, thickness))


def ring(box: Box, radius: float, colour: Rgba, width: float) -> None:
    """Draw the outline that shows where the keyboard is."""
    Color(*colour)
    Line(rounded_rectangle=(*box, radius), width=width)


@dataclass(frozen=True, slots=True)
class Manner:
    """How words are set.

    Attributes:
        role: size, by `look.TEXT_SP`.
        align: start (where the screen's lines start), center or end.
        lines_max: cut with an ellipsis after so many; 0 for never.
    """

    role: str = "body"
    bold: bool = False
    align: str = "start"
    lines_max: int = 0


def set_text(rich: RichText | str, manner: Manner, width: float | None) -> DrawnText:
    """Lay text out in the look of now; without a width on one line.

    The words decide which way they read, the screen at which side they start: an English sentence
    among Arabic screens keeps its full stop at its end.
    """
    if isinstance(rich, str):
        rich = RichText(rich)
    side = "right" if theme.rtl == (manner.align == "start") else "left"
    style = Style(
        size_px=theme.text_px(manner.role),
        bold=manner.bold,
        align="center" if manner.align == "center" else side,
        base=_base_of(rich.text),
        lines_max=manner.lines_max,
    )
    return drawn(rich, style, None if width is None else max(1, int(width)))


def _base_of(text: str) -> int:
    own = base_direction(text)
    if own is None:
        return RTL if theme.rtl else LTR
    if theme.rtl and own == LTR and has_rtl(text):
        return RTL  # "WFP" may begin an Arabic sentence.
    return own


def put_text(text: DrawnText, x: float, top: float, colour: Rgba) -> None:
    """Draw laid-out text with its upper left corner at a point."""
    if text.texture is None:
        return
    Color(*colour)
    size = text.texture.size
    Rectangle(texture=text.texture, pos=(round(x), round(top - size[1])), size=size)


def picture(texture: Any, box: Box) -> None:
    """Draw a texture in its own colours."""
    Color(1, 1, 1, 1)
    Rectangle(texture=texture, pos=box[:2], size=box[2:])


def icon_text(name: str, size_px: int) -> DrawnText:
    """Lay out an icon; those that point along the line are mirrored with it."""
    if theme.rtl:
        name = MIRRORED.get(name, name)
    style = Style(size_px=size_px, align="left", base=LTR)
    return drawn(RichText(ICONS[name]), style, None)


def put_icon(name: str, centre_x: float, centre_y: float, size_px: int, colour: Rgba) -> None:
    """Draw an icon around a point."""
    text = icon_text(name, size_px)
    width, height = text.texture.size
    put_text(text, centre_x - width / 2, centre_y + height / 2, colour)
