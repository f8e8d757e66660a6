"""What the demonstration's generator knows: which records live at each release, with what answers.

Kept apart from the system under demonstration and written as `truth.json`, so that anyone can
tabulate it by their own means and compare with the published numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class KnownRecord:
    """One finalized record: its answers from each release on, until it is withdrawn.

    Attributes:
        versions: release number -> answers (path with positions -> text) valid from then on.
        withdrawn_at: first release that no longer counts it; None while it lives.
    """

    key: str
    form: str
    round: int
    versions: dict[int, Mapping[str, str]]
    withdrawn_at: int | None = None


@dataclass
class Truth:
    """The generator's knowledge; release n is the one after round n."""

    seed: int
    records: dict[str, KnownRecord] = field(default_factory=dict)

    def add(
        self, key: str, form: str, round_number: int, answers: Mapping[str, str], *, at: int
    ) -> None:
        """Note a record that release `at` is the first to count."""
        self.records[key] = KnownRecord(key, form, round_number, {at: answers})

    def revise(self, key: str, answers: Mapping[str, str], *, at: int) -> None:
        """Note other answers of a record, counted from release `at` on."""
        self.records[key].versions[at] = answers

    def withdraw(self, key: str, *, at: int) -> None:
        """Note that release `at` and later ones do not count the record."""
        self.records[key].withdrawn_at = at

    def live(self, release: int) -> dict[str, Mapping[str, str]]:
        """Return key -> answers of the records that a release counts."""
        found = {}
        for record in self.records.values():
            if record.withdrawn_at is not None and release >= record.withdrawn_at:
                continue
            known = [number for number in record.versions if number <= release]
            if known:
                found[record.key] = record.versions[max(known)]
        return found

    def as_json(self) -> dict[str, Any]:
        """Return plain values: see the README's section on the demonstration."""
        return {
            "seed": self.seed,
            "rounds": sorted({record.round for record in self.records.values()}),
            "records": [
                {
                    "key": record.key,
                    "form": record.form,
                    "round": record.round,
                    "withdrawn_at_release": record.withdrawn_at,
                    "versions": [
                        {"from_release": number, "answers": dict(answers)}
                        for number, answers in sorted(record.versions.items())
                    ],
                }
                for record in self.records.values()
            ],
        }

    def write(self, file: Path) -> None:
        """Write `truth.json`."""
        file.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")
