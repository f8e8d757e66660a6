"""Opening a store's file to look at it: nothing in it is changed."""

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from shared.canonical import decode
from shared.errors import CairnError, UsageError
from shared.ids import DeploymentId
from shared.sealing.keys import root_fingerprint
from shared.sealing.receipts import Signed
from shared.sealing.ring import SignedRing
from shared.shapes import array, octets
from sync.core.directory import Directory
from sync.peer import CERTIFICATE, RING
from sync.stores.sqlite import SqliteLogStore


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - a command is a composition root

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return monotonic()


def open_log_file(path: Path) -> SqliteLogStore:
    """Open a store for reading.

    Raises:
        UsageError: there is no such file.
        StoreCorrupt: it is no store.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    return SqliteLogStore(path, SystemClock(), read_only=True)


def directory_of(
    store: SqliteLogStore, root: bytes | None
) -> tuple[Directory | None, bytes | None]:
    """Return whom a store knows, checked from the project root on, and the root's fingerprint.

    Args:
        store: the store.
        root: the fingerprint to trust; None takes the one that the store's own ring names.

    Raises:
        KeyNotTrusted, SignatureInvalid: the ring is not that root's.
    """
    rings = store.papers(RING)
    if not rings:
        return None, root
    signed = SignedRing(*rings[0][1])
    items = array(decode(signed.data), "a key ring")
    public = octets(items[4], "root public key")
    fingerprint = root_fingerprint(public) if root is None else root
    directory = Directory(DeploymentId(octets(items[1], "deployment")), fingerprint)
    directory.take_ring(signed)
    for _, paper in store.papers(CERTIFICATE):
        _learn(directory, paper)
    return directory, fingerprint


def _learn(directory: Directory, paper: Signed) -> None:
    try:
        directory.learn(paper)
    except CairnError:
        return  # what it vouches for is then reported as unknown
