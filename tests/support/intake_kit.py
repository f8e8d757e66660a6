"""What tests of intake ask of a mission: its counts, with their sum checked, and all its bytes."""

from typing import Any

from mission import MissionKit
from sqlalchemy import text

from server.db import writing
from server.governance.actions import Role
from server.governance.decide import Actor
from server.governance.policy import built_in_text
from server.queries import documents
from server.queries.counts import intake_counts
from server.tables.documents import PolicyVersion
from server.tables.stores import Store, all_metadata

COORDINATOR = Actor("coordinator", frozenset({Role.COORDINATOR}))
STEWARD = Actor("steward", frozenset({Role.STEWARD}))


def put_policy(kit: MissionKit, more: str) -> None:
    """Put a policy in force: the shipped one and more sections."""
    with writing(kit.mission.stores.records) as session:
        newest = documents.newest_policy(session)
        session.add(
            PolicyVersion(
                serial=1 if newest is None else newest.serial + 1,
                payload=b"-",
                content=built_in_text() + b"\n" + more.encode(),
                published_at=kit.clock.now(),
            )
        )


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
