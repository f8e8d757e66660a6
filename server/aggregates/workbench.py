"""From the analytic store to a draft release, and from draft to shelf. Rules REL-020..024.

HOME/releases/AUDIENCE/NNNN.release   signed, immutable
HOME/releases/AUDIENCE/NNNN.json      its content, for readers without Cairn
HOME/releases/ring                    the key ring readers check against
HOME/releases/.mission/               drafts, ledger and certificates, for this mission alone (0600)
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from server.aggregates.attacker import Attack
from server.aggregates.certificate import dump, load
from server.aggregates.content import release_content
from server.aggregates.disclose import class_of
from server.aggregates.gate import Decision, decide_group
from server.aggregates.group import make_group
from server.aggregates.knowledge import gather
from server.aggregates.ledger import AUDIENCES, GroupEntry, Ledger, from_json, to_json
from server.aggregates.products import Product
from server.aggregates.release import (
    FIRST,
    Release,
    Sign,
    canonical_json,
    open_release,
    sign_release,
)
from server.aggregates.source import Source
from server.aggregates.tabulate import Tabulated, tabulate
from server.aggregates.thresholds import Thresholds
from server.deident.geography import Geography
from shared.canonical import decode, encode
from shared.errors import DisclosureRisk, PolicyDenied, UsageError
from shared.ids import DeploymentId
from shared.sealing.ring import KeyRing, SignedRing
from shared.shapes import array, octets

PRIVATE = ".mission"


@dataclass(frozen=True)
class Draft:
    """One release being made."""

    audience: str
    number: int
    content: dict[str, Any]
    entries: tuple[GroupEntry, ...]
    approvals: tuple[str, ...] = ()
    checked: str = ""
    """Hash of the content the check passed on; "" before it did."""

    @property
    def digest(self) -> str:
        """Hash of the content as it stands."""
        return sha256(canonical_json(self.content)).hexdigest()


class Workbench:
    """Drafts, ledger and published releases of one mission."""

    def __init__(self, folder: Path, thresholds: Thresholds) -> None:
        self.folder, self.thresholds = folder, thresholds
        self._private = folder / PRIVATE
        self._private.mkdir(parents=True, exist_ok=True, mode=0o700)

    def tabulate(
        self,
        source: Source,
        products: Iterable[Product],
        geography: Geography,
        mission: str,
        audience: str,
    ) -> Draft:
        """Tabulate, protect and attack; keep the result as the audience's draft.

        Raises:
            DisclosureRisk: a table cannot be made safe.
        """
        if audience not in AUDIENCES:
            raise UsageError(f"audiences are {', '.join(AUDIENCES)}, not {audience!r}")
        groups: dict[str, list[Tabulated]] = {}
        for product in products:
            for table in tabulate(source, product, geography):
                if audience in class_of(table, self.thresholds).audiences:
                    groups.setdefault(f"{product.form}/{table.round_id}", []).append(table)
        if not groups:
            raise UsageError("there is nothing to release: no record, or no product for them")
        number, ledger = self.next_number(audience), self.ledger()
        decided: list[tuple[Decision, Sequence[Tabulated]]] = []
        for name, tables in sorted(groups.items()):
            group = make_group(name, tables, self.thresholds)
            decision = decide_group(group, ledger, audience, number, self.thresholds)
            decided.append((decision, tables))
        content = release_content(mission, decided, geography, self.thresholds)
        draft = Draft(audience, number, content, tuple(d.entry for d, _ in decided))
        results = [decision.result for decision, _ in decided if decision.result is not None]
        proofs = [one for result in results for one in result.certificates]
        _replace(self._draft_proofs(audience), dump(proofs), mode=0o600)
        self._save(draft)
        return draft

    def check(self, audience: str) -> dict[str, Any]:
        """Attack the draft's own tables once more, and check every certificate without a solver.

        Raises:
            DisclosureRisk: an attacker comes too close, names the cells; or a proof is missing.
        """
        draft = self.draft(audience)
        programmes, targets = 0, 0
        for entry in draft.entries:
            outcome = Attack(gather(entry.tables)).run(entry.targets)
            programmes += outcome.programmes
            targets += len(outcome.findings)
            if outcome.breaches or not outcome.consistent:
                names = sorted({str(f.target.terms[0][0]) for f in outcome.breaches})
                raise DisclosureRisk(f"an attacker comes too close to: {'; '.join(names[:20])}")
        certificates = self._check_certificates(draft)
        self._save(
            Draft(draft.audience, draft.number, draft.content, draft.entries, draft.approvals,
                  draft.digest)
        )  # fmt: skip
        return {
            "targets": targets,
            "programmes": programmes,
            "certificates": certificates,
            "breaches": 0,
            "hash": draft.digest,
        }

    def _check_certificates(self, draft: Draft) -> int:
        """Check each proof against the tables it speaks of; return how many there are.

        Raises:
            DisclosureRisk: new numbers come without a proof, or with one that does not hold.
        """
        path = self._draft_proofs(draft.audience)
        proofs = load(path.read_bytes()) if path.exists() else []
        ledger = self.ledger()
        proved = {
            (proof.assumed.group, proof.assumed.reader): set(proof.targets) for proof in proofs
        }
        entries = {entry.group: entry for entry in draft.entries}
        for entry in draft.entries:
            if entry.as_of != draft.number:
                continue
            seen = ledger.seen_by(entry.group, draft.audience)
            for reader in ("", draft.audience) if seen else ("",):
                held = proved.get((entry.group, reader))
                if held is None or not held.issuperset(entry.targets):
                    raise DisclosureRisk(
                        f"there is no certificate for {entry.group}; "
                        "run `cairn release tabulate` again"
                    )
        for proof in proofs:
            group, reader = proof.assumed.group, proof.assumed.reader
            before = ledger.seen_by(group, reader) if reader else ()
            tables = [table for entry in before for table in entry.tables]
            if not proof.holds([*tables, *entries[group].tables]):
                raise DisclosureRisk(
                    f"the certificate of {group} does not fit what is published; "
                    "run `cairn release tabulate` again"
                )
        return len(proofs)

    def approve(self, audience: str, person: str) -> tuple[str, ...]:
        """Note one person's approval.

        Raises:
            PolicyDenied: not checked yet, or approved by the same person before.
        """
        draft = self.draft(audience)
        if draft.checked != draft.digest:
            raise PolicyDenied("run `cairn release check` on this draft first (REL-024)")
        if person in draft.approvals:
            raise PolicyDenied(f"{person} approved it already; another person must (REL-024)")
        names = (*draft.approvals, person)
        self._save(
            Draft(audience, draft.number, draft.content, draft.entries, names, draft.checked)
        )
        return names

    def publish(
        self,
        audience: str,
        deployment: DeploymentId,
        now_ms: int,
        sign: Sign,
        ring: SignedRing,
    ) -> Release:
        """Sign the approved draft and put it on the shelf.

        Raises:
            PolicyDenied: not checked, or not approved by enough people.
        """
        draft = self.draft(audience)
        wanted = self.thresholds.approvals.get(audience, 1)
        if draft.checked != draft.digest:
            raise PolicyDenied("the draft was not checked; run `cairn release check` (REL-024)")
        if len(draft.approvals) < wanted:
            raise PolicyDenied(
                f"{wanted} people must approve a {audience} release, "
                f"{len(draft.approvals)} did (REL-024)"
            )
        if draft.number != self.next_number(audience):
            raise PolicyDenied("another release came out meanwhile; tabulate again (REL-023)")
        content = canonical_json({**draft.content, "approved_by": list(draft.approvals)})
        release = Release(
            deployment, audience, draft.number, self._previous(audience), now_ms, content
        )
        target = self.folder / audience / f"{draft.number:04d}.release"
        target.parent.mkdir(parents=True, exist_ok=True)
        # The ledger first: a release out without it would escape the next joint audit.
        for entry in draft.entries:
            self._append(entry)
        # The proofs too: a kill in between must not leave a release without them.
        proofs = self._draft_proofs(audience)
        _replace(self._kept_proofs(audience, draft.number), proofs.read_bytes(), mode=0o600)
        _write_once(target, sign_release(release, sign))
        # What was signed, readable without Cairn; the signed file alone is proof.
        _replace(target.with_suffix(".json"), content)
        _replace(self.folder / "ring", encode([ring.data, ring.signature]))
        proofs.unlink()
        self._draft_path(audience).unlink()
        return release

    def published(self, audience: str, ring: KeyRing) -> list[Release]:
        """Return the audience's releases, oldest first, each checked against the ring."""
        return [open_release(path.read_bytes(), ring) for path in self._paths(audience)]

    def next_number(self, audience: str) -> int:
        """Return the number the next release will have."""
        return len(self._paths(audience)) + 1

    def ledger(self) -> Ledger:
        """Return what was published before, with the truth behind it."""
        path = self._private / "ledger.jsonl"
        if not path.exists():
            return Ledger()
        lines = path.read_text("utf-8").splitlines()
        entries = [from_json(json.loads(line)) for line in lines]
        # A release that was never put on the shelf was never seen.
        return Ledger(tuple(e for e in entries if e.number < self.next_number(e.audience)))

    def draft(self, audience: str) -> Draft:
        """Return the audience's draft.

        Raises:
            UsageError: there is none.
        """
        path = self._draft_path(audience)
        if not path.exists():
            raise UsageError(f"there is no draft for {audience}; run `cairn release tabulate`")
        data = json.loads(path.read_text("utf-8"))
        return Draft(
            data["audience"],
            data["number"],
            data["content"],
            tuple(from_json(entry) for entry in data["entries"]),
            tuple(data["approvals"]),
            data["checked"],
        )

    def _save(self, draft: Draft) -> None:
        data: Mapping[str, Any] = {
            "audience": draft.audience,
            "number": draft.number,
            "content": draft.content,
            "entries": [to_json(entry) for entry in draft.entries],
            "approvals": list(draft.approvals),
            "checked": draft.checked,
        }
        _replace(self._draft_path(draft.audience), json.dumps(data).encode(), mode=0o600)

    def _append(self, entry: GroupEntry) -> None:
        """Add one entry to the ledger, durably."""
        path = self._private / "ledger.jsonl"
        path.touch(mode=0o600, exist_ok=True)
        with path.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(to_json(entry)) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())

    def _previous(self, audience: str) -> bytes:
        """Return the hash of the audience's newest release."""
        paths = self._paths(audience)
        if not paths:
            return FIRST
        data, _ = array(decode(paths[-1].read_bytes()), "a signed release", 2)
        return sha256(octets(data, "release")).digest()

    def _paths(self, audience: str) -> list[Path]:
        return sorted((self.folder / audience).glob("[0-9]*.release"))

    def _draft_proofs(self, audience: str) -> Path:
        return self._private / f"draft-{audience}.certificates.json.gz"

    def _kept_proofs(self, audience: str, number: int) -> Path:
        return self._private / f"{audience}-{number:04d}.certificates.json.gz"

    def _draft_path(self, audience: str) -> Path:
        return self._private / f"draft-{audience}.json"


def _write_once(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet (REL-023), durably."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.link(partial, path)
    partial.unlink()


def _replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file as a whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=mode)
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
