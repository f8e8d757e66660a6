"""A peer's app packages: which it wants, how far each is loaded, and the whole file when it is.

The bytes lie in the log store beside the attachments, as detached payloads that no entry names.
Rules SYNC-132 to SYNC-137.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from shared.errors import NotFound, PackageRefused, StoreFull, UsageError
from shared.ids import AUTHOR_ID_BYTES, AuthorId
from shared.limits import CHUNK_BYTES
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.packages import Manifest
from sync.core.batch import SealedEntry
from sync.core.packages import Packages, chunk_length, chunk_offsets
from sync.core.store import Chunk, LogStore, Want

NOBODY: Final = AuthorId(bytes(AUTHOR_ID_BYTES))
"""In whose name packages are collected: they stand in no log as payloads."""
WANTED_MAX: Final = 100
Wish = Callable[[Manifest], bool]
"""Tells whether an offered package is wanted here."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How far a package is here."""

    manifest: Manifest
    received: int
    whole: bool


class PackageShelf:
    """The packages of one peer. Who has no wish keeps what was put here and asks for nothing."""

    def __init__(self, store: LogStore, known: Packages) -> None:
        """Open the shelf over a store, with what the broadcasts announced."""
        self._store = store
        self._known = known
        self._wish: Wish | None = None

    def wants(self, wish: Wish) -> None:
        """From now on collect what `wish` says, and drop the rest."""
        self._wish = wish
        self.settle()

    def settle(self) -> None:
        """Expect what is wanted and delete what is not (SYNC-133, SYNC-135)."""
        if self._wish is None:
            return
        offered = self._known.offered()
        wanted = {one.hash: one for one in offered if self._wish(one)}
        announced = {one.hash for one in self._known.announced()}
        drop = [each for each in announced - wanted.keys() if self._store.find_payload(each)]
        add = [each for each in wanted if self._store.find_payload(each) is None]
        if drop or add:
            with self._store.transaction():
                for package_hash in drop:
                    self._store.forget_payload(package_hash)
                for package_hash in add:
                    self._store.expect_payload(NOBODY, package_hash, wanted[package_hash].size)

    def missing(self) -> list[Want]:
        """Return the packages that are wanted and not whole here."""
        return self._store.missing_payloads(WANTED_MAX, NOBODY)

    def good(self, chunk: Chunk) -> bool:
        """Tell whether a chunk may be kept: one of a package has its one length (SYNC-134)."""
        for manifest in self._known.announced():
            if manifest.hash == chunk.payload_hash:
                return len(chunk.data) == chunk_length(manifest, chunk.offset)
        return True

    def offered(self) -> tuple[Loaded, ...]:
        """Return what is offered and how far it is here."""
        return tuple(self.loaded(manifest) for manifest in self._known.offered())

    def announced_in(self, entries: Iterable[SealedEntry]) -> list[bytes]:
        """Return the hashes of the packages that entries announce, where they are offered."""
        offered = {one.hash for one in self._known.offered()}
        named = (
            self._known.named_by(entry.payloads.get(Compartment.OPEN, b""))
            for entry in entries
            if entry.header.kind == Kind.PACKAGE
        )
        return [each for each in named if each in offered]

    def loaded(self, manifest: Manifest) -> Loaded:
        """Return how far a package is here."""
        held = self._store.find_payload(manifest.hash)
        if held is None:
            return Loaded(manifest, 0, whole=False)
        return Loaded(manifest, held.received, held.whole)

    def blocks(self, manifest: Manifest) -> Iterator[bytes]:
        """Yield a whole package's bytes, chunk by chunk.

        Raises:
            NotFound: it is not whole here.
        """
        for offset in chunk_offsets(manifest):
            chunk = self._store.chunk(manifest.hash, offset)
            if chunk is None:
                raise NotFound(f"the package {manifest.title} is not whole here yet")
            yield chunk.data

    def put(self, manifest: Manifest, blocks: Iterable[bytes]) -> None:
        """Keep a package whose bytes are at hand, in place of what was begun (SYNC-136).

        Raises:
            PackageRefused: they are not the package's; nothing was kept.
            StoreFull, StoreBusy: nothing was kept.
        """
        with self._store.transaction():
            self._store.forget_payload(manifest.hash)
            self._store.expect_payload(NOBODY, manifest.hash, manifest.size)
            at = 0
            for data in blocks:
                if at + len(data) > manifest.size:
                    raise PackageRefused(f"the file is longer than the package {manifest.title}")
                self._store.take_chunk(Chunk(manifest.hash, at, data))
                at += len(data)
            if not self.loaded(manifest).whole:
                raise PackageRefused(
                    f"the file is not the package {manifest.title}: size or SHA-256 differ; "
                    "fetch it again from where it was signed"
                )

    def save(self, manifest: Manifest, path: Path) -> Path:
        """Write a whole package as a file, verified as it is written (SYNC-137).

        Args:
            manifest: of the package.
            path: the file, or a folder in which it gets its own name.

        Raises:
            UsageError: the file exists.
            NotFound: the package is not whole here.
            PackageRefused: withdrawn, or what lies here is not the package any more.
            StoreFull: no space; no file of that name is left.
        """
        reason = self._known.why_withdrawn(manifest.hash)
        if reason is not None:
            raise PackageRefused(f"the package {manifest.title} was withdrawn: {reason}")
        target = path / manifest.file_name if path.is_dir() else path
        if target.exists():
            raise UsageError(f"{target} exists; it is not overwritten")
        temporary = target.with_name(f".{target.name}.part")
        try:
            self._write(manifest, temporary)
            temporary.replace(target)
        except OSError as error:
            raise StoreFull(f"cannot write {target}: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)
        return target

    def _write(self, manifest: Manifest, path: Path) -> None:
        digest, size = sha256(), 0
        with path.open("wb") as file:
            for data in self.blocks(manifest):
                digest.update(data)
                size += len(data)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if size != manifest.size or digest.digest() != manifest.hash:
            raise PackageRefused(
                f"the package {manifest.title} was damaged on this machine; fetch it again"
            )


def file_blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in chunks.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK_BYTES):
                yield data
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
