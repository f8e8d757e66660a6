"""Bundles at a hub: from tablets' sticks, to and from the mission server's."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from server.hub.home import Hub
from shared.errors import KeyNotTrusted, UsageError
from shared.ids import AuthorId
from shared.sealing.keys import PublicKey
from shared.sealing.ring import Role
from sync.carrier import (
    Delivered,
    Reader,
    answering_reader,
    bundle_messages,
    mission_reader,
    take_bundle,
)
from sync.core.have import HaveVector
from sync.core.messages import Papers
from sync.hub_notes import NOTE
from sync.responder import HubIssuer
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What taking in bundle files came to."""

    files: int
    entries: int
    chunks: int
    answer: list[str]


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
    """Take bundle files in, each whole or not at all; write an answer for the last sender.

    Raises:
        EncodingInvalid, TagMismatch, NoKeyMatches: a file is no bundle for this hub, or damaged.
    """
    delivered: Delivered | None = None
    entries = chunks = 0
    for path in files:
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        header, messages = open_bundle(path, [hub.keys.transport], hub.peer.directory.deployment)
        delivered = take_bundle(hub.peer, header.sender, messages)
        entries += delivered.entries
        chunks += sum(taken.chunks for taken in delivered.taken)
    answered: list[Path] = []
    if reply is not None and delivered is not None:
        answered = _answer(hub, reply, delivered)
    return Imported(len(files), entries, chunks, [str(path) for path in answered])


def _answer(hub: Hub, path: Path, delivered: Delivered) -> list[Path]:
    sender = delivered.sender
    papers = HubIssuer(hub.peer).papers(sender, hub.peer.have_for(sender), delivered.taken[-1])
    reader = answering_reader(hub.peer, delivered)
    return _write(hub, path, _recipient(hub, sender), reader, papers)


def _recipient(hub: Hub, author: AuthorId) -> PublicKey:
    certificate = hub.peer.directory.certificate(author)
    if certificate is None:
        raise KeyNotTrusted("the sender is not enrolled as far as this hub knows: no answer")
    return certificate.hpke


def _write(hub: Hub, path: Path, public: PublicKey, reader: Reader, papers: Papers) -> list[Path]:
    origin = BundleFrom(hub.peer.directory.deployment, hub.keys.author, hub.peer.now_ms())
    messages = bundle_messages(hub.peer, reader, papers)
    return write_bundle(path, origin, [public], messages, os.urandom)
