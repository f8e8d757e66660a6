"""GOV-030..034: a removed, altered, inserted or cut line is found and located."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from mission import MissionKit, make_mission

from server.db import reading
from server.governance.actions import Action
from server.governance.audit import (
    AuditEvent,
    Checkpoint,
    Line,
    find_fault,
    line_hash,
    next_line,
)
from server.governance.auditing import (
    checkpoint,
    shown,
    verify,
    verify_chain,
    verify_file,
    write_chain,
)
from server.governance.decide import Resource
from server.mission import CONSOLE
from server.queries import audit
from server.tables.people import AuditLine
from shared.errors import UsageError


def chain(length: int) -> list[Line]:
    lines: list[Line] = []
    for number in range(length):
        event = AuditEvent("ana", "x", f"r{number}", "", "permit", "rule", 1, {"n": number})
        lines.append(next_line(lines[-1] if lines else None, 1000 + number, event))
    return lines


def altered(lines: list[Line], at: int) -> list[Line]:
    data = lines[at].data.replace(b"ana", b"eve")
    return [*lines[:at], Line(lines[at].sequence, data, line_hash(data)), *lines[at + 1 :]]


FORGERIES: list[tuple[str, Callable[[list[Line]], list[Line]], int]] = [
    ("removed", lambda c: [*c[:3], *c[4:]], 4),
    ("altered, hash kept", lambda c: [*c[:3], Line(4, c[3].data + b"x", c[3].hash), *c[4:]], 4),
    ("altered, hash made new", lambda c: altered(c, 3), 5),
    ("swapped", lambda c: [*c[:3], c[4], c[3], *c[5:]], 4),
    ("doubled", lambda c: [*c[:4], *c[3:]], 5),
    ("not a line", lambda c: [*c[:3], Line(4, b"\xff", line_hash(b"\xff")), *c[4:]], 4),
]


@pytest.mark.parametrize(("what", "forge", "place"), FORGERIES, ids=[f[0] for f in FORGERIES])
def test_a_forged_chain_is_located(
    what: str, forge: Callable[[list[Line]], list[Line]], place: int
) -> None:
    fault = find_fault(forge(chain(8)))
    assert fault is not None, what
    assert fault.sequence == place


def test_a_whole_chain_holds() -> None:
    assert find_fault(chain(8)) is None
    assert find_fault([]) is None


def test_a_chain_cut_at_its_end_is_told_by_a_checkpoint(kit: MissionKit) -> None:
    """GOV-032, GOV-033: what is left holds by itself; what was signed does not fit it."""
    for _ in range(3):
        kit.mission.permit(CONSOLE, Action.KEY_LIST, Resource("key"))
    made = checkpoint(kit.mission)
    assert made is not None
    assert verify(kit.mission).holds
    with kit.mission.records() as session:
        last = audit.last(session)
        assert last is not None
        session.delete(session.get_one(AuditLine, last.sequence))
    verdict = verify(kit.mission)
    assert verdict.fault is not None
    assert verdict.fault.sequence == last.sequence
    assert "missing" in verdict.fault.reason


def test_a_checkpoint_of_nobody_is_told(kit: MissionKit) -> None:
    forged = Checkpoint(b"x", bytes(64))
    verdict = verify_chain([], [forged], kit.mission.ring())
    assert verdict.fault is not None
    assert "not signed" in verdict.fault.reason


def test_an_exported_chain_is_verified_without_the_server(tmp_path: Path) -> None:
    """GOV-034."""
    kit = make_mission(tmp_path)
    checkpoint(kit.mission)
    path = tmp_path / "chain.jsonl"
    count = write_chain(kit.mission, path)
    ring = kit.mission.ring()
    with reading(kit.mission.stores.records) as session:
        rows = list(shown(audit.lines(session)))
    kit.close()
    assert count == len(rows) == verify_file(path, ring).lines
    assert verify_file(path, ring).holds
    assert {row["action"] for row in rows} >= {"project.create", "ring.import"}
    lines = path.read_text().splitlines()
    row = json.loads(lines[1])
    row["line"] = row["line"].replace("6", "7", 1)
    path.write_text("\n".join([lines[0], json.dumps(row), *lines[2:]]))
    verdict = verify_file(path, ring)
    assert verdict.fault is not None
    assert verdict.fault.sequence == 1
    path.write_text("nothing")
    with pytest.raises(UsageError, match="not an exported"):
        verify_file(path, ring)


def test_two_writers_never_follow_one_line(kit: MissionKit) -> None:
    """GOV-031: the chain is appended under a lock on both databases."""

    def write() -> None:
        for _ in range(5):
            kit.mission.permit(CONSOLE, Action.KEY_LIST, Resource("key"))

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(kit.mission)
    assert verdict.holds
    assert verdict.lines >= 20
