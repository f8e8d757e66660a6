"""App packages for tests: bytes, their manifest, the signed document, and its broadcast."""

import random
from hashlib import sha256

from log_writing import DEPLOYMENT
from sync_network import ROOT, Network, Node

from shared.ids import DeploymentId
from shared.limits import CHUNK_BYTES
from shared.sealing.documents import sign_document
from shared.sealing.envelope import Kind
from shared.sealing.keys import SigningKey
from shared.sealing.packages import Manifest, manifest_document
from shared.versions import parse_version

FIVE_CHUNKS = 4 * CHUNK_BYTES + 99


def package_bytes(seed: int = 1, size: int = FIVE_CHUNKS) -> bytes:
    """Return a made-up package that no compression makes smaller."""
    return random.Random(seed).randbytes(size)


def manifest_of(
    data: bytes,
    version: str = "1.4.0",
    platform: str = "linux-x86_64",
    *,
    name: str = "cairn",
    formats: tuple[int, int] = (0, 0),
) -> Manifest:
    """Describe some bytes."""
    file_name = f"{name}-{version}-{platform}.zip"
    changes = {"en": f"What is new in {version}."}
    number = parse_version(version)
    digest = sha256(data).digest()
    return Manifest(name, number, platform, file_name, len(data), digest, changes, *formats)


def signed_manifest(
    manifest: Manifest, root: SigningKey = ROOT, deployment: DeploymentId = DEPLOYMENT
) -> bytes:
    """Return what the server broadcasts."""
    return sign_document(root, manifest_document(deployment, manifest))


def publish_package(network: Network, mission: Node, data: bytes, manifest: Manifest) -> None:
    """Have a mission hold a package and announce it."""
    network.broadcast(mission, Kind.PACKAGE, signed_manifest(manifest))
    mission.peer.directory.read(mission.writer.entries[-1:])
    mission.peer.packages.put(
        manifest, (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
    )
