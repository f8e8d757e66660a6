"""An unlocked station: its keys in memory, its hubs read whenever somebody looks. STN-022..024."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from server.hub.home import load_settings
from server.station.drawing import Around, Names, draw
from server.station.facts import Facts
from server.station.home import StationHome
from server.station.picture import Chosen, HubState, KeyState, Picture
from server.station.reading import HubReader, Project
from shared.clock import Clock
from shared.errors import CairnError
from shared.sealing.keys import SecretKey
from shared.sealing.ring import Role
from sync.core.directory import Directory

_DAY_S: Final = 86_400


class Watch:
    """Draws the picture anew at each look; safe for the threads of one process."""

    def __init__(self, home: StationHome, keys: Sequence[SecretKey], clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._keys = tuple(keys)
        directory = Directory(home.deployment, home.root_fingerprint)
        self._project = Project(directory, self._keys)
        self._readers = {hub: HubReader(store, self._project) for hub, store in home.stores()}
        self._lock = Lock()

    def look(self, chosen: Chosen = Chosen()) -> Picture:  # noqa: B008 - frozen
        """Take in what is new at every hub, and return the picture.

        Raises:
            UsageError: targets or names were changed by hand and are not right.
        """
        with self._lock:
            facts = Facts()
            hubs = tuple(self._look_at(hub, reader) for hub, reader in self._readers.items())
            for reader in self._readers.values():
                facts.add(reader.facts)
            around = Around(
                project=self._home.settings.project,
                key=self._key_state(),
                hubs=hubs,
                targets=self._home.targets(),
                names=Names(self._home.names()),
                now=self._clock.now(),
            )
        return draw(facts, around, chosen)

    @staticmethod
    def _look_at(hub: str, reader: HubReader) -> HubState:
        """Read one hub; one that cannot be read now says why and keeps what was read before."""
        label = ""
        try:
            reader.look()
            label = load_settings(reader.path.parent).label
        except CairnError as error:
            return HubState(hub, label, error.message)
        return HubState(hub, label)

    def _key_state(self) -> KeyState:
        held = tuple(key.public.key_id.hex() for key in self._keys)
        ring = self._project.directory.ring
        if ring is None:
            return KeyState(held, "", "no_ring")
        named = ring.keys_for(Role.COORDINATOR, int(self._clock.now().timestamp()) // _DAY_S)
        if not named:
            return KeyState(held, "", "waiting")
        in_force = named[0].public().key_id.hex()
        if in_force == held[-1]:
            return KeyState(held, in_force, "ready")
        return KeyState(held, in_force, "rotating" if in_force in held else "other")
