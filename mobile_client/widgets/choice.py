"""Choices: radio and checkbox rows, and the compact cells of likert and quick questions."""

from typing import Any, Final

from mobile_client.look import RADIUS_DP, TARGET_DP, mix
from mobile_client.text.markup import parse_markup
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import Rgba, dp, theme
from mobile_client.widgets.touch import Tap, Tappable

_PADDING_DP: Final = 16
_ICON_DP: Final = 28
_KEYS_MAX: Final = 9


class ChoiceRow(Tappable):
    """One answer to choose: the whole row is the target.

    `many` shows a box instead of a circle; `key` is the digit that chooses it on a keyboard.
    """

    def __init__(
        self,
        text: str,
        tap: Tap | None = None,
        *,
        selected: bool = False,
        many: bool = False,
        key: int = 0,
        **kwargs: Any,
    ) -> None:
        self.source = text
        self.lines_max = 0
        self._rich = parse_markup(text)
        self.selected = selected
        self._many = many
        self._key = key if 1 <= key <= _KEYS_MAX else 0
        self._icon_px = theme.icon_px(_ICON_DP)
        super().__init__(tap, **kwargs)

    @property
    def text(self) -> str:
        """The label, without marks."""
        return self._rich.text

    def select(self, *, selected: bool) -> None:
        """Show the row as chosen or not."""
        if selected != self.selected:
            self.selected = selected
            self.repaint()

    def height_for(self, width: float) -> float:
        """Return the height of the label with room around it."""
        return max(dp(TARGET_DP), self._label(width).block.height_px + dp(22))

    def paint(self) -> None:
        """Draw the row."""
        fill, edge, ink, mark = self._colours()
        radius = dp(RADIUS_DP)
        stroke = theme.stroke_px * (1.8 if self.selected else 1)
        paint.plate((*self.pos, *self.size), radius, fill, edge, stroke)
        box = ("box_on" if self.selected else "box_off") if self._many else None
        icon = box or ("radio_on" if self.selected else "radio_off")
        icon_x = self.start_x(dp(_PADDING_DP), self._icon_px) + self._icon_px / 2
        paint.put_icon(icon, icon_x, self.center_y, self._icon_px, mark)
        label = self._label(self.width)
        offset = dp(_PADDING_DP) * 2 + self._icon_px
        label_x = self.start_x(offset, label.block.width_px)
        paint.put_text(label, label_x, self.center_y + label.block.height_px / 2, ink)
        if self._key:
            key = paint.set_text(str(self._key), Manner("tiny"), None)
            key_x = self.start_x(self.width - dp(_PADDING_DP) - key.block.width_px)
            if self.rtl:
                key_x = self.x + dp(_PADDING_DP)
            muted = ink if self.selected else theme.colour("muted")
            paint.put_text(key, key_x, self.center_y + key.block.height_px / 2, muted)
        self.paint_ring(radius)

    def _label(self, width: float) -> DrawnText:
        room = width - dp(_PADDING_DP) * 3 - self._icon_px - (dp(18) if self._key else 0)
        manner = Manner("body", bold=self.selected, lines_max=self.lines_max)
        return paint.set_text(self._rich, manner, room)

    def _colours(self) -> tuple[Rgba, Rgba, Rgba, Rgba]:
        palette = theme.palette
        if self.selected:
            return tuple(  # type: ignore[return-value]
                theme.colour(role) for role in ("tint", "primary", "on_tint", "on_tint")
            )
        fill = theme.colour("surface")
        if self.pressed:
            fill = (*mix(palette.surface, palette.primary, 0.14), 1.0)
        alpha = 0.5 if self.disabled else 1.0
        return fill, theme.colour("edge"), theme.colour("ink", alpha), theme.colour("muted")


class ChoiceCell(Tappable):
    """One answer in a grid or on a scale: a mark above its word."""

    def __init__(
        self, text: str, tap: Tap | None = None, *, selected: bool = False, **kwargs: Any
    ) -> None:
        self._rich = parse_markup(text)
        self.selected = selected
        self._icon_px = theme.icon_px(_ICON_DP)
        super().__init__(tap, **kwargs)

    @property
    def text(self) -> str:
        """The label, without marks."""
        return self._rich.text

    def select(self, *, selected: bool) -> None:
        """Show the cell as chosen or not."""
        if selected != self.selected:
            self.selected = selected
            self.repaint()

    def height_for(self, width: float) -> float:
        """Return the height of mark and word."""
        return self._icon_px + self._word(width).block.height_px + dp(30)

    def paint(self) -> None:
        """Draw the mark and the word below it, centred."""
        role = "on_tint" if self.selected else "ink"
        fill = theme.colour("tint" if self.selected else "surface")
        if self.pressed:
            fill = theme.colour("line")
        edge = theme.colour("primary" if self.selected else "edge")
        stroke = theme.stroke_px * (1.8 if self.selected else 1)
        paint.plate((*self.pos, *self.size), dp(RADIUS_DP), fill, edge, stroke)
        icon_y = self.top - dp(12) - self._icon_px / 2
        icon = "radio_on" if self.selected else "radio_off"
        paint.put_icon(icon, self.center_x, icon_y, self._icon_px, theme.colour(role))
        word = self._word(self.width)
        word_x = self.center_x - word.block.width_px / 2
        paint.put_text(word, word_x, icon_y - self._icon_px / 2 - dp(4), theme.colour(role))
        self.paint_ring(dp(RADIUS_DP))

    def _word(self, width: float) -> DrawnText:
        manner = Manner("small", bold=self.selected, align="center")
        return paint.set_text(self._rich, manner, width - dp(12))
