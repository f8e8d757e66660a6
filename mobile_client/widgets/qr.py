"""A QR code, black on white whatever the palette: cameras know no dark mode."""

from typing import Any, Final

import segno
from kivy.graphics.texture import Texture

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.theme import dp

_QUIET_MODULES: Final = 4
"""Empty modules around the code that readers need. Source: ISO/IEC 18004."""


class QrImage(Drawn):
    """The code of a text, in a square as wide as it may be, up to `side_dp`."""

    def __init__(self, content: str, side_dp: float = 260, **kwargs: Any) -> None:
        self.content = content
        self._side = dp(side_dp)
        rows = [bytes(row) for row in segno.make(content, error="m").matrix_iter(border=0)]
        side = len(rows) + 2 * _QUIET_MODULES
        blank = b"\xff" * side * _QUIET_MODULES
        margin = b"\xff" * _QUIET_MODULES
        pixels = b"".join(
            margin + bytes(0 if dark else 255 for dark in row) + margin for row in rows
        )
        self._texture = Texture.create(size=(side, side), colorfmt="luminance")
        self._texture.mag_filter = "nearest"
        self._texture.flip_vertical()
        self._texture.blit_buffer(blank + pixels + blank, colorfmt="luminance", bufferfmt="ubyte")
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return the side of the square."""
        return min(width, self._side)

    def paint(self) -> None:
        """Draw the code in the middle."""
        side = min(self.width, self._side)
        paint.picture(
            self._texture, (self.center_x - side / 2, self.center_y - side / 2, side, side)
        )
