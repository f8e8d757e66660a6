"""The three rounds, played: interviews offline, hand-over by four roads, intake, release.

Each turn of the story is one method, named for what happens. The truth is noted at the moment the
people decide, never read back from the system.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from server.demo.device import Device
from server.demo.interviews import Filled, ShippedForm, fill, revise
from server.demo.office import DEVICE_PASSPHRASE, Homes, Office
from server.demo.plan import DEVICES, ENUMERATORS, Outcome, Plan, Task
from server.demo.truth import Truth
from shared.clock import Clock

HUB_DEVICE: Final = "tablet-3"
BUNDLE_DEVICE: Final = "laptop-4"
COMPLAINTS: Final = "/data/interview/needs/knows_complaints"
WATER: Final = "/data/interview/shelter/water_enough"
FEMALE_HEADED: Final = "/data/population/idp_profile/idp_female_headed"
_ANSWERS: Final = ("yes", "no", "dont_know")
Step = Callable[[int], None]


@dataclass
class Tally:
    """What the devices said became of the interviews."""

    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: str) -> None:
        """Note one ending."""
        self.outcomes[outcome] += 1


@dataclass
class Season:
    """One demonstration while it runs."""

    plan: Plan
    homes: Homes
    office: Office
    forms: Mapping[str, ShippedForm]
    hub_code: str
    truth: Truth
    step: Step
    clock: Clock
    tally: Tally = field(default_factory=Tally)
    filled: dict[str, Filled] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    settled: int = 0
    before_visits: Mapping[str, str] | None = None

    def device(self, name: str, enumerator: str | None = None) -> Device:
        """Open a device for one of its enumerators."""
        person = enumerator or ENUMERATORS[name][0]
        log = self.homes.logs / f"{name}.log"
        return Device(self.homes.devices / name, person, log, DEVICE_PASSPHRASE)

    def interview(self, round_number: int) -> None:
        """Fill the round's interviews, device by device, each enumerator unlocking once."""
        for name in DEVICES:
            for enumerator in ENUMERATORS[name]:
                mine = [
                    task
                    for task in self.plan.of(name, round_number)
                    if task.enumerator == enumerator and not task.late
                ]
                if mine:
                    with self.device(name, enumerator) as device:
                        for task in mine:
                            self._one(device, task, at=round_number)

    def interview_late(self, round_number: int) -> None:
        """Fill what was done too late for the round's carrier; it travels with the next."""
        for task in self.plan.tasks:
            if task.late and task.round == round_number:
                with self.device(task.device, task.enumerator) as device:
                    self._one(device, task, at=round_number + 1)

    def _one(self, device: Device, task: Task, *, at: int) -> None:
        filled = fill(task, self.forms[task.form], self.plan.seed, self.clock.now())
        answers = list(filled.asked.items())
        if task.outcome is Outcome.ABANDONED:
            # They are called away half-way: what was said is destroyed, one more in the tally.
            answers = answers[: max(12, len(answers) // 2)]
        outcome = "abandon" if task.outcome is Outcome.ABANDONED else "finalize"
        ended = device.request("fill", form=task.form, answers=answers, outcome=outcome)
        self.tally.count(ended["outcome"])
        self.step(1)
        if ended["outcome"] != Outcome.FINALIZED.value:
            return
        self.filled[task.key] = filled
        self.records[task.key] = ended["record_id"]
        self.codes[task.key] = ended["code"]
        self.truth.add(task.key, task.form, task.round, filled.truth, at=at)

    def hand_over(self) -> None:
        """Let every device hand over by its own road."""
        for name in DEVICES:
            with self.device(name) as device:
                if name == HUB_DEVICE:
                    device.request("sync", to=self.hub_code)
                elif name != BUNDLE_DEVICE:
                    device.request("sync")
                else:
                    self._by_bundle(device)

    def _by_bundle(self, device: Device) -> None:
        """Carry a stick to the office and its answer back."""
        there, back = self.homes.papers / "stick.cairn", self.homes.papers / "answer.cairn"
        for old in (there, back):
            old.unlink(missing_ok=True)
        device.request("sync", bundle=str(there))
        self.office.take_bundle(there, back)
        device.request("sync", from_bundle=str(back))

    def forms_arrive(self) -> None:
        """Let every device pull the forms, by its own road."""
        self.hand_over()

    def withdraw(self, *, at: int) -> None:
        """A respondent brings the slip to another device than the one that interviewed."""
        key = self.plan.withdrawn
        own = self.plan.task(key).device
        other = next(name for name in DEVICES[:2] if name != own)
        with self.device(other) as device:
            device.request("withdraw", code=self.codes[key])
        self.truth.withdraw(key, at=at)

    def assign(self) -> None:
        """Send one household to two tablets, and one assessment back to who made it."""
        for name in DEVICES[:2]:
            self.office.assign(self.records[self.plan.edited_twice], name)
        self.office.assign(
            self.records[self.plan.corrected], self.plan.task(self.plan.corrected).device
        )

    def edit_twice(self) -> None:
        """Two enumerators visit one household, both offline, and disagree in one answer."""
        record = self.records[self.plan.edited_twice]
        first, second = self._visits()
        for name, change in zip(DEVICES[:2], (first, second), strict=True):
            with self.device(name) as device:
                device.request("edit", record_id=record, answers=list(change.items()))

    def _visits(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return what each of the two writes: one answer differs, one only the second has."""
        before = self.before_visits or self.filled[self.plan.edited_twice].asked
        self.before_visits = before
        return two_visits(before)

    def settle(self, *, at: int) -> None:
        """The coordinator settles what the two disagreed in, as the second visit had it."""
        _, agreed = self._visits()
        self.settled += self.office.settle_conflicts(agreed)
        self._note(self.plan.edited_twice, agreed, at=at)

    def correct(self, *, at: int) -> None:
        """An enumerator corrects a figure that was typed wrong."""
        key = self.plan.corrected
        change = {FEMALE_HEADED: "1" if self.filled[key].asked[FEMALE_HEADED] == "0" else "0"}
        with self.device(self.plan.task(key).device) as device:
            device.request("edit", record_id=self.records[key], answers=list(change.items()))
        self._note(key, change, at=at)

    def _note(self, key: str, changes: Mapping[str, str], *, at: int) -> None:
        shipped = self.forms[self.plan.task(key).form]
        after = revise(self.filled[key], changes, shipped, self.clock.now())
        self.filled[key] = after
        self.truth.revise(key, after.truth, at=at)

    def summary(self, counts: Mapping[str, Any]) -> dict[str, int]:
        """Return the counts of interviews and revisions, as issue and README name them."""
        outcomes = self.tally.outcomes
        return {
            "started": sum(outcomes.values()),
            "refused": outcomes[Outcome.REFUSED.value],
            "abandoned": outcomes[Outcome.ABANDONED.value],
            "finalized": outcomes[Outcome.FINALIZED.value],
            **{name: int(counts[name]) for name in ("received", "held", "quarantined", "resolved")},
            "conflicts": int(counts["conflicts_open"]) + int(counts["conflicts_settled"]),
            "withdrawn": int(counts["withdrawn_records"]),
            "live_records": int(counts["live_records"]),
            "analytic_rows": int(counts["analytic_rows"]),
        }


def two_visits(before: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what two visits write over earlier answers: both one thing, the second another too."""
    one, other = [answer for answer in _ANSWERS if answer != before.get(COMPLAINTS)][:2]
    water = next(answer for answer in _ANSWERS if answer != before.get(WATER))
    return {COMPLAINTS: one}, {COMPLAINTS: other, WATER: water}


def scanned_folders(homes: Homes) -> dict[str, list[Path]]:
    """Return where canaries are looked for, by the names of `summary.json`."""
    stores = homes.server / "stores"

    def store(name: str) -> list[Path]:
        return sorted(stores.glob(f"{name}*"))

    return {
        "devices": [homes.devices],
        "hub": [homes.hub],
        "inbox": store("inbox"),
        "records": store("records"),
        "analytics": store("analytics"),
        "hq": [homes.hq],
        "logs": [homes.logs],
    }
