"""Text and icons as widgets of their own."""

from typing import Any, Final

from mobile_client.text.markup import RichText, parse_markup
from mobile_client.text.textures import DrawnText
from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.paint import Manner
from mobile_client.widgets.theme import dp, theme

_MANNERS: Final = frozenset({"bold", "align", "lines_max"})


class Text(Drawn):
    """A paragraph or more. With `fit` it is as wide as its words, else as wide as it may be."""

    def __init__(
        self,
        text: str,
        role: str = "body",
        colour: str = "ink",
        *,
        markup: bool = False,
        fit: bool = False,
        **how: Any,
    ) -> None:
        self._rich = parse_markup(text) if markup else RichText(text)
        self._colour = colour
        self._manner = Manner(role, **{name: how.pop(name) for name in _MANNERS & set(how)})
        self._is_fit = fit
        if fit:
            how["size_hint_x"] = None
        super().__init__(**how)

    @property
    def text(self) -> str:
        """What it says, without marks."""
        return self._rich.text

    @text.setter
    def text(self, text: str) -> None:
        if text != self._rich.text:
            self._rich = RichText(text)
            self.repaint()

    def height_for(self, width: float) -> float:
        """Return the height of the lines."""
        laid = self._laid(None if self._is_fit else width)
        if self._is_fit:
            self.width = laid.block.width_px
        return laid.block.height_px

    def paint(self) -> None:
        """Draw the lines from the top."""
        laid = self._laid(None if self._is_fit else self.width)
        paint.put_text(laid, self.x, self.top, theme.colour(self._colour))

    def _laid(self, width: float | None) -> DrawnText:
        return paint.set_text(self._rich, self._manner, width)


class Icon(Drawn):
    """One icon in a square."""

    def __init__(
        self, name: str, size_dp: float = 28, colour: str = "ink", box_dp: float = 0, **kwargs: Any
    ) -> None:
        self.name = name
        self._colour = colour
        self._size_px = theme.icon_px(size_dp)
        side = max(self._size_px, dp(box_dp))
        self._side = side
        super().__init__(size_hint_x=None, width=side, **kwargs)

    def height_for(self, width: float) -> float:
        """Return the side of the square."""
        del width
        return self._side

    def paint(self) -> None:
        """Draw the icon in the middle."""
        colour = theme.colour(self._colour)
        paint.put_icon(self.name, self.center_x, self.center_y, self._size_px, colour)
