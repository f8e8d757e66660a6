"""The picture: everything that page and command show, in one value. Rule STN-052.

It holds ids of devices, digits of enumerators, places, forms, rounds, days, counts and durations.
"""

from dataclasses import dataclass

from server.station.groups import Group, Place


@dataclass(frozen=True, slots=True)
class KeyState:
    """The coordinator's key.

    Attributes:
        held: ids of the keys in the station, the newest last.
        in_force: id of the key that tablets seal to now, "" where the ring names none.
        state: ready; waiting, where the ring names no coordinator's key; rotating, where it names
            an earlier one of this station; other, where it names somebody else's; no_ring.
    """

    held: tuple[str, ...]
    in_force: str
    state: str


@dataclass(frozen=True, slots=True)
class HubState:
    """One hub that is read, and why it could not be this time."""

    home: str
    label: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """Progress entries of one device that stay closed for one reason."""

    device: str
    reason: str
    key_id: str
    entries: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device: when it was heard of, and what its visits come to."""

    device: str
    name: str
    team: str
    seen_at: str
    silent_s: int | None
    forked: bool
    revoked: bool
    clock_ahead: int
    late: int
    closed: int
    counts: Group


@dataclass(frozen=True, slots=True)
class DurationRow:
    """A form's durations and between which they are usual."""

    form: str
    interviews: int
    median_s: int
    low_s: int | None
    high_s: int | None
    too_short: int
    too_long: int


@dataclass(frozen=True, slots=True)
class Goal:
    """All targets together."""

    target: int
    complete: int
    left: int
    locations: int
    locations_complete: int
    locations_not_begun: int


@dataclass(frozen=True, slots=True)
class Entries:
    """What was read, so that no entry goes missing without a word."""

    opened: int
    repeated: int
    corrections: int
    late: int
    closed: tuple[ClosedRow, ...]
    unverified: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which part is shown: "" for all."""

    round: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Completeness and quality at one moment."""

    project: str
    at: str
    key: KeyState
    hubs: tuple[HubState, ...]
    chosen: Chosen
    rounds: tuple[str, ...]
    forms: tuple[str, ...]
    entries: Entries
    total: Group
    goal: Goal | None
    places: tuple[Place, ...]
    by_round: tuple[Group, ...]
    by_form: tuple[Group, ...]
    by_team: tuple[Group, ...]
    by_enumerator: tuple[Group, ...]
    by_day: tuple[Group, ...]
    devices: tuple[DeviceRow, ...]
    durations: tuple[DurationRow, ...]
    flags: dict[str, int]
