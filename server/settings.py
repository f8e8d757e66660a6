"""Settings of one mission server home: HOME/server.toml, read once at start.

Nothing secret that opens data stands here; database passwords may, so the file is made readable by
its owner alone. Paths without a leading slash are relative to the home.
"""

import json
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from shared.errors import UsageError

FILE_NAME: Final = "server.toml"


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """Where each store lies; four URLs so that each can have credentials of its own."""

    inbox: str = "sqlite:///stores/inbox.db"
    records: str = "sqlite:///stores/records.db"
    keys: str = "sqlite:///stores/keys.db"
    analytics: str = "sqlite:///stores/analytics.db"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the server answers.

    Attributes:
        addresses: what enrolment codes name, as devices reach the server.
        plain_http: without TLS; allowed on loopback only.
    """

    host: str = "127.0.0.1"
    port: int = 8443
    addresses: tuple[str, ...] = ()
    plain_http: bool = False

    @property
    def base_url(self) -> str:
        """The address on this machine."""
        scheme = "http" if self.plain_http else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Intake:
    """How the workers take in what was received.

    Attributes:
        workers: processes beside the one that receives.
        batch: entries claimed at once.
        lease_s: after this long a claimed entry may be taken by another worker.
    """

    workers: int = 2
    batch: int = 500
    lease_s: int = 120


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything server.toml says."""

    home: Path
    stores: StoreUrls = field(default_factory=StoreUrls)
    listen: Listen = field(default_factory=Listen)
    intake: Intake = field(default_factory=Intake)

    @property
    def keys_folder(self) -> Path:
        """Where the sealed secret keys and the TLS certificate lie."""
        return self.home / "keys"

    @property
    def releases_folder(self) -> Path:
        """Where signed releases lie for HQ sites to pull."""
        return self.home / "releases"

    def store_url(self, name: str) -> str:
        """Return a store's URL with its path made absolute."""
        url: str = getattr(self.stores, name)
        if not url.startswith("sqlite:///"):
            return url
        return f"sqlite:///{self.home / url.removeprefix('sqlite:///')}"


def load_settings(home: Path) -> Settings:
    """Read a home's settings.

    Raises:
        UsageError: no such home, or a setting that does not exist or has the wrong type.
    """
    path = home / FILE_NAME
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{home} is not a server home (no {FILE_NAME}); run `cairn server init {home}`"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    sections = {"stores": StoreUrls, "listen": Listen, "intake": Intake}
    if unknown := content.keys() - sections.keys():
        raise UsageError(f"{path}: there is no section [{sorted(unknown)[0]}]")
    read = {name: _section(kind, content.get(name, {}), path) for name, kind in sections.items()}
    settings = Settings(home=home.resolve(), **read)
    check_listen(settings.listen)
    return settings


def save_settings(settings: Settings) -> None:
    """Write server.toml, readable by its owner alone."""
    lines = ["# Settings of a Cairn mission server. docs/guides/coordinator.md explains each."]
    for name in ("stores", "listen", "intake"):
        section = getattr(settings, name)
        lines += ["", f"[{name}]"]
        lines += [f"{f.name} = {_toml(getattr(section, f.name))}" for f in fields(section)]
    path = settings.home / FILE_NAME
    path.touch(mode=0o600, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), "utf-8")


def check_listen(listen: Listen) -> None:
    """Refuse clear-text HTTP where others can reach it (P2)."""
    if listen.plain_http and listen.host not in {"127.0.0.1", "::1", "localhost"}:
        raise UsageError(
            f"plain_http is for loopback only, not {listen.host}; "
            "remove it, or listen on 127.0.0.1 behind a proxy that does TLS"
        )


def _section(kind: type[Any], content: Any, path: Path) -> Any:
    """Build one section, refusing names and types that are not its own."""
    if not isinstance(content, dict):
        raise UsageError(f"{path}: {content!r} must be a section")
    known = {f.name: f for f in fields(kind)}
    default = kind()
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name not in known:
            raise UsageError(f"{path}: there is no setting {name!r}; known: {sorted(known)}")
        expected = type(getattr(default, name))
        given = tuple(value) if isinstance(value, list) else value
        if type(given) is not expected:
            raise UsageError(f"{path}: {name} must be {expected.__name__}, not {value!r}")
        values[name] = given
    return kind(**values)


def _toml(value: object) -> str:
    """Return a setting as TOML; JSON's strings, numbers and lists are TOML's."""
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return json.dumps(value)
