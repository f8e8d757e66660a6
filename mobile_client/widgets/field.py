"""A text field that edits every script: Kivy's input with our shaping, caret and selection.

Kivy measures with one font and from the left; here every line is laid out like any other text, and
the caret, the touch and the selection ask the layout where things are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import kivy.uix.textinput as kivy_textinput
from kivy.core.text.text_sdl2 import LabelSDL2
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import BooleanProperty
from kivy.uix.textinput import TextInput

from mobile_client.look import RADIUS_DP, TARGET_DP
from mobile_client.text import shaper
from mobile_client.text.bidi import LTR, RTL, base_direction
from mobile_client.text.caret import caret_x, column_at, selected_spans
from mobile_client.text.fonts import MAIN
from mobile_client.text.layout import Line, Style, lay_out
from mobile_client.text.markup import RichText
from mobile_client.text.textures import drawn
from mobile_client.widgets import paint
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme

_MASK: Final = "\u2022"
_PADDING_DP: Final = 16


class _LineLabel(LabelSDL2):
    """What Kivy's input asks for the height of a line; it draws nothing."""

    def get_extents(self, text: str) -> tuple[int, int]:
        """Return the size of a line of text."""
        style = Style(size_px=round(self.options["font_size"]))
        block = lay_out(RichText(text), style, None, shaper.measure)
        return block.width_px, block.height_px

    @staticmethod
    def find_base_direction(text: str) -> str:
        """Return the direction of a line."""
        return "rtl" if base_direction(text) == RTL else "ltr"


# The module binds the provider's class under its own name; only text inputs are to use ours.
kivy_textinput.Label = _LineLabel


class _ShapedInput(TextInput):
    """Kivy's text input, drawn and measured by our layout."""

    def _direction(self) -> int:
        own = base_direction(self.text)
        if own is None:
            own = RTL if theme.rtl else LTR
        return own

    def _style(self) -> Style:
        return Style(size_px=round(self.font_size), align="left", base=self._direction())

    def _drawn_line(self, text: str) -> str:
        text = text.replace("\n", "").replace("\t", "    ")
        return _MASK * len(text) if self.password else text

    def _laid(self, row: int) -> tuple[str, Line]:
        text = self._drawn_line(self._lines[row]) if row < len(self._lines) else ""
        return text, lay_out(RichText(text), self._style(), None, shaper.measure).lines[0]

    # What Kivy's input asks while it lays out and draws.

    def _create_line_label(self, text: str, hint: bool = False) -> Any:  # noqa: FBT001, FBT002
        self._get_line_options()
        shown = text.replace("\n", "") if hint else self._drawn_line(text)
        style = Style(
            size_px=round(self.font_size),
            align="left",
            base=(RTL if theme.rtl else LTR) if hint else self._direction(),
        )
        made = drawn(RichText(shown), style, None)
        return made.texture or _blank(made.block.height_px)

    def _get_text_width(self, text: str, tab_width: int, label: object) -> float:
        del tab_width, label
        style = self._style()
        block = lay_out(RichText(self._drawn_line(text)), style, None, shaper.measure)
        return block.width_px

    def _get_row_width(self, row: int) -> float:
        return self._laid(row)[1].width_px

    def _split_smart(self, text: str) -> tuple[list[str], list[int]]:
        """Cut text into lines as wide as the field, where its script lets a line end."""
        if not self.multiline:
            lines: tuple[list[str], list[int]] = super()._split_smart(text)
            return lines
        room = max(1, int(self.width - self.padding[0] - self.padding[2]))
        cut: list[str] = []
        flags: list[int] = []
        for nth, paragraph in enumerate(text.split("\n")):
            block = lay_out(RichText(paragraph), self._style(), room, shaper.measure)
            for line in block.lines:
                starts_paragraph = nth > 0 and line.start == 0
                flags.append(kivy_textinput.FL_IS_LINEBREAK if starts_paragraph else 0)
                cut.append(paragraph[line.start : line.stop])
        return cut, flags

    # The clipboard: only when it is asked for, never what is merely selected.

    def _ensure_clipboard(self) -> None:
        """Start no helper programs; `_clipboard` loads SDL's own when it is needed."""

    def _update_cutbuffer(self, *_: object) -> None:
        """Keep selected answers out of the selection other programs can read."""

    def copy(self, data: str = "") -> None:
        """Copy what is selected, unless it is secret."""
        if not self.password:
            _clipboard().copy(data or self.selection_text)

    def _cut(self, data: str) -> None:
        self.copy(data)
        self.delete_selection()

    def paste(self) -> None:
        """Put what was copied in place of what is selected."""
        text = _clipboard().paste()
        self.delete_selection()
        self.insert_text(text.replace("\t", " "))

    def cursor_offset(self) -> float:
        """Return the x of the caret on its line."""
        text, line = self._laid(int(self.cursor_row))
        column = min(int(self.cursor_col), len(text))
        return caret_x(text, line, column, round(self.font_size), shaper.measure)

    def get_cursor_from_xy(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and row a touch means."""
        step = self.line_height + self.line_spacing
        from_top = self.top - self.padding[1] + self.scroll_y - y
        row = int(max(0, min(len(self._lines) - 1, round(from_top / step - 0.5))))
        text, line = self._laid(row)
        start = self.x + self.padding[0] + self._indent(line) - self.scroll_x
        column = column_at(text, line, x - start, round(self.font_size), shaper.measure)
        return column, row

    def _indent(self, line: Line) -> float:
        room = self.width - self.padding[0] - self.padding[2]
        if self.halign == "center":
            return max(0.0, float(room - line.width_px) / 2)
        return max(0.0, float(room - line.width_px)) if self._direction() == RTL else 0.0

    def _draw_selection(self, *given: Any) -> None:
        position, size, number, start, stop = given[:5]
        add, colour = given[-2:]
        if not start[1] <= number <= stop[1]:
            return
        text, line = self._laid(number)
        chosen = (
            start[0] if number == start[1] else 0,
            stop[0] if number == stop[1] else len(text),
        )
        spans = selected_spans(text, line, chosen, round(self.font_size), shaper.measure)
        for left, right in spans:
            add(Color(*colour, group="selection"))
            x = position[0] + left - self.scroll_x
            add(Rectangle(pos=(x, position[1]), size=(right - left, size[1]), group="selection"))


@lru_cache(maxsize=8)
def _blank(height: int) -> Any:
    """Return a texture with nothing on it, as high as a line."""
    texture = Texture.create(size=(1, height))
    texture.blit_buffer(bytes(4 * height), colorfmt="rgba", bufferfmt="ubyte")
    return texture


def _clipboard() -> Any:
    from kivy.core.clipboard import Clipboard  # noqa: PLC0415 - it starts programs at import

    return Clipboard


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What a field takes: `accepts` says yes or no to the whole text after a change."""

    lines: int = 1
    secret: bool = False
    number: bool = False
    centred: bool = False
    role: str = "field"
    hint: str = ""
    accepts: Callable[[str], bool] | None = None


class Field(_ShapedInput):
    """A field on a plate. `typed` hears of every change, `entered` of the Enter key."""

    failing = BooleanProperty(defaultvalue=False)
    text: str

    def __init__(
        self,
        text: str = "",
        kind: FieldKind | None = None,
        *,
        typed: Callable[[str], object] | None = None,
        entered: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> None:
        self.kind = kind or FieldKind()
        self._typed = typed
        self._entered = entered
        self._quiet = False
        size = theme.text_px(self.kind.role)
        sample = paint.set_text("Ay", Manner(self.kind.role), None).block.height_px
        padding = dp(_PADDING_DP)
        height = max(dp(TARGET_DP), sample * max(1, self.kind.lines) + 2 * padding)
        super().__init__(
            text=text,
            multiline=self.kind.lines > 1,
            password=self.kind.secret,
            input_type="number" if self.kind.number else "text",
            keyboard_suggestions=not self.kind.secret,
            font_name=MAIN.regular,
            font_size=size,
            halign="center" if self.kind.centred else "auto",
            base_direction=_name(base_direction(text)),
            hint_text=self.kind.hint,
            padding=(padding, (height - sample) / 2 if self.kind.lines == 1 else padding),
            size_hint_y=None,
            height=height,
            write_tab=False,
            background_color=paint.CLEAR,
            foreground_color=theme.colour("ink"),
            disabled_foreground_color=theme.colour("ink"),
            hint_text_color=theme.colour("muted", 0.85),
            cursor_color=theme.colour("primary"),
            cursor_width=dp(2.4),
            selection_color=theme.colour("muted", 0.35),
            use_bubble=False,
            use_handles=False,
            **kwargs,
        )
        self.bind(pos=self._paint_plate, size=self._paint_plate, focus=self._paint_plate)
        self.bind(failing=self._paint_plate, cursor_pos=self._paint_plate)
        self.bind(_cursor_blink=self._paint_plate, text=self._changed)
        self._paint_plate()

    def show(self, text: str) -> None:
        """Put text in without telling `typed`, unless it is what stands there."""
        if text != self.text:
            self._quiet = True
            self.text = text
            self._quiet = False

    def insert_text(self, substring: str, from_undo: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take what is typed or pasted, unless the kind refuses the outcome."""
        if self.kind.accepts is not None:
            at = self.cursor_index()
            first, last = at, at
            if self.selection_text:
                first, last = sorted((self.selection_from, self.selection_to))
            if not self.kind.accepts(self.text[:first] + substring + self.text[last:]):
                return
        super().insert_text(substring, from_undo=from_undo)

    def on_text_validate(self) -> None:
        """Enter on a field of one line."""
        if self._entered is not None:
            self._entered()

    def _changed(self, _: object, text: str) -> None:
        self.base_direction = _name(base_direction(text))
        if self._typed is not None and not self._quiet:
            self._typed(text)

    def _paint_plate(self, *_: object) -> None:
        edge = "error" if self.failing else ("primary" if self.focus else "edge")
        stroke = theme.stroke_px * (2 if self.focus or self.failing else 1)
        caret = self.cursor_color if self.focus and not self._cursor_blink else paint.CLEAR
        self.canvas.before.clear()
        with self.canvas.before:
            box = (*self.pos, *self.size)
            fill = theme.colour("background" if self.readonly else "surface")
            paint.plate(box, dp(RADIUS_DP), fill, theme.colour(edge), stroke)
            Color(*caret)
            height = -self._cursor_visual_height
            Rectangle(pos=self._cursor_visual_pos, size=(self.cursor_width, height))
            Color(*(self.foreground_color if self.text else self.hint_text_color))


def _name(direction: int | None) -> str:
    if direction is None:
        direction = RTL if theme.rtl else LTR
    return "rtl" if direction == RTL else "ltr"
