"""Whether a file is what its suffix says, by its first bytes. Rule INTK-084.

A suffix is a promise to whoever opens the file; a program under the name of a picture is one to
break. Suffixes that nothing is known of promise nothing.
"""

from collections.abc import Mapping
from typing import Final

HEAD_BYTES: Final = 16
_Marks = tuple[tuple[int, bytes], ...]
_JPEG: Final[_Marks] = ((0, b"\xff\xd8\xff"),)
_ISO: Final[_Marks] = ((4, b"ftyp"),)
_ZIP: Final[_Marks] = ((0, b"PK\x03\x04"),)
_EBML: Final[_Marks] = ((0, b"\x1a\x45\xdf\xa3"),)
_MARKS: Final[Mapping[str, tuple[_Marks, ...]]] = {
    "jpg": (_JPEG,),
    "jpeg": (_JPEG,),
    "png": (((0, b"\x89PNG\r\n\x1a\n"),),),
    "gif": (((0, b"GIF8"),),),
    "webp": (((0, b"RIFF"), (8, b"WEBP")),),
    "heic": (_ISO,),
    "mp4": (_ISO,),
    "m4a": (_ISO,),
    "mov": (_ISO,),
    "3gp": (_ISO,),
    "webm": (_EBML,),
    "mkv": (_EBML,),
    "wav": (((0, b"RIFF"), (8, b"WAVE")),),
    "ogg": (((0, b"OggS"),),),
    "amr": (((0, b"#!AMR"),),),
    "mp3": (((0, b"ID3"),), *(((0, bytes((0xFF, low))),) for low in (0xFB, 0xF3, 0xF2, 0xFA))),
    "pdf": (((0, b"%PDF-"),),),
    "zip": (_ZIP,),
    "docx": (_ZIP,),
    "xlsx": (_ZIP,),
    "odt": (_ZIP,),
}


def agrees(suffix: str, head: bytes) -> bool:
    """Tell whether the first bytes of a file are those of its suffix."""
    known = _MARKS.get(suffix)
    if known is None:
        return True
    return any(all(head[at : at + len(mark)] == mark for at, mark in marks) for marks in known)
