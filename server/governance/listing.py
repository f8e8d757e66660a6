"""Versions of choice lists on their way to the root's signature: propose, look, sign.

The station makes the step from the version before by itself, applies it, and signs whole and step
together: whichever the server broadcasts, the root stands behind it. Rules GOV-021, LIST-012,
LIST-020.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.db import reading
from server.governance.station import Station, Unsigned
from server.mission import Mission
from server.queries import documents
from shared.errors import CairnError, UsageError
from shared.ids import DeploymentId
from shared.records.form_document import DELTA_DOCUMENT, LIST_DOCUMENT
from shared.records.list_delta import Delta, apply_delta, encode_delta, make_delta
from shared.records.lists import canonical_list, rows_in
from shared.sealing.documents import open_document

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class ListFile:
    """A version of a file that forms read.

    Attributes:
        base: the version published before; empty where there is none.
    """

    name: str
    serial: int
    data: bytes
    base: bytes = b""

    def value(self) -> list[Any]:
        """Return what an exchange file holds of it."""
        return [self.name, self.serial, self.data, self.base]

    def unsigned(self) -> list[Unsigned]:
        """Return the documents to sign: the whole, and the step where one pays."""
        whole = (LIST_DOCUMENT, self.name, self.serial, self.data)
        step = step_between(self.base, self.data)
        if step is None:
            return [whole]
        return [whole, (DELTA_DOCUMENT, self.name, self.serial, encode_delta(step))]


def read_list_file(value: Any) -> ListFile:
    """Read a file from an exchange file's value; raises TypeError or ValueError for another."""
    name, serial, data, base = value
    return ListFile(str(name), int(serial), bytes(data), bytes(base))


def step_between(base: bytes, new: bytes) -> Delta | None:
    """Return the step between two versions where it can be made and costs less than half.

    Files that are no list in the one spelling (images, GeoJSON, CSV of another's) have none.
    """
    try:
        if not base or canonical_list(base) != base or canonical_list(new) != new:
            return None
        step = make_delta(base, new)
        if step is None or b"".join(apply_delta(iter((base,)), step)) != new:
            return None
    except CairnError:
        return None
    cost = len(zlib.compress(encode_delta(step), _LEVEL))
    return step if cost * 2 <= len(zlib.compress(new, _LEVEL)) else None


def propose_list(mission: Mission, path: Path) -> ListFile:
    """Read a CSV file as the next version of the choice list it is named after.

    Raises:
        UsageError: it cannot be read, or is published in exactly this version.
        FormError, LimitExceeded: it is no list.
    """
    try:
        data = canonical_list(path.read_bytes(), path.name)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    for file in new_versions(mission, {path.name: data}):
        return file
    raise UsageError(f"{path.name} is published in exactly this version already")


def new_versions(mission: Mission, files: dict[str, bytes]) -> list[ListFile]:
    """Return those files that are not the newest published version of their name."""
    return list(_new_versions(mission, files))


def _new_versions(mission: Mission, files: dict[str, bytes]) -> Iterator[ListFile]:
    ring = None
    with reading(mission.stores.records) as session:
        for name, data in sorted(files.items()):
            newest = documents.newest_list(session, name)
            if newest is None:
                yield ListFile(name, 1, data)
                continue
            ring = ring or mission.ring()
            base = open_document(newest.payload, ring).content
            if base != data:
                yield ListFile(name, newest.serial + 1, data, base)


def approve_list(station: Station, value: Any, passphrase: str) -> tuple[ListFile, list[bytes]]:
    """Look at a proposed list at the station and sign it.

    Raises:
        UsageError: malformed, or another project's request.
        FormError, LimitExceeded: it is no list.
    """
    deployment, file = read_list_request(value)
    if canonical_list(file.data, file.name) != file.data:
        raise UsageError(f"{file.name} is not in the one spelling of lists; have it proposed again")
    return file, station.sign_documents(deployment, file.unsigned(), passphrase)


def read_list_request(value: Any) -> tuple[DeploymentId, ListFile]:
    """Read a list request's value.

    Raises:
        UsageError: malformed.
    """
    try:
        deployment, file = value
        return DeploymentId(bytes(deployment)), read_list_file(file)
    except (TypeError, ValueError) as error:
        raise UsageError("the list request is malformed; have it written again") from error


def describe_list(file: ListFile) -> dict[str, Any]:
    """Return what a steward looks at before signing: how many rows, and what changes."""
    step = step_between(file.base, file.data)
    rows = rows_in((file.data,), file.name)
    header = next(rows, ())
    return {
        "list": file.name,
        "version": file.serial,
        "columns": " ".join(header),
        "rows": sum(1 for _ in rows),
        "travels": "whole" if step is None else "as a step",
        "added": None if step is None else len(step.added),
        "removed": None if step is None else len(step.removed),
        "changed_cells": None if step is None else len(step.changed),
    }
