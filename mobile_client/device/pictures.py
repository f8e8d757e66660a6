"""A picture as it goes into the vault: without metadata, as large as the form wants, a thumbnail.

Pillow decodes; it is imported when the first picture is taken, because it costs the start of the
app. What it cannot read and we cannot strip is refused: nobody can tell what it says of a place.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from mobile_client.device.photo import is_strippable, strip_metadata
from mobile_client.device.services import DeviceFault, Wish

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_BYTES_MAX: Final = 64 << 20
PIXELS_MAX: Final = 64_000_000
THUMBNAIL_PIXELS: Final = 320
"""The longer side of a thumbnail."""
_QUALITY: Final = 85
_THUMBNAIL_QUALITY: Final = 60
_SUFFIXES: Final = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be kept; the thumbnail is a JPEG, b"" where none could be made."""

    data: bytes
    suffix: str
    thumbnail: bytes


def prepare_picture(data: bytes, suffix: str, wish: Wish) -> Picture:
    """Return a picture as the form wants it.

    Raises:
        DeviceFault: it cannot be read, or has too many pixels; the message says what to choose.
    """
    image = _opened(data)
    if image is None:
        if wish.max_pixels or not is_strippable(data):
            raise DeviceFault("this picture cannot be read; take it again, as JPEG or PNG")
        return Picture(data if wish.keeps_metadata else strip_metadata(data), suffix, b"")
    kind = image.format or ""
    exif = image.info.get("exif", b"") if wish.keeps_metadata else b""
    shrinks = 0 < wish.max_pixels < max(image.size)
    try:
        if shrinks or not is_strippable(data):
            target = wish.max_pixels if shrinks else max(image.size)
            kind = kind if kind in _SUFFIXES else "PNG"
            kept = _written(_scaled(image, target), kind, _QUALITY, exif)
        else:
            kept = data if wish.keeps_metadata else strip_metadata(data)
        again = _opened(kept)
        small = b""
        if again is not None:
            small = _written(_scaled(again, THUMBNAIL_PIXELS), "JPEG", _THUMBNAIL_QUALITY, b"")
    except (OSError, ValueError, SyntaxError) as error:
        raise DeviceFault("this picture is damaged; take it again") from error
    return Picture(kept, _SUFFIXES.get(kind, suffix), small)


def _opened(data: bytes) -> "Image | None":
    """Return the picture, not decoded yet; None where Pillow does not know it."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - see the module's words

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data))
    except Image.DecompressionBombError as error:
        raise DeviceFault(_TOO_MANY) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    if image.width * image.height > PIXELS_MAX:
        raise DeviceFault(_TOO_MANY)
    return image


_TOO_MANY: Final = (
    f"this picture has more than {PIXELS_MAX // 1_000_000} million pixels; take a smaller one"
)


def _scaled(image: "Image", longest: int) -> "Image":
    """Return the picture upright and at most so many pixels long."""
    from PIL import ImageOps  # noqa: PLC0415 - see the module's words

    if image.format == "JPEG":
        image.draft(None, (longest, longest))  # decodes at a fraction, in a fraction of memory
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((longest, longest))
    return upright


def _written(image: "Image", kind: str, quality: int, exif: bytes) -> bytes:
    """Return the picture's bytes, with no metadata but `exif`."""
    out = BytesIO()
    if kind == "JPEG" and image.mode not in ("RGB", "L"):
        image = image.convert("RGB")
    image.info = {}
    options = {"exif": exif} if exif else {}
    image.save(out, kind, quality=quality, **options)
    return out.getvalue()
