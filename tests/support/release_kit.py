"""A small mission with released tables, for tests of releases and of the HQ site."""

from dataclasses import dataclass
from pathlib import Path

from deident_forms import household_codebook, square_country

from server.aggregates.products import read_products
from server.aggregates.release import LABEL, Release
from server.aggregates.source import Source
from server.aggregates.thresholds import read_thresholds
from server.aggregates.workbench import Draft, Workbench
from server.deident.plan import make_plan
from server.deident.policy import default_policy
from server.deident.rows import AnalyticRecord, Row
from server.deident.store import AnalyticsStore
from shared.ids import DeploymentId
from shared.sealing.keys import SigningKey, Suite, root_fingerprint
from shared.sealing.ring import KeyRing, RingKey, Role, SignedRing, sign_ring

DAY_MS = 86_400_000
PRODUCTS = b"""{"products": [
  {"id": "people", "title": {"en": "Registered people",
   "ar": "\\u0645\\u0633\\u062c\\u0644\\u0648\\u0646"},
   "form": "household", "repeat": "member", "kind": "survey", "unit": "persons",
   "geography": "admin2", "dimensions": ["sex", "age"]},
  {"id": "homes", "title": "Registered households", "form": "household", "kind": "survey",
   "unit": "households", "geography": "admin1", "dimensions": ["needs"]}]}"""
AGES = ("0-4", "5-11", "12-17", "18-59", "60+")


@dataclass
class MissionKit:
    """A mission's analytic store, keys and releases folder."""

    folder: Path
    root: SigningKey
    release_key: SigningKey
    deployment: DeploymentId

    @property
    def ring(self) -> SignedRing:
        """The signed key ring."""
        return sign_ring(self.root, self.open_ring)

    @property
    def open_ring(self) -> KeyRing:
        """The key ring."""
        key = RingKey(Role.RELEASE, Suite.ED25519, self.release_key.public_bytes, 0, 90_000)
        return KeyRing(self.deployment, 1, 0, self.root.public_bytes, "Squareland", (key,))

    @property
    def fingerprint(self) -> str:
        """What an HQ site pins."""
        return root_fingerprint(self.root.public_bytes).hex()

    @property
    def store(self) -> AnalyticsStore:
        """The analytic store, to write."""
        return AnalyticsStore(str(self.folder / "analytics.db"))

    @property
    def bench(self) -> Workbench:
        """Drafts and releases."""
        return Workbench(self.folder / "releases", read_thresholds())

    def fill(self, households: int = 60, rounds: tuple[str, ...] = ("1", "2")) -> None:
        """Register households with members, spread unevenly over the four districts."""
        plan = make_plan(household_codebook(), default_policy(), square_country())
        records = [
            self.household(f"r{round_id}h{number}", round_id, number)
            for round_id in rounds
            for number in range(households + 7 * int(round_id))
        ]
        self.store.replace_records(plan, records)

    @staticmethod
    def household(name: str, round_id: str, number: int) -> AnalyticRecord:
        """Return one household; its place and members follow from its number."""
        district = ("ZZ0101", "ZZ0101", "ZZ0102", "ZZ0101", "ZZ0201", "ZZ0202", "ZZ0201")[
            number % 7
        ]
        root: dict[str, str | int | float | None] = {
            "_record": name,
            "_round": round_id,
            "_location": district,
            "_accepted": number,
            "_area1": district[:4],
            "_area2": district,
            "needs": ("food", "food water", "roof")[number % 3],
        }
        rows = [Row("household", root)]
        rows += [
            Row(
                "household__member",
                {
                    "_record": name,
                    "_member": f"{name}m{place}",
                    "sex": "fm"[(number + place) % 2],
                    "age": AGES[(number * 3 + place) % 5],
                },
            )
            for place in range(2 + number % 4)
        ]
        return AnalyticRecord(name, tuple(rows))

    def add(self, *records: AnalyticRecord) -> None:
        """Put records in the store."""
        plan = make_plan(household_codebook(), default_policy(), square_country())
        self.store.replace_records(plan, records)

    def draft(self, audience: str = "public") -> Draft:
        """Tabulate a draft."""
        source = Source(AnalyticsStore(str(self.folder / "analytics.db"), readonly=True))
        products = read_products(PRODUCTS)
        return self.bench.tabulate(source, products, square_country(), "Squareland", audience)

    def publish(self, audience: str = "public") -> Release:
        """Tabulate, check, approve twice, sign."""
        draft = self.draft(audience)
        self.bench.check(audience)
        for person in ("Amal", "Bea"):
            self.bench.approve(audience, person)
        return self.bench.publish(
            audience, self.deployment, draft.number * DAY_MS, self.sign, self.ring
        )

    def sign(self, data: bytes) -> bytes:
        """Sign with the release key."""
        return self.release_key.sign(LABEL, data)


def make_mission(folder: Path) -> MissionKit:
    """Return a mission with fixed keys."""
    folder.mkdir(parents=True, exist_ok=True)
    root, release = SigningKey.from_bytes(b"\1" * 32), SigningKey.from_bytes(b"\2" * 32)
    return MissionKit(folder, root, release, DeploymentId(b"\3" * 8))
