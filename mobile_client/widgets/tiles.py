"""Map tiles from an MBTiles file on the device; there is no network code here at all."""

import sqlite3
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from kivy.core.image import Image as CoreImage

from shared.errors import StoreCorrupt

_KEPT_MAX: Final = 192


class Tiles:
    """The raster tiles of one file.

    Raises:
        StoreCorrupt: the file is no MBTiles file.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            facts = dict(self._database.execute("select name, value from metadata"))
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise StoreCorrupt(f"{path.name} is not an MBTiles map; copy it again") from error
        self.zoom_min = int(facts.get("minzoom", 0))
        self.zoom_max = int(facts.get("maxzoom", 18))
        self._kept: OrderedDict[tuple[int, int, int], Any] = OrderedDict()

    def texture(self, zoom: int, column: int, row: int) -> Any:
        """Return the texture of a tile, None where the file has none."""
        key = (zoom, column, row)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = self._database.execute(
            "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ?",
            (zoom, column, 2**zoom - 1 - row),
        ).fetchone()
        texture = _decode(bytes(found[0])) if found else None
        self._kept[key] = texture
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return texture

    def close(self) -> None:
        """Close the file."""
        self._kept.clear()
        self._database.close()


def _decode(data: bytes) -> Any:
    kind = "jpg" if data[:2] == b"\xff\xd8" else "png"
    return CoreImage(BytesIO(data), ext=kind).texture
