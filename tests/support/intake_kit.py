"""What tests of intake ask of a mission: its counts, with their sum checked, and all its bytes."""

from typing import Any

from mission import MissionKit
from sqlalchemy import text

from server.queries.counts import intake_counts
from server.tables.stores import Store, all_metadata


def counts(kit: MissionKit) -> dict[str, Any]:
    """Return the counts; the sum that must always hold is checked here (INTK-070)."""
    found = intake_counts(kit.mission)
    assert found["received"] == found["resolved"] + found["held"] + found["quarantined"], found
    return found


def store_bytes(kit: MissionKit) -> bytes:
    """Return every byte of the home's files, and every cell of stores that are not files."""
    held = [p.read_bytes() for p in sorted(kit.mission.settings.home.rglob("*")) if p.is_file()]
    for store in Store:
        with kit.mission.stores.engine(store).connect() as connection:
            for table in all_metadata()[store].tables:
                for row in connection.execute(text(f"SELECT * FROM {table}")):
                    held += [_bytes(cell) for cell in row]
    return b"\n".join(held)


def _bytes(cell: object) -> bytes:
    return bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
