"""Rows of lists, the line above a list, and what stands where a list is empty."""

from dataclasses import replace
from typing import Any, Final

from mobile_client.look import RADIUS_DP, TARGET_DP, mix
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.base import Column, Space
from mobile_client.widgets.chip import TONES
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.text import Icon, Text
from mobile_client.widgets.theme import dp, theme
from mobile_client.widgets.touch import Tap, Tappable

_PADDING_DP: Final = 16
_TITLE: Final = Manner("body", bold=True)
_DETAIL: Final = Manner("small")


class ListRow(Tappable):
    """A title, a line below it, an icon before and a state after; the whole row is the target.

    `state` is (word, tone, icon), drawn as a chip; a row of one line shows its icon alone.
    Without a `tap` the row is only read.
    """

    def __init__(
        self,
        title: str,
        detail: str = "",
        tap: Tap | None = None,
        *,
        icon: str = "",
        state: tuple[str, str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.text = title
        self.detail = detail
        self.icon = icon
        self.state_shown = state
        self._depth = dp(20) * kwargs.pop("depth", 0)
        lines_max = kwargs.pop("lines_max", 0)
        self._brief = lines_max == 1
        self._title = replace(_TITLE, lines_max=lines_max)
        self._detail = replace(_DETAIL, lines_max=lines_max)
        self._icon_px = theme.icon_px(28) if icon else 0
        super().__init__(tap, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the height of title and detail with room around them."""
        title, detail = self._words(width)
        height = title.block.height_px + (detail.block.height_px + dp(2) if detail else 0)
        if self.state_shown and self._stacks(width):
            height += self._chip().block.height_px + dp(16)
        return max(dp(TARGET_DP + 12), height + dp(26))

    def paint(self) -> None:
        """Draw the row."""
        palette = theme.palette
        fill = theme.colour("surface")
        if self.pressed and self.tap:
            fill = (*mix(palette.surface, palette.primary, 0.14), 1.0)
        edge = theme.colour("edge" if theme.is_sun else "line")
        paint.plate((*self.pos, *self.size), dp(RADIUS_DP), fill, edge)
        offset = self._depth + dp(_PADDING_DP)
        if self.icon:
            centre = self.start_x(offset, self._icon_px) + self._icon_px / 2
            colour = theme.colour("primary")
            paint.put_icon(self.icon, centre, self.center_y, self._icon_px, colour)
            offset += self._icon_px + dp(_PADDING_DP)
        title, detail = self._words(self.width)
        height = title.block.height_px + (detail.block.height_px + dp(2) if detail else 0)
        stacked = self.state_shown is not None and self._stacks(self.width)
        if stacked:
            height += self._chip().block.height_px + dp(16)
        top = self.center_y + height / 2
        paint.put_text(title, self.start_x(offset, title.block.width_px), top, theme.colour("ink"))
        top -= title.block.height_px + dp(2)
        if detail:
            x = self.start_x(offset, detail.block.width_px)
            paint.put_text(detail, x, top, theme.colour("muted"))
            top -= detail.block.height_px
        self._paint_end(offset, top - dp(6) if stacked else None)
        self.paint_ring(dp(RADIUS_DP))

    def _paint_end(self, offset: float, chip_top: float | None) -> None:
        end = self.width - dp(_PADDING_DP)
        if self.tap is not None:
            size = theme.icon_px(24)
            centre = self.start_x(end - size, size) + size / 2
            paint.put_icon("next", centre, self.center_y, size, theme.colour("muted"))
            end -= size + dp(8)
        if self.state_shown is None:
            return
        _, tone, icon = self.state_shown
        word = self._chip()
        icon_px = theme.icon_px(18)
        width, height = self._chip_width(), word.block.height_px + dp(8)
        start = offset if chip_top is not None else end - width
        top = chip_top if chip_top is not None else self.center_y + height / 2
        ink_role, fill_role = ("ink", "surface") if theme.is_sun else TONES[tone]
        ink = theme.colour(ink_role)
        box = (self.start_x(start, width), top - height, width, height)
        edge = ink if theme.is_sun else None
        paint.plate(box, height / 2, theme.colour(fill_role), edge)
        centre = self.start_x(start + dp(10), icon_px) + icon_px / 2
        paint.put_icon(icon, centre, top - height / 2, icon_px, ink)
        x = self.start_x(start + dp(15) + icon_px, word.block.width_px)
        paint.put_text(word, x, top - dp(4), ink)

    def _chip(self) -> DrawnText:
        word = self.state_shown[0] if self.state_shown and not self._brief else ""
        return paint.set_text(word, Manner("tiny", bold=True), None)

    def _chip_width(self) -> float:
        word = self._chip().block.width_px
        return word + theme.icon_px(18) + dp(27 if word else 20)

    def _stacks(self, width: float) -> bool:
        """Whether the state goes below the words: beside them it would break the title."""
        if self._brief:
            return False
        title = paint.set_text(self.text, _TITLE, None).block.width_px
        return title > self._room(width) - self._chip_width() - dp(8)

    def _room(self, width: float) -> float:
        room = width - 2 * dp(_PADDING_DP) - self._depth
        room -= self._icon_px + dp(_PADDING_DP) if self.icon else 0
        return float(room - (theme.icon_px(24) + dp(8) if self.tap else 0))

    def _words(self, width: float) -> tuple[DrawnText, DrawnText | None]:
        room = self._room(width)
        if self.state_shown is not None and not self._stacks(width):
            room -= self._chip_width() + dp(8)
        title = paint.set_text(self.text, self._title, room)
        return title, paint.set_text(self.detail, self._detail, room) if self.detail else None


class Heading(Text):
    """The line above a part of a screen."""

    def __init__(self, text: str, **how: Any) -> None:
        super().__init__(text, "heading", bold=True, **how)


class EmptyState(Column):
    """What stands where a list is empty: what would be here, and how it comes to be."""

    def __init__(self, icon: str, title: str, hint: str) -> None:
        super().__init__(padding=(dp(24), dp(28)), spacing=dp(8))
        sign = Icon(icon, 48, "muted", pos_hint={"center_x": 0.5})
        self.add_widget(sign)
        self.add_widget(Text(title, "heading", bold=True, align="center"))
        self.add_widget(Text(hint, "small", "muted", align="center"))
        self.add_widget(Space(4))
