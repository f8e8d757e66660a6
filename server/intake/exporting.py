"""Analytic rows as CSV, and what the file says of itself. Rules GOV-090..092.

An export holds de-identified rows alone, for one purpose, and names controller, policy and who took
it (IOM principle 11). Records as they were collected have no export.
"""

import csv
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from server.deident.catalogue import StoredTable
from server.deident.store import AnalyticsStore
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.mission import Mission
from shared.errors import PurposeNotPermitted, UsageError

MANIFEST: Final = "export.json"
_ROOT: Final = ("_record", "_round", "_location", "_accepted", "_version")
_REPEAT: Final = ("_member", "_record", "_parent", "_position")


@dataclass(frozen=True, slots=True)
class Exported:
    """One file of an export."""

    path: Path
    rows: int


def export_rows(
    mission: Mission, actor: Actor, form_id: str, purpose: str, folder: Path
) -> list[Exported]:
    """Write a form's analytic tables as CSV into a new folder.

    Raises:
        PolicyDenied: the actor may not export this form for this purpose.
        PurposeNotPermitted: the analytic store serves another purpose.
        UsageError: no row of that form, or the folder exists.
    """
    served = mission.policy().deident.purpose
    if purpose != served:
        raise PurposeNotPermitted(
            f"the analytic store serves {served!r}; its rows may not be used for {purpose!r}"
        )
    mission.permit(actor, Action.RECORD_EXPORT, Resource("form", form_id, form_id), purpose)
    if folder.exists():
        raise UsageError(f"{folder} exists; an export is written into a new folder")
    store = AnalyticsStore(mission.settings.store_url("analytics"), readonly=True)
    try:
        tables = [table for table in store.tables() if table.form_id == form_id]
        if not tables:
            raise UsageError(f"no record of form {form_id!r} has analytic rows yet")
        folder.mkdir(parents=True)
        written = [_write(store, table, folder) for table in tables]
    finally:
        store.close()
    _describe(mission, actor, form_id, purpose, folder, written)
    return written


def _write(store: AnalyticsStore, table: StoredTable, folder: Path) -> Exported:
    """Write one table, our own columns first."""
    own: tuple[str, ...] = _REPEAT
    if table.is_root:
        levels = tuple(f"_area{level}" for level in store.area_levels(table.name))
        own = (*_ROOT, *levels)
    columns = (*own, *(column.name for column in table.columns))
    path = folder / f"{table.name}.csv"
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in store.read(table.name, columns):
            writer.writerow(["" if cell is None else cell for cell in row])
            rows += 1
    return Exported(path, rows)


def _describe(  # noqa: PLR0913, PLR0917 - what the manifest names
    mission: Mission,
    actor: Actor,
    form_id: str,
    purpose: str,
    folder: Path,
    written: list[Exported],
) -> None:
    project, policy = mission.project(), mission.policy()
    content: dict[str, Any] = {
        "project": project.label,
        "controller": policy.controller or project.controller,
        "form": form_id,
        "purpose": purpose,
        "policy": policy.serial,
        "taken_by": actor.name,
        "taken_at": mission.clock.now().isoformat(timespec="seconds"),
        "files": [
            {
                "name": one.path.name,
                "rows": one.rows,
                "sha256": sha256(one.path.read_bytes()).hexdigest(),
            }
            for one in written
        ],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
