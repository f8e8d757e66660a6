"""Bundle files from several senders, taken in one go, and an answer for each of them (SYNC-053).

What a mission server and a hub both do with the files on a stick. A file is applied whole or not
at all; a sender whose certificate is not here gets no answer, since nobody is known to seal to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.clock import RandomBytes
from shared.errors import UsageError
from shared.ids import AuthorId
from shared.sealing.keys import SecretKey
from sync.carrier import Delivered, answering_reader, bundle_messages, take_bundle
from sync.peer import Peer, TakenIn
from sync.responder import Issuer
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle

NAME_DIGITS = 8
"""Of an author's hexadecimal name, in the names of answers to several senders."""


@dataclass
class Deliveries:
    """What bundle files brought, by sender in the order in which they were met."""

    files: int = 0
    by_sender: dict[AuthorId, Delivered] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """How many entries were new."""
        return sum(one.entries for one in self.by_sender.values())

    @property
    def chunks(self) -> int:
        """How many pieces of attachments were kept."""
        taken = (t for one in self.by_sender.values() for t in one.taken)
        return sum(one.chunks for one in taken)

    def add(self, delivered: Delivered) -> None:
        """Add one file's delivery; what the newest greeting of a sender says stands."""
        self.files += 1
        before = self.by_sender.get(delivered.sender)
        if before is not None:
            delivered.taken[:0] = before.taken
        self.by_sender[delivered.sender] = delivered


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers written, and the senders that get none."""

    files: tuple[Path, ...] = ()
    unknown: tuple[AuthorId, ...] = ()


def open_files(
    peer: Peer, files: Sequence[Path], keys: Sequence[SecretKey]
) -> Iterator[tuple[AuthorId, Iterator[bytes]]]:
    """Yield each file's sender and its messages, verified before the first is given out.

    Raises:
        UsageError: no such file.
        EncodingInvalid, TagMismatch, NoKeyMatches: a file is no bundle for this reader, or damaged;
            nothing of it is given out.
    """
    for path in files:
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        header, messages = open_bundle(path, keys, peer.directory.deployment)
        yield header.sender, iter(messages)


def take_files(peer: Peer, files: Sequence[Path], keys: Sequence[SecretKey]) -> Deliveries:
    """Take bundle files in; errors as of `open_files`, what came before the bad file stays."""
    found = Deliveries()
    for sender, messages in open_files(peer, files, keys):
        found.add(take_bundle(peer, sender, messages))
    return found


def write_answers(
    peer: Peer,
    issuer: Issuer,
    deliveries: Deliveries,
    path: Path,
    random_bytes: RandomBytes,
) -> Answered:
    """Write an answer to each sender: at `path`, or beside it by sender where there are several.

    Raises:
        StoreFull: the medium is full; no answer is left half written.
    """
    files: list[Path] = []
    unknown: list[AuthorId] = []
    origin = BundleFrom(peer.directory.deployment, peer.me.author, peer.now_ms())
    for sender, delivered in deliveries.by_sender.items():
        certificate = peer.directory.certificate(sender)
        if certificate is None:
            unknown.append(sender)
            continue
        taken = delivered.taken[-1] if delivered.taken else TakenIn()
        papers = issuer.papers(sender, peer.have_for(sender), taken)
        messages = bundle_messages(peer, answering_reader(peer, delivered), papers)
        place = _place(path, sender, several=len(deliveries.by_sender) > 1)
        files += write_bundle(place, origin, [certificate.hpke], messages, random_bytes)
    return Answered(tuple(files), tuple(unknown))


def _place(path: Path, sender: AuthorId, *, several: bool) -> Path:
    name = f"{path.stem}-{sender.hex()[:NAME_DIGITS]}{path.suffix}"
    return path.with_name(name) if several else path
