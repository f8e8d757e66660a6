"""App packages at the mission server: sign at the station, publish, list, withdraw.

The manifest is signed offline like a form; the bytes come with it and lie in the inbox store, from
where devices and hubs load them chunk by chunk. Rules GOV-070 to GOV-073, SYNC-130 to SYNC-133.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.governance.station import Station
from server.intake.inbox import InboxStore
from server.mission import CONSOLE, Mission
from server.queries import outbox, packages
from server.tables.packages import AppPackage
from shared.errors import EncodingInvalid, NotFound, PackageRefused, UsageError
from shared.limits import PACKAGE_BYTES_MAX
from shared.sealing.envelope import Kind
from shared.sealing.packages import (
    Manifest,
    decode_manifest,
    manifest_document,
    open_manifest,
)
from shared.sealing.ring import KeyRing
from shared.versions import parse_version
from sync.core.attest import PackageWithdrawn, encode_attestations
from sync.core.packages import Packages
from sync.package_shelf import PackageShelf, file_blocks


@dataclass(frozen=True, slots=True)
class Described:
    """What a steward says of a file that is to be signed.

    Attributes:
        changes: what is new in words, by BCP 47 tag.
        formats: the oldest log and vault formats it can bring up.
    """

    name: str
    version: str
    platform: str
    changes: Mapping[str, str]
    formats: tuple[int, int] = (0, 0)


def describe_file(file: Path, said: Described) -> Manifest:
    """Return the manifest of a file, by the file's own bytes.

    Raises:
        UsageError: the file cannot be read, or a part of the description is not allowed.
    """
    digest, size = sha256(), 0
    for block in file_blocks(file):
        digest.update(block)
        size += len(block)
    if size > PACKAGE_BYTES_MAX:
        raise UsageError(f"{file} is larger than {PACKAGE_BYTES_MAX} bytes; no package may be")
    try:
        version = parse_version(said.version)
        manifest = Manifest(
            said.name,
            version,
            said.platform,
            file.name,
            size,
            digest.digest(),
            dict(said.changes),
            *said.formats,
        )
        decode_manifest(manifest.encode())
    except EncodingInvalid as error:
        raise UsageError(f"{file.name} cannot be signed as it is described: {error.message}") from (
            error
        )
    return manifest


def sign_package(station: Station, manifest: Manifest, passphrase: str) -> bytes:
    """Sign a manifest at the station; one name, version and platform is signed once (GOV-070).

    Raises:
        UsageError: it was signed before, or no ring was signed yet.
    """
    document = manifest_document(station.deployment, manifest)
    unsigned = (document.type, document.name, document.serial, document.content)
    return station.sign_documents(station.deployment, [unsigned], passphrase)[0]


def publish_package(
    mission: Mission, payload: bytes, file: Path, actor: Actor = CONSOLE
) -> Manifest:
    """Take a signed package in and have it announced; again changes nothing (GOV-071).

    Raises:
        SignatureInvalid, KeyNotTrusted, EncodingInvalid: not signed by this project's root.
        PackageRefused: the file is another, or the package was withdrawn.
        UsageError: that version is published with other bytes, or is below one that is.
        PolicyDenied: the actor may not.
    """
    manifest = open_manifest(payload, mission.ring())
    mission.permit(actor, Action.APP_PUBLISH, Resource("package", manifest.title))
    store = InboxStore(mission.stores.inbox, mission.clock)
    with store.transaction(), store.session() as session:
        held = packages.find(session, manifest.title)
        if held is not None and held.hash != manifest.hash:
            raise UsageError(f"{manifest.title} is published with other bytes; make a new version")
        if held is not None and held.withdrawn_at is not None:
            raise PackageRefused(f"{manifest.title} was withdrawn: {held.reason}; it stays so")
        if held is None:
            same = session.get(AppPackage, manifest.hash)
            if same is not None:
                raise UsageError(f"these very bytes are published as {same.title} already")
            _refuse_older(manifest, packages.all_packages(session), mission.ring())
            PackageShelf(store, Packages()).put(manifest, file_blocks(file))
            packages.add(session, manifest, payload, mission.clock.now())
    with mission.records() as session:
        outbox.add_broadcast(session, Kind.PACKAGE, payload)
    return manifest


def _refuse_older(manifest: Manifest, rows: Iterable[AppPackage], ring: KeyRing) -> None:
    """Refuse what nobody would ever be offered (SYNC-132)."""
    for row in rows:
        held = open_manifest(row.payload, ring)
        place = held.name, held.platform
        if (
            row.withdrawn_at is None
            and place == (manifest.name, manifest.platform)
            and held.version >= manifest.version
        ):
            raise UsageError(
                f"{held.title} is published; {manifest.version} is not above it and would be "
                "offered to nobody. Withdraw that one first, or make a higher version"
            )


def withdraw_package(mission: Mission, title: str, reason: str, actor: Actor = CONSOLE) -> datetime:
    """Withdraw a package for good: it is told to all, and its bytes are deleted (GOV-072).

    Raises:
        NotFound: nothing of that name, version and platform is published.
        UsageError: no reason.
        PolicyDenied: the actor may not.
    """
    if not reason.strip():
        raise UsageError("a withdrawal needs its reason (--why)")
    with reading(mission.stores.inbox) as session:
        row = packages.find(session, title)
        if row is None:
            known = ", ".join(one.title for one in packages.all_packages(session)) or "none"
            raise NotFound(f"no package is called {title!r}; published: {known}")
        package_hash, since = row.hash, row.withdrawn_at
        said = row.reason or reason.strip()
    mission.permit(actor, Action.APP_WITHDRAW, Resource("package", title))
    since = since or mission.clock.now()
    store = InboxStore(mission.stores.inbox, mission.clock)
    with store.transaction(), store.session() as session:
        found = packages.find(session, title)
        if found is not None:
            found.withdrawn_at, found.reason = since, said
            session.add(found)
        store.forget_payload(package_hash)
    item = PackageWithdrawn(package_hash, said)
    with mission.records() as session:
        outbox.add_broadcast(session, Kind.ATTESTATION, encode_attestations([item]))
    return since


@dataclass(frozen=True, slots=True)
class Listed:
    """One package as the list shows it; state is offered, superseded or withdrawn."""

    manifest: Manifest
    state: str
    published_at: datetime
    reason: str


def list_packages(mission: Mission, actor: Actor = CONSOLE) -> list[Listed]:
    """Return every package, in the order of publishing.

    Raises:
        PolicyDenied: the actor may not.
    """
    mission.permit(actor, Action.APP_LIST, Resource("package"))
    ring = mission.ring()
    with reading(mission.stores.inbox) as session:
        rows = packages.all_packages(session)
        known = _known(rows, ring)
        offered = {one.hash for one in known.offered()}
        listed = []
        for row in rows:
            state = "offered" if row.hash in offered else "superseded"
            if row.withdrawn_at is not None:
                state = "withdrawn"
            manifest = open_manifest(row.payload, ring)
            listed.append(Listed(manifest, state, row.published_at, row.reason))
    return listed


def _known(rows: Iterable[AppPackage], ring: KeyRing) -> Packages:
    """Return what peers know of the packages published here."""
    known = Packages()
    for row in rows:
        known.announce(row.payload, ring)
        if row.withdrawn_at is not None:
            known.withdraw(row.hash, row.reason)
    return known


def minimum_without_package(mission: Mission) -> str | None:
    """Return what to warn of where policy asks for a version that no package brings (GOV-073)."""
    minimum = mission.policy().app.minimum
    if minimum is None:
        return None
    with reading(mission.stores.inbox) as session:
        offered = _known(packages.all_packages(session), mission.ring()).offered()
    if any(one.version >= minimum for one in offered):
        return None
    return (
        f"policy asks devices for version {minimum}, and no package of it is published: devices "
        "below it begin no interviews until they get one (`cairn app publish`)"
    )
