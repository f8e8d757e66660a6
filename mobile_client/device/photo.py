"""Takes out of a picture what the camera wrote beside it: place, time, serial number, thumbnail.

A photo of a damaged roof must not carry the respondent's position past the form's own questions.
JPEG, PNG and WebP lose metadata, never pixels; other files pass as they are. The orientation of a
JPEG is kept, or sideways photos would stay sideways; what stands behind the picture goes too.
"""

import struct
from typing import Final

_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_KEPT: Final = {0xE0, 0xE2, 0xEE}
"""JFIF, ICC colour profile, Adobe colour transform: needed to show the picture right."""
_PNG_DROPPED: Final = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_IN_SCAN: Final = frozenset((0x00, *range(0xD0, 0xD8)))
"""Bytes behind 0xFF that do not end the picture's data: a stuffed 0xFF, and restarts."""
_WEBP_DROPPED: Final = {b"EXIF", b"XMP "}
_WEBP_FLAGS: Final = 0x0C
"""Bits of a WebP's header that promise EXIF and XMP."""
_EXIF: Final = 0xE1
_COMMENT: Final = 0xFE
_MARK: Final = 0xFF
_APPLICATION: Final = range(0xE0, 0xF0)
_ORIENTATION: Final = 0x0112
_ORIENTATIONS: Final = range(1, 9)


def strip_metadata(data: bytes) -> bytes:
    """Return the picture without its metadata; unchanged where it is no JPEG, PNG or WebP."""
    if data.startswith(_JPEG):
        return _strip_jpeg(data)
    if data.startswith(_PNG):
        return _strip_png(data)
    if is_webp(data):
        return _strip_webp(data)
    return data


def is_strippable(data: bytes) -> bool:
    """Tell whether `strip_metadata` knows this kind of picture."""
    return data.startswith((_JPEG, _PNG)) or is_webp(data)


def is_webp(data: bytes) -> bool:
    """Tell whether this begins as a WebP picture does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


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
            scans, at = _scans(data, at)
            kept.append(scans)
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
    if not _ended(kept[-1]):
        kept.append(data[at:])
    return b"".join(kept)


def _ended(piece: bytes) -> bool:
    return piece[-2:] == bytes((_MARK, _END_OF_IMAGE))


def _scans(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the picture's data up to its end, without metadata between its scans, and its end.

    Behind the end cameras put previews with metadata of their own, and whole films.
    """
    kept: list[bytes] = []
    begun = at
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        after = at + 2 + length
        if data[at + 1] in _APPLICATION or data[at + 1] == _COMMENT:
            kept.append(data[begun:at])
            begun = after
        if data[at + 1] == _START_OF_SCAN:
            after = _behind_scan(data, after)
        at = after
        if data[at : at + 2] == bytes((_MARK, _END_OF_IMAGE)):
            kept.append(data[begun : at + 2])
            return b"".join(kept), len(data)
        if data[at : at + 1] != bytes((_MARK,)):
            break
    kept.append(data[begun:])  # cut short: it ends where it ends
    return b"".join(kept), len(data)


def _behind_scan(data: bytes, at: int) -> int:
    """Return where the next marker stands that is none of the picture's data."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] not in _IN_SCAN and data[at + 1] != _MARK:
            return at
        at += 1
    return len(data)


def _strip_webp(data: bytes) -> bytes:
    kept: list[bytes] = []
    at = 12
    while at + 8 <= len(data):
        kind = data[at : at + 4]
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        chunk = data[at:end]
        if kind == b"VP8X" and len(chunk) > 8:  # noqa: PLR2004 - a chunk's head
            chunk = chunk[:8] + bytes((chunk[8] & ~_WEBP_FLAGS & 0xFF,)) + chunk[9:]
        if kind not in _WEBP_DROPPED:
            kept.append(chunk)
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


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
