"""Writing this device's log: the epoch of an unlock, then entries sealed under it.

The epoch entry is durable before anything names it (SEAL-041); its secrets live in this object and
go with `forget`. All entries of one call stand in the log together, or none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import RLock
from typing import Final

from shared.clock import Clock, RandomBytes
from shared.errors import KeyNotTrusted
from shared.limits import CHUNK_BYTES
from shared.sealing.attachments import seal_chunks
from shared.sealing.envelope import TAG_BYTES, Compartment, Kind
from shared.sealing.log_writer import (
    Appended,
    AttachmentSeal,
    Epoch,
    Tip,
    append_attachment,
    append_sealed,
    begin_attachment,
    begin_epoch,
)
from shared.sealing.ring import KeyRing
from sync.core.store import Chunk
from sync.peer import Peer
from sync.stores.sqlite import SqliteLogStore

SECONDS_PER_DAY: Final = 86_400
_SEALED_CHUNK: Final = CHUNK_BYTES + TAG_BYTES

Blocks = Callable[[], Iterable[bytes]]
"""Gives the plaintext of a file from its beginning, each time it is called."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One entry to write: what each compartment says."""

    kind: Kind
    plaintexts: Mapping[Compartment, bytes]


@dataclass(frozen=True, slots=True)
class SealedFile:
    """An attachment sealed once to learn its address; sealing it again gives the same bytes."""

    seal: AttachmentSeal
    hash: bytes
    length: int
    blocks: Blocks


class LogAuthor:
    """Appends to this device's own log."""

    def __init__(
        self, peer: Peer, store: SqliteLogStore, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        self._peer = peer
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes
        self._lock = RLock()
        self._epoch: Epoch | None = None
        self._epoch_ring = 0

    def forget(self) -> None:
        """Forget the epoch secrets: from now on nobody here opens what was sealed."""
        with self._lock:
            self._epoch = None

    def seal_file(self, compartment: Compartment, blocks: Blocks) -> SealedFile:
        """Seal a file for the log without writing it yet."""
        with self._lock:
            seal = begin_attachment(self._ready_epoch(), compartment, self._random_bytes)
        digest, length = sha256(), 0
        for chunk in seal_chunks(seal.key, blocks()):
            digest.update(chunk)
            length += len(chunk)
        return SealedFile(seal, digest.digest(), length, blocks)

    def append(
        self,
        entries: Sequence[Sealed],
        *,
        files: Sequence[SealedFile] = (),
        planned: Callable[[Appended], None] | None = None,
    ) -> Appended:
        """Append files and entries together, durable on return; return the first entry.

        Args:
            entries: at least one.
            files: what `seal_file` gave, under this same epoch.
            planned: called with the first entry before anything of it is in the log.

        Raises:
            KeyNotTrusted: no key ring, or no recipient: nothing is written in the clear.
            StoreFull, StoreBusy: nothing was kept.
        """
        with self._lock:
            epoch = self._ready_epoch()
            day = self._day()
            attached = self._attached(files, day)
            tip = attached[-1].tip if attached else self._tip()
            written: list[Appended] = []
            for entry in entries:
                appended = append_sealed(
                    self._peer.me.key,
                    tip,
                    entry.kind,
                    entry.plaintexts,
                    epoch=epoch,
                    day=day,
                    random_bytes=self._random_bytes,
                )
                written.append(appended)
                tip = appended.tip
            if planned is not None:
                planned(written[0])
            with self._store.transaction():
                for file, appended in zip(files, attached, strict=True):
                    self._keep_chunks(file)
                    self._store.append_own(appended)
                for appended in written:
                    self._store.append_own(appended)
            return written[0]

    def seals(self, compartment: Compartment) -> bool:
        """Tell whether the key ring has a recipient for a compartment."""
        with self._lock:
            return compartment in self._ready_epoch().secrets.secrets

    def stands(self, incarnation: int, sequence: int, entry_hash: bytes) -> bool:
        """Tell whether an entry that was planned stands in the log."""
        held = self._store.entry(self._peer.me.author, incarnation, sequence)
        return held is not None and held.hash == entry_hash

    def _attached(self, files: Sequence[SealedFile], day: int) -> list[Appended]:
        tip = self._tip()
        attached: list[Appended] = []
        for file in files:
            appended = append_attachment(
                self._peer.me.key,
                tip,
                file.seal,
                hash=file.hash,
                length=file.length,
                day=day,
            )
            attached.append(appended)
            tip = appended.tip
        return attached

    def _keep_chunks(self, file: SealedFile) -> None:
        self._store.expect_payload(self._peer.me.author, file.hash, file.length)
        chunks = seal_chunks(file.seal.key, file.blocks())
        for number, data in enumerate(chunks):
            self._store.take_chunk(Chunk(file.hash, number * _SEALED_CHUNK, data))

    def _ready_epoch(self) -> Epoch:
        """Return the epoch of this unlock under the newest ring, its entry durable."""
        ring = self._ring()
        tip = self._tip()
        if self._epoch is None or self._epoch.log != tip.log or self._epoch_ring != ring.serial:
            appended, epoch = begin_epoch(
                self._peer.me.key, tip, ring, self._day(), self._random_bytes
            )
            self._store.append_own(appended)
            self._epoch, self._epoch_ring = epoch, ring.serial
        return self._epoch

    def _ring(self) -> KeyRing:
        ring = self._peer.directory.ring
        if ring is None:
            raise KeyNotTrusted(
                "this device has no key ring yet; hand over once, then finalize again"
            )
        return ring

    def _tip(self) -> Tip:
        me = self._peer.me
        return self._store.own_tip(self._peer.directory.deployment, me.author, me.incarnation)

    def _day(self) -> int:
        return int(self._clock.now().timestamp()) // SECONDS_PER_DAY
