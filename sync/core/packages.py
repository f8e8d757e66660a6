"""Which app packages the server's broadcasts announce, withdraw and so offer. No I/O.

Rules SYNC-130 to SYNC-133. Where the bytes lie is sync/package_shelf.py's.
"""

from collections.abc import Iterable
from hashlib import sha256

from shared.errors import CairnError
from shared.limits import CHUNK_BYTES
from shared.sealing.packages import Manifest, open_manifest
from shared.sealing.ring import KeyRing
from shared.versions import Version


class Packages:
    """Every package announced, in the order of the log, and what was withdrawn."""

    def __init__(self) -> None:
        self._announced: dict[str, Manifest] = {}
        self._withdrawn: dict[bytes, str] = {}
        self._by_payload: dict[bytes, bytes] = {}

    def announce(self, payload: bytes, ring: KeyRing) -> None:
        """Take a signed manifest in; one that is not good tells nothing (SYNC-131)."""
        try:
            manifest = open_manifest(payload, ring)
        except CairnError:
            return
        self._by_payload[sha256(payload).digest()] = manifest.hash
        held = (self._key(one) for one in self._announced.values())
        if self._key(manifest) not in held:
            self._announced[manifest.title] = manifest

    def named_by(self, payload: bytes) -> bytes | None:
        """Return the hash of the package that a good manifest announces."""
        return self._by_payload.get(sha256(payload).digest())

    def withdraw(self, package_hash: bytes, reason: str) -> None:
        """Note a withdrawal, also of what is not announced yet; the first reason counts."""
        self._withdrawn.setdefault(package_hash, reason)

    def announced(self) -> tuple[Manifest, ...]:
        """Return every package that was announced, withdrawn ones too."""
        return tuple(self._announced.values())

    def why_withdrawn(self, package_hash: bytes) -> str | None:
        """Return the reason of a withdrawal, None where there is none."""
        return self._withdrawn.get(package_hash)

    def offered(self) -> tuple[Manifest, ...]:
        """Return the newest package of each name and platform that is not withdrawn (SYNC-132)."""
        newest: dict[tuple[str, str], Manifest] = {}
        for manifest in self._announced.values():
            place = manifest.name, manifest.platform
            held = newest.get(place)
            if manifest.hash not in self._withdrawn and (
                held is None or manifest.version > held.version
            ):
                newest[place] = manifest
        return tuple(newest[place] for place in sorted(newest))

    def upgrade_for(self, name: str, platform: str, installed: Version) -> Manifest | None:
        """Return what a device is offered: above its version, its own platform first (SYNC-133)."""
        suiting = [
            one
            for one in self.offered()
            if one.name == name and one.suits(platform) and one.version > installed
        ]
        return max(suiting, key=lambda one: (one.version, one.platform == platform), default=None)

    @staticmethod
    def _key(manifest: Manifest) -> tuple[str, Version, str]:
        return manifest.name, manifest.version, manifest.platform


def chunk_length(manifest: Manifest, offset: int) -> int:
    """Return how long the chunk at an offset is; 0 where none begins there (SYNC-130)."""
    if offset % CHUNK_BYTES or offset >= manifest.size:
        return 0
    return min(CHUNK_BYTES, manifest.size - offset)


def chunk_offsets(manifest: Manifest) -> Iterable[int]:
    """Return where the chunks of a package begin."""
    return range(0, manifest.size, CHUNK_BYTES)
