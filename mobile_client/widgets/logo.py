"""The cairn: four stones, each resting on the one below."""

from typing import Any, Final

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.theme import dp, theme

_STONES: Final = (
    # centre x, centre y, width, height, as shares of the side
    (0.50, 0.14, 0.86, 0.24),
    (0.47, 0.37, 0.64, 0.20),
    (0.53, 0.57, 0.46, 0.18),
    (0.49, 0.755, 0.30, 0.16),
)


class Logo(Drawn):
    """The mark, in the middle of its width."""

    def __init__(self, side_dp: float = 88, **kwargs: Any) -> None:
        self._side = dp(side_dp)
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return the side."""
        del width
        return self._side * 0.86

    def paint(self) -> None:
        """Draw the stones from the ground up, lighter towards the top."""
        left = self.center_x - self._side / 2
        for nth, (x, y, width, height) in enumerate(_STONES):
            alpha = 1.0 if theme.is_sun else 1 - 0.17 * nth
            box = (
                left + (x - width / 2) * self._side,
                self.y + (y - height / 2) * self._side,
                width * self._side,
                height * self._side,
            )
            paint.plate(box, height * self._side / 2, theme.colour("primary", alpha))
