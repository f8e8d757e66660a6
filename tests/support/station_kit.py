"""A coordinator's station over real hub folders, and tablets that hand real progress over to them.

`Tablet` seals entries as the client does, without forms: many of them cost little. The project is
`TestProject`, whose server broadcasts what hubs and station believe.
"""

import os
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from client_kit import MovingClock
from client_project import DEPLOYMENT, TestProject

from server.hub.home import Hub, HubSettings, init_home
from server.station.facts import Told
from server.station.home import StationHome, StationSettings
from server.station.picture import Chosen, Picture
from server.station.watch import Watch
from shared.canonical import encode
from shared.ids import AuthorId, EntryHash
from shared.records.small import Outcome, Progress, encode_progress
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.envelope import Compartment, Kind, LogId
from shared.sealing.keys import (
    AUDIENCE_MISSION,
    SecretKey,
    SigningKey,
    Suite,
    author_id,
    root_fingerprint,
)
from shared.sealing.log_writer import Appended, Epoch, Tip, append_sealed, begin_epoch
from shared.sealing.receipts import Signed
from shared.sealing.ring import open_ring
from sync.core.batch import Run, encode_batch, sealed_entry
from sync.core.certificate import Certificate, PeerRole, sign_certificate
from sync.core.have import LogName
from sync.core.messages import Papers
from sync.core.plan import OutcomeCode
from sync.driver import sync_once
from sync.transports.memory import MemoryTransport

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = 20_779
"""The day of NOW."""
CANARY = b"Qzavx answers of a household"


def still() -> MovingClock:
    """Return a clock that stands at NOW."""
    return MovingClock(NOW, 0.0)


def certify(project: TestProject, key: SigningKey, role: PeerRole = PeerRole.DEVICE) -> Signed:
    """Return a certificate that the project's server signed."""
    author = author_id(key.public_bytes, AUDIENCE_MISSION)
    public = SecretKey.generate(Suite.X25519).public
    made = Certificate(DEPLOYMENT, author, role, key.public_bytes, public, AUDIENCE_MISSION, 20_000)
    return sign_certificate(project.log_key, made)


@dataclass
class Tablet:
    """A tablet's log, sealed to the project's keys."""

    project: TestProject
    name: str
    incarnation: int = 0
    written: list[Appended] = field(default_factory=list)
    epoch: Epoch | None = None

    def __post_init__(self) -> None:
        """Make its key; the same name gives the same tablet."""
        self.key = SigningKey.from_bytes(sha256(self.name.encode()).digest())
        self.author = author_id(self.key.public_bytes, AUDIENCE_MISSION)
        self.certificate = certify(self.project, self.key)

    @property
    def tip(self) -> Tip:
        """Where the log ends."""
        log = LogId(DEPLOYMENT, self.author, self.incarnation)
        return self.written[-1].tip if self.written else Tip(log)

    def unlock(self) -> None:
        """Begin an epoch under the project's ring of now."""
        signed = self.project.peer.directory.signed_ring
        assert signed is not None
        fingerprint = root_fingerprint(self.project.root.public_bytes)
        ring = open_ring(
            signed.data, signed.signature, root_fingerprint=fingerprint, deployment=DEPLOYMENT
        )
        appended, self.epoch = begin_epoch(self.key, self.tip, ring, DAY, os.urandom)
        self.written.append(appended)

    def append(self, kind: Kind, part: Compartment, plaintext: bytes) -> Appended:
        """Seal one entry."""
        if self.epoch is None:
            self.unlock()
        assert self.epoch is not None
        appended = append_sealed(
            self.key,
            self.tip,
            kind,
            {part: plaintext},
            epoch=self.epoch,
            day=DAY,
            random_bytes=os.urandom,
        )
        self.written.append(appended)
        return appended

    def tell(self, progress: Progress | bytes) -> Appended:
        """Write a record or a tally, and progress behind it; return the former."""
        said = progress if isinstance(progress, bytes) else encode_progress(progress)
        ended = progress.outcome if isinstance(progress, Progress) else Outcome.FINALIZED
        kind = Kind.REVISION if ended is Outcome.FINALIZED else Kind.TALLY
        first = self.append(kind, Compartment.BODY, CANARY)
        self.append(Kind.PROGRESS, Compartment.PROGRESS, said)
        return first

    def visit(
        self, location: str = "L1", outcome: str = "finalized", **changes: object
    ) -> Appended:
        """Tell of one more visit."""
        return self.tell(progress(location, outcome, **changes))

    def clone(self) -> "Tablet":
        """Return a copied tablet with a life of its own from here."""
        other = copy(self)
        other.written = list(self.written)
        return other

    def batch(self, after: int = 0) -> bytes:
        """Return what follows an entry, as a batch of one signed run."""
        new = self.written[after:]
        entries = tuple(sealed_entry(one.entry.header, one.entry.payloads) for one in new)
        run = Run(entries, new[-1].head.signed_on, new[-1].signature)
        return encode_batch(DEPLOYMENT, [run])


def progress(location: str = "L1", outcome: str = "finalized", **changes: object) -> Progress:
    """Return one visit of round 1; its reference is new."""
    values: dict[str, object] = {
        "round_id": "1",
        "form_id": "household",
        "location": location,
        "outcome": Outcome(outcome),
        "duration_s": 1800 if outcome == "finalized" else 0,
        "day": DAY,
        "collector": b"\x01" * 8,
        "reference": os.urandom(8),
    }
    return Progress(**{**values, **changes})  # type: ignore[arg-type]


def told(sequence: int = 2, device: str = "tablet", **changes: object) -> Told:
    """Return an opened entry as reading gives it, for tests that only count."""
    taken_ms = changes.pop("taken_ms", DAY * 86_400_000)
    incarnation = changes.pop("incarnation", 0)
    record = changes.pop("record", None)
    said = progress(**changes)  # type: ignore[arg-type]
    log = LogName(AuthorId(sha256(device.encode()).digest()[:16]), int(str(incarnation)))
    name = sha256(encode([log.author, log.incarnation, sequence, encode_progress(said)])).digest()
    return Told(EntryHash(name), log, sequence, said, record, int(str(taken_ms)))  # type: ignore[arg-type]


@dataclass
class StationKit:
    """A project, its hubs, and a station that holds the coordinator's key."""

    folder: Path
    project: TestProject
    hubs: list[Hub] = field(default_factory=list)
    watch: Watch = field(init=False)
    home: StationHome = field(init=False)

    def __post_init__(self) -> None:
        """Make one hub and the station beside it."""
        self.add_hub()
        settings = StationSettings(
            DEPLOYMENT.hex(),
            root_fingerprint(self.project.root.public_bytes).hex(),
            "Test project",
            "Goma",
            (str(self.hubs[0].home),),
        )
        self.home = StationHome(self.folder / "station", settings)
        self.home.home.mkdir()
        self.home.save()
        self.begin(self.project.coordinator)

    def begin(self, *keys: SecretKey) -> None:
        """Start the station anew with these keys: it remembers nothing."""
        self.watch = Watch(self.home, keys, still())

    def add_hub(self) -> Hub:
        """Make a hub's folder, enrolled, and let it hear the server once."""
        home = self.folder / f"hub-{len(self.hubs)}"
        code = EnrolmentCode(
            DEPLOYMENT,
            ("https://127.0.0.1:9",),
            root_fingerprint(self.project.root.public_bytes),
            bytes(16),
            1 << 50,
            bytes(32),
            "Test project",
        )
        settings = HubSettings(
            label=f"Hub {len(self.hubs)}",
            host="127.0.0.1",
            port=8444,
            addresses=("https://127.0.0.1:8444",),
            deployment=DEPLOYMENT.hex(),
            root_fingerprint=code.root_fingerprint.hex(),
            project=code.label,
            mission_addresses=code.addresses,
            mission_pin="",
        )
        init_home(home, code, settings, still(), os.urandom)
        hub = Hub(home, still())
        certificate = certify(self.project, hub.keys.signing, PeerRole.HUB)
        self.project.peer.learn(certificate)
        hub.peer.take_ring(self.project.ring())
        hub.accept_enrolment(certificate)
        self.hubs.append(hub)
        self.forward(hub)
        return hub

    def forward(self, hub: Hub | None = None) -> None:
        """Let a hub sync with the mission server."""
        one = hub or self.hubs[0]
        sync_once(one.peer, MemoryTransport(self.project.responder, one.keys.author))

    def hand_over(self, tablet: Tablet, after: int = 0, hub: Hub | None = None) -> None:
        """Give a tablet's entries after a sequence to a hub."""
        one = hub or self.hubs[0]
        one.peer.learn(tablet.certificate)
        taken = one.peer.take(tablet.batch(after), Papers())
        assert {outcome.code for outcome in taken.outcomes} <= {
            OutcomeCode.STORED,
            OutcomeCode.FORK,
            OutcomeCode.DUPLICATE,
        }

    def look(self, round_id: str = "", form_id: str = "") -> Picture:
        """Look at the picture."""
        return self.watch.look(Chosen(round_id, form_id))

    def close(self) -> None:
        """Close the hubs."""
        for hub in self.hubs:
            hub.close()


def make_station(folder: Path) -> StationKit:
    """Return a station of a new project with one hub."""
    return StationKit(folder, TestProject(clock=still()))
