"""Takes out of a picture what the camera wrote beside it: place, time, serial number, thumbnail.

A photo of a damaged roof must not carry the respondent's position past the form's own questions.
JPEG and PNG only lose metadata, never pixels; other files pass as they are. The JPEG orientation is
kept, or sideways photos would stay sideways.
"""

import struct
from typing import Final

_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_KEPT: Final = {0xE0, 0xE2, 0xEE}
"""JFIF, ICC colour profile, Adobe colour transform: needed to show the picture right."""
_PNG_DROPPED: Final = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
_START_OF_SCAN: Final = 0xDA
_EXIF: Final = 0xE1
_COMMENT: Final = 0xFE
_MARK: Final = 0xFF
_APPLICATION: Final = range(0xE0, 0xF0)
_ORIENTATION: Final = 0x0112
_ORIENTATIONS: Final = range(1, 9)


def strip_metadata(data: bytes) -> bytes:
    """Return the picture without its metadata; unchanged where it is no JPEG or PNG."""
    if data.startswith(_JPEG):
        return _strip_jpeg(data)
    if data.startswith(_PNG):
        return _strip_png(data)
    return data


def _strip_jpeg(data: bytes) -> bytes:
    kept = [_JPEG]
    orientation = 1
    at = 2
    while at + 4 <= len(data) and data[at] == _MARK:
        marker = data[at + 1]
        if marker == _MARK:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at : at + 2 + length]
        if marker == _EXIF:
            orientation = _orientation(segment[4:]) or orientation
        if marker in _JPEG_KEPT or not (marker in _APPLICATION or marker == _COMMENT):
            kept.append(segment)
        at += 2 + length
    if orientation != 1:
        kept.insert(1, _orientation_segment(orientation))
    kept.append(data[at:])
    return b"".join(kept)


def _orientation(segment: bytes) -> int:
    """Return the orientation an EXIF segment tells; 0 where it tells none."""
    tiff = segment[6:]
    if not segment.startswith(b"Exif\0\0") or tiff[:2] not in (b"II", b"MM"):
        return 0
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for index in range(min(count, 256)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * index)
            if tag == _ORIENTATION:
                return value if value in _ORIENTATIONS else 0
    except struct.error:
        return 0
    return 0


def _orientation_segment(orientation: int) -> bytes:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return bytes((0xFF, _EXIF)) + struct.pack(">H", len(body) + 2) + body


def _strip_png(data: bytes) -> bytes:
    kept = [_PNG]
    at = len(_PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if kind not in _PNG_DROPPED:
            kept.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    return b"".join(kept)
