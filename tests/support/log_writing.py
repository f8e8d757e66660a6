"""Write real, signed, chained logs for tests, with payloads that need no epoch."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from shared.ids import AuthorId, DeploymentId
from shared.sealing.envelope import (
    GENESIS,
    Compartment,
    Header,
    Kind,
    PayloadRef,
    ref_of,
    sign_head,
)
from shared.sealing.keys import SigningKey, author_id
from sync.core.batch import Run, SealedEntry, sealed_entry
from sync.core.have import LogName

DEPLOYMENT = DeploymentId(b"deploy01")


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def signing_key(name: str) -> SigningKey:
    """The same name gives the same key, so failures replay."""
    return SigningKey.from_bytes(sha256(name.encode()).digest())


@dataclass
class Writer:
    """One author's log in one incarnation."""

    key: SigningKey
    audience: str = "mission"
    incarnation: int = 0
    entries: list[SealedEntry] = field(default_factory=list)
    signed_on: int = 20_000

    @property
    def author(self) -> AuthorId:
        return author_id(self.key.public_bytes, self.audience)

    @property
    def log(self) -> LogName:
        return LogName(self.author, self.incarnation)

    def add(
        self,
        payload: bytes | None = None,
        *,
        kind: int = Kind.REVISION,
        compartment: Compartment = Compartment.BODY,
        detached: tuple[bytes, int] | None = None,
    ) -> SealedEntry:
        """Append one entry; `detached` is hash and length of an attachment's ciphertext."""
        number = len(self.entries) + 1
        data = b"payload %d" % number if payload is None else payload
        if detached is None:
            payloads: dict[Compartment, bytes | None] = {compartment: data}
            refs = (ref_of(compartment, data),)
        else:
            payloads = {Compartment.ATTACHMENT: None}
            refs = (PayloadRef(Compartment.ATTACHMENT, *detached),)
        previous = self.entries[-1].hash if self.entries else GENESIS
        salt = sha256(b"%d %b" % (number, data)).digest()[:16]
        header = Header(
            DEPLOYMENT, self.author, self.incarnation, number, kind, previous, 0, salt, refs
        )
        entry = sealed_entry(header, payloads)
        self.entries.append(entry)
        return entry

    def grow(self, count: int) -> "Writer":
        for _ in range(count):
            self.add()
        return self

    def run(self, first: int = 1, last: int | None = None) -> Run:
        """A run from `first` to `last`, signed at its end."""
        entries = tuple(self.entries[first - 1 : last])
        unsigned = Run(entries, self.signed_on, b"")
        return Run(entries, self.signed_on, sign_head(self.key, unsigned.head))

    def clone(self) -> "Writer":
        """A copied tablet: the same key and history, a life of its own from here."""
        return deepcopy(self)
