"""The station's folder: which project, which hubs, the coordinator's key, targets and names.

HOME/station.json says what may be read; HOME/coordinator.key holds the secret keys under the
passphrase, the newest last; HOME/targets.csv and names.csv are what the coordinator gave, as they
were checked. Rules STN-010 to STN-012, STN-020.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from server.governance.exchange import Exchange, write_exchange
from server.governance.keychain import write_secret
from server.governance.station import check_strong
from server.hub.home import STORE_FILE, load_settings
from server.station.papers import Named, Target, read_names, read_targets
from shared.canonical import decode, encode
from shared.errors import UsageError
from shared.ids import DeploymentId
from shared.sealing.keys import SecretKey, Suite
from shared.sealing.passphrase import Cost, open_file, seal_file

STATION_FILE: Final = "station.json"
KEY_FILE: Final = "coordinator.key"
TARGETS_FILE: Final = "targets.csv"
NAMES_FILE: Final = "names.csv"
KEY_PURPOSE: Final = "coordinator-key"


@dataclass(frozen=True, slots=True)
class StationSettings:
    """What station.json says; bytes in hexadecimal.

    Attributes:
        hubs: folders of the hubs that are read.
    """

    deployment: str
    root_fingerprint: str
    project: str
    label: str
    hubs: tuple[str, ...]


class StationHome:
    """A station's folder."""

    def __init__(self, home: Path, settings: StationSettings) -> None:
        self.home = home
        self.settings = settings

    @classmethod
    def open(cls, home: Path) -> "StationHome":
        """Open an existing one.

        Raises:
            UsageError: there is none, or it is damaged.
        """
        try:
            content = json.loads((home / STATION_FILE).read_text("utf-8"))
            return cls(home, StationSettings(**{**content, "hubs": tuple(content["hubs"])}))
        except FileNotFoundError:
            raise UsageError(
                f"{home} is no station's folder; make one with: cairn station init {home}"
            ) from None
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(f"{home / STATION_FILE} is damaged: {error}") from error

    @classmethod
    def create(cls, home: Path, hub: Path, label: str) -> "StationHome":
        """Make the folder beside a hub, which says which project it is; the key comes next.

        Raises:
            UsageError: the folder holds a station or lies in the hub's, or `hub` is none.
        """
        if (home / STATION_FILE).exists():
            raise UsageError(f"{home} holds a station already; a key is never replaced silently")
        found = load_settings(hub)
        if home.absolute().is_relative_to(hub.absolute()):
            raise UsageError(f"{home} lies in the hub's folder; the key belongs elsewhere")
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        settings = StationSettings(
            found.deployment,
            found.root_fingerprint,
            found.project,
            label or found.label,
            (str(hub.absolute()),),
        )
        return cls(home, settings)

    @property
    def deployment(self) -> DeploymentId:
        """The project."""
        return DeploymentId(bytes.fromhex(self.settings.deployment))

    @property
    def root_fingerprint(self) -> bytes:
        """Whose ring is believed."""
        return bytes.fromhex(self.settings.root_fingerprint)

    def stores(self) -> list[tuple[str, Path]]:
        """Return each hub's folder and its store."""
        return [(hub, Path(hub) / STORE_FILE) for hub in self.settings.hubs]

    # ---- keys

    def unlock(self, passphrase: str) -> tuple[SecretKey, ...]:
        """Return the coordinator's keys, the newest last.

        Raises:
            PassphraseWrong: it opens nothing.
            UsageError: the key file is not here.
        """
        path = self.home / KEY_FILE
        try:
            sealed = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        listed: list[Any] = decode(open_file(passphrase, sealed, KEY_PURPOSE))
        return tuple(SecretKey.from_bytes(Suite(suite), secret) for suite, secret in listed)

    def begin(self, passphrase: str, suite: Suite, cost: Cost) -> SecretKey:
        """Make the first key, then say that the station is there.

        Raises:
            UsageError: the passphrase is weak.
        """
        check_strong(passphrase)
        key = SecretKey.generate(suite)
        self._save_keys((key,), passphrase, cost)
        self.save()
        return key

    def rotate(self, passphrase: str, cost: Cost) -> SecretKey:
        """Add a key of the same suite; the earlier ones stay (STN-012)."""
        keys = self.unlock(passphrase)
        new = SecretKey.generate(keys[-1].suite)
        self._save_keys((*keys, new), passphrase, cost)
        return new

    def forget(self, key_id: str, passphrase: str, cost: Cost) -> int:
        """Destroy an earlier key; return how many are left.

        Raises:
            UsageError: no such key, or the newest.
        """
        keys = self.unlock(passphrase)
        held = [key.public.key_id.hex() for key in keys]
        if key_id not in held:
            raise UsageError(f"there is no key {key_id} here; the keys are {', '.join(held)}")
        if key_id == held[-1]:
            raise UsageError("this is the newest key; make the next one first: station rotate")
        kept = [key for key in keys if key.public.key_id.hex() != key_id]
        self._save_keys(kept, passphrase, cost)
        return len(kept)

    def _save_keys(self, keys: Sequence[SecretKey], passphrase: str, cost: Cost) -> None:
        """Write the key file in one step."""
        listed = encode([[int(key.suite), key.to_bytes()] for key in keys])
        sealed = seal_file(passphrase, listed, KEY_PURPOSE, cost=cost, random_bytes=os.urandom)
        write_secret(self.home / KEY_FILE, sealed)

    def write_request(self, path: Path, key: SecretKey) -> str:
        """Write the public half for the steward; return the file's check words (STN-010)."""
        public = key.public
        value = [self.deployment, self.settings.label, int(public.suite), public.data]
        return write_exchange(path, Exchange.COORDINATOR_REQUEST, value)

    # ---- hubs and papers

    def add_hub(self, hub: Path) -> None:
        """Read one more hub.

        Raises:
            UsageError: no hub's folder, or one of another project.
        """
        found = load_settings(hub)
        if found.deployment != self.settings.deployment:
            raise UsageError(f"{hub} serves another project than this station")
        if str(hub.absolute()) not in self.settings.hubs:
            hubs = (*self.settings.hubs, str(hub.absolute()))
            self.settings = StationSettings(**{**asdict(self.settings), "hubs": hubs})
            self.save()

    def save(self) -> None:
        """Write station.json."""
        text = json.dumps(asdict(self.settings), ensure_ascii=False, indent=2) + "\n"
        write_secret(self.home / STATION_FILE, text.encode())

    def set_targets(self, data: bytes) -> tuple[Target, ...]:
        """Keep the targets if all of them are right."""
        targets = read_targets(data)
        write_secret(self.home / TARGETS_FILE, data)
        return targets

    def set_names(self, data: bytes) -> tuple[Named, ...]:
        """Keep the names if all of them are right."""
        names = read_names(data)
        write_secret(self.home / NAMES_FILE, data)
        return names

    def targets(self) -> tuple[Target, ...]:
        """Return the targets, none where none were given."""
        path = self.home / TARGETS_FILE
        return read_targets(path.read_bytes()) if path.exists() else ()

    def names(self) -> tuple[Named, ...]:
        """Return the names, none where none were given."""
        path = self.home / NAMES_FILE
        return read_names(path.read_bytes()) if path.exists() else ()
