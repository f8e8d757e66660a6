"""A hub's folder: who it is, where it answers, which project it serves. It opens no record.

HOME/hub.json says what may be read by anyone; HOME/keys/ holds the signing key of the hub's notes,
the key of bundles sealed to it, and TLS; HOME/log.db the sealed logs. The keys protect no answer:
files readable by their owner alone are enough, so that a hub starts without a question.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from shared.clock import Clock, RandomBytes
from shared.errors import UsageError
from shared.ids import AuthorId, DeploymentId
from shared.sealing.enrol import EnrolmentCode
from shared.sealing.keys import AUDIENCE_MISSION, SecretKey, SigningKey, Suite, author_id
from shared.sealing.packages import Manifest
from shared.sealing.receipts import Signed
from shared.sealing.tls import certificate_pin, make_certificate
from sync.core.directory import Directory
from sync.core.hub_code import HubCode
from sync.peer import Me, Peer
from sync.stores.sqlite import SqliteLogStore

SETTINGS_FILE: Final = "hub.json"
STORE_FILE: Final = "log.db"
KEYS: Final = "keys"
ROOM_BYTES: Final = 1 << 30
"""What app packages leave free on a hub for sealed records."""
_OWNER_ONLY: Final = 0o600
_PASSWORD_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What hub.json says; bytes in hexadecimal.

    Attributes:
        addresses: URLs at which devices reach this hub.
        mission_addresses: where it forwards to, tried in order.
        mission_pin: SHA-256 of the mission server's certificate, empty where a CA vouches for it.
    """

    label: str
    host: str
    port: int
    addresses: tuple[str, ...]
    deployment: str
    root_fingerprint: str
    project: str
    mission_addresses: tuple[str, ...]
    mission_pin: str


@dataclass(frozen=True, slots=True)
class HubKeys:
    """The hub's keys and TLS files."""

    signing: SigningKey
    transport: SecretKey
    certificate_file: Path
    tls_key_file: Path
    tls_password: str

    @property
    def author(self) -> AuthorId:
        """Who the hub is."""
        return author_id(self.signing.public_bytes, AUDIENCE_MISSION)

    @property
    def tls_pin(self) -> bytes:
        """SHA-256 of the hub's certificate."""
        return certificate_pin(self.certificate_file.read_bytes())


class Hub:
    """An open hub: settings, keys, and the peer over its store."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self.home = home
        self.clock = clock
        self.settings = load_settings(home)
        self.keys = load_keys(home)
        self.store = SqliteLogStore(home / STORE_FILE, clock)
        directory = Directory(
            DeploymentId(bytes.fromhex(self.settings.deployment)),
            bytes.fromhex(self.settings.root_fingerprint),
        )
        me = Me(self.keys.author, self.keys.signing)
        self.peer = Peer(self.store, me, directory, clock)
        self.reload()
        self.peer.packages.wants(self._has_room)

    def _has_room(self, manifest: Manifest) -> bool:
        """Tell whether to carry a package: records must always find room (SYNC-134)."""
        loaded = self.peer.packages.loaded(manifest)
        missing = manifest.size - loaded.received
        return loaded.whole or shutil.disk_usage(self.home).free > missing + ROOM_BYTES

    def reload(self) -> None:
        """Read again what the store knows, and carry one's own certificate if it is there."""
        self.peer.load()
        certificate = self.peer.directory.signed_certificate(self.keys.author)
        self.peer.me = Me(self.keys.author, self.keys.signing, certificate)

    @property
    def is_enrolled(self) -> bool:
        """Whether the mission server knows this hub."""
        return self.peer.me.certificate is not None

    def code(self) -> HubCode:
        """Return what the hub's QR shows."""
        return HubCode(
            self.peer.directory.deployment,
            self.settings.addresses,
            self.keys.signing.public_bytes,
            self.keys.tls_pin,
            self.settings.label,
        )

    def accept_enrolment(self, certificate: Signed) -> bool:
        """Keep the certificate that the mission server gave; return whether it is this hub's."""
        self.peer.learn(certificate)
        self.reload()
        return self.is_enrolled

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def init_home(
    home: Path,
    code: EnrolmentCode,
    settings: HubSettings,
    clock: Clock,
    random_bytes: RandomBytes,
) -> None:
    """Make a hub's folder from a mission server's enrolment code.

    Raises:
        UsageError: the folder holds a hub already.
    """
    if (home / SETTINGS_FILE).exists():
        raise UsageError(f"{home} is a hub's folder already; it is left as it is")
    keys = home / KEYS
    keys.mkdir(parents=True, exist_ok=True)
    keys.chmod(0o700)
    password = random_bytes(_PASSWORD_BYTES).hex()
    hosts = [settings.host, "localhost", *map(_host_of, settings.addresses)]
    tls = make_certificate(hosts, clock.now(), password.encode())
    for name, data in (
        ("signing.key", SigningKey.generate().to_bytes()),
        ("transport.key", SecretKey.generate(Suite.HYBRID).to_bytes()),
        ("tls.pem", tls.certificate_pem),
        ("tls.key", tls.key_pem),
        ("tls.password", password.encode()),
        ("token", code.token),
    ):
        write_private(keys / name, data)
    text = json.dumps(asdict(settings), ensure_ascii=False, indent=2) + "\n"
    write_private(home / SETTINGS_FILE, text.encode())


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_settings(home: Path) -> HubSettings:
    """Read hub.json.

    Raises:
        UsageError: there is none, or it is damaged.
    """
    try:
        data = json.loads((home / SETTINGS_FILE).read_text(encoding="utf-8"))
        data["addresses"] = tuple(data["addresses"])
        data["mission_addresses"] = tuple(data["mission_addresses"])
        return HubSettings(**data)
    except FileNotFoundError as error:
        raise UsageError(f"{home} is no hub's folder; make one with: cairn hub init") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{home / SETTINGS_FILE} is damaged: {error}") from error


def load_keys(home: Path) -> HubKeys:
    """Load the hub's keys.

    Raises:
        UsageError: a file is missing.
    """
    keys = home / KEYS
    try:
        return HubKeys(
            SigningKey.from_bytes((keys / "signing.key").read_bytes()),
            SecretKey.from_bytes(Suite.HYBRID, (keys / "transport.key").read_bytes()),
            keys / "tls.pem",
            keys / "tls.key",
            (keys / "tls.password").read_text(encoding="ascii"),
        )
    except OSError as error:
        raise UsageError(f"a key of this hub cannot be read: {error}") from error


def _host_of(address: str) -> str:
    return address.split("://", 1)[-1].rsplit(":", 1)[0].strip("[]")
