"""Bundles at a hub: from tablets' sticks, to and from the mission server's."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from server.hub.home import Hub
from shared.errors import UsageError
from shared.sealing.keys import PublicKey
from shared.sealing.ring import Role
from sync.carrier import Reader, bundle_messages, mission_reader
from sync.core.have import HaveVector
from sync.core.messages import Papers
from sync.deliveries import Answered, take_files, write_answers
from sync.hub_notes import NOTE
from sync.responder import HubIssuer
from sync.transports.bundle import BundleFrom, write_bundle

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What taking in bundle files came to."""

    files: int
    entries: int
    chunks: int
    answer: list[str]
    not_answered: list[str]


def export_bundle(hub: Hub, path: Path, *, everything: bool = False) -> list[Path]:
    """Write what the mission server lacks, sealed to its transport key.

    Raises:
        UsageError: the hub has no key ring yet, so nobody is known to seal to.
        StoreFull: the stick is full.
    """
    ring = hub.peer.directory.ring
    if ring is None:
        raise UsageError("this hub has no key ring yet; a tablet that syncs brings it")
    public = ring.key(Role.SERVER_TRANSPORT, hub.peer.now_ms() // _DAY_MS).public()
    reader = mission_reader(hub.peer)
    if everything:
        reader = replace(reader, have=HaveVector())
    receipts = tuple(paper for _, paper in hub.peer.receipts())
    notes = tuple(paper for _, paper in hub.store.papers(NOTE))
    return _write(hub, path, public, reader, Papers(receipts, notes))


def import_bundle(hub: Hub, files: Sequence[Path], reply: Path | None) -> Imported:
    """Take bundle files in, each whole or not at all; write an answer for each sender.

    Raises:
        UsageError: no such file.
        EncodingInvalid, TagMismatch, NoKeyMatches: a file is no bundle for this hub, or damaged.
    """
    taken = take_files(hub.peer, files, [hub.keys.transport])
    answered = Answered()
    if reply is not None:
        answered = write_answers(hub.peer, HubIssuer(hub.peer), taken, reply, os.urandom)
    return Imported(
        len(files),
        taken.entries,
        taken.chunks,
        [str(path) for path in answered.files],
        [sender.hex() for sender in answered.unknown],
    )


def _write(hub: Hub, path: Path, public: PublicKey, reader: Reader, papers: Papers) -> list[Path]:
    origin = BundleFrom(hub.peer.directory.deployment, hub.keys.author, hub.peer.now_ms())
    messages = bundle_messages(hub.peer, reader, papers)
    return write_bundle(path, origin, [public], messages, os.urandom)
