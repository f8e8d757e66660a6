"""What presenters ask of the rest of the client. `mobile_client/services` implements every port.

Every call may raise a `CairnError`, whose message says what to do. Calls marked *slow* are made
through `Work.run`; the others take less than a frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.rows import (
    CaseRow,
    DraftRow,
    EnumeratorRow,
    FormRow,
    HubsFound,
    RecordRow,
)
from mobile_client.presenters.status import Banner, Counts, Destination, Transfer
from mobile_client.presenters.upgrades import Installation, UpgradeView


@dataclass(frozen=True, slots=True)
class CodeView:
    """What an enrolment code says, read before anything is sent."""

    project: str
    addresses: tuple[str, ...]
    fingerprint: str
    expires_ms: int


class EnrolPort(Protocol):
    """Joining a project."""

    def read_code(self, text: str) -> CodeView:
        """Read an enrolment code; refuse a malformed or expired one."""
        ...

    def join(self, code: str, device_label: str, name: str, passphrase: str) -> None:
        """*Slow.* Make the first vault, enrol, keep the key ring that comes back, and unlock.

        Raises:
            TokenInvalid: the code is used up or too old; ask the coordinator for a new one.
        """
        ...


class EnumeratorPort(Protocol):
    """Those who share this device, each with a vault of their own."""

    def enumerators(self) -> tuple[EnumeratorRow, ...]:
        """Return everybody, in the order they joined."""
        ...

    def bits_needed(self) -> float:
        """Return the strength policy asks of a passphrase, in bits by estimate."""
        ...

    def passphrase_bits(self, passphrase: str) -> float:
        """Estimate the strength of a passphrase."""
        ...

    def add_enumerator(self, name: str, passphrase: str) -> str:
        """*Slow.* Make a vault; return the enumerator's id."""
        ...

    def wait_s(self, enumerator: str) -> float:
        """Return the seconds until the next try is taken; 0 when it is now."""
        ...

    def unlock(self, enumerator: str, passphrase: str) -> None:
        """*Slow.* Open the vault.

        Raises:
            PassphraseWrong: counted; the wait before the next try grows.
        """
        ...

    def lock(self) -> None:
        """Forget the vault key and the epoch secrets."""
        ...

    def destroy_vault(self) -> None:
        """Destroy the open vault's key and its drafts; sealed entries stay."""
        ...


class ConsentPort(Protocol):
    """From a form or a draft to an open interview, and to the tally."""

    def begin(self, form_id: str) -> OpenInterview:
        """Open a new interview; what is asked before consent is place and round only."""
        ...

    def resume(self, draft_id: str) -> OpenInterview:
        """Open a draft again; its first screen asks whether the respondent agrees to go on."""
        ...

    def tally(self, form_id: str, outcome: str) -> None:
        """Count a household that was refused, absent or inaccessible; keep nothing else."""
        ...

    def abandon(self, draft_id: str, outcome: str) -> None:
        """Destroy a draft and add one to the tally: refused (mid-way) or abandoned."""
        ...


@dataclass(frozen=True, slots=True)
class Slip:
    """What the respondent takes along: no person, form or agency is named on it.

    Attributes:
        code: 20 characters in groups of five.
    """

    record_id: str
    code: str


class HomePort(Protocol):
    """What lies on this device."""

    def forms(self) -> tuple[FormRow, ...]:
        """Return the forms that can be filled, by title."""
        ...

    def drafts(self) -> tuple[DraftRow, ...]:
        """Return this enumerator's drafts, newest first."""
        ...

    def records(self) -> tuple[RecordRow, ...]:
        """Return this enumerator's finalized records, newest first."""
        ...

    def counts(self) -> Counts:
        """Return how much is where; works while locked."""
        ...

    def banner(self) -> Banner:
        """Return the state of network, space and battery; works while locked."""
        ...

    def slips_due(self) -> tuple[Slip, ...]:
        """Return withdrawal slips not yet given to their respondents."""
        ...


class FinalizePort(Protocol):
    """From a draft to a sealed entry."""

    def finalize(self, draft_id: str) -> Slip:
        """*Slow.* Seal, append and destroy the draft; return the respondent's slip."""
        ...

    def slip_given(self, record_id: str) -> None:
        """Forget the slip: the respondent has it."""
        ...

    def withdraw(self, code: str) -> None:
        """*Slow.* Append a withdrawal for the code on a respondent's slip, from any device."""
        ...


class HandOverPort(Protocol):
    """Sealed entries to the next hand; works while locked."""

    def destinations(self) -> tuple[Destination, ...]:
        """Return where records can go from here."""
        ...

    def hand_over(
        self,
        destination: Destination,
        on_progress: Callable[[Transfer], None],
        stopped: Callable[[], bool],
    ) -> Transfer:
        """*Slow.* Send what the other side lacks and take what it has; safe to interrupt."""
        ...

    def look_for_hubs(
        self, on_seen: Callable[[HubsFound], None], stopped: Callable[[], bool]
    ) -> HubsFound:
        """*Slow.* Look for hubs on the local network; what is found is told as it goes."""
        ...

    def take_bundle(self, path: Path) -> int:
        """*Slow.* Apply a bundle that came back; return how many entries were new."""
        ...


class CasesPort(Protocol):
    """Assigned households and sites."""

    def search(self, text: str, limit: int) -> tuple[CaseRow, ...]:
        """Return the cases whose label or detail holds every word."""
        ...

    def open_case(self, record_id: str) -> OpenInterview:
        """Open a correction of a case: a draft on top of its newest revisions."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a coordinator on the phone may ask for."""

    author: str = ""
    project: str = ""
    ring_serial: int = 0
    fingerprint: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What this device remembers about how it is used; nothing secret.

    Attributes:
        language: BCP 47 tag of the screens.
        palette: light, dark or sun.
        text_percent: 100 to 200.
        idle_lock_s: seconds without a touch before the vault locks.
        position_source: typed, gpsd or the path of an NMEA receiver or file.
        round_id, location: stamped on records finalized here.
    """

    language: str = "en"
    palette: str = "light"
    text_percent: int = 100
    idle_lock_s: int = 300
    position_source: str = "typed"
    round_id: str = ""
    location: str = ""


class SettingsPort(Protocol):
    """Preferences, facts and the passphrase."""

    def facts(self) -> DeviceFacts:
        """Return what identifies this device."""
        ...

    def preferences(self) -> Preferences:
        """Return the preferences."""
        ...

    def save_preferences(self, preferences: Preferences) -> None:
        """Keep the preferences; refuse values out of range."""
        ...

    def change_passphrase(self, old: str, new: str) -> None:
        """*Slow.* Seal the vault key anew."""
        ...


class UpgradePort(Protocol):
    """The app's own version, and the package that would replace it."""

    def upgrade(self) -> UpgradeView:
        """Return what runs, what is needed and what is on offer; works while locked."""
        ...

    def fetch_upgrade(self) -> UpgradeView:
        """Have the package loaded with the next hand-overs."""
        ...

    def take_upgrade(self, path: Path) -> UpgradeView:
        """*Slow.* Take the package from a file, if it is that very one."""
        ...

    def save_upgrade(self, path: Path) -> Path:
        """*Slow.* Write the package, verified, as a file or into a folder; return the file."""
        ...

    def install_upgrade(self) -> Installation:
        """*Slow.* Verify the package and hand it to the system."""
        ...


class EnrolServices(EnrolPort, EnumeratorPort, Protocol):
    """What the enrolment screen needs."""


class UnlockServices(EnumeratorPort, HomePort, Protocol):
    """What the lock screen needs."""


class HomeServices(HomePort, ConsentPort, FinalizePort, UpgradePort, Protocol):
    """What the home screen needs."""


class HandOverServices(HandOverPort, HomePort, Protocol):
    """What the hand-over screen needs."""


class SettingsServices(SettingsPort, EnumeratorPort, UpgradePort, Protocol):
    """What the settings need."""


class ClientPorts(
    EnrolPort,
    EnumeratorPort,
    ConsentPort,
    HomePort,
    FinalizePort,
    HandOverPort,
    CasesPort,
    SettingsPort,
    UpgradePort,
    Protocol,
):
    """All of them: what the composition root hands to `ClientPresenter`."""

    def is_enrolled(self) -> bool:
        """Tell whether this home belongs to a project."""
        ...

    def is_unlocked(self) -> bool:
        """Tell whether a vault is open."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start, for idle lock and countdowns."""
        ...
