"""What an HQ site holds: missions it follows, their key rings and releases, checked. REL-025.

HOME/hq.json           missions: where from, and the root each is pinned to
HOME/NAME/ring         newest key ring seen, signed by that root
HOME/NAME/NNNN.release releases exactly as the mission signed them; NNNN.json their content
HOME/NAME/state.json   how the last pull ended
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from server.aggregates.release import Release, check_follows, open_release
from shared.canonical import decode
from shared.errors import KeyNotTrusted, UsageError
from shared.ids import DEPLOYMENT_ID_BYTES
from shared.sealing.ring import KeyRing, check_newer, open_ring
from shared.shapes import array, octets

FILE_NAME: Final = "hq.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FINGERPRINT_HEX: Final = 32


@dataclass(frozen=True)
class MissionSource:
    """One mission an HQ site follows.

    Attributes:
        source: URL of its server, or a folder (a stick, a shared drive).
        root: fingerprint of its project root, hex, given over another channel.
        tls_pin: SHA-256 of the server's certificate, hex; "" to trust the machine's authorities.
    """

    name: str
    source: str
    root: str
    audience: str = "public"
    tls_pin: str = ""


@dataclass(frozen=True)
class State:
    """How the last pull ended."""

    ok: bool
    at_ms: int
    message: str
    new: int = 0


@dataclass(frozen=True)
class Shelf:
    """One mission as the site shows it."""

    mission: MissionSource
    ring: KeyRing | None
    releases: tuple[Release, ...]
    state: State | None


class Library:
    """The folder of one HQ site."""

    def __init__(self, home: Path) -> None:
        self.home = home
        if not (home / FILE_NAME).exists():
            raise UsageError(f"{home} is not an HQ home; run `cairn hq init --home {home}`")

    @classmethod
    def init(cls, home: Path) -> "Library":
        """Make an empty home; an existing one is left as it is."""
        home.mkdir(parents=True, exist_ok=True)
        path = home / FILE_NAME
        if not path.exists():
            path.write_text(json.dumps({"missions": []}, indent=1), "utf-8")
        return cls(home)

    def missions(self) -> tuple[MissionSource, ...]:
        """Return the missions followed, in the order they were added."""
        data = json.loads((self.home / FILE_NAME).read_text("utf-8"))
        return tuple(MissionSource(**each) for each in data["missions"])

    def add(self, mission: MissionSource) -> None:
        """Follow one more mission.

        Raises:
            UsageError: a name or fingerprint that cannot be, or a name in use.
        """
        if not _NAME.fullmatch(mission.name):
            raise UsageError("a mission's name is lower-case letters, digits and dashes")
        if not re.fullmatch(rf"[0-9a-f]{{{_FINGERPRINT_HEX}}}", mission.root):
            raise UsageError(f"the root's fingerprint is {_FINGERPRINT_HEX} hex digits")
        known = self.missions()
        if mission.name in {each.name for each in known}:
            raise UsageError(f"{mission.name} is followed already")
        data = {"missions": [asdict(each) for each in (*known, mission)]}
        _replace(self.home / FILE_NAME, json.dumps(data, indent=1).encode())

    def shelf(self, mission: MissionSource) -> Shelf:
        """Return what is held of a mission; every signature is checked again on reading."""
        folder = self.home / mission.name
        ring = self.ring(mission)
        releases: list[Release] = []
        if ring is not None:
            for path in sorted(folder.glob("[0-9]*.release")):
                held = releases[-1] if releases else None
                releases.append(check_follows(open_release(path.read_bytes(), ring), held))
        return Shelf(mission, ring, tuple(releases), self._state(folder))

    def shelves(self) -> Iterator[Shelf]:
        """Yield every mission's shelf."""
        for mission in self.missions():
            yield self.shelf(mission)

    def ring(self, mission: MissionSource) -> KeyRing | None:
        """Return the key ring held; None before the first pull."""
        path = self.home / mission.name / "ring"
        return read_ring(path.read_bytes(), mission.root) if path.exists() else None

    def take_ring(self, mission: MissionSource, payload: bytes) -> KeyRing:
        """Keep a key ring if the pinned root signed it and it is not older than the one held.

        Raises:
            KeyNotTrusted, SignatureInvalid, EncodingInvalid: what was held stays.
        """
        offered = read_ring(payload, mission.root)
        held = self.ring(mission)
        if held is not None and held.encode() == offered.encode():
            return held
        if held is not None:
            check_newer(held, offered)
        folder = self.home / mission.name
        folder.mkdir(exist_ok=True)
        _replace(folder / "ring", payload)
        return offered

    def take_release(self, mission: MissionSource, payload: bytes) -> Release:
        """Keep the next release of a mission, exactly as signed.

        Raises:
            KeyNotTrusted, RemoteProtocolError, EncodingInvalid: what was held stays.
        """
        shelf = self.shelf(mission)
        if shelf.ring is None:
            raise KeyNotTrusted("no key ring is held; pull it first")
        release = open_release(payload, shelf.ring)
        if release.audience != mission.audience:
            raise KeyNotTrusted(
                f"this is a release for {release.audience}, not for {mission.audience}"
            )
        check_follows(release, shelf.releases[-1] if shelf.releases else None)
        _replace(self.home / mission.name / f"{release.number:04d}.json", release.content)
        _replace(self.home / mission.name / f"{release.number:04d}.release", payload)
        return release

    def payload(self, mission: MissionSource, number: int) -> bytes:
        """Return one release as the mission signed it."""
        return (self.home / mission.name / f"{number:04d}.release").read_bytes()

    def note(self, mission: MissionSource, state: State) -> None:
        """Keep how a pull ended, for the page."""
        folder = self.home / mission.name
        folder.mkdir(exist_ok=True)
        _replace(folder / "state.json", json.dumps(asdict(state)).encode())

    def _state(self, folder: Path) -> State | None:
        path = folder / "state.json"
        if not path.exists():
            return None
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return State(**data)


def read_ring(payload: bytes, root: str) -> KeyRing:
    """Return a key ring as it travels (`[ring, signature]`) if the pinned root signed it."""
    data, signature = array(decode(payload), "a signed key ring", 2)
    data = octets(data, "key ring")
    deployment = octets(array(decode(data), "a key ring", 7)[1], "deployment", DEPLOYMENT_ID_BYTES)
    return open_ring(
        data,
        octets(signature, "ring signature"),
        root_fingerprint=bytes.fromhex(root),
        deployment=deployment,
    )


def _replace(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
