"""A client's home: which file lies where, and the record of what this device belongs to.

.lock            one process at a time
device.json      project, server, author; nothing secret
signing.key      signs the log: private, but no passphrase, so that locked devices hand over
device.secret    the keystore's share of every vault key
log.db           sealed entries and papers (sync/stores)
vault/           what a passphrase opens
packages/        a new version of the app, on its way to the system's installer
forms/           compiled forms and choice lists, as published
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from mobile_client.device.files import private_folder, write_private
from mobile_client.presenters.ports import Preferences
from shared.errors import StoreCorrupt, UsageError

TEXT_PERCENTS: Final = range(100, 201)
PALETTES: Final = frozenset({"light", "dark", "sun"})
IDLE_S: Final = range(15, 3601)


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What this device belongs to.

    Attributes:
        author: 32 hex digits; "" until the server answered.
        incarnation: goes up when this device is found to be restored or cloned (SYNC-005).
        tls_pin: SHA-256 of the server's certificate in hex, "" where a public CA vouches for it.
        suite: HPKE suite of the mailbox key.
    """

    author: str
    deployment: str
    root_fingerprint: str
    project: str
    addresses: tuple[str, ...]
    tls_pin: str
    label: str
    suite: int
    incarnation: int = 0


class HomeFiles:
    """Paths of one home, and its small files."""

    def __init__(self, home: Path) -> None:
        self.home = private_folder(home)
        self.vault_folder = private_folder(home / "vault")
        self.forms_folder = private_folder(home / "forms")
        self.media_folder = private_folder(home / "vault" / "files")
        self.packages_folder = private_folder(home / "packages")
        self.log = home / "log.db"
        self.vault = home / "vault" / "vault.db"
        self.draft_keys = home / "vault" / "drafts.keys"
        self.signing_key = home / "signing.key"
        self.keystore = home / "device.secret"
        self._device = home / "device.json"
        self._preferences = home / "preferences.json"
        self._state = home / "state.json"

    def device(self) -> DeviceRecord | None:
        """Return what this device belongs to; None before it enrolled."""
        content = _read(self._device)
        if content is None:
            return None
        try:
            return DeviceRecord(**{**content, "addresses": tuple(content["addresses"])})
        except (TypeError, KeyError) as error:
            raise StoreCorrupt(f"{self._device} is damaged; enrol this device again") from error

    def save_device(self, record: DeviceRecord) -> None:
        """Keep what this device belongs to; durable on return."""
        _write(self._device, asdict(record))

    def preferences(self) -> Preferences:
        """Return the preferences; the defaults where there are none yet."""
        content = _read(self._preferences) or {}
        known = {name: content[name] for name in asdict(Preferences()) if name in content}
        return replace(Preferences(), **known)

    def save_preferences(self, preferences: Preferences) -> None:
        """Keep the preferences.

        Raises:
            UsageError: a value is out of range.
        """
        if preferences.palette not in PALETTES:
            raise UsageError(f"the palette is one of {', '.join(sorted(PALETTES))}")
        if preferences.text_percent not in TEXT_PERCENTS:
            raise UsageError("the text size lies between 100 and 200 percent")
        if preferences.idle_lock_s not in IDLE_S:
            raise UsageError("the vault locks after 15 seconds to an hour without a touch")
        _write(self._preferences, asdict(preferences))

    def bundles(self) -> list[dict[str, Any]]:
        """Return the bundles written here: up to where each carries the own log."""
        return list((_read(self._state) or {}).get("bundles", []))

    def add_bundle(self, incarnation: int, sequence: int) -> None:
        """Note a bundle that was written; one a log is enough, the furthest."""
        others = [each for each in self.bundles() if each["incarnation"] != incarnation]
        bundle = {"incarnation": incarnation, "sequence": sequence}
        self._change_state(bundles=[*others, bundle])

    def last_sync_ms(self) -> int | None:
        """Return when this device last spoke with a server or hub."""
        last: int | None = (_read(self._state) or {}).get("last_sync_ms")
        return last

    def note_sync(self, at_ms: int) -> None:
        """Note that this device spoke with a server or hub."""
        self._change_state(last_sync_ms=at_ms)

    def package_asked(self) -> str:
        """Return the SHA-256 in hex of the app package the enumerator wants, "" for none."""
        return str((_read(self._state) or {}).get("package", ""))

    def ask_package(self, digest: str) -> None:
        """Note which app package the enumerator wants."""
        self._change_state(package=digest)

    def drop_packages(self) -> None:
        """Delete what was written for the system's installer: it is done, or out of date."""
        for file in self.packages_folder.iterdir():
            file.unlink()

    def last_hub(self) -> str:
        """Return the hub that last took records, in hexadecimal; "" where none did."""
        return str((_read(self._state) or {}).get("last_hub", ""))

    def note_hub(self, hub: str) -> None:
        """Note the hub that took records (SYNC-097)."""
        if hub != self.last_hub():
            self._change_state(last_hub=hub)

    def _change_state(self, **changes: Any) -> None:
        _write(self._state, {**(_read(self._state) or {}), **changes})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StoreCorrupt(f"{path} is damaged; restore it or enrol this device again") from error
    if not isinstance(content, dict):
        raise StoreCorrupt(f"{path} is damaged; restore it or enrol this device again")
    return content


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_private(path, json.dumps(content, ensure_ascii=False, indent=1).encode())
