"""A workbook before anybody opens it: a small file may unpack to more than a machine holds."""

import io
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from shared import limits
from shared.errors import LimitExceeded
from shared.forms.problems import FormProblems, Problem

_ZIP: Final = b"PK"
_HEAD_BYTES: Final = 2048


def guard_workbook(source: str | Path | bytes) -> None:
    """Refuse a workbook that is too large, packed or unpacked, or declares entities.

    A text is a form in Markdown and a path is read; old `.xls` files hold nothing packed.

    Raises:
        LimitExceeded: it is too large.
        FormProblems: it is damaged.
    """
    if isinstance(source, str):
        return
    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > limits.XFORM_BYTES_MAX:
        raise LimitExceeded(f"the workbook is larger than {limits.XFORM_BYTES_MAX} bytes")
    if not data.startswith(_ZIP):
        return
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            _guard_parts(packed)
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _refused(f"the workbook is damaged: {error}", "Save it again as .xlsx") from error


def _guard_parts(packed: ZipFile) -> None:
    parts = packed.infolist()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.WORKBOOK_BYTES_MAX or len(parts) > limits.WORKBOOK_PARTS_MAX:
        raise LimitExceeded(
            f"the workbook unpacks to {unpacked} bytes in {len(parts)} parts; "
            f"the limits are {limits.WORKBOOK_BYTES_MAX} and {limits.WORKBOOK_PARTS_MAX}"
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with packed.open(part) as content:
                if b"<!DOCTYPE" in content.read(_HEAD_BYTES):
                    told = f"{part.filename} in the workbook has a document type definition"
                    raise _refused(told, "Save it again with a spreadsheet program")


def _refused(what: str, instead: str) -> FormProblems:
    return FormProblems([Problem("", 0, "", what, instead)])
