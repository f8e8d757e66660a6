"""The server's audit chain as a whole: checkpoint, verify, export. Rules GOV-030..034.

`find_fault` and the signatures are audit.py's; here they meet the store. An exported chain is
verified by anyone who holds the key ring, without this server.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.db import reading
from server.governance.audit import (
    Checkpoint,
    Fault,
    Line,
    find_fault,
    read_checkpoint,
    read_line,
    sign_checkpoint,
)
from server.mission import Mission
from server.queries import audit
from shared.errors import SignatureInvalid, UsageError
from shared.sealing.ring import KeyRing, Role

FORMAT: Final = "cairn-audit-1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a chain came to."""

    lines: int
    checkpoints: int
    fault: Fault | None

    @property
    def holds(self) -> bool:
        """Whether nothing is missing or altered."""
        return self.fault is None


def checkpoint(mission: Mission) -> Checkpoint | None:
    """Sign the chain's head and keep the statement; None while the chain is empty."""
    with mission.records() as session:
        head = audit.last(session)
        if head is None:
            return None
        made = sign_checkpoint(
            mission.keychain.receipt, mission.project().deployment, head, mission.now_ms()
        )
        audit.add_checkpoint(session, head.sequence, made)
    return made


def verify_chain(
    lines: Iterable[Line], checkpoints: Iterable[Checkpoint], ring: KeyRing
) -> Verdict:
    """Verify a chain and that every checkpoint stands in it.

    A chain cut short at its end holds by itself; a checkpoint beyond that end tells.
    """
    hashes: dict[int, bytes] = {}

    def seen() -> Iterator[Line]:
        for line in lines:
            hashes[line.sequence] = line.hash
            yield line

    fault = find_fault(seen())
    keys = [key.data for key in ring.keys if key.role is Role.RECEIPT]
    count = 0
    for one in checkpoints:
        count += 1
        try:
            sequence, digest = read_checkpoint(one, keys)
        except SignatureInvalid:
            fault = fault or Fault(0, "a checkpoint is not signed by a receipt key of the ring")
            continue
        if hashes.get(sequence) != digest:
            reason = "is missing" if sequence not in hashes else "is not the one that was signed"
            fault = fault or Fault(sequence, f"line {sequence} {reason}, as a checkpoint shows")
    return Verdict(len(hashes), count, fault)


def verify(mission: Mission) -> Verdict:
    """Verify the chain in the records store."""
    with reading(mission.stores.records) as session:
        statements = audit.checkpoints(session)
        return verify_chain(audit.lines(session), statements, mission.ring())


def write_chain(mission: Mission, path: Path) -> int:
    """Write chain and checkpoints as JSON lines; return how many lines the chain has."""
    count = 0
    with (
        reading(mission.stores.records) as session,
        path.open("w", encoding="utf-8") as file,
    ):
        file.write(json.dumps({"format": FORMAT}) + "\n")
        for line in audit.lines(session):
            file.write(
                json.dumps({"n": line.sequence, "line": line.data.hex(), "hash": line.hash.hex()})
                + "\n"
            )
            count += 1
        for one in audit.checkpoints(session):
            file.write(
                json.dumps({"checkpoint": one.data.hex(), "signature": one.signature.hex()}) + "\n"
            )
    return count


def verify_file(path: Path, ring: KeyRing) -> Verdict:
    """Verify an exported chain.

    Raises:
        UsageError: not such a file.
    """
    lines: list[Line] = []
    statements: list[Checkpoint] = []
    try:
        rows = [json.loads(row) for row in path.read_text("utf-8").splitlines()]
        if not rows or rows[0] != {"format": FORMAT}:
            raise UsageError(f"{path} is not an exported audit chain")
        for row in rows[1:]:
            if "checkpoint" in row:
                statements.append(
                    Checkpoint(bytes.fromhex(row["checkpoint"]), bytes.fromhex(row["signature"]))
                )
            else:
                lines.append(Line(row["n"], bytes.fromhex(row["line"]), bytes.fromhex(row["hash"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not an exported audit chain: {error}") from error
    return verify_chain(lines, statements, ring)


def shown(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """Yield lines as people read them."""
    for line in lines:
        sequence, _, at_ms, event = read_line(line.data)
        yield {
            "sequence": sequence,
            "at_ms": at_ms,
            "actor": event.actor,
            "action": event.action,
            "resource": event.resource,
            "purpose": event.purpose,
            "decision": event.decision,
            "rule": event.rule,
            "policy": event.policy,
            "detail": " ".join(f"{name}={value}" for name, value in event.detail.items()),
        }
