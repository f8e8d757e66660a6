"""Buttons: a word that says what happens, an icon that helps to find it again."""

from typing import Any, Final

from mobile_client.look import RADIUS_DP, TARGET_DP, mix
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import Rgba, dp, theme
from mobile_client.widgets.touch import Tap, Tappable

_PADDING_DP: Final = 18
_GAP_DP: Final = 10
_TRAILING: Final = frozenset({"next", "forward", "down"})
_WORD: Final = Manner("button", bold=True, align="center")


class PushButton(Tappable):
    """A labelled button. Kinds: filled (goes on), tonal, outline, ghost, danger.

    An icon that points on stands after the word. With `fit` it is as wide as it needs; where the
    word does not fit, the icon stands alone.
    """

    def __init__(
        self,
        text: str,
        tap: Tap | None = None,
        *,
        kind: str = "filled",
        icon: str = "",
        fit: bool = False,
        **kwargs: Any,
    ) -> None:
        self.text = text
        self.label = text
        self.kind = kind
        self.icon = icon
        self._trailing = icon in _TRAILING
        self._icon_px = theme.icon_px(24) if icon else 0
        self.is_fit = fit
        if fit:
            kwargs["size_hint_x"] = None
            kwargs["width"] = self.fit_width()
        super().__init__(tap, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of the word with room around it."""
        return max(dp(TARGET_DP), self._word(width).block.height_px + dp(24))

    def paint(self) -> None:
        """Draw plate, word and icon."""
        fill, edge, ink = self._colours()
        radius = dp(RADIUS_DP)
        paint.plate((*self.pos, *self.size), radius, fill, edge)
        word = self._word(self.width)
        word_px = max((line.width_px for line in word.block.lines), default=0)
        gap = dp(_GAP_DP) if self.icon and word_px else 0
        content = word_px + gap + self._icon_px
        left = self.center_x - content / 2
        icon_first = self._trailing == self.rtl
        word_x = left + (self._icon_px + gap if icon_first and self.icon else 0)
        block_px = word.block.width_px
        paint.put_text(
            word,
            word_x - (block_px - word_px) / 2,
            self.center_y + word.block.height_px / 2,
            ink,
        )
        if self.icon:
            icon_x = left if icon_first else left + word_px + gap
            paint.put_icon(self.icon, icon_x + self._icon_px / 2, self.center_y, self._icon_px, ink)
        self.paint_ring(radius)

    def fit_width(self) -> float:
        """Return the width at which the whole word stands on one line."""
        word = paint.set_text(self.text, _WORD, None).block.width_px
        gap = dp(_GAP_DP) if self.icon and word else 0
        return max(dp(TARGET_DP), word + self._icon_px + gap + 2 * dp(_PADDING_DP) + 2)

    def _word(self, width: float) -> DrawnText:
        room = width - 2 * dp(_PADDING_DP) - (self._icon_px + dp(_GAP_DP) if self.icon else 0)
        if self.icon and room < self._widest_word():
            return paint.set_text("", _WORD, None)
        return paint.set_text(self.text, _WORD, room)

    def _widest_word(self) -> int:
        words = (paint.set_text(word, _WORD, None) for word in self.text.split())
        return max((word.block.width_px for word in words), default=0)

    def _colours(self) -> tuple[Rgba, Rgba | None, Rgba]:
        palette = theme.palette
        if self.disabled:
            faded = theme.colour("muted", 1.0 if theme.is_sun else 0.55)
            return paint.CLEAR if theme.is_sun else theme.colour("line"), None, faded
        fills = {
            "filled": ("primary", "on_primary", None),
            "tonal": ("tint", "on_tint", None),
            "outline": ("surface", "ink", "edge"),
            "ghost": ("background", "ink", None),
            "danger": ("surface", "error", "error"),
        }
        fill_role, ink_role, edge_role = fills[self.kind]
        fill = theme.colour(fill_role)
        if self.pressed:
            fill = (*mix(getattr(palette, fill_role), getattr(palette, ink_role), 0.16), 1.0)
        elif self.kind == "ghost":
            fill = paint.CLEAR
        return fill, theme.colour(edge_role) if edge_role else None, theme.colour(ink_role)


class IconButton(Tappable):
    """An icon alone, for bars; `label` says its purpose to tests and screen readers."""

    def __init__(
        self, icon: str, label: str, tap: Tap | None = None, *, colour: str = "ink", **kwargs: Any
    ) -> None:
        self.icon = icon
        self.text = label
        self._colour = colour
        side = max(dp(TARGET_DP), theme.icon_px(28) + dp(20))
        self._side = side
        super().__init__(tap, size_hint_x=None, width=side, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the side of the square."""
        del width
        return self._side

    def paint(self) -> None:
        """Draw the icon, on a disc while pressed."""
        if self.pressed:
            paint.disc(self.center_x, self.center_y, self.width / 2, theme.colour("line"))
        alpha = 0.4 if self.disabled else 1.0
        colour = theme.colour(self._colour, alpha)
        paint.put_icon(self.icon, self.center_x, self.center_y, theme.icon_px(28), colour)
        self.paint_ring(self.width / 2)
