"""Pictures as cameras write them: real pixels, and beside them place, serial number, previews."""

import random
from io import BytesIO

from PIL import Image, TiffImagePlugin

CANARY = b"CANARYserial4711"
PLACE = (15.0, 33.0, 6.5)


def noise(width: int, height: int, seed: int = 7) -> Image.Image:
    """Return a picture that does not compress to nothing."""
    return Image.frombytes(
        "RGB", (width, height), random.Random(seed).randbytes(width * height * 3)
    )


def exif(orientation: int = 1) -> Image.Exif:
    """Return what a telephone writes: maker, serial number, position."""
    made = Image.Exif()
    made[0x010F] = CANARY.decode()
    made[0x0112] = orientation
    made.get_ifd(0x8825)[2] = tuple(TiffImagePlugin.IFDRational(part) for part in PLACE)
    return made


def camera_jpeg(width: int, height: int, *, orientation: int = 1, seed: int = 7) -> bytes:
    """Return a JPEG with metadata before, between and behind its pixels."""
    out = BytesIO()
    picture = noise(width, height, seed)
    picture.save(out, "JPEG", exif=exif(orientation), comment=CANARY, quality=80)
    preview = BytesIO()
    noise(16, 16).save(preview, "JPEG", exif=exif())
    return out.getvalue() + preview.getvalue() + b"ftypmp42" + CANARY


def camera_file(width: int, height: int, kind: str) -> bytes:
    """Return a PNG, WebP or TIFF with metadata."""
    out = BytesIO()
    noise(width, height).save(out, kind, exif=exif())
    return out.getvalue()
