"""A picture from a file or from memory, fitted into its width."""

from io import BytesIO
from pathlib import Path
from typing import Any

from kivy.core.image import Image as CoreImage

from mobile_client.widgets import paint
from mobile_client.widgets.base import Drawn
from mobile_client.widgets.theme import dp


class Picture(Drawn):
    """An image; nothing where it cannot be read, and `missing` says so.

    A thumbnail comes as the bytes of a JPEG: it is sealed on the medium, and never lies there open.
    """

    def __init__(self, source: Path | bytes, height_max_dp: float = 280, **kwargs: Any) -> None:
        self._height_max = dp(height_max_dp)
        try:
            if isinstance(source, bytes):
                self._texture = CoreImage(BytesIO(source), ext="jpg").texture
            else:
                self._texture = CoreImage(str(source)).texture
        except Exception:  # noqa: BLE001 - Kivy's loaders raise whatever their library does
            self._texture = None
        self.missing = self._texture is None
        super().__init__(**kwargs)

    def height_for(self, width: float) -> float:
        """Return the height that keeps the shape of the picture."""
        if self._texture is None:
            return 0.0
        across, down = self._texture.size
        return float(min(self._height_max, width * down / across))

    def paint(self) -> None:
        """Draw the picture in the middle."""
        if self._texture is None:
            return
        across, down = self._texture.size
        width = self.height * across / down
        paint.picture(self._texture, (self.center_x - width / 2, self.y, width, self.height))
