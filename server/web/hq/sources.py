"""Pull releases from a mission's server or from a folder; check each before it is kept. REL-025."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import httpx

from server.web.hq.library import Library, MissionSource, State
from shared.clock import Clock
from shared.errors import CairnError, Offline, RemoteProtocolError
from sync.transports.https import open_client

RELEASE_BYTES_MAX: Final = 64 << 20


class Source(Protocol):
    """Where a mission's releases are read from."""

    def ring(self) -> bytes:
        """Return the signed key ring."""
        ...

    def numbers(self) -> list[int]:
        """Return the numbers offered, ascending."""
        ...

    def release(self, number: int) -> bytes:
        """Return one signed release."""
        ...


class FolderSource:
    """A mission's releases folder, on a stick or a shared drive."""

    def __init__(self, folder: Path, audience: str) -> None:
        self._folder, self._audience = folder, audience

    def ring(self) -> bytes:
        """Return the signed key ring."""
        return self._read(self._folder / "ring")

    def numbers(self) -> list[int]:
        """Return the numbers offered, ascending."""
        found = (self._folder / self._audience).glob("[0-9]*.release")
        return sorted(int(path.stem) for path in found)

    def release(self, number: int) -> bytes:
        """Return one signed release."""
        return self._read(self._folder / self._audience / f"{number:04d}.release")

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise Offline(f"{path} cannot be read: {error.strerror}") from error


class HttpSource:
    """A mission server's releases for one audience."""

    def __init__(self, client: httpx.Client, audience: str) -> None:
        self._client, self._audience = client, audience

    def ring(self) -> bytes:
        """Return the signed key ring."""
        return self._get("/v1/ring").content

    def numbers(self) -> list[int]:
        """Return the numbers offered, ascending."""
        try:
            offered = self._get("/v1/releases").json()
            mine = [each["number"] for each in offered if each["audience"] == self._audience]
            return sorted(int(number) for number in mine)
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError("the mission's list of releases cannot be read") from error

    def release(self, number: int) -> bytes:
        """Return one signed release."""
        return self._get(f"/v1/releases/{self._audience}-{number:04d}").content

    def _get(self, path: str) -> httpx.Response:
        try:
            response = self._client.get(path)
        except httpx.HTTPError as error:
            raise Offline(
                f"the mission's server does not answer: {type(error).__name__}"
            ) from error
        if response.status_code != httpx.codes.OK:
            raise RemoteProtocolError(
                f"the mission's server answered {response.status_code} to {path}"
            )
        if len(response.content) > RELEASE_BYTES_MAX:
            raise RemoteProtocolError(f"{path} is larger than {RELEASE_BYTES_MAX} bytes")
        return response


@contextmanager
def open_source(mission: MissionSource) -> Iterator[Source]:
    """Open where a mission's releases come from: a URL or a folder."""
    if not mission.source.startswith(("http://", "https://")):
        yield FolderSource(Path(mission.source), mission.audience)
        return
    pin = bytes.fromhex(mission.tls_pin) if mission.tls_pin else None
    with open_client(mission.source, tls_pin=pin) as client:
        yield HttpSource(client, mission.audience)


def pull(
    library: Library,
    mission: MissionSource,
    clock: Clock,
    on_release: Callable[[int], None] = lambda _: None,
) -> State:
    """Fetch what is new of one mission; the state says how it ended, and is kept for the page.

    Nothing that fails a check is kept, and what was held before stays.
    """
    now_ms = int(clock.now().timestamp() * 1000)
    new = 0
    try:
        with open_source(mission) as source:
            library.take_ring(mission, source.ring())
            held = library.shelf(mission).releases
            offered = source.numbers()
            if len(offered) < len(held):
                raise RemoteProtocolError(
                    f"the mission offers {len(offered)} releases and {len(held)} are held here: "
                    "its history was rolled back"
                )
            if held and source.release(held[-1].number) != library.payload(
                mission, held[-1].number
            ):
                raise RemoteProtocolError(
                    f"release {held[-1].number} at the mission differs from the one held here: "
                    "its history was changed"
                )
            for number in offered[len(held) :]:
                library.take_release(mission, source.release(number))
                on_release(number)
                new += 1
    except (CairnError, OSError) as error:
        reason = error.message if isinstance(error, CairnError) else str(error)
        state = State(ok=False, at_ms=now_ms, message=reason, new=new)
    else:
        state = State(ok=True, at_ms=now_ms, message="", new=new)
    library.note(mission, state)
    return state
